"""Rows of shifts. Where somebody is stands in one row for each person on duty, coarsely, and is deleted; no role of reports reads any."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base

PURPOSES = {"dispatch": "就近派单", "safety": "人员安全"}
"""What for a desk may look where people on duty are."""


class Shift(Base):
    """From when to when somebody in the field said they were on duty (上岗, 下岗); one open of an account at a time.

    It is over at `ended_at`, or by itself at `ends_at`, whether anything has written that down or not. `unit_id`: the seat they work from.
    """

    __tablename__ = "shifts"
    __table_args__ = (
        CheckConstraint("ends_at >= started_at", name="ends_after_start"),
        CheckConstraint("ended_at BETWEEN started_at AND ends_at", name="ended_within"),
        CheckConstraint("ended_because IN ('said', 'time')", name="ended_because"),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="ended_with_reason"),
        Index("ix_shifts_open", "account_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index(None, "account_id", "ended_at"),
        Index(None, "ends_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    device_id: Mapped[UUID | None]
    started_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]


class ShiftPosition(Base):
    """The newest position of somebody on duty: the middle of a cell (WGS-84). The point itself was never written anywhere."""

    __tablename__ = "shift_positions"
    __table_args__ = (Index(None, "received_at"),)

    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shifts.id", ondelete="CASCADE"), primary_key=True)
    lat: Mapped[float] = mapped_column(Double)
    lon: Mapped[float] = mapped_column(Double)
    cell_metres: Mapped[int]
    received_at: Mapped[datetime]


class PositionLook(Base):
    """Who looked where somebody was, when and what for. Written before it is shown, never changed; the person reads it."""

    __tablename__ = "position_looks"
    __table_args__ = (
        CheckConstraint(f"purpose IN {tuple(PURPOSES)!r}", name="purpose"),
        Index(None, "of_account_id", "looked_at"),
        Index(None, "looked_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    of_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    purpose: Mapped[str]
    looked_at: Mapped[datetime]
