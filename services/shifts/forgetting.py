"""Deleting where people were, and after a while that they were on duty at all. For the worker; it may be done again and again."""

from datetime import timedelta

from sqlalchemy import delete, or_, select, update

from services.platform.settings import settings
from services.platform.unit_of_work import Work
from services.shifts.models import PositionLook, Shift, ShiftPosition
from services.shifts.watching import LOOKS_KEPT

SHIFTS_KEPT = timedelta(days=92)
"""So long somebody may say that they were on duty, or were not; then the row goes."""


async def forget_positions(work: Work) -> int:
    """Delete positions of shifts that are over and those that are too old, and note the ends of shifts; return how many positions."""
    ran_out = update(Shift).where(Shift.ended_at.is_(None), Shift.ends_at <= work.now)
    await work.session.execute(ran_out.values(ended_at=Shift.ends_at, ended_because="time"))
    over = select(Shift.id).where(Shift.ended_at.is_not(None))
    old = ShiftPosition.received_at <= work.now - timedelta(hours=settings().position_hours)
    gone = delete(ShiftPosition).where(or_(ShiftPosition.shift_id.in_(over), old)).returning(ShiftPosition.shift_id)
    return len((await work.session.scalars(gone)).all())


async def forget_shifts(work: Work) -> None:
    """Delete shifts that ended 92 days ago, and what was written down of looks more than a year ago."""
    await work.session.execute(delete(Shift).where(Shift.ended_at <= work.now - SHIFTS_KEPT))
    await work.session.execute(delete(PositionLook).where(PositionLook.looked_at <= work.now - LOOKS_KEPT))
