"""Going on duty and off, and saying roughly where one is meanwhile.

Whoever says something of an account's shift holds a lock on it; a position holds its shift, so that none outlives 下岗.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.identity.permissions import FIELD, require
from services.organization.models import Unit
from services.platform.errors import Conflict
from services.platform.ids import new_id
from services.platform.secrets import fingerprint
from services.platform.settings import settings
from services.platform.unit_of_work import Work
from services.routing.geo import CoordinateSystem, Point
from services.shifts.cells import coarse
from services.shifts.commands import SendPosition
from services.shifts.models import Shift, ShiftPosition
from services.shifts.rules import Said, Standing, decided
from services.shifts.views import CellView, MyShift

_SYSTEMS = {"WGS-84": CoordinateSystem.WGS84, "GCJ-02": CoordinateSystem.GCJ02}


async def keep_shift(work: Work, said: Said, at: datetime, device_id: UUID | None) -> None:
    """Have `work.actor` on duty or off from `at` on; the same again changes nothing. 下岗 deletes where they were.

    Raises Forbidden ``permission.denied`` for whoever has no post in the field.
    """
    require(work.actor, "shift.keep")
    account_id = work.actor.account_id
    assert account_id is not None, "only people are on duty"
    await _lock(work, account_id)
    standing = await _open(work, account_id)
    last_off = await work.session.scalar(select(func.max(Shift.ended_at)).where(Shift.account_id == account_id))
    seen = Standing(standing.started_at, standing.ends_at) if standing else None
    deed = decided(said, at, work.now, seen, last_off, timedelta(hours=settings().shift_hours))
    if standing is not None and deed.end_at is not None:
        standing.ended_at, standing.ended_because = deed.end_at, deed.because
        await work.session.flush()
        await work.session.execute(delete(ShiftPosition).where(ShiftPosition.shift_id == standing.id))
    if deed.begin_at is None or deed.until is None:
        return
    unit_id = next(seat.unit_id for seat in work.actor.seats if seat.role in FIELD)
    over = {"ended_at": deed.over_at, "ended_because": deed.over_because}
    made = Shift(id=new_id(), account_id=account_id, unit_id=unit_id, device_id=device_id, started_at=deed.begin_at, ends_at=deed.until)
    for name, value in over.items():
        setattr(made, name, value)
    work.session.add(made)
    await work.session.flush()


async def send_position(work: Work, command: SendPosition) -> None:
    """Keep roughly where `work.actor` is, in place of what was kept before. Only the cell goes any further than this function.

    Raises Conflict ``shift.off_duty`` for whoever is not on duty; then nothing is kept.
    """
    require(work.actor, "shift.keep")
    metres = settings().position_cell_metres
    lat, lon = coarse(Point(command.lat, command.lon, _SYSTEMS[command.coordinate_system]), metres)
    query = select(Shift.id).where(*_lasting(work, work.actor.account_id)).with_for_update(read=True)
    shift_id = await work.session.scalar(query)
    if shift_id is None:
        raise Conflict("shift.off_duty", "Positions are taken on duty only, and this one was not kept. Say that you are on duty first.")
    cell = {"lat": lat, "lon": lon, "cell_metres": metres, "received_at": work.now}
    once = insert(ShiftPosition).values(shift_id=shift_id, **cell)
    await work.session.execute(once.on_conflict_do_update(index_elements=["shift_id"], set_=cell))


async def my_shift(work: Work) -> MyShift:
    """Return whether `work.actor` is on duty, and all that is kept of where they are."""
    columns = (Shift.started_at, Shift.ends_at, Unit.code, *position_columns())
    query = select(*columns).join(Unit, Unit.id == Shift.unit_id).outerjoin(ShiftPosition, fresh(work))
    row = (await work.session.execute(query.where(*_lasting(work, work.actor.account_id)))).one_or_none()
    if row is None:
        return MyShift(on=False, since=None, ends_at=None, unit_code=None, position=None)
    return MyShift(on=True, since=row.started_at, ends_at=row.ends_at, unit_code=row.code, position=cell_of(row))


def lasting(work: Work) -> tuple[Any, ...]:
    """Return the conditions that a shift goes on now, whether or not anything has noted its end."""
    return (Shift.ended_at.is_(None), Shift.started_at <= work.now, Shift.ends_at > work.now)


def fresh(work: Work) -> Any:
    """Return the condition that a position is the one of its shift and not too old to be shown."""
    since = work.now - timedelta(hours=settings().position_hours)
    return (ShiftPosition.shift_id == Shift.id) & (ShiftPosition.received_at > since)


def position_columns() -> tuple[Any, ...]:
    """Return the columns :func:`cell_of` reads."""
    return ShiftPosition.lat, ShiftPosition.lon, ShiftPosition.cell_metres, ShiftPosition.received_at


def cell_of(row: Any) -> CellView | None:
    """Return the cell of a row; None where none is kept."""
    if row.lat is None:
        return None
    return CellView(lat=row.lat, lon=row.lon, cell_metres=row.cell_metres, received_at=row.received_at)


def _lasting(work: Work, account_id: UUID | None) -> tuple[Any, ...]:
    return (Shift.account_id == account_id, *lasting(work))


async def _open(work: Work, account_id: UUID) -> Shift | None:
    query = select(Shift).where(Shift.account_id == account_id, Shift.ended_at.is_(None)).with_for_update()
    found: Shift | None = await work.session.scalar(query)
    return found


async def _lock(work: Work, account_id: UUID) -> None:
    number = int.from_bytes(fingerprint(b"shift", account_id.bytes)[:8], "big", signed=True)
    await work.session.execute(select(func.pg_advisory_xact_lock(number)))
