"""Writing the messages: the effect of every `notify` delivery, for a whole batch of events in a constant number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.catalogue.models import Category
from services.complaints.models import TOLD_BY_THEMSELVES, Complainant, Complaint
from services.deadlines.models import Clock
from services.journal.draining import Owed
from services.notifications.call_backs import open_call_backs
from services.notifications.digests import Row, digested
from services.notifications.models import Message
from services.notifications.occasions import Matter, Notice, notices, units_named
from services.organization.models import Unit
from services.platform.bulk import insert_many, one_of
from services.platform.ids import new_id
from services.platform.sealed_words import seal_words
from services.platform.settings import settings
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket


async def notify(work: Work, owed: Sequence[Owed]) -> None:
    """Queue one message for each recipient of each event, and the call-backs; whoever has one for the event already gets no second.

    A unit that would get many messages of overdue tickets at once gets one digest of them: no storm after the worker was away.
    """
    matters = await _matters(work, {one.subject_id for one in owed}, [one for one in owed if one.data.get("tells")])
    names = await _unit_names(work, owed)
    written: list[tuple[Row, Notice]] = []
    for one in owed:
        matter = matters.get(one.subject_id)
        if matter is not None:
            written += [(_row(one, notice, work.now), notice) for notice in notices(one, matter, names)]
    rows = await digested(work, written)
    if rows:
        await insert_many(work.session, Message, rows, condition="ON CONFLICT (unique_key) DO NOTHING")
    await open_call_backs(work, owed)


def _row(owed: Owed, notice: Notice, now: datetime) -> Row:
    to_complainant, message_id = notice.audience == "complainant", new_id()
    return {
        "id": message_id,
        "unique_key": f"{owed.event_id}:{notice.audience}:{notice.recipient_id}",
        "ticket_id": owed.subject_id,
        "event_id": owed.event_id,
        "audience": notice.audience,
        "complaint_id": notice.recipient_id if to_complainant else None,
        "unit_id": None if to_complainant else notice.recipient_id,
        "template": notice.template,
        "words": None if to_complainant else notice.words,
        **seal_words(message_id, notice.words if to_complainant else None),
        "state": "queued",
        "next_try_at": now,
        "created_at": now,
        "digest_id": None,
        "tally": None,
    }


async def _matters(work: Work, ticket_ids: Iterable[UUID], late: Sequence[Owed]) -> dict[UUID, Matter]:
    wanted = sorted(ticket_ids)
    over = await _over(work, late)
    tickets = select(Ticket.id, Ticket.number, Category.name, Ticket.round, Ticket.lead_unit_id, Ticket.desk_unit_id)
    named = tickets.join(Category, Category.code == Ticket.category_code, isouter=True)
    found = await work.session.execute(named.where(one_of(Ticket.id, wanted)))
    due = await _resolve_clocks(work, wanted)
    complaints = await _reachable(work, wanted)
    hotline = settings().hotline_number
    return {
        row.id: Matter(
            number=row.number,
            category=row.name,
            round=row.round,
            lead_unit_id=row.lead_unit_id,
            desk_unit_id=row.desk_unit_id,
            due_at=due.get((row.id, row.round)),
            complaints=tuple(complaints[row.id]),
            hotline=hotline,
            over=over,
        )
        for row in found
    }


async def _over(work: Work, late: Sequence[Owed]) -> frozenset[UUID]:
    """Return the clocks that units are to be told of and that do not count any more."""
    told = sorted({UUID(level["clock_id"]) for one in late for tell in one.data["tells"] for level in tell["levels"]})
    if not told:
        return frozenset()
    return frozenset(await work.session.scalars(select(Clock.id).where(one_of(Clock.id, told), Clock.state.in_(("stopped", "cancelled")))))


async def _resolve_clocks(work: Work, ticket_ids: Sequence[UUID]) -> dict[tuple[UUID, int], Any]:
    clocks = select(Clock.ticket_id, Clock.round, Clock.due_at).where(one_of(Clock.ticket_id, ticket_ids), Clock.stage == "resolve")
    return {(row.ticket_id, row.round): row.due_at for row in await work.session.execute(clocks.order_by(Clock.turn))}


async def _reachable(work: Work, ticket_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Return, for each ticket, its complaints and those of tickets merged into it whose complainant wants an answer and can be reached."""
    rows = await work.session.execute(
        select(Complaint.id, Ticket.id.label("own"), Ticket.merged_into_id.label("into"))
        .join(Ticket, Ticket.id == Complaint.ticket_id)
        .join(Complainant, Complainant.complaint_id == Complaint.id)
        .where(
            one_of(Ticket.id, ticket_ids) | one_of(Ticket.merged_into_id, ticket_ids),
            Complaint.wants_answer,
            Complaint.channel.not_in(TOLD_BY_THEMSELVES),
            Complainant.sealed.is_not(None),
            Complainant.phone_index.is_not(None) | Complainant.openid_index.is_not(None),
        )
        .order_by(Complaint.id)
    )
    found: dict[UUID, list[UUID]] = defaultdict(list)
    wanted = set(ticket_ids)
    for row in rows:
        for ticket_id in {row.own, row.into} & wanted:
            found[ticket_id].append(row.id)
    return found


async def _unit_names(work: Work, owed: Sequence[Owed]) -> dict[UUID, str]:
    named = sorted({unit_id for one in owed for unit_id in units_named(one)})
    if not named:
        return {}
    return {row.id: row.name for row in await work.session.execute(select(Unit.id, Unit.name).where(one_of(Unit.id, named)))}
