"""Rows of the petition desk."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base

FORMS = ("visit", "letter", "on_behalf")
ROLES = ("petitioner", "representative", "agent")


class Reception(Base):
    """How a petition was received: who wrote it down, in which form, from how many people. Immutable, as the words are.

    `people` counts everybody who came or signed, `received_on` is the day of the visit, or the one on which the letter came; `written_on`
    is the letter's own date. `agent_account_id` is the member who files for a villager (代办).
    """

    __tablename__ = "receptions"
    __table_args__ = (CheckConstraint(f"form IN {FORMS!r}", name="form"), CheckConstraint("people >= 1", name="people"))

    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id"), primary_key=True)
    form: Mapped[str]
    people: Mapped[int]
    received_on: Mapped[date]
    written_on: Mapped[date | None]
    postmark: Mapped[str | None]
    repeated: Mapped[bool]
    agent_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    received_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[datetime]


class Petitioner(Base):
    """One person of a reception; who it is stands in a sealed paper (kind ``petitioner``). Position 0 is the main one."""

    __tablename__ = "petitioners"
    __table_args__ = (CheckConstraint(f"role IN {ROLES!r}", name="role"), UniqueConstraint("complaint_id", "position"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("receptions.complaint_id"))
    position: Mapped[int]
    role: Mapped[str]
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_papers.id"))
