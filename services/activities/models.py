"""Rows of what was done outside of tickets. Nothing here is ever changed but for its withdrawal, and nothing erased."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, BigInt

KINDS = ("visit", "opinion", "thing", "funds", "help", "dispute", "labour")
VISIT_OUTCOMES = ("met", "absent", "refused", "moved")
DISPUTE_OUTCOMES = ("settled", "unsettled")
STAGES = ("pledged", "received", "spent")
SOURCES = ("finance", "donation", "members", "collective", "villagers", "other")
REASONS = ("typing_error", "recorded_twice", "did_not_happen", "wrong_place", "wrong_person", "wrong_amount", "other")
_NOT_WITHDRAWN = text("withdrawn_at IS NULL")


class Activity(Base):
    """One recorded thing. The id is the recorder's own: the same id again is the same thing.

    `unit_id` is where it happened, `member_id` who did it, `by_unit_id` the seat they did it from. `household` is a keyed reference that
    tells nothing but equality. `amount` is fen for funds, half-days for labour, people for help without a list; else NULL. `within_id`
    is what it belongs to: an opinion to its visit; funds, labour and help to a thing done. `corrects_id` is the row it stands for now.
    """

    __tablename__ = "activities"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS!r}", name="kind"),
        CheckConstraint(f"outcome IN {VISIT_OUTCOMES + DISPUTE_OUTCOMES!r}", name="outcome"),
        CheckConstraint(f"stage IN {STAGES!r}", name="stage"),
        CheckConstraint(f"source IN {SOURCES!r}", name="source"),
        CheckConstraint(f"withdrawn_because IN {REASONS!r}", name="withdrawn_because"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("kind <> 'visit' OR (household IS NOT NULL AND outcome IS NOT NULL)", name="visit_of_a_household"),
        CheckConstraint("kind <> 'funds' OR (stage IS NOT NULL AND source IS NOT NULL AND amount IS NOT NULL)", name="funds_told"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_because IS NULL)", name="withdrawn_with_reason"),
        Index(None, "happened_on", "id"),
        Index(None, "kind", "happened_on"),
        Index("ix_activities_unit_day", "unit_id", "happened_on", postgresql_where=_NOT_WITHDRAWN),
        Index(None, "member_id", "happened_on"),
        Index("ix_activities_within", "within_id", postgresql_where=text("within_id IS NOT NULL")),
        Index("ix_activities_ticket", "ticket_id", postgresql_where=text("ticket_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    by_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    happened_on: Mapped[date]
    outcome: Mapped[str | None]
    household: Mapped[bytes | None]
    stage: Mapped[str | None]
    source: Mapped[str | None]
    amount: Mapped[int | None] = mapped_column(BigInt)
    within_id: Mapped[UUID | None] = mapped_column(ForeignKey("activities.id"))
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    fingerprint: Mapped[bytes]
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("activities.id"), unique=True)
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_because: Mapped[str | None]
    withdrawn_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    withdrawn_paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))


class HelpedPerson(Base):
    """A person that was helped, as a keyed reference: who was helped twice is one person."""

    __tablename__ = "helped_persons"

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"), primary_key=True)
    person: Mapped[bytes] = mapped_column(primary_key=True)


class OpinionThing(Base):
    """Which thing was done about an opinion: many opinions may lead to one thing, an opinion leads to one thing at a time."""

    __tablename__ = "opinion_things"
    __table_args__ = (
        Index("ix_opinion_things_now", "opinion_id", unique=True, postgresql_where=_NOT_WITHDRAWN),
        Index(None, "opinion_id"),
        Index(None, "thing_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    opinion_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"))
    thing_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"))
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class DeclaredTotal(Base):
    """A total from paper, of the time before the system: never added to what was counted, and shown beside it as declared.

    `amount` is in the figure's own unit; fen for money, half-days for labour. `basis` names the paper: which ledger, whose report.
    """

    __tablename__ = "declared_totals"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("last_day >= first_day", name="period"),
        CheckConstraint(f"withdrawn_because IN {REASONS!r}", name="withdrawn_because"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_because IS NULL)", name="withdrawn_with_reason"),
        Index(None, "unit_id", "figure"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    figure: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    amount: Mapped[int] = mapped_column(BigInt)
    basis: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_because: Mapped[str | None]
    withdrawn_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class Programme(Base):
    """A programme (活动) as it was said at `recorded_at`: the newest row of a code counts, and none is changed.

    `unit_ids` take part with all below them; `follows_id` is the row it stands for now.
    """

    __tablename__ = "programmes"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="interval"),
        CheckConstraint("cardinality(unit_ids) > 0", name="units"),
        Index("uq_programmes_code", "code", unique=True, postgresql_where=text("follows_id IS NULL")),
        Index(None, "code", "recorded_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    unit_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    pairings: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    because: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    follows_id: Mapped[UUID | None] = mapped_column(ForeignKey("programmes.id"), unique=True)
