"""The pages of a household's handbook, in order; and who may turn them."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.activities.models import Activity
from services.organization.models import Member
from services.platform.phones import masked_name
from services.platform.unit_of_work import Work
from services.visits.models import Visit
from services.visits.opinions_access import readable_home
from services.visits.opinions_models import Opinion
from services.visits.opinions_reading import papers_of, shown, views
from services.visits.opinions_views import Handbook, HandbookVisit

OUTCOME_NAMES = {"met": "见到", "absent": "不在家", "refused": "拒访", "moved": "已搬走"}
PAGES_AT_MOST = 500
"""Visits and opinions of a household that are shown, the newest of each: some dozens a year."""


async def handbook_of(work: Work, household_id: UUID) -> Handbook:
    """Return the pages of a household of one's area, or that one is paired with; raise NotFound ``household.unknown``.

    What was withdrawn from the ledger is marked and stays.
    """
    home = await readable_home(work, household_id)
    newest = shown().where(Opinion.household_id == household_id).order_by(Opinion.heard_at.desc(), Opinion.id.desc()).limit(PAGES_AT_MOST)
    opinions = tuple(reversed(await views(work, (await work.session.execute(newest)).all())))
    clear = (await papers_of(work, [home.paper_id])).get(home.paper_id, {})
    standing = [one for one in opinions if one.withdrawn_at is None]
    return Handbook(
        household_id=household_id,
        number=clear.get("number"),
        head=masked_name(clear["head"]) if clear.get("head") else None,
        unit=home.unit.code,
        unit_name=home.unit.name,
        visits=await _visits(work, household_id),
        opinions=opinions,
        open=sum(one.ended_in == "open" for one in standing),
        unconfirmed=sum(one.confirmed != "confirmed" for one in standing),
    )


async def _visits(work: Work, household_id: UUID) -> tuple[HandbookVisit, ...]:
    query = (
        select(Visit.__table__, Member.name.label("member"))
        .join(Member, Member.id == Visit.member_id)
        .join(Activity, Activity.id == Visit.id)
        .where(Visit.household_id == household_id, Activity.withdrawn_at.is_(None))
        .order_by(Visit.happened_at.desc(), Visit.id.desc())
        .limit(PAGES_AT_MOST)
    )
    return tuple(_visit(row) for row in reversed((await work.session.execute(query)).all()))


def _visit(row: Any) -> HandbookVisit:
    same = ("id", "happened_at", "outcome", "member", "nothing_said", "completed_at", "unconfirmed_because")
    return HandbookVisit(**{name: getattr(row, name) for name in same}, outcome_name=OUTCOME_NAMES[row.outcome])
