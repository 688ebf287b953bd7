"""Rows of early warnings."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, Json

MEASURES = ("inflow", "overdue")
SUBJECTS = ("unit", "department", "category")


class EarlyWarning(Base):
    """预警: an episode in which a measure of a unit, a department or a category lies outside of its usual band.

    `opened_with`, `peak` and `latest` are looks with their figures: span, days, value, of how many, the usual middle, the limit, and the
    values of the weeks before. `told_unit_id` is the desk above, which was told once. How an episode stands now is told here, for one reads
    that all the time; how it stood at each look before, by `WarningState`.
    """

    __tablename__ = "early_warnings"
    __table_args__ = (
        CheckConstraint(f"measure IN {MEASURES!r}", name="measure"),
        CheckConstraint(f"subject IN {SUBJECTS!r}", name="subject"),
        CheckConstraint("(subject = 'category') = (unit_id IS NULL)", name="unit"),
        CheckConstraint("(acknowledged_at IS NULL) = (acknowledged_words IS NULL)", name="acknowledged"),
        Index("uq_early_warnings_open", "measure", "subject", "code", unique=True, postgresql_where=text("ended_on IS NULL")),
        Index(None, "opened_on", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    measure: Mapped[str]
    subject: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    unit_path: Mapped[str | None]
    told_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    opened_on: Mapped[date]
    opened_at: Mapped[datetime]
    last_outside_on: Mapped[date]
    ended_on: Mapped[date | None]
    opened_with: Mapped[Json]
    peak: Mapped[Json]
    latest: Mapped[Json]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    acknowledged_words: Mapped[str | None]


class WarningState(Base):
    """What an episode was from a look on: the look that opened it, each that found it outside of its band, and the one that ended it.

    Written once and never changed: whoever asks what was known at an instant finds the newest known by then. Without figures: it went on
    at this look and those after it, before such rows were kept, and how it stood is not known.
    """

    __tablename__ = "warning_states"
    __table_args__ = (
        CheckConstraint("num_nulls(last_outside_on, peak, latest) IN (0, 3)", name="kept"),
        CheckConstraint("ended_on IS NULL OR latest IS NOT NULL", name="ended"),
    )

    warning_id: Mapped[UUID] = mapped_column(ForeignKey("early_warnings.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    known_at: Mapped[datetime]
    last_outside_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    peak: Mapped[Json | None]
    latest: Mapped[Json | None]


class WarningLook(Base):
    """A day (Asia/Shanghai) that was looked at, once: how many series, and what came of it."""

    __tablename__ = "warning_looks"

    day: Mapped[date] = mapped_column(primary_key=True)
    looked_at: Mapped[datetime]
    series: Mapped[int]
    opened: Mapped[int]
    ended: Mapped[int]
