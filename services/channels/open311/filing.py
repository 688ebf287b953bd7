"""Filing what an open client sends: the complaint, what it came with, and which pictures are still to be fetched, in one transaction.

Open311 has no id for a request that is sent again, so a repeat is known by what the client gives: an ``Idempotency-Key``, an id of its own
among the attributes, or, where the sender is known by device, account or address, exactly the same request within ten minutes. Without any
of these every request is a new one: two people may say the same, and a second ticket is a smaller harm than a lost one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, select

from services.attachments.receiving import Received, write_down
from services.channels.open311.models import Open311Medium, Open311Request
from services.channels.open311.reading import Fields, Wish, own_id, sender_marks
from services.complaints.commands import FileComplaint
from services.complaints.device_marks import keep_mark
from services.complaints.filing import Filing
from services.complaints.filing_desk import prepared
from services.complaints.writing import write
from services.connections.directory import ConnectedSystem
from services.platform.actor import COMPLAINANT
from services.platform.bulk import insert_many
from services.platform.database import driver_of
from services.platform.errors import Problem
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, seal_paper
from services.platform.secrets import blind_index
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets.models import Ticket

CHANNEL = "open311"
REPEATED_WITHIN = timedelta(minutes=10)
PAPER = "open311_request"
_DIGEST = "open311"
_DEVICE = ("device_id", "account_id")
"""What a client says of where a request came from; the first of them that is there."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """What a request sent again is found by (`key`, for so long as `within`; for good where that is None), and what it says."""

    key: bytes | None
    fingerprint: bytes
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a request."""

    number: str
    ticket_id: UUID
    complaint_id: UUID
    repeated: bool = False


def repeat_of(system: ConnectedSystem, fields: Fields, files: Sequence[Received], key: str | None) -> Repeat:
    """Return what makes a request one, however often it is sent. Pure."""
    said = [str(system.id), fields.content(), sorted(file.sha256.hex() for file in files)]
    fingerprint = blind_index(_DIGEST, orjson.dumps(said).decode())
    if key is not None:
        return Repeat(blind_index(_DIGEST, f"{system.id} {key}"), fingerprint)
    if own_id(fields) is not None:
        return Repeat(fingerprint, fingerprint)
    return Repeat(fingerprint, fingerprint, REPEATED_WITHIN) if sender_marks(fields) else Repeat(None, fingerprint)


async def file_request(wish: Wish, system: ConnectedSystem, files: Sequence[Received], repeat: Repeat) -> Taken:
    """File `wish` for `system`, or find what it became before. `files` are durable in the store already.

    Raises a problem of status 400 where an ``Idempotency-Key`` stands for another request, and what filing raises.
    """
    filing = await prepared(FileComplaint(CHANNEL, str(new_id()), wish.telling), COMPLAINANT)
    async with unit_of_work(COMPLAINANT) as work:
        before = await _before(work, repeat)
        if before is not None:
            return before
        attached = [await write_down(work, file) for file in files]
        filing = replace(filing, links=tuple(_link(one, filing.complaint_id, work.now) for one in dict.fromkeys(attached)))
        (outcome,) = await write(await driver_of(work.session), [filing])
        work.rings = True
        await _write_beside(work, filing, wish, system, repeat)
    return Taken(outcome.number, outcome.ticket_id, outcome.complaint_id)


async def _before(work: Work, repeat: Repeat) -> Taken | None:
    """Return what the same request became, sent before; whoever sends it at the same moment waits here until the first is decided."""
    if repeat.key is None:
        return None
    await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(repeat.key[:8], "big", signed=True))))
    query = (
        select(Open311Request.complaint_id, Open311Request.ticket_id, Open311Request.fingerprint, Ticket.number)
        .join(Ticket, Ticket.id == Open311Request.ticket_id)
        .where(Open311Request.repeat_key == repeat.key)
        .order_by(Open311Request.recorded_at.desc())
        .limit(1)
    )
    if repeat.within is not None:
        query = query.where(Open311Request.recorded_at > work.now - repeat.within)
    found = (await work.session.execute(query)).one_or_none()
    if found is None:
        return None
    if found.fingerprint != repeat.fingerprint:
        raise Problem("idempotency.payload_differs", "This Idempotency-Key was used for another request; take a new one.")
    return Taken(found.number, found.ticket_id, found.complaint_id, repeated=True)


async def _write_beside(work: Work, filing: Filing, wish: Wish, system: ConnectedSystem, repeat: Repeat) -> None:
    paper_id = await keep_paper(work, PAPER, wish.sealed)
    row = {
        "complaint_id": filing.complaint_id,
        "ticket_id": filing.ticket_id,
        "connection_id": system.id,
        "described": wish.described,
        "repeat_key": repeat.key,
        "fingerprint": repeat.fingerprint,
        "paper_id": paper_id,
        "recorded_at": work.now,
    }
    await insert_many(work.session, Open311Request, [row])
    devices = [value for name in _DEVICE for value in wish.sealed.get(name, ()) if value]
    await keep_mark(work, filing.complaint_id, system.id, devices[0] if devices else None)
    await want_media(work, filing.complaint_id, paper_id, wish.sealed)


async def keep_paper(work: Work, kind: str, clear: dict[str, Any]) -> UUID | None:
    """Seal what else came with a request; return the paper's id, None where nothing came."""
    if not clear:
        return None
    paper = seal_paper(kind, clear, work.now)
    await insert_many(work.session, SealedPaper, [paper])
    found: UUID = paper["id"]
    return found


async def want_media(work: Work, complaint_id: UUID, paper_id: UUID | None, sealed: dict[str, Any]) -> None:
    """Have the worker fetch every picture that was named by address."""
    named = range(len(sealed.get("media_url", ())))
    rows = [
        {"id": new_id(), "complaint_id": complaint_id, "paper_id": paper_id, "nth": nth, "next_try_at": work.now, "state": "wanted"}
        for nth in named
    ]
    await insert_many(work.session, Open311Medium, rows)


def _link(attachment_id: UUID, complaint_id: UUID, now: datetime) -> dict[str, Any]:
    return {"attachment_id": attachment_id, "subject_id": complaint_id, "subject_kind": "complaint", "role": "evidence", "linked_at": now}
