"""Rows of reports: what is counted (`report_facts`) and the sums kept of it (`rollup_cells`)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base

# Paths are compared byte by byte, whatever the database's language: a prefix is then a plain range of the index.
_PATH = Text(collation="C")


class ReportFact(Base):
    """One ticket as reports see it: its present state, and the verdicts that follow from its instants.

    Columns that the tickets table has too carry the same name and meaning, so that one filter compiles for both. `due_at`,
    `first_due_at` and `disposed_at` are those of the resolve clock of the newest round. What each verdict says: `facts.py`.
    """

    __tablename__ = "report_facts"
    __table_args__ = (
        Index(None, "received_at", "ticket_id"),
        Index("ix_report_facts_due", "due_at", "ticket_id", postgresql_where=text("due_at IS NOT NULL")),
        Index("ix_report_facts_completed", "completed_at", "ticket_id", postgresql_where=text("completed_at IS NOT NULL")),
        Index("ix_report_facts_called", "called_at", "ticket_id", postgresql_where=text("called_at IS NOT NULL")),
        Index(None, "area_path", "received_at"),
        Index(None, "lead_unit_id"),
    )

    ticket_id: Mapped[UUID] = mapped_column(Uuid(), ForeignKey("tickets.id"), primary_key=True)
    number: Mapped[str]
    version: Mapped[int]
    round: Mapped[int]
    status: Mapped[str]
    source: Mapped[str]
    channel: Mapped[str]
    category_code: Mapped[str | None]
    urgency: Mapped[str]
    area_path: Mapped[str] = mapped_column(_PATH)
    township_path: Mapped[str | None] = mapped_column(_PATH)
    village_path: Mapped[str | None] = mapped_column(_PATH)
    grid_path: Mapped[str | None] = mapped_column(_PATH)
    lead_unit_id: Mapped[UUID | None]
    desk_unit_id: Mapped[UUID | None]
    received_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    first_due_at: Mapped[datetime | None]
    disposed_at: Mapped[datetime | None]
    counted: Mapped[bool]
    completed: Mapped[bool]
    on_time: Mapped[bool | None]
    on_first_time: Mapped[bool | None]
    disposed_on_time: Mapped[bool | None]
    called_at: Mapped[datetime | None]
    reached: Mapped[bool | None]
    contacted: Mapped[bool | None]
    solved: Mapped[bool | None]
    satisfied: Mapped[bool | None]
    reworked: Mapped[bool] = mapped_column(server_default=text("false"))
    unreasonable: Mapped[bool] = mapped_column(server_default=text("false"))


class RollupCell(Base):
    """Sums over `report_facts` for one grain and key. A dimension the grain does not keep is ''; so is an unknown category.

    `day` is a day in Asia/Shanghai, or the first of the month. `demand` is ``unreasonable`` where that was adjudicated, else ''. What each
    counter counts: `measures.py`.
    """

    __tablename__ = "rollup_cells"
    __table_args__ = (Index(None, "grain", "day"), {"postgresql_with": {"fillfactor": "80"}})

    grain: Mapped[str] = mapped_column(primary_key=True)
    area: Mapped[str] = mapped_column(_PATH, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    demand: Mapped[str] = mapped_column(server_default=text("''"), primary_key=True)
    received: Mapped[int]
    received_completed: Mapped[int]
    rejected: Mapped[int]
    cancelled: Mapped[int]
    merged: Mapped[int]
    due: Mapped[int]
    due_completed: Mapped[int]
    due_on_time: Mapped[int]
    closed: Mapped[int]
    closed_on_time: Mapped[int]
    closed_late: Mapped[int]
    closed_on_first_time: Mapped[int]
    closed_disposed_on_time: Mapped[int]
    closed_first_round: Mapped[int] = mapped_column(server_default=text("0"))
    due_reworked: Mapped[int] = mapped_column(server_default=text("0"))
    called: Mapped[int] = mapped_column(server_default=text("0"))
    called_reached: Mapped[int] = mapped_column(server_default=text("0"))
    called_unreached: Mapped[int] = mapped_column(server_default=text("0"))
    called_contacted: Mapped[int] = mapped_column(server_default=text("0"))
    called_uncontacted: Mapped[int] = mapped_column(server_default=text("0"))
    called_solved: Mapped[int] = mapped_column(server_default=text("0"))
    called_unsolved: Mapped[int] = mapped_column(server_default=text("0"))
    called_satisfied: Mapped[int] = mapped_column(server_default=text("0"))
    called_dissatisfied: Mapped[int] = mapped_column(server_default=text("0"))
