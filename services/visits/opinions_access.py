"""Who may know of an opinion, and for which household somebody writes one down.

By area, as everything of a place; as one's own; and by pairing: whoever looks after a household sees its pages, whoever heard them.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select, true

from services.activities.entering import hold
from services.activities.models import Activity
from services.households.models import Household
from services.households.references import village_of
from services.identity.permissions import PERMISSIONS, lends, reach_of, require, scope_of
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode
from services.pairing.models import Pairing
from services.pairing.queries import in_force
from services.platform.actor import Actor, Seat
from services.platform.clock import local_day
from services.platform.errors import NotFound
from services.platform.unit_of_work import Work
from services.visits.opinions_models import Opinion

BY_PAIRING = "service_member"
"""挂钩党员 act for the households they are paired with, wherever their post is; their post reaches nothing by itself."""


@dataclass(frozen=True, slots=True)
class Home:
    """A household that somebody may act for, and the seat they do it from."""

    id: UUID
    unit: UnitNode
    village: UnitNode
    reference: bytes
    paper_id: UUID
    seat: Seat | None


async def home_of(work: Work, household_id: UUID, action: str, day: date | None = None) -> Home:
    """Return a household that `work.actor` may do `action` for: of their area, or one they are paired with on `day` (today).

    Raises Forbidden ``permission.denied`` and the NotFound ``household.unknown`` that there is for every other household.
    """
    require(work.actor, action)
    row = (await work.session.execute(select(Household.__table__).where(Household.id == household_id))).one_or_none()
    tree = await unit_tree(work.session)
    unit = tree.by_id.get(row.unit_id) if row is not None else None
    if row is None or unit is None:
        raise _unknown()
    seat = _seat(work.actor, action, unit)
    if seat is None and not await is_paired(work, household_id, day or local_day(work.now)):
        raise _unknown()
    return Home(row.id, unit, village_of(tree, unit) or unit, row.reference, row.paper_id, seat or work.actor.main_seat)


async def readable_home(work: Work, household_id: UUID) -> Home:
    """Return a household whose pages `work.actor` may turn: of an area they see, or one they are paired with today.

    An officer of a department writes down what they hear anywhere in the county, and reads no household's pages for that. Raises what
    :func:`home_of` does.
    """
    home, scope = await home_of(work, household_id, "opinion.read"), scope_of(work.actor)
    seen = scope.everything or any(home.unit.path.startswith(prefix) for prefix in scope.prefixes)
    if not seen and not await is_paired(work, household_id, local_day(work.now)):
        raise _unknown()
    return home


async def is_paired(work: Work, household_id: UUID, day: date) -> bool:
    """Tell whether `work.actor` looks after a household on `day`."""
    if work.actor.member_id is None:
        return False
    theirs = (Pairing.household_id == household_id, Pairing.member_id == work.actor.member_id, in_force(day))
    return bool(await work.session.scalar(select(exists(select(Pairing.id).where(*theirs)))))


def known_to(work: Work) -> ColumnElement[bool]:
    """Return the condition, over opinions joined to the unit of their place, that `work.actor` may know of one."""
    scope = scope_of(work.actor)
    if scope.everything:
        return true()
    parts: list[ColumnElement[bool]] = [Unit.path.startswith(prefix, autoescape=True) for prefix in scope.prefixes]
    if work.actor.account_id is not None:
        parts.append(Opinion.recorded_by_account_id == work.actor.account_id)
    if work.actor.member_id is not None:
        theirs = select(Pairing.household_id).where(Pairing.member_id == work.actor.member_id, in_force(local_day(work.now)))
        parts += [Opinion.member_id == work.actor.member_id, Opinion.household_id.in_(theirs.where(Pairing.household_id.is_not(None)))]
    return or_(*parts)


async def opinion_of(work: Work, opinion_id: UUID, action: str, *, locked: bool = False) -> Any:
    """Return the row of an opinion (its columns, `withdrawn_at` and `reference`) that `work.actor` may do `action` with.

    With `locked` whoever else changes something of it waits until the transaction ends. Raises NotFound ``opinion.unknown``.
    """
    require(work.actor, action)
    if locked:
        await hold(work, [opinion_id])
    query = (
        select(Opinion.__table__, Activity.withdrawn_at, Activity.household.label("reference"), Unit.path)
        .join(Activity, Activity.id == Opinion.id)
        .join(Unit, Unit.id == Opinion.unit_id)
        .where(Opinion.id == opinion_id, known_to(work))
    )
    row = (await work.session.execute(query)).one_or_none()
    if row is None:
        raise NotFound("opinion.unknown", "There is no opinion with this id, or none that you may know of.")
    return row


def _seat(actor: Actor, action: str, unit: UnitNode) -> Seat | None:
    seats = actor.seats if lends(actor, action) else ()
    roles = PERMISSIONS[action] - {BY_PAIRING}
    return next((seat for seat in seats if seat.role in roles and unit.path.startswith(reach_of(seat))), None)


def _unknown() -> NotFound:
    return NotFound("household.unknown", "There is no household with this id, or none that you may know of.")
