"""Rows of what is open: each open ticket as it was counted last, and the sums of them by place and holder."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, DateTime, ForeignKey, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base

_PATH = Text(collation="C")
NOBODY = UUID(int=0)
"""Stands in a cell for a ticket that no unit, or no person, holds."""


class OpenMatter(Base):
    """An open ticket as it was counted last. Columns that `tickets` has too carry the same name and meaning.

    `stages` and `dues` are its running clocks, the earliest due first; `due_at` is the first of `dues`, NULL where no clock runs.
    `given_to` are the units whose business it ever became: by an assignment, a whistle or an instruction.
    """

    __tablename__ = "open_matters"
    __table_args__ = (
        Index(None, "due_at", "ticket_id"),
        Index(None, "area_path"),
        Index(None, "lead_unit_id"),
        Index("ix_open_matters_given_to", "given_to", postgresql_using="gin"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    ticket_id: Mapped[UUID] = mapped_column(Uuid(), ForeignKey("tickets.id"), primary_key=True)
    number: Mapped[str]
    version: Mapped[int]
    status: Mapped[str]
    urgency: Mapped[str]
    channel: Mapped[str]
    category_code: Mapped[str | None]
    area_path: Mapped[str] = mapped_column(_PATH)
    lead_unit_id: Mapped[UUID | None]
    lead_member_id: Mapped[UUID | None]
    received_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    stages: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    dues: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))
    given_to: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))


class BacklogCell(Base):
    """How many tickets are open in an area with all below, by who holds them: by status, and those due before the line.

    A ticket stands in one cell for each area it lies in: its own and all above. `NOBODY` where there is no holder or person.
    """

    __tablename__ = "backlog_cells"
    __table_args__ = ({"postgresql_with": {"fillfactor": "80"}},)

    area: Mapped[str] = mapped_column(_PATH, primary_key=True)
    holder: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    member: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    received: Mapped[int]
    dispatched: Mapped[int]
    accepted: Mapped[int]
    resolved: Mapped[int]
    answered: Mapped[int]
    late: Mapped[int]


class BacklogLine(Base):
    """The line of `backlog_cells.late`, in one row: what is due before it is counted there as late."""

    __tablename__ = "backlog_line"
    __table_args__ = (CheckConstraint("one", name="alone"),)

    one: Mapped[bool] = mapped_column(Boolean(), primary_key=True, server_default=text("true"))
    line_at: Mapped[datetime]
