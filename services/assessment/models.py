"""Rows of assessment: runs, the sheets of a run, and objections to them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, Json

STATES = ("asked", "draft", "published", "final", "withdrawn")
APPEAL_STATES = ("open", "granted", "refused")


class AssessmentRun(Base):
    """考核: a scheme of one version of the rules over days in Asia/Shanghai, both included, frozen as known at `as_of`.

    `rules` is the scheme whole, as it was. Asked for by a person, made by the worker (`draft`), published for objection until
    `objections_until` (the units were told of it at `told_at`), and `final` with the SHA-256 over all that stands in it. Whoever asked for
    it does not make it final.
    """

    __tablename__ = "assessment_runs"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES!r}", name="state"),
        CheckConstraint("first <= last", name="period"),
        CheckConstraint("subjects IN ('units', 'persons')", name="subjects"),
        CheckConstraint("finalized_by_account_id <> asked_by_account_id", name="another_makes_it_final"),
        CheckConstraint("finalized_at IS NULL OR finalized_by_account_id IS NOT NULL", name="made_final_by_somebody"),
        CheckConstraint("(published_at IS NULL) = (objections_until IS NULL)", name="published"),
        CheckConstraint("(state = 'final') = (content_hash IS NOT NULL)", name="final"),
        CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn"),
        Index("uq_assessment_runs_standing", "scheme", "first", "last", unique=True, postgresql_where=text("state <> 'withdrawn'")),
        Index("ix_assessment_runs_asked", "asked_at", postgresql_where=text("state = 'asked'")),
        Index("ix_assessment_runs_to_tell", "published_at", postgresql_where=text("published_at IS NOT NULL AND told_at IS NULL")),
        Index(None, "last", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    scheme: Mapped[str]
    name: Mapped[str]
    subjects: Mapped[str]
    first: Mapped[date]
    last: Mapped[date]
    policy_version: Mapped[int]
    rules: Mapped[Json]
    state: Mapped[str]
    asked_at: Mapped[datetime]
    asked_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    as_of: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    published_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    objections_until: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    finalized_at: Mapped[datetime | None]
    finalized_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    content_hash: Mapped[bytes | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    withdrawn_because: Mapped[str | None]


class AssessmentSheet(Base):
    """The sheet of one unit, or of one person in their unit. `counts` is what it was made from and never changes.

    `result` follows from the run's rules, `counts` and the granted objections: `scoring.score`. `place_rank` and its bounds are within
    the group; persons have none. `funnel` stands beside it: how much came in, was found by themselves, and became of it.
    """

    __tablename__ = "assessment_sheets"
    __table_args__ = (
        UniqueConstraint("run_id", "unit_id", "member_id"),
        Index("uq_assessment_sheets_unit", "run_id", "unit_id", unique=True, postgresql_where=text("member_id IS NULL")),
        Index(None, "unit_id"),
        Index(None, "member_id", postgresql_where=text("member_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("assessment_runs.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    unit_code: Mapped[str]
    unit_name: Mapped[str]
    unit_path: Mapped[str]
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))
    role: Mapped[str | None]
    group_code: Mapped[str]
    households: Mapped[int | None]
    counts: Mapped[Json]
    funnel: Mapped[Json]
    result: Mapped[Json]
    total: Mapped[str | None]
    place_rank: Mapped[int | None]
    best: Mapped[int | None]
    worst: Mapped[int | None]


class AssessmentAppeal(Base):
    """申诉: an objection to a sheet, with words and tickets as evidence, decided by somebody who did not ask for the run.

    `change` is what a granted one changes in the sheet, with the total before and after; nothing else ever changes a sheet.
    """

    __tablename__ = "assessment_appeals"
    __table_args__ = (
        CheckConstraint(f"state IN {APPEAL_STATES!r}", name="state"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(state = 'granted') = (change IS NOT NULL)", name="granted_changes"),
        CheckConstraint("decided_by_account_id NOT IN (made_by_account_id, run_asked_by_account_id)", name="another_decides"),
        CheckConstraint("decided_at IS NULL OR decided_by_account_id IS NOT NULL", name="decided_by_somebody"),
        Index("uq_assessment_appeals_open", "sheet_id", "item", unique=True, postgresql_where=text("state = 'open'")),
        Index(None, "run_id", "made_at"),
        Index(None, "sheet_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("assessment_runs.id"))
    run_asked_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    sheet_id: Mapped[UUID] = mapped_column(ForeignKey("assessment_sheets.id"))
    item: Mapped[str]
    state: Mapped[str]
    words: Mapped[str]
    tickets: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    made_at: Mapped[datetime]
    made_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    made_by_unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    decided_at: Mapped[datetime | None]
    decided_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    decision: Mapped[str | None]
    change: Mapped[Json | None]
