"""Rows of exports, of saved reports with their schedules and deliveries, and of who reads the views of analysts' tools."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, BigInt, Json

EXPORT_STATES = ("queued", "running", "ready", "failed", "cancelled", "expired")
DELIVERY_STATES = ("told", "refused")
FREQUENCIES = ("daily", "weekly", "monthly")


class Export(Base):
    """A file somebody asked for. `question` holds the parameters as they were asked, codes and days only.

    `attempt` numbers whoever makes it: what an earlier one still writes counts no more. `store_key` is where the file lies (or is being
    put); only a ready one has `size`, `sha256` and `scope`, the digest of what its owner was allowed to see when it was made.
    """

    __tablename__ = "exports"
    __table_args__ = (
        CheckConstraint(f"state IN {EXPORT_STATES!r}", name="state"),
        CheckConstraint("format IN ('csv', 'xlsx', 'parquet')", name="format"),
        CheckConstraint(
            "state <> 'ready' OR (size IS NOT NULL AND sha256 IS NOT NULL AND scope IS NOT NULL AND store_key IS NOT NULL"
            " AND expires_at IS NOT NULL)",
            name="ready_is_whole",
        ),
        Index(None, "account_id", "id"),
        Index("ix_exports_waiting", "created_at", "id", postgresql_where=text("state IN ('queued', 'running')")),
        Index("ix_exports_kept", "expires_at", postgresql_where=text("store_key IS NOT NULL")),
        Index("ix_exports_ended", "ended_at", postgresql_where=text("store_key IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    source: Mapped[str]
    format: Mapped[str]
    name: Mapped[str]
    question: Mapped[Json]
    state: Mapped[str]
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    busy_until: Mapped[datetime | None]
    rows_done: Mapped[int] = mapped_column(server_default=text("0"))
    rows_estimated: Mapped[int | None]
    size: Mapped[int | None] = mapped_column(BigInt)
    sha256: Mapped[bytes | None]
    scope: Mapped[bytes | None]
    store_key: Mapped[str | None]
    problem_code: Mapped[str | None]
    as_of: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class SavedReport(Base):
    """A question with a name. `unit_id`: whoever has a seat in that unit or below may run it too, as themselves.

    With a schedule (`frequency` and what goes with it) it is told to a webhook subscription as its owner would see it. `next_at` is the
    next occurrence, None where there is no schedule.
    """

    __tablename__ = "saved_reports"
    __table_args__ = (
        CheckConstraint(f"frequency IN {FREQUENCIES!r}", name="frequency"),
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        CheckConstraint("monthday BETWEEN 1 AND 28", name="monthday"),
        CheckConstraint(
            "(frequency IS NULL) = (hour IS NULL) AND (frequency IS NULL) = (subscription_id IS NULL)"
            " AND (frequency IS NOT NULL OR next_at IS NULL)",
            name="whole_schedule",
        ),
        Index(None, "account_id"),
        Index(None, "unit_id"),
        Index("ix_saved_reports_due", "next_at", postgresql_where=text("next_at IS NOT NULL AND ended_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str]
    source: Mapped[str]
    question: Mapped[Json]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    frequency: Mapped[str | None]
    hour: Mapped[int | None]
    weekday: Mapped[int | None]
    monthday: Mapped[int | None]
    subscription_id: Mapped[UUID | None] = mapped_column(ForeignKey("webhook_subscriptions.id"))
    next_at: Mapped[datetime | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ReportDelivery(Base):
    """One occurrence of a schedule: told once, with those before it that were missed; or why it was not told."""

    __tablename__ = "report_deliveries"
    __table_args__ = (CheckConstraint(f"state IN {DELIVERY_STATES!r}", name="state"),)

    saved_report_id: Mapped[UUID] = mapped_column(ForeignKey("saved_reports.id"), primary_key=True)
    occurrence_at: Mapped[datetime] = mapped_column(primary_key=True)
    state: Mapped[str]
    missed: Mapped[int] = mapped_column(server_default=text("0"))
    delivery_id: Mapped[UUID | None]
    problem_code: Mapped[str | None]
    made_at: Mapped[datetime]


class BiReader(Base):
    """Which part of the tree a database role of an analyst's tool sees in the views ``bi_…``."""

    __tablename__ = "bi_readers"

    role_name: Mapped[str] = mapped_column(primary_key=True)
    area_path: Mapped[str] = mapped_column(primary_key=True)
    granted_at: Mapped[datetime]


class BiMetric(Base):
    """The definition of a metric, for analysts' tools: the registry is code, this is its print."""

    __tablename__ = "bi_metric_definitions"

    metric: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    english: Mapped[str]
    numerator: Mapped[str]
    denominator: Mapped[str]
    period: Mapped[str]
    source: Mapped[str]
    note: Mapped[str]
