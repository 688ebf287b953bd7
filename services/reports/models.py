"""Rows of reports: what is counted (`report_facts`), what was (`report_history`), and the sums kept of it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base

# Paths are compared byte by byte, whatever the database's language: a prefix is then a plain range of the index.
_PATH = Text(collation="C")


class FactColumns:
    """The columns that a ticket's fact and the facts it was before have in common. What each verdict says: `facts.py`.

    Columns that the tickets table has too carry the same name and meaning, so that one filter compiles for both. `due_at`,
    `first_due_at` and `disposed_at` are those of the resolve clock of the newest round. `known_at` is when the journal first said so.
    """

    number: Mapped[str]
    version: Mapped[int]
    known_at: Mapped[datetime]
    round: Mapped[int]
    status: Mapped[str]
    source: Mapped[str]
    channel: Mapped[str]
    category_code: Mapped[str | None]
    urgency: Mapped[str]
    privacy: Mapped[str]
    area_path: Mapped[str] = mapped_column(_PATH)
    township_path: Mapped[str | None] = mapped_column(_PATH)
    village_path: Mapped[str | None] = mapped_column(_PATH)
    grid_path: Mapped[str | None] = mapped_column(_PATH)
    tier: Mapped[str | None]
    lead_unit_id: Mapped[UUID | None]
    lead_member_id: Mapped[UUID | None]
    desk_unit_id: Mapped[UUID | None]
    received_at: Mapped[datetime]
    dispatched_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    first_due_at: Mapped[datetime | None]
    disposed_at: Mapped[datetime | None]
    counted: Mapped[bool]
    dispatched: Mapped[bool]
    completed: Mapped[bool]
    resolved: Mapped[bool]
    direct: Mapped[bool]
    on_time: Mapped[bool | None]
    on_first_time: Mapped[bool | None]
    disposed_on_time: Mapped[bool | None]
    accepted_on_time: Mapped[bool | None]
    answered_on_time: Mapped[bool | None]
    deferred: Mapped[bool]
    paused: Mapped[bool]
    extended: Mapped[bool]
    returned: Mapped[bool]
    passed_on: Mapped[bool]
    settled_at: Mapped[datetime | None]
    settled_tier: Mapped[str | None]
    reopened: Mapped[bool]
    raised: Mapped[bool]
    called_at: Mapped[datetime | None]
    reached: Mapped[bool | None]
    contacted: Mapped[bool | None]
    solved: Mapped[bool | None]
    satisfied: Mapped[bool | None]
    reworked: Mapped[bool]
    unreasonable: Mapped[bool]
    dispatch_minutes: Mapped[int | None]
    accept_minutes: Mapped[int | None]
    work_minutes: Mapped[int | None]
    work_net_minutes: Mapped[int | None]
    close_minutes: Mapped[int | None]
    close_net_minutes: Mapped[int | None]


def _instants(table: str) -> tuple[Index, ...]:
    found = []
    for basis in ("dispatched", "due", "completed", "settled", "called"):
        instant = f"{basis}_at"
        found.append(Index(f"ix_{table}_{basis}", instant, "ticket_id", postgresql_where=text(f"{instant} IS NOT NULL")))
    return tuple(found)


class ReportFact(FactColumns, Base):
    """One ticket as reports see it: what the newest event in its journal makes of it."""

    __tablename__ = "report_facts"
    __table_args__ = (
        Index(None, "received_at", "ticket_id"),
        *_instants("report_facts"),
        Index(None, "area_path", "received_at"),
        Index(None, "lead_unit_id"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    ticket_id: Mapped[UUID] = mapped_column(Uuid(), ForeignKey("tickets.id"), primary_key=True, sort_order=-1)


class PastFact(FactColumns, Base):
    """What a ticket was to reports from `known_at` until something else became known of it, at `known_until`."""

    __tablename__ = "report_history"
    __table_args__ = (Index(None, "known_until"),)

    ticket_id: Mapped[UUID] = mapped_column(Uuid(), ForeignKey("tickets.id"), primary_key=True, sort_order=-1)
    known_at: Mapped[datetime] = mapped_column(primary_key=True)
    known_until: Mapped[datetime] = mapped_column(sort_order=1)


class RollupCell(Base):
    """Sums over `report_facts` for one grain and key. A dimension the grain does not keep is ''; so is an unknown category.

    `day` is a day in Asia/Shanghai, or the first of the month. `demand` is ``unreasonable`` where that was adjudicated, else ''. What each
    counter counts: `measures.py`.
    """

    __tablename__ = "rollup_cells"
    __table_args__ = (
        Index(None, "grain", "day", "area"),
        Index(
            "ix_rollup_cells_of_category",
            "category",
            "day",
            postgresql_where=text("grain = 'month_village_category'"),
            postgresql_ops={"category": "text_pattern_ops"},
        ),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    grain: Mapped[str] = mapped_column(primary_key=True)
    area: Mapped[str] = mapped_column(_PATH, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    tier: Mapped[str] = mapped_column(server_default=text("''"), primary_key=True)
    holder: Mapped[str] = mapped_column(server_default=text("''"), primary_key=True)
    urgency: Mapped[str] = mapped_column(server_default=text("''"), primary_key=True)
    round: Mapped[str] = mapped_column(server_default=text("''"), primary_key=True)
    settled_tier: Mapped[str] = mapped_column(server_default=text("''"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    demand: Mapped[str] = mapped_column(server_default=text("''"), primary_key=True)
    received: Mapped[int] = mapped_column(server_default=text("0"))
    received_completed: Mapped[int] = mapped_column(server_default=text("0"))
    rejected: Mapped[int] = mapped_column(server_default=text("0"))
    cancelled: Mapped[int] = mapped_column(server_default=text("0"))
    merged: Mapped[int] = mapped_column(server_default=text("0"))
    received_dispatched: Mapped[int] = mapped_column(server_default=text("0"))
    received_resolved: Mapped[int] = mapped_column(server_default=text("0"))
    received_direct: Mapped[int] = mapped_column(server_default=text("0"))
    dispatched: Mapped[int] = mapped_column(server_default=text("0"))
    dispatched_accepted_on_time: Mapped[int] = mapped_column(server_default=text("0"))
    dispatched_accepted_late: Mapped[int] = mapped_column(server_default=text("0"))
    dispatched_returned: Mapped[int] = mapped_column(server_default=text("0"))
    dispatched_passed_on: Mapped[int] = mapped_column(server_default=text("0"))
    due: Mapped[int] = mapped_column(server_default=text("0"))
    due_completed: Mapped[int] = mapped_column(server_default=text("0"))
    due_on_time: Mapped[int] = mapped_column(server_default=text("0"))
    closed: Mapped[int] = mapped_column(server_default=text("0"))
    due_deferred: Mapped[int] = mapped_column(server_default=text("0"))
    due_extended: Mapped[int] = mapped_column(server_default=text("0"))
    due_paused: Mapped[int] = mapped_column(server_default=text("0"))
    closed_on_time: Mapped[int] = mapped_column(server_default=text("0"))
    closed_late: Mapped[int] = mapped_column(server_default=text("0"))
    closed_on_first_time: Mapped[int] = mapped_column(server_default=text("0"))
    closed_disposed_on_time: Mapped[int] = mapped_column(server_default=text("0"))
    closed_first_round: Mapped[int] = mapped_column(server_default=text("0"))
    due_reworked: Mapped[int] = mapped_column(server_default=text("0"))
    closed_reworked: Mapped[int] = mapped_column(server_default=text("0"))
    closed_answered_on_time: Mapped[int] = mapped_column(server_default=text("0"))
    closed_answered_late: Mapped[int] = mapped_column(server_default=text("0"))
    settled: Mapped[int] = mapped_column(server_default=text("0"))
    settled_grid: Mapped[int] = mapped_column(server_default=text("0"))
    settled_village: Mapped[int] = mapped_column(server_default=text("0"))
    settled_township: Mapped[int] = mapped_column(server_default=text("0"))
    settled_reopened: Mapped[int] = mapped_column(server_default=text("0"))
    settled_raised: Mapped[int] = mapped_column(server_default=text("0"))
    called: Mapped[int] = mapped_column(server_default=text("0"))
    called_reached: Mapped[int] = mapped_column(server_default=text("0"))
    called_unreached: Mapped[int] = mapped_column(server_default=text("0"))
    called_contacted: Mapped[int] = mapped_column(server_default=text("0"))
    called_uncontacted: Mapped[int] = mapped_column(server_default=text("0"))
    called_solved: Mapped[int] = mapped_column(server_default=text("0"))
    called_unsolved: Mapped[int] = mapped_column(server_default=text("0"))
    called_satisfied: Mapped[int] = mapped_column(server_default=text("0"))
    called_dissatisfied: Mapped[int] = mapped_column(server_default=text("0"))


class DurationCell(Base):
    """How many tickets took how long: by measure, month of its basis, and township ('' for all together). See `durations.py`."""

    __tablename__ = "duration_cells"
    __table_args__ = ({"postgresql_with": {"fillfactor": "80"}},)

    measure: Mapped[str] = mapped_column(primary_key=True)
    area: Mapped[str] = mapped_column(_PATH, primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    demand: Mapped[str] = mapped_column(primary_key=True)
    minutes: Mapped[int] = mapped_column(primary_key=True)
    tickets: Mapped[int]


class SumsMade(Base):
    """A grain, counter or measure that the sums have been made for, and what it meant then: see `made.py`."""

    __tablename__ = "sums_made"

    name: Mapped[str] = mapped_column(primary_key=True)
    meaning: Mapped[str]
