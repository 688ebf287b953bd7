"""Reading pairings: of one's area, and one's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, select, true

from services.households.models import Household
from services.identity.permissions import may, scope_of
from services.organization.models import Member, Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.pairing.models import Pairing
from services.pairing.views import Home, PairingView, Where, Who
from services.platform.actor import Actor
from services.platform.errors import NotFound
from services.platform.papers import SealedPaper, read_paper
from services.platform.phones import masked_name
from services.platform.unit_of_work import Work

_COLUMNS = (
    Pairing.id, Pairing.kind, Pairing.by_unit_id, Pairing.unit_id, Pairing.household_id, Pairing.valid_from, Pairing.valid_to,
    Pairing.ended_because, Pairing.follows_id, Pairing.member_id, Member.name.label("member_name"), Member.staff_number,
    Household.unit_id.label("home_unit_id"), Household.paper_id, SealedPaper.row_key, SealedPaper.sealed,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filter:
    """Which pairings: in places below the path `under`, of a kind, of a member, in force on `day` (any where None)."""

    under: str | None = None
    kind: str | None = None
    member_id: UUID | None = None
    day: date | None = None
    mine: bool = False


def in_force(day: date) -> ColumnElement[bool]:
    """Return the condition that a pairing is in force on `day`."""
    return (Pairing.valid_from <= day) & or_(Pairing.valid_to.is_(None), Pairing.valid_to > day)


def visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition, over pairings and their units, that `actor` may know of one: in their area, or their own."""
    own = Pairing.member_id == actor.member_id if actor.member_id is not None else false()
    if not may(actor, "pairing.read"):
        return own
    scope = scope_of(actor)
    if scope.everything:
        return true()
    offices = Pairing.by_unit_id.in_(scope.unit_ids) if scope.unit_ids else false()
    return or_(own, offices, *(Unit.path.startswith(prefix, autoescape=True) for prefix in scope.prefixes))


async def list_pairings(work: Work, wanted: Filter, after: UUID | None, limit: int) -> list[PairingView]:
    """Return up to `limit` pairings after the id `after`, in order of their recording."""
    query = _query().where(visible(work.actor)).order_by(Pairing.id).limit(limit)
    if wanted.under is not None:
        query = query.where(Unit.path.startswith(wanted.under, autoescape=True))
    if wanted.kind is not None:
        query = query.where(Pairing.kind == wanted.kind)
    if wanted.mine:
        query = query.where(Pairing.member_id == work.actor.member_id)
    elif wanted.member_id is not None:
        query = query.where(Pairing.member_id == wanted.member_id)
    if wanted.day is not None:
        query = query.where(in_force(wanted.day))
    if after is not None:
        query = query.where(Pairing.id > after)
    return await _views(work, (await work.session.execute(query)).all())


async def read_pairing(work: Work, pairing_id: UUID) -> PairingView:
    """Return a pairing one may know of; raise 404 ``pairing.unknown``."""
    rows = (await work.session.execute(_query().where(Pairing.id == pairing_id, visible(work.actor)))).all()
    if not rows:
        raise NotFound("pairing.unknown", "There is no pairing with this id, or none that you may know of.")
    return (await _views(work, rows))[0]


def _query() -> Any:
    return (
        select(*_COLUMNS)
        .join(Unit, Unit.id == Pairing.unit_id)
        .outerjoin(Member, Member.id == Pairing.member_id)
        .outerjoin(Household, Household.id == Pairing.household_id)
        .outerjoin(SealedPaper, SealedPaper.id == Household.paper_id)
    )


async def _views(work: Work, rows: Sequence[Any]) -> list[PairingView]:
    tree = await unit_tree(work.session)
    return [_view(row, tree) for row in rows]


def _view(row: Any, tree: UnitTree) -> PairingView:
    who = Who(id=row.member_id, name=row.member_name, staff_number=row.staff_number) if row.member_id else None
    return PairingView(
        id=row.id, kind=row.kind, member=who, partner=_where(tree.by_id[row.by_unit_id]) if row.by_unit_id else None,
        unit=_where(tree.by_id[row.unit_id]), household=_home(row, tree) if row.household_id else None, valid_from=row.valid_from,
        valid_to=row.valid_to, ended_because=row.ended_because, follows_id=row.follows_id,
    )  # fmt: skip


def _home(row: Any, tree: UnitTree) -> Home:
    clear = read_paper(row.paper_id, row.row_key, row.sealed) or {}
    head = clear.get("head")
    unit = tree.by_id[row.home_unit_id]
    return Home(id=row.household_id, unit=unit.code, number=clear.get("number"), head=masked_name(head) if head else None)


def _where(unit: UnitNode) -> Where:
    return Where(code=unit.code, name=unit.name)
