"""Rows of 年终质询: what was asked of whom, answered, decided, and what was frozen of it. Each is written once."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.matters.dossiers_rules import OUTCOMES
from services.platform.database import Base


class YearEndQuestion(Base):
    """What somebody who answers for a matter was asked at the end of a year. One for each person, matter and year."""

    __tablename__ = "year_end_questions"
    __table_args__ = (
        UniqueConstraint("matter_id", "year", "member_id"),
        UniqueConstraint("id", "asked_by_account_id"),
        CheckConstraint("year BETWEEN 2000 AND 9998", name="year"),
        Index(None, "member_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"))
    year: Mapped[int]
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    capacity: Mapped[str]
    words: Mapped[str]
    answer_by: Mapped[date]
    asked_at: Mapped[datetime]
    asked_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class YearEndAnswer(Base):
    """What the person asked said. Never the person who asked: the database compares them, so who asked stands here too."""

    __tablename__ = "year_end_answers"
    __table_args__ = (
        ForeignKeyConstraint(["question_id", "asked_by_account_id"], ["year_end_questions.id", "year_end_questions.asked_by_account_id"]),
        Index(None, "question_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    question_id: Mapped[UUID]
    words: Mapped[str]
    answered_at: Mapped[datetime]
    answered_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    asked_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class YearEndOutcome(Base):
    """What was decided on a question. A later one (`nth` > 1) corrects the one before and says why; none is ever changed."""

    __tablename__ = "year_end_outcomes"
    __table_args__ = (
        CheckConstraint(f"code IN {tuple(OUTCOMES)!r}", name="code"),
        CheckConstraint("(code = 'carry_over') = (new_date IS NOT NULL)", name="a_carry_over_has_a_date"),
        CheckConstraint("nth > 0 AND (nth = 1) = (because IS NULL)", name="a_correction_says_why"),
    )

    question_id: Mapped[UUID] = mapped_column(ForeignKey("year_end_questions.id"), primary_key=True)
    nth: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    new_date: Mapped[date | None]
    words: Mapped[str]
    because: Mapped[str | None]
    decided_at: Mapped[datetime]
    decided_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class YearEndDossier(Base):
    """A dossier of a year and area as it was frozen. The application's roles may write one and read it; none may change or delete it.

    `document` are the canonical bytes whose SHA-256 is `hash`: the database computes it again. A later edition corrects the one before.
    """

    __tablename__ = "year_end_dossiers"
    __table_args__ = (
        CheckConstraint("sha256(document) = hash", name="hash_of_the_document"),
        CheckConstraint("edition > 0 AND (edition = 1) = (corrects_id IS NULL)", name="a_later_edition_corrects"),
        CheckConstraint("corrects_id IS NULL OR reason IS NOT NULL", name="a_correction_says_why"),
        UniqueConstraint("unit_id", "year", "edition"),
        UniqueConstraint("corrects_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    year: Mapped[int]
    edition: Mapped[int]
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("year_end_dossiers.id"))
    reason: Mapped[str | None]
    document: Mapped[bytes]
    hash: Mapped[bytes]
    frozen_at: Mapped[datetime]
    frozen_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
