"""The year's matters: each made a focus issue by the township, and registered by the county, by the actions of the room itself."""

from datetime import datetime, time
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from daguanjia.heping import words as w
from daguanjia.heping.drawing import Registered, Year, months_of
from daguanjia.heping.ground import Ground
from daguanjia.heping.rows import Ids
from services.matters import deeds
from services.matters.acting import act
from services.matters.commands import Determine
from services.matters.registering import determine
from services.platform.clock import SHANGHAI
from services.platform.unit_of_work import Work

_LEAD = "441624-D-SLJ"


async def register(session: AsyncSession, ground: Ground, year: Year, ids: Ids, one: Registered) -> UUID:
    """Have a trouble registered in the evening of its month, when all of the month is written down; return the matter."""
    place = ground.places[one.village]
    following = next(day for day in months_of(year.first) if day > one.day)
    at = datetime.combine(following, time(9), SHANGHAI)
    desk = ground.desks(place.township)[0]
    county = next(actor for actor in ground.world.staff[ground.world.root.id] if actor.has_role("county_supervisor"))
    category = w.TROUBLES[one.kind][0]
    said = Determine(
        unit=place.unit.code, title=f"{place.unit.name}{w.MATTERS[one.kind % len(w.MATTERS)]}", category=category, urgency="urgent",
        tension=3, origin_on=year.first.replace(year=year.first.year - 1 - one.village % 9), because=w.BECAUSE,
    )  # fmt: skip
    matter_id = await determine(Work(desk, at, session), said)
    opinions = tuple(ids.opinions[nth] for nth in one.opinions)
    await act(Work(desk, at, session), matter_id, deeds.JoinMatter(action="join", opinions=opinions), None)
    await act(Work(county, at, session), matter_id, deeds.Register(action="register", lead=_LEAD, words="列入县级台账。"), None)
    return matter_id
