"""Who is on duty, for the desk of the area; and roughly where, for a named purpose that is written down and that the person reads."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, false, insert, or_, select, true

from services.identity.models import Account
from services.identity.permissions import PERMISSIONS, area_of
from services.organization.models import Member, Unit
from services.organization.queries import unit_tree
from services.platform.actor import Actor
from services.platform.errors import NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.shifts.commands import LookAtPositions
from services.shifts.keeping import cell_of, fresh, lasting, position_columns
from services.shifts.models import PURPOSES, PositionLook, Shift, ShiftPosition
from services.shifts.views import LookView, OnDuty, WhereOnDuty

MOST = 1000
"""People on duty that one answer names; ask for a smaller unit."""
LOOKS_KEPT = timedelta(days=366)
LOOKS_SHOWN = 200


async def on_duty(work: Work, unit: str | None) -> list[OnDuty]:
    """Return who is on duty in the area `work.actor` watches over (below `unit` where given), by unit and name; not where.

    Raises NotFound ``unit.unknown``, here as below.
    """
    return [OnDuty(**_person(row)) for row in await work.session.execute(_watched(work, await _path(work, unit)))]


async def look(work: Work, command: LookAtPositions) -> list[WhereOnDuty]:
    """Return who is on duty and roughly where. Each whose position is shown has it written down that it was, by whom and what for."""
    query = (
        _watched(work, await _path(work, command.unit))
        .add_columns(Shift.account_id, *position_columns())
        .outerjoin(ShiftPosition, fresh(work))
    )
    rows = (await work.session.execute(query)).all()
    seen = [row.account_id for row in rows if row.lat is not None]
    if seen:
        common = {"by_account_id": work.actor.account_id, "purpose": command.purpose, "looked_at": work.now}
        await work.session.execute(insert(PositionLook), [{"id": new_id(), "of_account_id": one, **common} for one in seen])
    return [WhereOnDuty(**_person(row), position=cell_of(row)) for row in rows]


async def looks_at_me(work: Work) -> list[LookView]:
    """Return who looked where `work.actor` was within the last year, the newest first, at most 200."""
    query = (
        select(PositionLook.looked_at, PositionLook.purpose, Member.name)
        .join(Account, Account.id == PositionLook.by_account_id)
        .join(Member, Member.id == Account.member_id)
        .where(PositionLook.of_account_id == work.actor.account_id, PositionLook.looked_at > work.now - LOOKS_KEPT)
        .order_by(PositionLook.looked_at.desc(), PositionLook.id.desc())
        .limit(LOOKS_SHOWN)
    )
    rows = await work.session.execute(query)
    return [LookView(at=row.looked_at, name=row.name, purpose=row.purpose, purpose_name=PURPOSES[row.purpose]) for row in rows]


def _watched(work: Work, below: str | None) -> Select[Any]:
    columns: tuple[Any, ...] = (Member.id, Member.name, Unit.code, Unit.name.label("unit_name"), Shift.started_at, Shift.ends_at)
    query = (
        select(*columns)
        .join(Account, Account.id == Shift.account_id)
        .join(Member, Member.id == Account.member_id)
        .join(Unit, Unit.id == Shift.unit_id)
        .where(*lasting(work), _area(work.actor))
        .order_by(Unit.path, Member.name, Shift.id)
        .limit(MOST)
    )
    return query if below is None else query.where(Unit.path.startswith(below, autoescape=True))


async def _path(work: Work, unit: str | None) -> str | None:
    if unit is None:
        return None
    found = (await unit_tree(work.session)).by_code.get(unit)
    if found is None:
        raise NotFound("unit.unknown", "There is no unit with this code.")
    return found.path


def _area(actor: Actor) -> ColumnElement[bool]:
    """The areas of the seats that may watch: another seat of the same person, in the field or at the hotline, opens nothing here."""
    roles = PERMISSIONS["shift.watch"]
    areas = {area_of(seat) for seat in actor.seats if seat.role in roles}
    if any(area.count("/") == len("//") for area in areas):
        return true()
    return or_(*(Unit.path.startswith(area, autoescape=True) for area in sorted(areas))) if areas else false()


def _person(row: Any) -> dict[str, Any]:
    return {
        "member_id": row.id,
        "name": row.name,
        "unit_code": row.code,
        "unit_name": row.unit_name,
        "since": row.started_at,
        "ends_at": row.ends_at,
    }
