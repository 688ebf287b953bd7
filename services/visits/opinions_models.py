"""Rows of the handbook (《服务群众工作手册》). Each is written once; nothing of it is changed or deleted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base

REWORDED_BECAUSE = ("clearer", "misheard", "villager_corrects", "dialect", "other")
CONFIRMATION_KINDS = ("signature", "call_recording", "wechat", "sms_code", "witness")
OUTCOME_KINDS = ("on_the_spot", "ticket", "matter", "answered")
ANSWERED_BECAUSE = (
    "explained",
    "policy_does_not_allow",
    "done_before",
    "not_of_government",
    "no_demand",
    "told_elsewhere",
    "withdrawn_by_villager",
    "other",
)
CODE_WAYS = ("sms_code", "wechat")
ANSWER_STATES = ("queued", "sent", "given_up")
ERASED_BECAUSE = ("request", "retention", "order", "unlawful")
CODE_STATES = ("queued", "sent", "given_up", "by_hand")
_CODED = ("sms_code", "wechat")
_OF_A_CALL = ("opinion_id", "sequence", "call_id")


class Opinion(Base):
    """An opinion that was heard: the ledger's entry of the same id, and what the ledger does not know.

    `household_id` is whose it is; `visit_id` the visit it was heard at, NULL of one told elsewhere. `contact_paper_id` says who of the
    household said it and how to reach them (kind ``opinion_contact``); where it is NULL the register's own contact counts.
    """

    __tablename__ = "opinions"
    __table_args__ = (
        Index(None, "household_id", "heard_at"),
        Index(None, "visit_id"),
        Index(None, "member_id", "heard_at"),
        Index(None, "recorded_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"), primary_key=True)
    visit_id: Mapped[UUID | None] = mapped_column(ForeignKey("visits.id"))
    household_id: Mapped[UUID] = mapped_column(ForeignKey("households.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    category_code: Mapped[str | None] = mapped_column(ForeignKey("categories.code"))
    wants_answer: Mapped[bool]
    contact_paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    heard_at: Mapped[datetime]
    fingerprint: Mapped[bytes]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class OpinionWording(Base):
    """Words of an opinion: the first (`sequence` 1) are the villager's own, each later one is laid over it by its author, with a reason.

    The newest is the one in force; the first is never gone. `words_hash` is the SHA-256 of the canonical words (`opinions_rules.py`).
    """

    __tablename__ = "opinion_wordings"
    __table_args__ = (
        CheckConstraint("sequence >= 1 AND (sequence = 1) = (because IS NULL)", name="later_with_reason"),
        CheckConstraint(f"because IN {REWORDED_BECAUSE!r}", name="because"),
        CheckConstraint("length(words_hash) = 32", name="words_hash"),
        UniqueConstraint("opinion_id", "sequence"),
        UniqueConstraint("opinion_id", "sequence", "words_hash"),
        Index(None, "paper_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    opinion_id: Mapped[UUID] = mapped_column(ForeignKey("opinions.id"))
    sequence: Mapped[int]
    words_hash: Mapped[bytes]
    because: Mapped[str | None]
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_papers.id"))
    fingerprint: Mapped[bytes]
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    author_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class OpinionCode(Base):
    """A code that somebody of a household says back to confirm words: bound to the words, derived, and kept nowhere.

    `sms_code` goes to the telephone of the household (its number in a paper of kind ``opinion_code``); `wechat` is sent to us by the
    villager's own WeChat. `by_hand` waits for nobody to send it. `wrong` counts wrong codes.
    """

    __tablename__ = "opinion_codes"
    __table_args__ = (
        CheckConstraint(f"way IN {CODE_WAYS!r}", name="way"),
        CheckConstraint(f"state IN {CODE_STATES!r}", name="state"),
        CheckConstraint("(way = 'sms_code') = (paper_id IS NOT NULL)", name="sent_somewhere"),
        CheckConstraint("(state = 'by_hand') = (way = 'wechat')", name="sent_by_us"),
        CheckConstraint("expires_at > asked_at", name="expires"),
        CheckConstraint("wrong BETWEEN 0 AND 5", name="wrong"),
        ForeignKeyConstraint(
            ["opinion_id", "sequence", "words_hash"],
            ["opinion_wordings.opinion_id", "opinion_wordings.sequence", "opinion_wordings.words_hash"],
            name="fk_opinion_codes_words",
        ),
        UniqueConstraint("id", "opinion_id", "sequence", "way"),
        Index("ix_opinion_codes_queued", "next_try_at", "id", postgresql_where=text("state = 'queued'")),
        Index(None, "opinion_id", "asked_at"),
        Index(None, "paper_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    opinion_id: Mapped[UUID] = mapped_column(ForeignKey("opinions.id"))
    sequence: Mapped[int]
    words_hash: Mapped[bytes]
    way: Mapped[str]
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    state: Mapped[str]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    wrong: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    asked_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class OpinionConfirmation(Base):
    """That a villager stands by words of an opinion: one of five kinds, bound to the wording they saw by its hash.

    A later wording makes it void; that is read off the wordings, and this row stays. `by_account_id` is NULL where the villager's own
    WeChat said so: which account that was lies in a paper (kind ``opinion_wechat``). `satisfied` is what they said of who called on
    them, asked by nobody whom it is about. A witness is a member by account, or anybody else by
    name in a paper (kind ``opinion_witness``).
    """

    __tablename__ = "opinion_confirmations"
    __table_args__ = (
        CheckConstraint(f"kind IN {CONFIRMATION_KINDS!r}", name="kind"),
        CheckConstraint("(kind = 'signature') = (attachment_id IS NOT NULL)", name="signed_on_a_picture"),
        CheckConstraint("(kind = 'call_recording') = (call_id IS NOT NULL)", name="recorded_in_a_call"),
        CheckConstraint(f"(kind IN {_CODED!r}) = (code_id IS NOT NULL)", name="by_its_code"),
        CheckConstraint("kind <> 'witness' OR (witness_account_id IS NULL) <> (paper_id IS NULL)", name="one_witness"),
        CheckConstraint("kind = 'witness' OR witness_account_id IS NULL", name="witness_alone"),
        CheckConstraint("kind = 'witness' OR (kind = 'wechat') = (paper_id IS NOT NULL)", name="whose_wechat"),
        CheckConstraint("(by_account_id IS NULL) = (kind = 'wechat')", name="taken_by_somebody"),
        CheckConstraint("satisfied IS NULL OR kind IN ('call_recording', 'wechat')", name="rated_to_nobody_who_is_rated"),
        ForeignKeyConstraint(
            ["opinion_id", "sequence", "words_hash"],
            ["opinion_wordings.opinion_id", "opinion_wordings.sequence", "opinion_wordings.words_hash"],
            name="fk_opinion_confirmations_words",
        ),
        ForeignKeyConstraint(
            ["code_id", "opinion_id", "sequence", "kind"],
            ["opinion_codes.id", "opinion_codes.opinion_id", "opinion_codes.sequence", "opinion_codes.way"],
            name="fk_opinion_confirmations_code",
        ),
        Index(None, "opinion_id", "recorded_at"),
        Index("uq_opinion_confirmations_code", "code_id", unique=True, postgresql_where=text("code_id IS NOT NULL")),
        Index("uq_opinion_confirmations_picture", "attachment_id", unique=True, postgresql_where=text("attachment_id IS NOT NULL")),
        Index("uq_opinion_confirmations_call", *_OF_A_CALL, unique=True, postgresql_where=text("call_id IS NOT NULL")),
        Index(None, "paper_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    opinion_id: Mapped[UUID] = mapped_column(ForeignKey("opinions.id"))
    sequence: Mapped[int]
    words_hash: Mapped[bytes]
    kind: Mapped[str]
    attachment_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachments.id"))
    call_id: Mapped[UUID | None] = mapped_column(ForeignKey("calls.id"))
    code_id: Mapped[UUID | None]
    witness_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    fingerprint: Mapped[bytes]
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    satisfied: Mapped[bool | None]


class OpinionOutcome(Base):
    """What became of an opinion: solved on the spot, a ticket, part of a matter, or answered with a reason and what was told.

    Several may follow each other. What was said lies in a paper of kind ``opinion_outcome``.
    """

    __tablename__ = "opinion_outcomes"
    __table_args__ = (
        CheckConstraint(f"kind IN {OUTCOME_KINDS!r}", name="kind"),
        CheckConstraint("(kind = 'ticket') = (ticket_id IS NOT NULL)", name="a_ticket"),
        CheckConstraint("(kind = 'matter') = (matter_id IS NOT NULL)", name="a_matter"),
        CheckConstraint("(kind = 'answered') = (because IS NOT NULL)", name="answered_with_reason"),
        CheckConstraint(f"because IN {ANSWERED_BECAUSE!r}", name="because"),
        CheckConstraint("kind NOT IN ('on_the_spot', 'answered') OR paper_id IS NOT NULL", name="told"),
        UniqueConstraint("opinion_id", "ticket_id"),
        UniqueConstraint("opinion_id", "matter_id"),
        Index(None, "opinion_id", "recorded_at"),
        Index(None, "ticket_id"),
        Index("ix_opinion_outcomes_matter", "matter_id", postgresql_where=text("matter_id IS NOT NULL")),
        Index(None, "paper_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    opinion_id: Mapped[UUID] = mapped_column(ForeignKey("opinions.id"))
    kind: Mapped[str]
    because: Mapped[str | None]
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    matter_id: Mapped[UUID | None] = mapped_column(ForeignKey("matters.id"))
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    fingerprint: Mapped[bytes]
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class OpinionReminder(Base):
    """That a desk was told of an opinion nothing became of: once for each desk."""

    __tablename__ = "opinion_reminders"

    opinion_id: Mapped[UUID] = mapped_column(ForeignKey("opinions.id"), primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), primary_key=True)
    told_at: Mapped[datetime]


class OpinionAnswer(Base):
    """What a villager is to be told by message: the words of an outcome, to the number in a paper of kind ``opinion_answer``."""

    __tablename__ = "opinion_answers"
    __table_args__ = (
        CheckConstraint(f"state IN {ANSWER_STATES!r}", name="state"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
        Index("ix_opinion_answers_queued", "next_try_at", "outcome_id", postgresql_where=text("state = 'queued'")),
        Index(None, "paper_id"),
    )

    outcome_id: Mapped[UUID] = mapped_column(ForeignKey("opinion_outcomes.id"), primary_key=True)
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_papers.id"))
    state: Mapped[str]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None]


class OpinionErasure(Base):
    """That what is kept of whoever said an opinion is to be erased (`whole`: its words, too), and when it was. The worker does it."""

    __tablename__ = "opinion_erasures"
    __table_args__ = (
        CheckConstraint(f"because IN {ERASED_BECAUSE!r}", name="because"),
        Index("uq_opinion_erasures_owed", "opinion_id", "whole", unique=True, postgresql_where=text("erased_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    opinion_id: Mapped[UUID] = mapped_column(ForeignKey("opinions.id"))
    because: Mapped[str]
    whole: Mapped[bool]
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    request_id: Mapped[UUID | None] = mapped_column(ForeignKey("person_requests.id"))
    asked_at: Mapped[datetime]
    by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    erased_at: Mapped[datetime | None]
