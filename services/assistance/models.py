"""Rows of help items, mediations and deliberations. All of them are only added to; what was wrong is withdrawn with a reason.

What counts stands in the ledger (`services/activities`) under the same id, written in the same transaction.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.activities.models import REASONS, SOURCES
from services.platform.database import Base, BigInt

HELP_KINDS = ("production", "skills", "employment", "housing", "medical", "schooling", "care", "disaster", "policy", "other")
STEP_KINDS = ("given", "pledged", "received", "handed_over")
HELP_OUTCOMES = ("achieved", "partly", "not_achieved", "moved_away", "declined")
CONFIRMATIONS = ("signature", "call_recording", "wechat", "sms_code", "witness")
"""The strongest first."""
CODE_WAYS = ("wechat", "sms_code")
CODE_STATES = ("queued", "sent", "given_up", "by_hand")
UNCONFIRMED = ("absent", "refused", "ill", "moved_away", "deceased")
DISPUTE_KINDS = ("land", "water", "neighbours", "family", "money", "labour", "damage", "other")
SIDES = ("a", "b")
ENDINGS = ("settled", "unsettled", "withdrawn")
PRESENT = ("both", "a", "b")
KEPT = ("kept", "partly", "broken", "unreachable")
FORMS = ("villagers", "households", "representatives", "group", "council")
VERDICTS = ("adopted", "rejected", "no_quorum")
ERASED_BECAUSE = ("request", "order", "unlawful")
_STANDS = text("withdrawn_at IS NULL")
_WITH_REASON = "(withdrawn_at IS NULL) = (withdrawn_because IS NULL) AND (withdrawn_at IS NULL) = (withdrawn_by_account_id IS NULL)"


class HelpItem(Base):
    """帮扶: what somebody undertakes for one household. The goal, and who of the household is helped, lie in a sealed paper ``help``.

    `needed_fen`: the money it takes, where money is raised for it.
    """

    __tablename__ = "help_items"
    __table_args__ = (
        CheckConstraint(f"kind IN {HELP_KINDS!r}", name="kind"),
        CheckConstraint("due_on >= started_on", name="days"),
        CheckConstraint("needed_fen > 0", name="needed"),
        Index(None, "unit_id", "id"),
        Index(None, "household_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household_id: Mapped[UUID] = mapped_column(ForeignKey("households.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    kind: Mapped[str]
    started_on: Mapped[date]
    due_on: Mapped[date | None]
    needed_fen: Mapped[int | None] = mapped_column(BigInt)
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_papers.id"))
    follows_id: Mapped[UUID | None] = mapped_column(ForeignKey("help_items.id"))
    fingerprint: Mapped[bytes]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class HelpHelper(Base):
    """Who helps, from when until when (`ended_at`: somebody else took over, or fewer help)."""

    __tablename__ = "help_helpers"
    __table_args__ = (
        Index("uq_help_helpers_now", "item_id", "member_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index(None, "member_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("help_items.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class HelpStep(Base):
    """One deed of an item. Its entry of the ledger has the same id; of money handed over there is a second one, `help_activity_id`.

    Goods are no money: pledged or received they are in no figure (`goods`, and words in `paper_id`); handed over they are help.
    """

    __tablename__ = "help_steps"
    __table_args__ = (
        CheckConstraint(f"kind IN {STEP_KINDS!r}", name="kind"),
        CheckConstraint(f"source IN {SOURCES!r}", name="source"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("kind = 'given' OR (amount_fen IS NULL) <> (goods IS NULL)", name="money_or_goods"),
        CheckConstraint("kind <> 'given' OR (amount_fen IS NULL AND goods IS NULL)", name="given_is_no_money"),
        CheckConstraint("(amount_fen IS NULL) = (source IS NULL)", name="source_of_money"),
        CheckConstraint(f"withdrawn_because IN {REASONS!r}", name="withdrawn_because"),
        CheckConstraint(_WITH_REASON, name="withdrawn_with_reason"),
        Index(None, "item_id", "happened_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("help_items.id"))
    kind: Mapped[str]
    happened_on: Mapped[date]
    source: Mapped[str | None]
    amount_fen: Mapped[int | None] = mapped_column(BigInt)
    goods: Mapped[str | None]
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    help_activity_id: Mapped[UUID | None] = mapped_column(ForeignKey("activities.id"))
    fingerprint: Mapped[bytes]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_because: Mapped[str | None]
    withdrawn_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class HelpClosing(Base):
    """How an item ended, once: confirmed by the household in one of five ways, or why not. A witness is somebody else."""

    __tablename__ = "help_closings"
    __table_args__ = (
        CheckConstraint(f"outcome IN {HELP_OUTCOMES!r}", name="outcome"),
        CheckConstraint(f"confirmation IN {CONFIRMATIONS!r}", name="confirmation"),
        CheckConstraint(f"unconfirmed_because IN {UNCONFIRMED!r}", name="unconfirmed_because"),
        CheckConstraint("(confirmation IS NULL) <> (unconfirmed_because IS NULL)", name="confirmed_or_why_not"),
        CheckConstraint(
            "(confirmation IS NOT DISTINCT FROM 'signature') = (attachment_id IS NOT NULL)"
            " AND (confirmation IS NOT DISTINCT FROM 'call_recording') = (call_id IS NOT NULL)"
            " AND (confirmation IS NOT DISTINCT FROM 'witness') = (witness_account_id IS NOT NULL)"
            f" AND (confirmation IS NOT NULL AND confirmation IN {CODE_WAYS!r}) = (code_id IS NOT NULL)",
            name="proof",
        ),
        ForeignKeyConstraint(
            ["code_id", "item_id", "confirmation"],
            ["help_codes.id", "help_codes.item_id", "help_codes.way"],
            name="fk_help_closings_code",
        ),
    )

    item_id: Mapped[UUID] = mapped_column(ForeignKey("help_items.id"), primary_key=True)
    outcome: Mapped[str]
    closed_on: Mapped[date]
    confirmation: Mapped[str | None]
    attachment_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachments.id"))
    call_id: Mapped[UUID | None] = mapped_column(ForeignKey("calls.id"))
    witness_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    code_id: Mapped[UUID | None]
    unconfirmed_because: Mapped[str | None]
    money_left_fen: Mapped[int] = mapped_column(BigInt)
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    fingerprint: Mapped[bytes]
    recorded_at: Mapped[datetime]
    by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class HelpCode(Base):
    """A code that the household says back to confirm an end: bound to what is said of it, derived, and kept nowhere.

    `sms_code` goes to the household's telephone (in a paper of kind ``help_code``); `wechat` is sent to us by their own WeChat, which
    confirms it then (`confirmed_at`; whose account it was lies in a paper of kind ``help_wechat``). `wrong` counts wrong codes.
    """

    __tablename__ = "help_codes"
    __table_args__ = (
        CheckConstraint(f"way IN {CODE_WAYS!r}", name="way"),
        CheckConstraint(f"state IN {CODE_STATES!r}", name="state"),
        CheckConstraint("(way = 'sms_code') = (paper_id IS NOT NULL)", name="sent_somewhere"),
        CheckConstraint("(state = 'by_hand') = (way = 'wechat')", name="sent_by_us"),
        CheckConstraint("expires_at > asked_at", name="expires"),
        CheckConstraint("wrong BETWEEN 0 AND 5", name="wrong"),
        CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_paper_id IS NULL) AND (confirmed_at IS NULL OR way = 'wechat')", name="confirmed_by_wechat"
        ),
        UniqueConstraint("id", "item_id", "way"),
        Index("ix_help_codes_queued", "next_try_at", "id", postgresql_where=text("state = 'queued'")),
        Index(None, "item_id", "asked_at"),
        Index(None, "paper_id"),
        Index(None, "confirmed_paper_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("help_items.id"))
    way: Mapped[str]
    words_hash: Mapped[bytes]
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
    confirmed_at: Mapped[datetime | None]
    confirmed_paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))


class Mediation(Base):
    """调解: a dispute between two parties. What it is about lies in a sealed paper ``mediation``, who they are in `mediation_parties`."""

    __tablename__ = "mediations"
    __table_args__ = (
        CheckConstraint(f"kind IN {DISPUTE_KINDS!r}", name="kind"),
        Index(None, "unit_id", "id"),
        Index(None, "mediator_member_id"),
        Index(None, "ticket_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    kind: Mapped[str]
    mediator_member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    opened_on: Mapped[date]
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    follows_id: Mapped[UUID | None] = mapped_column(ForeignKey("mediations.id"))
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_papers.id"))
    fingerprint: Mapped[bytes]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MediationParty(Base):
    """One side of a dispute, under a sealed paper ``mediation_party`` of its own: it is erased without the other one."""

    __tablename__ = "mediation_parties"
    __table_args__ = (CheckConstraint(f"side IN {SIDES!r}", name="side"), Index(None, "paper_id"))

    mediation_id: Mapped[UUID] = mapped_column(ForeignKey("mediations.id"), primary_key=True)
    side: Mapped[str] = mapped_column(primary_key=True)
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_papers.id"))


class MediationSession(Base):
    """One session: with both parties, or with one alone. What was said is sealed."""

    __tablename__ = "mediation_sessions"
    __table_args__ = (CheckConstraint(f"present IN {PRESENT!r}", name="present"), Index(None, "mediation_id", "held_on"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    mediation_id: Mapped[UUID] = mapped_column(ForeignKey("mediations.id"))
    held_on: Mapped[date]
    present: Mapped[str]
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_papers.id"))
    fingerprint: Mapped[bytes]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MediationEnding(Base):
    """How a mediation ended. The ledger's ``dispute`` has the same id; a dispute that was withdrawn is in no figure of it."""

    __tablename__ = "mediation_endings"
    __table_args__ = (
        CheckConstraint(f"outcome IN {ENDINGS!r}", name="outcome"),
        CheckConstraint("(outcome = 'settled') = (follow_up_on IS NOT NULL)", name="followed_up"),
        CheckConstraint("outcome <> 'settled' OR paper_id IS NOT NULL", name="settled_in_writing"),
        CheckConstraint("follow_up_on > ended_on", name="follow_up_on"),
        CheckConstraint(f"withdrawn_because IN {REASONS!r}", name="withdrawn_because"),
        CheckConstraint(_WITH_REASON, name="withdrawn_with_reason"),
        Index("uq_mediation_endings_now", "mediation_id", unique=True, postgresql_where=_STANDS),
        Index(None, "mediation_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    mediation_id: Mapped[UUID] = mapped_column(ForeignKey("mediations.id"))
    outcome: Mapped[str]
    ended_on: Mapped[date]
    follow_up_on: Mapped[date | None]
    attachment_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachments.id"))
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    fingerprint: Mapped[bytes]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_because: Mapped[str | None]
    withdrawn_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class MediationFollowUp(Base):
    """回访: whether what was agreed is kept, some days after."""

    __tablename__ = "mediation_follow_ups"
    __table_args__ = (CheckConstraint(f"found IN {KEPT!r}", name="found"), Index(None, "ending_id", "held_on"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ending_id: Mapped[UUID] = mapped_column(ForeignKey("mediation_endings.id"))
    held_on: Mapped[date]
    found: Mapped[str]
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    fingerprint: Mapped[bytes]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class MediationReminder(Base):
    """That whoever mediates was told that a settlement is to be asked about: once for each."""

    __tablename__ = "mediation_reminders"

    ending_id: Mapped[UUID] = mapped_column(ForeignKey("mediation_endings.id"), primary_key=True)
    told_at: Mapped[datetime]


class Deliberation(Base):
    """议事: a proposal a village, a group or a community talks over. `title` is of nobody; more words, with names, are sealed."""

    __tablename__ = "deliberations"
    __table_args__ = (Index(None, "unit_id", "id"), Index(None, "ticket_id"), Index(None, "matter_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    title: Mapped[str]
    proposed_on: Mapped[date]
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    matter_id: Mapped[UUID | None] = mapped_column(ForeignKey("matters.id"))
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    fingerprint: Mapped[bytes]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class DeliberationMeeting(Base):
    """A meeting and its vote, in numbers alone; the verdict follows from them and the rules of that day (`rules_version`).

    `published_at`: somebody else read it, found nobody named, and had it shown to everybody.
    """

    __tablename__ = "deliberation_meetings"
    __table_args__ = (
        CheckConstraint(f"form IN {FORMS!r}", name="form"),
        CheckConstraint(f"verdict IN {VERDICTS!r}", name="verdict"),
        CheckConstraint("present BETWEEN 1 AND eligible", name="present"),
        CheckConstraint("votes_for >= 0 AND votes_against >= 0 AND abstained >= 0", name="votes"),
        CheckConstraint("votes_for + votes_against + abstained = present", name="votes_add_up"),
        CheckConstraint("(verdict = 'no_quorum') = (decision IS NULL)", name="decision"),
        CheckConstraint("(published_at IS NULL) = (published_by_account_id IS NULL)", name="published_by_somebody"),
        CheckConstraint(f"withdrawn_because IN {REASONS!r}", name="withdrawn_because"),
        CheckConstraint(_WITH_REASON, name="withdrawn_with_reason"),
        Index(
            "uq_deliberation_meetings_decided", "deliberation_id", unique=True,
            postgresql_where=text("withdrawn_at IS NULL AND verdict <> 'no_quorum'"),
        ),
        Index(None, "deliberation_id", "held_on"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    deliberation_id: Mapped[UUID] = mapped_column(ForeignKey("deliberations.id"))
    form: Mapped[str]
    held_on: Mapped[date]
    place: Mapped[str]
    eligible: Mapped[int]
    present: Mapped[int]
    votes_for: Mapped[int]
    votes_against: Mapped[int]
    abstained: Mapped[int]
    verdict: Mapped[str]
    decision: Mapped[str | None]
    rules_version: Mapped[int]
    fingerprint: Mapped[bytes]
    recorded_at: Mapped[datetime]
    recorded_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    published_at: Mapped[datetime | None]
    published_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_because: Mapped[str | None]
    withdrawn_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class MediationPartyErasure(Base):
    """A party asked for what is kept of them to be erased: nobody sees it from then on, and the worker destroys the paper's key."""

    __tablename__ = "mediation_party_erasures"
    __table_args__ = (
        CheckConstraint(f"because IN {ERASED_BECAUSE!r}", name="because"),
        ForeignKeyConstraint(["mediation_id", "side"], ["mediation_parties.mediation_id", "mediation_parties.side"]),
    )

    mediation_id: Mapped[UUID] = mapped_column(primary_key=True)
    side: Mapped[str] = mapped_column(primary_key=True)
    because: Mapped[str]
    asked_at: Mapped[datetime]
    by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
