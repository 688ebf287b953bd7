"""Writing any number of filings in one transaction and a handful of statements, each complaint once however often it is told.

How two deliveries of one message stay one ticket, in whatever processes they arrive: the complaint goes in first, with ``ON CONFLICT
DO NOTHING`` on (channel, channel's message id); PostgreSQL makes the second wait until the first is decided, and then leaves it out.
Everything else of the filing is inserted in the *same statement* (a chain of WITHs), only for the complaints that went in. Foreign keys
are checked at the end of a statement, so the complaint may stand before its ticket, and a filing that lost leaves no orphan behind.
Rows go in in the order of their keys, so two batches never wait for each other in a circle.

Idempotency keys go first, in a statement of their own, in the same transaction: whoever loses one writes nothing and gets the
winner's answer.

Rows travel as one array a column, in the driver's binary form; columns and their types come from the row classes. One JSON text with
``json_populate_recordset`` was measured beside it: 1.3 times as long for 32 filings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from asyncpg.connection import Connection

from services.attachments.models import AttachmentLink
from services.complaints.filing import Filing, Row
from services.complaints.models import Complainant, Complaint
from services.deadlines.models import Clock
from services.journal.models import Delivery, Event
from services.journal.subscriptions import WANTED
from services.platform.bulk import arrays, insert_sql, table_of
from services.platform.database import Base
from services.platform.errors import Conflict, Invalid
from services.platform.idempotency import IdempotencyKey
from services.platform.sealed_words import SealedTelling, telling_in
from services.tickets.models import Ticket

CREATED, FOUND = 201, 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one filing.

    `status` is the HTTP status the first answer had; `differs`: the key was used for another request; `foreign`: somebody else had filed
    the same message before, so that the tracking code is not this caller's to know; `mixed_up`: what was filed under this message said
    something else, and nothing of this filing is kept.
    """

    ticket_id: UUID
    complaint_id: UUID
    number: str
    ticket_status: str
    duplicate: bool = False
    replayed: bool = False
    differs: bool = False
    foreign: bool = False
    mixed_up: bool = False
    place: dict[str, Any] | None = None

    @property
    def status(self) -> int:
        """201 for the filing that made the ticket, 200 for a repeat of its message; a replay has the status of the first answer."""
        return FOUND if self.duplicate else CREATED

    def told(self) -> "Outcome":
        """Return it, where the caller may take it for theirs.

        Raises Invalid ``idempotency.payload_differs``, and Conflict ``complaint.message_taken`` rather than lose what was told now.
        """
        if self.differs:
            raise Invalid("idempotency.payload_differs", "This key was used for another request. Use a new one for a new request.")
        if self.mixed_up:
            detail = "Something else was told under this id, so this was not kept: add it to that ticket, or file it under a new id."
            raise Conflict("complaint.message_taken", detail, extra={} if self.foreign else {"number": self.number})
        return self


async def write(connection: Connection, filings: Sequence[Filing]) -> list[Outcome]:
    """Write `filings` in the transaction `connection` is in, and return what became of each, in their order.

    Raises what the database raises where one of them cannot be stored; none is written then.
    """
    numbers = await connection.fetch(_NUMBERS, len(filings))
    drafts = [_Draft(filing, row[0]) for filing, row in zip(filings, numbers, strict=True)]
    drafts.sort(key=lambda draft: draft.filing.message)
    repeats = await _take_keys(connection, [draft for draft in drafts if draft.filing.repeatable is not None])
    fresh = [draft for draft in drafts if draft not in repeats] if repeats else drafts
    await _insert(connection, fresh)
    await _find_first(connection, [draft for draft in fresh if draft.outcome is None])
    await _replay(connection, repeats)
    by_id = {id(draft.filing): draft for draft in drafts}
    return [by_id[id(filing)].settled() for filing in filings]


class _Draft:
    """A filing on its way: its rows, and what became of it once that is known."""

    __slots__ = ("filing", "outcome", "rows")

    def __init__(self, filing: Filing, sequence: int) -> None:
        self.filing = filing
        self.rows = filing.opened(sequence)
        self.outcome: Outcome | None = None

    def first(self) -> Outcome:
        """What becomes of it when it is the first."""
        ticket = self.rows.ticket
        return Outcome(ticket["id"], self.filing.complaint_id, ticket["number"], ticket["status"], place=self.filing.place)

    def settled(self) -> Outcome:
        """What became of it."""
        assert self.outcome is not None
        return self.outcome


_NUMBERS = "SELECT nextval('ticket_numbers') FROM generate_series(1, $1)"


_PARTS: tuple[tuple[str, type[Base], str], ...] = (
    ("tickets", Ticket, "WHERE id IN (SELECT ticket_id FROM filed)"),
    ("complainants", Complainant, "WHERE complaint_id IN (SELECT id FROM filed)"),
    ("links", AttachmentLink, "WHERE subject_id IN (SELECT id FROM filed)"),
    ("clocks", Clock, "WHERE ticket_id IN (SELECT ticket_id FROM filed)"),
    ("events", Event, "WHERE subject_id IN (SELECT ticket_id FROM filed)"),
    ("deliveries", Delivery, f"WHERE subject_id IN (SELECT ticket_id FROM filed) AND {WANTED}"),  # noqa: S608  our own words
)


@cache
def _statement(*shape: tuple[str, ...]) -> str:
    """The one statement for rows of this shape: the columns of each part, none where a part has no rows. A handful occur."""
    complaint_columns, *others = shape
    once = "ON CONFLICT (channel, channel_message_id) DO NOTHING RETURNING id, ticket_id"
    parts = [f"filed AS ({insert_sql(Complaint, complaint_columns, 1, once)})"]
    taken = len(complaint_columns)
    for (name, row_class, condition), columns in zip(_PARTS, others, strict=True):
        if columns:
            parts.append(f"{name} AS ({insert_sql(row_class, columns, taken + 1, condition)})")
            taken += len(columns)
    return f"WITH {', '.join(parts)} SELECT id FROM filed"  # noqa: S608  our own names


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


async def _insert(connection: Connection, drafts: Sequence[_Draft]) -> None:
    """Insert the filings whose message is new, and settle those."""
    if not drafts:
        return
    parts: list[list[Row]] = [
        [draft.filing.complaint for draft in drafts],
        [draft.rows.ticket for draft in drafts],
        [draft.filing.complainant for draft in drafts if draft.filing.complainant is not None],
        [link for draft in drafts for link in draft.filing.links],
        [draft.rows.clock for draft in drafts],
        [draft.rows.event for draft in drafts],
        [delivery for draft in drafts for delivery in draft.rows.deliveries],
    ]
    shape = [tuple(rows[0]) if rows else () for rows in parts]
    classes: tuple[type[Base], ...] = (Complaint, *(row_class for _, row_class, _ in _PARTS))
    columns = [array for row_class, rows in zip(classes, parts, strict=True) for array in arrays(row_class, rows)]
    written = await connection.fetch(_statement(*shape), *columns)
    filed = {row[0] for row in written}
    for draft in drafts:
        if draft.filing.complaint_id in filed:
            draft.outcome = draft.first()


_FIRST = """
SELECT c.channel, c.channel_message_id, c.id AS complaint_id, t.id AS ticket_id, t.number, t.status, c.filed_by_account_id,
       c.row_key, c.sealed_words, c.words, c.sealed_place, c.place_words, c.confidential, p.phone_index,
       p.complaint_id IS NOT NULL AND p.row_key IS NULL AS erased
FROM unnest($1::text[], $2::text[]) AS wanted (channel, message)
JOIN complaints c ON c.channel = wanted.channel AND c.channel_message_id = wanted.message
JOIN tickets t ON t.id = c.ticket_id
LEFT JOIN complainants p ON p.complaint_id = c.id
"""
_CORRECT_KEY = "UPDATE idempotency_keys SET status = $3, body = $4::text::jsonb WHERE scope = $1 AND key = $2"


async def _find_first(connection: Connection, drafts: Sequence[_Draft]) -> None:
    """Settle the filings whose message was there before, with what became of it then.

    A filing that finds itself was written by an attempt whose answer was lost on the way: it is the first, not a repeat.
    """
    if not drafts:
        return
    messages = [draft.filing.message for draft in drafts]
    found = await connection.fetch(_FIRST, [message[0] for message in messages], [message[1] for message in messages])
    first = {(row[0], row[1]): row for row in found}
    for draft in drafts:
        row, filing = first[draft.filing.message], draft.filing
        again = row["complaint_id"] != filing.complaint_id
        draft.outcome = Outcome(
            row["ticket_id"],
            row["complaint_id"],
            row["number"],
            row["status"],
            duplicate=again,
            foreign=again and row["filed_by_account_id"] != filing.actor.account_id,
            mixed_up=again and _says_else(filing, row),
            place=filing.place,
        )
        repeatable = draft.filing.repeatable
        if repeatable is not None:
            body = _json(_kept(draft.outcome))
            await connection.execute(_CORRECT_KEY, repeatable.scope, repeatable.key, draft.outcome.status, body)


def _says_else(filing: Filing, first: Mapping[str, Any]) -> bool:
    """Tell whether something told now would be lost with `filing`: its words, its place, where to reach the person, that it is a secret."""
    now, told, kept = filing.complainant, telling_in(filing.complaint), SealedTelling(*[first[name] for name in _KEPT])
    return (
        told.words != kept.words
        or told.place not in (None, kept.place)
        or filing.complaint["confidential"] != first["confidential"]
        or bool(now is not None and not first["erased"] and now["phone_index"] not in (None, first["phone_index"]))
    )


_KEPT = ("complaint_id", "row_key", "sealed_words", "words", "sealed_place", "place_words")
_KEY_COLUMNS = tuple(column.name for column in table_of(IdempotencyKey).c)
_TAKE_KEYS = insert_sql(IdempotencyKey, _KEY_COLUMNS, 1, "ON CONFLICT (scope, key) DO NOTHING RETURNING body->>'complaint_id'")
_KEPT_ANSWERS = """
SELECT k.scope, k.key, k.fingerprint, k.body::text
FROM unnest($1::text[], $2::text[]) AS wanted (scope, key)
JOIN idempotency_keys k ON k.scope = wanted.scope AND k.key = wanted.key
"""


async def _take_keys(connection: Connection, drafts: Sequence[_Draft]) -> list[_Draft]:
    """Take the idempotency keys of `drafts`; return those whose key was taken before, or by another of them.

    A key whose twin is still being written in another process makes this wait for the twin.
    """
    if not drafts:
        return []
    ordered = sorted(drafts, key=lambda draft: _repeatable(draft)[:2])
    taken = await connection.fetch(_TAKE_KEYS, *arrays(IdempotencyKey, [_key_row(draft) for draft in ordered]))
    mine = {row[0] for row in taken}
    return [draft for draft in ordered if str(draft.filing.complaint_id) not in mine]


async def _replay(connection: Connection, drafts: Sequence[_Draft]) -> None:
    """Settle the filings that lost their key with the answer kept under it."""
    if not drafts:
        return
    keys = [_repeatable(draft) for draft in drafts]
    kept = await connection.fetch(_KEPT_ANSWERS, [key[0] for key in keys], [key[1] for key in keys])
    answers = {(row[0], row[1]): (row[2], orjson.loads(row[3])) for row in kept}
    for draft, (scope, key, fingerprint) in zip(drafts, keys, strict=True):
        first_fingerprint, body = answers[scope, key]
        draft.outcome = _replayed(body, draft.filing, differs=first_fingerprint != fingerprint)


def _repeatable(draft: _Draft) -> tuple[str, str, bytes]:
    assert draft.filing.repeatable is not None
    return draft.filing.repeatable


def _key_row(draft: _Draft) -> Row:
    scope, key, fingerprint = _repeatable(draft)
    return {
        "scope": scope,
        "key": key,
        "fingerprint": fingerprint,
        "status": CREATED,
        "body": _kept(draft.first()),
        "headers": {},
        "created_at": draft.filing.now,
    }


def _kept(outcome: Outcome) -> Row:
    """What is kept under an idempotency key: the answer without the tracking code, which is derived again."""
    return {
        "ticket_id": str(outcome.ticket_id),
        "complaint_id": str(outcome.complaint_id),
        "number": outcome.number,
        "ticket_status": outcome.ticket_status,
        "duplicate": outcome.duplicate,
        "foreign": outcome.foreign,
        "mixed_up": outcome.mixed_up,
        "place": outcome.place,
    }


def _replayed(body: Row, filing: Filing, *, differs: bool) -> Outcome:
    """The first answer. Where it is about this very filing, an attempt before was written and its answer lost: that is no replay."""
    return Outcome(
        UUID(body["ticket_id"]),
        UUID(body["complaint_id"]),
        body["number"],
        body["ticket_status"],
        duplicate=body["duplicate"],
        foreign=body["foreign"],
        mixed_up=body.get("mixed_up", False),
        replayed=body["complaint_id"] != str(filing.complaint_id),
        differs=differs,
        place=body["place"],
    )
