"""Rows of service days and visits. None is deleted; a visit is completed once, and nothing else that was said of it is changed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Double, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.activities.models import VISIT_OUTCOMES
from services.platform.database import Base

STEPS = ("check_in", "household_service", "feedback", "centre_notice", "summary")
"""报到 → 入户服务 → 情况反馈 → 中心公示 → 总结: in this order (B10)."""
PURPOSES = ("development", "party", "people")
"""服务基层发展, 服务党建, 服务群众 (B6)."""
UNCONFIRMED_BECAUSE = ("refused_to_sign", "illiterate_alone", "left_before", "unreachable", "told_in_confidence", "other")


class ServiceDayRule(Base):
    """On which days of a month the county's service days are, from the month `valid_from` on; of two for one month the later recorded."""

    __tablename__ = "service_day_rules"
    __table_args__ = (
        CheckConstraint("jsonb_array_length(days) <= 10", name="days"),
        CheckConstraint("extract(day FROM valid_from) = 1", name="from_a_month"),
        Index(None, "valid_from", "recorded_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    days: Mapped[list[int]] = mapped_column(JSONB)
    valid_from: Mapped[date]
    because: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class ServiceDayMove(Base):
    """The service days of one month, moved by the county; the last recorded counts. `days` are numbers of days of that month."""

    __tablename__ = "service_day_moves"
    __table_args__ = (
        CheckConstraint("jsonb_array_length(days) <= 10", name="days"),
        CheckConstraint("extract(day FROM month) = 1", name="of_a_month"),
        Index(None, "month", "recorded_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date]
    days: Mapped[list[int]] = mapped_column(JSONB)
    because: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class ServiceStep(Base):
    """A step of a member's round of a month: who, when, where. The id is the phone's.

    The database keeps the order: a step but the first names the one before it, of the same member and month, and does not happen before
    it. `lat`/`lon` (WGS-84) are the middle of a cell of `cell_metres`. What was said lies in a sealed paper of kind ``service_step``.
    """

    __tablename__ = "service_steps"
    __table_args__ = (
        CheckConstraint(f"step IN {STEPS!r}", name="step"),
        CheckConstraint(f"step = ('{{{','.join(STEPS)}}}'::text[])[nth]", name="nth"),
        CheckConstraint("extract(day FROM month) = 1", name="of_a_month"),
        CheckConstraint("(nth = 1) = (previous_nth IS NULL) AND (nth = 1) = (previous_at IS NULL)", name="first"),
        CheckConstraint("previous_nth = nth - 1 AND previous_at <= happened_at", name="after_the_one_before"),
        CheckConstraint("(lat IS NULL) = (lon IS NULL) AND (lat IS NULL) = (cell_metres IS NULL)", name="place"),
        Index("uq_service_steps_once", "member_id", "month", "nth", unique=True),
        Index("uq_service_steps_followed", "member_id", "month", "nth", "happened_at", unique=True),
        ForeignKeyConstraint(
            ["member_id", "month", "previous_nth", "previous_at"],
            ["service_steps.member_id", "service_steps.month", "service_steps.nth", "service_steps.happened_at"],
            name="fk_service_steps_previous",
        ),
        Index(None, "month", "member_id"),
        Index(None, "unit_id", "happened_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    month: Mapped[date]
    step: Mapped[str]
    nth: Mapped[int]
    previous_nth: Mapped[int | None]
    happened_at: Mapped[datetime]
    previous_at: Mapped[datetime | None]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    lat: Mapped[float | None] = mapped_column(Double)
    lon: Mapped[float | None] = mapped_column(Double)
    cell_metres: Mapped[int | None]
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    fingerprint: Mapped[bytes]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class Visit(Base):
    """A visit to a household, or an attempt at one: the ledger's entry of the same id, and what the ledger does not know.

    `member_id` is who called; whoever wrote it down may be somebody else (`recorded_by_account_id`). `desk_told_at`: of a household that
    has moved, when the register's desk was told.

    `month` is the round it belongs to; NULL of one between service days (平时走访). `follows_id` is the attempt it repeats.
    `completed_at` is NULL while it is open: opinions heard at it are still to be confirmed, or it is to be said that there were none.
    `unconfirmed_because` is why it was completed all the same with an opinion that nobody confirmed. Withdrawn is what the ledger says is.
    """

    __tablename__ = "visits"
    __table_args__ = (
        CheckConstraint(f"outcome IN {VISIT_OUTCOMES!r}", name="outcome"),
        CheckConstraint("extract(day FROM month) = 1", name="of_a_month"),
        CheckConstraint("outcome = 'met' OR (completed_at IS NOT NULL AND NOT nothing_said)", name="attempt_is_over"),
        CheckConstraint("NOT nothing_said OR (completed_at IS NOT NULL AND unconfirmed_because IS NULL)", name="nothing_said"),
        CheckConstraint("rebooked_for IS NULL OR outcome IN ('absent', 'refused')", name="rebooked"),
        CheckConstraint(f"unconfirmed_because IN {UNCONFIRMED_BECAUSE!r}", name="unconfirmed_because"),
        CheckConstraint("unconfirmed_because IS NULL OR completed_at IS NOT NULL", name="completed_with_reason"),
        CheckConstraint("follows_id <> id", name="follows_another"),
        Index(None, "member_id", "happened_at"),
        Index(None, "household_id", "happened_at"),
        Index("ix_visits_month", "month", "member_id", postgresql_where=text("month IS NOT NULL")),
        Index("ix_visits_open", "member_id", postgresql_where=text("completed_at IS NULL")),
        Index(None, "follows_id"),
        Index("ix_visits_moved_untold", "recorded_at", postgresql_where=text("outcome = 'moved' AND desk_told_at IS NULL")),
        Index(None, "recorded_at"),
        Index("ix_visits_matter", "matter_id", postgresql_where=text("matter_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"), primary_key=True)
    household_id: Mapped[UUID] = mapped_column(ForeignKey("households.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    month: Mapped[date | None]
    happened_at: Mapped[datetime]
    outcome: Mapped[str]
    nothing_said: Mapped[bool]
    rebooked_for: Mapped[date | None]
    follows_id: Mapped[UUID | None] = mapped_column(ForeignKey("visits.id"))
    purposes: Mapped[list[str]]
    matter_id: Mapped[UUID | None]
    fingerprint: Mapped[bytes]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    completed_at: Mapped[datetime | None]
    completed_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    unconfirmed_because: Mapped[str | None]
    desk_told_at: Mapped[datetime | None]
