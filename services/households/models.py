"""Rows of the register of households."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base

ENDED_BECAUSE = ("moved_away", "merged", "dissolved", "listed_twice", "mistake")


class Household(Base):
    """户: one household of a village's register. What names it lies in a sealed paper of kind ``household``.

    `reference` is the keyed reference that visits, opinions and things done go by (`references.household_key`): it tells equality and no
    more. `village_id` is the village in whose book it is listed, by the first of the units that followed each other; `unit_id` is the
    grid it lives in, or its village, and follows a unit that gets another code. `fingerprint` is keyed too: it tells whether a line of a
    file says anything new. One that is listed again after it had ended is another row under the same reference: both intervals stay known.
    """

    __tablename__ = "households"
    __table_args__ = (
        CheckConstraint("people BETWEEN 0 AND 100", name="people"),
        CheckConstraint(f"ended_because IN {ENDED_BECAUSE!r}", name="ended_because"),
        CheckConstraint(
            "(ended_on IS NULL) = (ended_because IS NULL) AND (ended_on IS NULL) = (ended_at IS NULL)", name="ended_with_reason"
        ),
        Index("uq_households_reference", "reference", unique=True, postgresql_where=text("ended_on IS NULL")),
        Index(None, "reference", "listed_at"),
        Index("ix_households_unit", "unit_id", "id", postgresql_where=text("ended_on IS NULL")),
        Index("ix_households_books", "unit_id", "village_id", postgresql_where=text("ended_on IS NULL")),
        Index(None, "village_id", "id"),
        Index("ix_households_open_listed", "listed_at", postgresql_where=text("ended_on IS NULL")),
        Index("ix_households_over_ended", "ended_at", postgresql_where=text("ended_on IS NOT NULL")),
        Index("ix_households_over_on", "ended_on", postgresql_where=text("ended_on IS NOT NULL")),
        Index(None, "paper_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[bytes]
    village_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    people: Mapped[int | None]
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_papers.id"))
    fingerprint: Mapped[bytes]
    listed_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    ended_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
