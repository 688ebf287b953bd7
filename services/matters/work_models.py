"""Rows of the work on a matter: sub-tasks, what stands in the way, milestones, sites, money and labour. Words name nobody."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.matters.ledger import DEEDS, SOURCES, UNITS
from services.platform.database import Base, BigInt

BLOCKERS = ("funding", "no_responsible_unit", "no_consensus", "land", "approval", "technical", "weather", "other")
SHOWN = ("before", "after")


class MatterTask(Base):
    """A sub-task of the lead or a helper, with a day of its own."""

    __tablename__ = "matter_tasks"
    __table_args__ = (Index(None, "matter_id"), Index(None, "unit_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    title: Mapped[str]
    due_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class TaskReport(Base):
    """That a sub-task is done, as its unit says, and what somebody else decided about it. One waits at a time; one is accepted."""

    __tablename__ = "matter_task_reports"
    __table_args__ = (
        CheckConstraint("num_nulls(decided_at, decided_by_account_id, accepted) IN (0, 3)", name="decided"),
        Index("uq_matter_task_reports_waiting", "task_id", unique=True, postgresql_where=text("decided_at IS NULL")),
        Index("uq_matter_task_reports_accepted", "task_id", unique=True, postgresql_where=text("accepted")),
        Index(None, "task_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("matter_tasks.id"))
    done_on: Mapped[date]
    words: Mapped[str]
    done_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[datetime]
    accepted: Mapped[bool | None]
    decision: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class Blocker(Base):
    """What stands in the way, by code, from when to when. Of each code one at a time."""

    __tablename__ = "matter_blockers"
    __table_args__ = (
        CheckConstraint(f"code IN {BLOCKERS!r}", name="code"),
        CheckConstraint("ended_on >= since", name="interval"),
        CheckConstraint("(ended_on IS NULL) = (ended_at IS NULL)", name="ended"),
        Index(None, "matter_id"),
        Index("uq_matter_blockers_now", "matter_id", "code", unique=True, postgresql_where=text("ended_on IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"))
    code: Mapped[str]
    since: Mapped[date]
    words: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    ended_on: Mapped[date | None]
    ended_words: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    ended_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class Milestone(Base):
    """A step of a work of months."""

    __tablename__ = "milestones"
    __table_args__ = (Index(None, "matter_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"))
    title: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MilestonePlan(Base):
    """For when a milestone was planned: the first row is the first plan, the last one the present one."""

    __tablename__ = "milestone_plans"

    milestone_id: Mapped[UUID] = mapped_column(ForeignKey("milestones.id"), primary_key=True)
    nth: Mapped[int] = mapped_column(primary_key=True)
    planned_on: Mapped[date]
    because: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MilestoneDone(Base):
    """That a milestone is reached."""

    __tablename__ = "milestones_done"

    milestone_id: Mapped[UUID] = mapped_column(ForeignKey("milestones.id"), primary_key=True)
    done_on: Mapped[date]
    words: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MatterSite(Base):
    """A place where there is something to be done, of an asset from metre to metre."""

    __tablename__ = "matter_sites"
    __table_args__ = (
        CheckConstraint("num_nulls(from_m, to_m) IN (0, 2) AND (from_m IS NULL OR (from_m >= 0 AND to_m > from_m))", name="metres"),
        UniqueConstraint("matter_id", "name"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"))
    name: Mapped[str]
    from_m: Mapped[int | None]
    to_m: Mapped[int | None]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class SiteShown(Base):
    """Pictures of a site before or after the work; which, `attachment_links` says."""

    __tablename__ = "matter_sites_shown"
    __table_args__ = (CheckConstraint(f"shown IN {SHOWN!r}", name="shown"), Index(None, "site_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("matter_sites.id"))
    shown: Mapped[str]
    happened_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class SiteInspection(Base):
    """That somebody looked at a site, and whether it is in order."""

    __tablename__ = "matter_site_inspections"
    __table_args__ = (Index(None, "site_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("matter_sites.id"))
    happened_on: Mapped[date]
    passed: Mapped[bool]
    words: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MatterEntry(Base):
    """One entry of a matter's ledger, with so many lines in `matter_postings`. Never changed: what was wrong is reversed by another one.

    The id is the client's own. Of money and labour it is also the id of the entry of the ledger of activities, which counts it.
    """

    __tablename__ = "matter_entries"
    __table_args__ = (
        CheckConstraint(f"deed IN {(*DEEDS, 'reverse')!r}", name="deed"),
        CheckConstraint("lines >= 2", name="lines"),
        CheckConstraint("(deed = 'reverse') = (reverses_id IS NOT NULL)", name="reverses"),
        CheckConstraint(f"source IN {SOURCES!r}", name="source"),
        Index(None, "matter_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"))
    deed: Mapped[str]
    source: Mapped[str | None]
    happened_on: Mapped[date]
    words: Mapped[str]
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("matter_entries.id"), unique=True)
    lines: Mapped[int]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MatterPosting(Base):
    """One line of an entry. The lines of an entry add up to nothing in each unit: the database refuses any other at the commit."""

    __tablename__ = "matter_postings"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint(f"unit IN {UNITS!r}", name="unit"),
        CheckConstraint(
            "account IN ('held', 'spent') OR split_part(account, ':', 1) IN ('source', 'due')"
            f" AND split_part(account, ':', 2) IN {SOURCES!r}",
            name="account",
        ),
    )

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("matter_entries.id"), primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int] = mapped_column(BigInt)
