"""Looking at the pictures of work logs after they were shown: the worker's effect of the events that show them.

It may be done again, late, in any order and by several at once: what is found follows from what was shown and when, the tickets it is
about are locked before flags are written, and each flag is written once.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.attachments.alike import pictures_like
from services.attachments.expecting import ArrivedUpload, ExpectedFile
from services.attachments.models import Attachment, AttachmentLink, PictureFacts
from services.journal.draining import Owed
from services.platform.bulk import one_of
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.tickets.changes import Change, EventDraft, Insert, Row
from services.tickets.evidence import Finding, Matter, Picture, findings
from services.tickets.evidence_models import EvidenceFlag
from services.tickets.lifecycle import OPEN
from services.tickets.loading import lock
from services.tickets.models import Round, Ticket, WorkLog
from services.tickets.recording import write
from services.tickets.shown import stands

TicketsOfComplaints = Callable[[AsyncSession, Collection[UUID], Collection[UUID]], Awaitable[dict[UUID, UUID]]]
"""Reads the tickets of complaints: of those given by their own id and of those of given tickets. Complaints stand above tickets."""

MERGING = frozenset({"ticket.merged", "ticket.unmerged"})
LATE = frozenset({"work_log.file_arrived", "complaint.file_arrived"})


@dataclass(slots=True)
class _Wanted:
    """What to look at: whole tickets, single work logs, single complaints."""

    tickets: set[UUID] = field(default_factory=set)
    logs: set[UUID] = field(default_factory=set)
    complaints: set[UUID] = field(default_factory=set)


async def inspect(work: Work, owed: Sequence[Owed], tickets_of_complaints: TicketsOfComplaints) -> None:
    """Look at what the events showed, and flag what somebody should see before a ticket is closed."""
    wanted = _Wanted()
    for one in owed:
        if one.type in LATE:
            (wanted.logs if one.type.startswith("work_log") else wanted.complaints).add(one.subject_id)
        elif one.type in MERGING:
            joined = one.data.get("into_id") or one.data.get("from_id")
            wanted.tickets |= {one.subject_id, *([UUID(joined)] if joined else [])}
        elif one.data.get("work_log_id"):
            wanted.logs.add(UUID(one.data["work_log_id"]))
    await _look(work, wanted, tickets_of_complaints)


async def inspect_again(work: Work, attachment_ids: Collection[UUID], tickets_of_complaints: TicketsOfComplaints) -> None:
    """Look again at files that only now can be compared; of tickets that have ended nothing is flagged any more."""
    logs = await work.session.scalars(
        select(AttachmentLink.subject_id).where(
            one_of(AttachmentLink.attachment_id, attachment_ids), AttachmentLink.subject_kind == "work_log"
        )
    )
    await _look(work, _Wanted(logs=set(logs)), tickets_of_complaints, only_open=True)


async def _look(work: Work, wanted: _Wanted, tickets_of_complaints: TicketsOfComplaints, *, only_open: bool = False) -> None:
    reader = _Reader(work.session, tickets_of_complaints)
    focus = await reader.pictures_of(wanted)
    if not focus:
        return
    others = await reader.those_beside(focus)
    found = findings(focus, [*focus, *others], await _matters(work.session, [*focus, *others]))
    if found:
        await _flag(work, found, only_open=only_open)


async def _flag(work: Work, found: Sequence[Finding], *, only_open: bool) -> None:
    """Write the flags that are not there yet, each ticket's with one event. Locks first, so that nobody writes them meanwhile."""
    tickets = await lock(work.session, {finding.picture.ticket_id for finding in found})
    if only_open:
        tickets = [ticket for ticket in tickets if ticket.status in OPEN]
    known = await _known(work.session, [ticket.id for ticket in tickets])
    changes = []
    for ticket in tickets:
        fresh = [finding for finding in found if finding.picture.ticket_id == ticket.id and _key(finding) not in known]
        if fresh:
            rows = [_row(finding, work) for finding in fresh]
            told = [{name: str(row[name]) for name in ("id", "kind", "attachment_id", "work_log_id")} for row in rows]
            event = EventDraft("ticket.evidence_flagged", {"flags": told})
            changes.append(Change(ticket, (event,), inserts=tuple(Insert(EvidenceFlag, row) for row in rows)))
    await write(work, changes)


def _key(finding: Finding) -> tuple[UUID, UUID, str]:
    return finding.picture.subject_id, finding.picture.attachment_id, finding.kind


async def _known(session: AsyncSession, ticket_ids: Sequence[UUID]) -> set[tuple[UUID, UUID, str]]:
    """Return which pictures are flagged as what. A flag on a picture of a ticket that was merged since is none: they are one matter."""
    query = select(EvidenceFlag.work_log_id, EvidenceFlag.attachment_id, EvidenceFlag.kind)
    query = query.where(one_of(EvidenceFlag.ticket_id, ticket_ids), stands())
    return {(row.work_log_id, row.attachment_id, row.kind) for row in await session.execute(query)}


def _row(finding: Finding, work: Work) -> Row:
    return {
        "id": new_id(),
        "ticket_id": finding.picture.ticket_id,
        "round": finding.picture.round,
        "work_log_id": finding.picture.subject_id,
        "attachment_id": finding.picture.attachment_id,
        "kind": finding.kind,
        "other_ticket_id": finding.other_ticket_id,
        "other_attachment_id": finding.other.attachment_id if finding.other else None,
        "shown_at": finding.picture.shown_at,
        "other_shown_at": finding.other.shown_at if finding.other else None,
        "distance": finding.distance,
        "metres": finding.metres,
        "since": finding.since,
        "found_at": work.now,
    }


async def _matters(session: AsyncSession, pictures: Iterable[Picture]) -> dict[UUID, Matter]:
    """Return what the tickets say of time and place, by ticket; for logs of a later round, by log: it began when it was opened."""
    shown = [picture for picture in pictures if not picture.told]
    ids = {picture.ticket_id for picture in shown}
    tickets = await session.execute(
        select(Ticket.id, Ticket.received_at, Ticket.channel, Ticket.lat, Ticket.lon).where(one_of(Ticket.id, ids))
    )
    found = {row.id: Matter(row.received_at, row.channel == "field", row.lat, row.lon) for row in tickets}
    rounds = await session.execute(
        select(Round.ticket_id, Round.number, Round.opened_at).where(one_of(Round.ticket_id, ids), Round.number > 1)
    )
    opened = {(row.ticket_id, row.number): row.opened_at for row in rounds}
    for picture in shown:
        since = opened.get((picture.ticket_id, picture.round))
        if since is not None:
            matter = found[picture.ticket_id]
            found[picture.subject_id] = Matter(since, lat=matter.lat, lon=matter.lon)
    return found


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads pictures as they were shown, with the tickets they belong to."""

    session: AsyncSession
    tickets_of_complaints: TicketsOfComplaints

    async def pictures_of(self, wanted: _Wanted) -> list[Picture]:
        """Return the pictures of what is wanted."""
        of_tickets = await self._logs(wanted.tickets) if wanted.tickets else []
        return await self._read(one_of(AttachmentLink.subject_id, {*of_tickets, *wanted.logs, *wanted.complaints}))

    async def those_beside(self, focus: Sequence[Picture]) -> list[Picture]:
        """Return all pictures of the same tickets, and those anywhere that have the same bytes or show the same."""
        tickets = {picture.ticket_id for picture in focus}
        complaints = await self.tickets_of_complaints(self.session, (), tickets)
        own = await self._read(one_of(AttachmentLink.subject_id, {*complaints, *await self._logs(tickets)}))
        same = await self.session.scalars(select(Attachment.id).where(Attachment.sha256.in_({picture.sha256 for picture in focus})))
        like = set(same)
        for fingerprint in {picture.likeness for picture in focus if picture.likeness}:
            like |= set(await pictures_like(self.session, fingerprint))
        return [*own, *await self._read(one_of(AttachmentLink.attachment_id, like))]

    async def _logs(self, ticket_ids: Collection[UUID]) -> list[UUID]:
        return list(await self.session.scalars(select(WorkLog.id).where(one_of(WorkLog.ticket_id, ticket_ids))))

    async def _read(self, condition: ColumnElement[bool]) -> list[Picture]:
        expected = (
            select(func.min(ExpectedFile.expected_at))
            .join(
                ArrivedUpload, (ArrivedUpload.account_id == ExpectedFile.account_id) & (ArrivedUpload.upload_id == ExpectedFile.upload_id)
            )
            .where(ExpectedFile.subject_id == AttachmentLink.subject_id, ArrivedUpload.attachment_id == AttachmentLink.attachment_id)
            .correlate(AttachmentLink)
            .scalar_subquery()
        )
        query = (
            select(
                AttachmentLink.attachment_id,
                AttachmentLink.subject_id,
                AttachmentLink.subject_kind,
                AttachmentLink.role,
                func.coalesce(expected, AttachmentLink.linked_at).label("shown_at"),
                Attachment.sha256,
                PictureFacts.likeness,
                PictureFacts.taken_at,
                PictureFacts.latitude,
                PictureFacts.longitude,
                WorkLog.ticket_id,
                WorkLog.round,
            )
            .join(Attachment, Attachment.id == AttachmentLink.attachment_id)
            .outerjoin(PictureFacts, PictureFacts.attachment_id == AttachmentLink.attachment_id)
            .outerjoin(WorkLog, WorkLog.id == AttachmentLink.subject_id)
            .where(condition, Attachment.media_type.startswith("image/"), AttachmentLink.subject_kind.in_(("work_log", "complaint")))
        )
        rows = (await self.session.execute(query)).all()
        return await self._placed(rows)

    async def _placed(self, rows: Sequence[Any]) -> list[Picture]:
        """Return `rows` as pictures: with the ticket each was shown with, and the one that is merged into."""
        told = await self.tickets_of_complaints(self.session, {row.subject_id for row in rows if row.ticket_id is None}, ())
        placed = [(row, row.ticket_id or told.get(row.subject_id)) for row in rows]
        tickets = {ticket_id for _, ticket_id in placed if ticket_id is not None}
        merged = await self.session.execute(select(Ticket.id, Ticket.merged_into_id).where(one_of(Ticket.id, tickets)))
        family = {row.id: row.merged_into_id or row.id for row in merged}
        return [_picture(row, ticket_id, family[ticket_id]) for row, ticket_id in placed if ticket_id is not None]


def _picture(row: Any, ticket_id: UUID, family_id: UUID) -> Picture:
    return Picture(
        attachment_id=row.attachment_id,
        ticket_id=ticket_id,
        family_id=family_id,
        subject_id=row.subject_id,
        told=row.ticket_id is None,
        role=row.role,
        round=row.round or 0,
        shown_at=row.shown_at,
        sha256=row.sha256,
        likeness=row.likeness,
        taken_at=row.taken_at,
        lat=row.latitude,
        lon=row.longitude,
    )
