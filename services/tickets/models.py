"""Rows of tickets."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.platform.database import Base, BigInt, Json
from services.platform.sealed_words import SealedWords
from services.tickets.terms import TERMS

STATUSES = (
    "received",
    "dispatched",
    "accepted",
    "resolved",
    "answered",
    "closed",
    "rejected",
    "cancelled",
    "merged",
)
SOURCES = ("complaint", "discovered")
WHISTLE_KINDS = ("hard_problem", "joint_enforcement", "emergency")


class Ticket(Base):
    """A matter somebody is responsible for. `version` is the `seq` of its newest event, `chain_head` that event's hash.

    `lead_unit_id` is the seat that holds it, `resolved_by_*` who did the work, `closed_by_*` who verified it: never the same,
    by constraint. `place_unit_id` is where the matter is, `desk_unit_id` the township or county desk that watches over it,
    `area_path` the tree path of the place (of the jurisdiction while the place is unknown): what scope and reports go by.
    `helped_by` are the units (ids as text) that wrote a work record in this round, the jurisdiction's own desk aside: they close nothing
    either. `suspended_until` is when a suspension ends by itself. `accused` (举报): codes of units and ids of members the matter is about,
    empty where they were not named, NULL of every other matter; its place is the desk that decides (`services/routing/accused.py`).
    The database itself keeps `changed_in`, the transaction that changed the row last, and `waited_at_ids`, the desks it waited at before.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES!r}", name="status"),
        CheckConstraint(f"source IN {SOURCES!r}", name="source"),
        CheckConstraint(f"terms IN {TERMS!r}", name="terms"),
        CheckConstraint("closed_by_unit_id <> resolved_by_unit_id", name="executor_unit_never_closes"),
        CheckConstraint("closed_by_account_id <> resolved_by_account_id", name="executor_never_closes"),
        CheckConstraint("NOT (helped_by ? closed_by_unit_id::text)", name="helper_unit_never_closes"),
        CheckConstraint("(suspended_until IS NULL) OR (suspended_at IS NOT NULL)", name="suspended_until"),
        CheckConstraint("(status = 'merged') = (merged_into_id IS NOT NULL)", name="merged_somewhere"),
        Index(None, "lead_unit_id", "status"),
        Index(None, "place_unit_id", "received_at"),
        Index(None, "desk_unit_id", "status"),
        Index(None, "received_at", "id"),
        Index(None, "changed_in"),
        Index(None, "suspended_until", postgresql_where=text("suspended_until IS NOT NULL")),
        Index("ix_tickets_merged", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")),
        Index("ix_tickets_accused", "accused", postgresql_using="gin", postgresql_where=text("accused IS NOT NULL")),
        CheckConstraint("accused IS NULL OR privacy = 'confidential'", name="accused_in_confidence"),
        Index(None, "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
        Index(
            "ix_tickets_open",
            "received_at",
            "id",
            postgresql_where=text("status IN ('received','dispatched','accepted','resolved','answered')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str]
    version: Mapped[int]
    chain_head: Mapped[bytes]
    round: Mapped[int]
    source: Mapped[str]
    channel: Mapped[str]
    category_code: Mapped[str | None] = mapped_column(ForeignKey("categories.code"))
    category_version: Mapped[int | None]
    urgency: Mapped[str]
    privacy: Mapped[str]
    terms: Mapped[str] = mapped_column(server_default=text("'usual'"))
    place_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    tier: Mapped[str | None]
    lead_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    lead_member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))
    desk_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    area_path: Mapped[str]
    surface_to_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    received_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    dispatched_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    first_contact_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    resolved_by_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    resolved_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    closed_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    suspended_at: Mapped[datetime | None]
    suspension: Mapped[str | None]
    suspended_until: Mapped[datetime | None]
    helped_by: Mapped[list[str]] = mapped_column(JSONB(), server_default=text("'[]'"))
    hand_offs: Mapped[int] = mapped_column(server_default=text("0"))
    returns: Mapped[int] = mapped_column(server_default=text("0"))
    adjudication: Mapped[bool] = mapped_column(server_default=text("false"))
    designated: Mapped[bool] = mapped_column(server_default=text("false"))
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    status_before_merge: Mapped[str | None]
    accused: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    updated_at: Mapped[datetime]
    changed_in: Mapped[int] = mapped_column(BigInt, server_default=text("(pg_current_xact_id()::text::bigint)"))
    waited_at_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), server_default=text("'{}'"))


class Round(Base):
    """One attempt to solve the matter. Reopening starts the next; nothing of the one before is erased."""

    __tablename__ = "rounds"
    __table_args__ = (UniqueConstraint("ticket_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    number: Mapped[int]
    opened_at: Mapped[datetime]
    reason: Mapped[str | None]
    resolved_at: Mapped[datetime | None]
    resolved_by_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class Assignment(Base):
    """A dispatch order: which seat, as lead or co-handler, and why. `why` is what `/why` tells. `task` is the co-handler's sub-task."""

    __tablename__ = "assignments"
    __table_args__ = (
        CheckConstraint("part IN ('lead', 'co')", name="part"),
        UniqueConstraint("ticket_id", "sequence"),
        Index(None, "unit_id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_assignments_leads", "assigned_at", postgresql_where=text("part = 'lead'")),
        Index("ix_assignments_seats", "unit_id", "ticket_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    round: Mapped[int]
    sequence: Mapped[int]
    part: Mapped[str]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))
    task: Mapped[str | None]
    assigned_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end: Mapped[str | None]
    why: Mapped[Json]


class WorkLog(Base):
    """What somebody did, in words (and pictures by attachment links). Never changed, never deleted."""

    __tablename__ = "work_logs"
    __table_args__ = (Index(None, "ticket_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    round: Mapped[int]
    kind: Mapped[str]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    words: Mapped[str]
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class Extension(Base):
    """A request for more time, in working days (natural ones under the petition rules), and the decision of somebody else on it."""

    __tablename__ = "extensions"
    __table_args__ = (
        CheckConstraint("decided_by_account_id <> requested_by_account_id", name="another_decides"),
        CheckConstraint("granted IS NOT TRUE OR decided_by_account_id IS NOT NULL", name="granted_by_somebody"),
        CheckConstraint("num_nonnulls(working_days, natural_days) = 1", name="days"),
        Index("uq_extensions_open", "ticket_id", unique=True, postgresql_where=text("decided_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    round: Mapped[int]
    stage: Mapped[str]
    working_days: Mapped[int | None]
    natural_days: Mapped[int | None]
    reason_code: Mapped[str]
    words: Mapped[str]
    requested_at: Mapped[datetime]
    requested_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    decided_at: Mapped[datetime | None]
    decided_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    granted: Mapped[bool | None]
    decision: Mapped[str | None]


class Suspension(Base):
    """A pause of the work: asked for by the holder and decided by somebody else, or made by the desk at once.

    `working_days` is how long at most. It counts from `began_at`, ends by itself at `until_at`, and may end sooner (`ended_at`).
    """

    __tablename__ = "suspensions"
    __table_args__ = (
        CheckConstraint("decided_by_account_id <> requested_by_account_id", name="another_decides"),
        CheckConstraint("granted IS NOT TRUE OR decided_by_account_id IS NOT NULL", name="granted_by_somebody"),
        CheckConstraint("(began_at IS NULL) = (until_at IS NULL)", name="began"),
        CheckConstraint("working_days BETWEEN 1 AND 60", name="days"),
        Index("uq_suspensions_open", "ticket_id", unique=True, postgresql_where=text("decided_at IS NULL")),
        Index("uq_suspensions_running", "ticket_id", unique=True, postgresql_where=text("began_at IS NOT NULL AND ended_at IS NULL")),
        Index(None, "ticket_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    round: Mapped[int]
    working_days: Mapped[int]
    reason_code: Mapped[str]
    words: Mapped[str]
    requested_at: Mapped[datetime | None]
    requested_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    decided_at: Mapped[datetime | None]
    decided_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    granted: Mapped[bool | None]
    decision: Mapped[str | None]
    began_at: Mapped[datetime | None]
    until_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Directive(Base):
    """催办, 督办 or 批示: somebody above tells a unit to act.

    An instruction is acknowledged and followed by the unit that answers for it: `to_unit_id`, the seat above where `asked_unit_id`, which
    was addressed, is blank. `report_in_working_days`: how soon after the acknowledgement it reports back.
    """

    __tablename__ = "directives"
    __table_args__ = (
        CheckConstraint("kind IN ('urge', 'supervise', 'instruct')", name="kind"),
        CheckConstraint("acknowledged_at <= followed_at", name="acknowledged_first"),
        Index(None, "ticket_id"),
        Index(None, "to_unit_id", postgresql_where=text("kind = 'instruct'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    kind: Mapped[str]
    from_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    from_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    to_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    asked_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    words: Mapped[str]
    given_at: Mapped[datetime]
    report_in_working_days: Mapped[int | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    followed_at: Mapped[datetime | None]
    followed_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    report: Mapped[str | None]


class Whistle(Base):
    """吹哨: county departments are called to the site at a set time. It ends with its outcome, or is called off with the work."""

    __tablename__ = "whistles"
    __table_args__ = (
        CheckConstraint(f"kind IN {WHISTLE_KINDS!r}", name="kind"),
        CheckConstraint("(ended_at IS NULL) = (end_kind IS NULL)", name="ended"),
        CheckConstraint("end_kind IN ('concluded', 'called_off')", name="end_kind"),
        Index("uq_whistles_open", "ticket_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index(None, "ticket_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    round: Mapped[int]
    kind: Mapped[str]
    place_words: Mapped[str]
    words: Mapped[str]
    meet_at: Mapped[datetime]
    called_at: Mapped[datetime]
    called_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    called_by_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    ended_at: Mapped[datetime | None]
    end_kind: Mapped[str | None]
    ended_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    outcome: Mapped[str | None]


class WhistleCall(Base):
    """One department that was called: `asked_unit_id`. `unit_id` must come: the department, or the seat above where it is blank."""

    __tablename__ = "whistle_calls"
    __table_args__ = (
        CheckConstraint("answer IN ('coming', 'not_coming')", name="answer"),
        CheckConstraint("answer <> 'not_coming' OR answer_words IS NOT NULL", name="why_not"),
        UniqueConstraint("whistle_id", "asked_unit_id"),
        Index(None, "unit_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    whistle_id: Mapped[UUID] = mapped_column(ForeignKey("whistles.id", deferrable=True, initially="DEFERRED"))  # written first, by name
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    asked_unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    answer: Mapped[str | None]
    answer_words: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    answered_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    arrived_at: Mapped[datetime | None]
    arrived_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class Answer(Base):
    """What each complainant was told about the result: one row for each complaint and round."""

    __tablename__ = "answers"
    __table_args__ = (UniqueConstraint("ticket_id", "complaint_id", "round"), Index(None, "complaint_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    complaint_id: Mapped[UUID]
    round: Mapped[int]
    words: Mapped[str]
    answered_at: Mapped[datetime]
    answered_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class CallBack(Base):
    """回访: what the complainant said of the result, asked by somebody who did not do the work or of their own. NULL: not answered.

    `way` is how it came (`verifying.WAYS`), `complaint_id` whose word it is, where known. On paper it is signed before a witness:
    `witness_account_id`, or somebody whose name is in the sealed paper `paper_id`.
    """

    __tablename__ = "call_backs"
    __table_args__ = (
        CheckConstraint("way IN ('phone', 'visit', 'wechat', 'code', 'paper', 'open311')", name="way"),
        CheckConstraint("reached OR num_nonnulls(contacted, solved, satisfied) = 0", name="no_answer_is_no_word"),
        CheckConstraint(
            "way <> 'paper' OR (signature_id IS NOT NULL AND num_nonnulls(witness_account_id, paper_id) > 0)", name="signed_and_witnessed"
        ),
        CheckConstraint("witness_account_id <> by_account_id", name="another_is_witness"),
        Index(None, "ticket_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    round: Mapped[int]
    called_at: Mapped[datetime]
    by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    reached: Mapped[bool]
    contacted: Mapped[bool | None]
    solved: Mapped[bool | None]
    satisfied: Mapped[bool | None]
    row_key: Mapped[bytes | None]
    sealed_words: Mapped[bytes | None]
    clear_words: Mapped[str | None] = mapped_column("words")
    said: Mapped[SealedWords] = composite("id", "row_key", "sealed_words", "clear_words")
    way: Mapped[str] = mapped_column(server_default=text("'phone'"))
    complaint_id: Mapped[UUID | None]
    signature_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachments.id"))
    witness_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
