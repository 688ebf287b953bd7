"""Rows of striking off: what was reported complete, published, objected to and said by households; certificates. Words name nobody.

Each is of a round of its matter. Nothing is overwritten; what an objection says lies in a sealed paper of kind ``matter_objection``.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, Json

TELLER_BECAUSE = ("unreachable", "moved_away", "deceased", "wants_no_question", "other")
HOUSEHOLDS_BECAUSE = ("few_households", "other")
WORD_BECAUSE = ("outside_matter", "policy_does_not_allow", "separate_matter", "not_reasonable", "other")
REASONS_ABOUT = ("teller", "households", "word")


class MatterRound(Base):
    """That a matter was registered again, and why: a round from the second on."""

    __tablename__ = "matter_rounds"
    __table_args__ = (CheckConstraint("round >= 2", name="round"),)

    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    words: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MatterCompletion(Base):
    """That the lead reports the whole work complete. Of several in a round the last one counts. The id is the client's own."""

    __tablename__ = "matter_completions"
    __table_args__ = (Index(None, "matter_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"))
    round: Mapped[int]
    done_on: Mapped[date]
    words: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MatterNotice(Base):
    """公示: that the result is published for objections, from when to when. `ends_on` is its last whole day."""

    __tablename__ = "matter_notices"
    __table_args__ = (CheckConstraint("ends_on > begins_on", name="days"), Index(None, "matter_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"))
    round: Mapped[int]
    begins_on: Mapped[date]
    ends_on: Mapped[date]
    words: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MatterObjection(Base):
    """An objection, written down for a household or for whoever does not say; decided by somebody who did not do the work.

    `recorded_by_account_id` is NULL of one that a complainant made themselves, with the code of their ticket.
    """

    __tablename__ = "matter_objections"
    __table_args__ = (
        CheckConstraint("num_nulls(upheld, decision, decided_at, decided_by_account_id) IN (0, 4)", name="decided"),
        Index(None, "matter_id"),
        Index(None, "paper_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"))
    round: Mapped[int]
    household_id: Mapped[UUID | None] = mapped_column(ForeignKey("households.id"))
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_papers.id"))
    fingerprint: Mapped[bytes]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    upheld: Mapped[bool | None]
    decision: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class MatterWord(Base):
    """That an opinion of the handbook is a household's word on the result: solved or not. Who said it and its proof are the opinion's."""

    __tablename__ = "matter_words"
    __table_args__ = (Index(None, "matter_id"),)

    opinion_id: Mapped[UUID] = mapped_column(ForeignKey("opinions.id"), primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"))
    round: Mapped[int]
    solved: Mapped[bool]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MatterPerson(Base):
    """Who is the same among those who told a matter and those who say what became of it: a number for each household, 0 for nobody known.

    `subject_id` is a complaint or an opinion; `told` where the trouble was told in it, as part of `source_id`. The door that only reads
    knows no contact: it reads these numbers, which the door that may compare contacts keeps (`persons.py`).
    """

    __tablename__ = "matter_persons"

    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"), primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[UUID]
    told: Mapped[bool]
    household: Mapped[int]


class MatterReason(Base):
    """Why something is not asked any more: of who told it, of the number of households, of a word that says "not solved".

    `subject_id` is the telling, the word, or, of the number of households, the matter itself.
    """

    __tablename__ = "matter_reasons"
    __table_args__ = (
        CheckConstraint(
            f"about = 'teller' AND because IN {TELLER_BECAUSE!r} OR about = 'households' AND because IN {HOUSEHOLDS_BECAUSE!r}"
            f" OR about = 'word' AND because IN {WORD_BECAUSE!r}",
            name="because",
        ),
        UniqueConstraint("matter_id", "round", "about", "subject_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"))
    round: Mapped[int]
    about: Mapped[str]
    subject_id: Mapped[UUID]
    because: Mapped[str]
    words: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MatterCertificate(Base):
    """销号证书 of a round: `id` is the SHA-256 of the canonical JSON of `content`. Signed by the worker, which holds the key."""

    __tablename__ = "matter_certificates"
    __table_args__ = (
        CheckConstraint("id ~ '^[0-9a-f]{64}$'", name="id"),
        CheckConstraint("num_nulls(signed_at, key_id, signature) IN (0, 3)", name="signed"),
        UniqueConstraint("matter_id", "round"),
        UniqueConstraint("id", "matter_id", "round"),
        Index("ix_matter_certificates_unsigned", "issued_at", postgresql_where=text("signature IS NULL")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matters.id"))
    round: Mapped[int]
    content: Mapped[Json]
    issued_at: Mapped[datetime]
    issued_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    signed_at: Mapped[datetime | None]
    key_id: Mapped[str | None] = mapped_column(ForeignKey("anchor_keys.key_id"))
    signature: Mapped[bytes | None]
