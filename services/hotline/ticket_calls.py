"""Calls and tickets of each other: one call may bring several tickets, and a ticket has several calls. And what was noted of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.calls.models import Call
from services.complaints.confidence import knows_in_confidence, told_in_confidence
from services.complaints.models import Complaint
from services.hotline.commands import LinkCall, NoteCall
from services.hotline.models import PURPOSES, CallNote, TicketCall
from services.hotline.views import CallLine, CallNoteView, TicketCallView, TicketOfCall
from services.identity.models import Account
from services.identity.permissions import scope_of
from services.organization.models import Member
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.platform.actor import Actor
from services.platform.errors import Invalid
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.models import Ticket
from services.tickets.queries import find_visible

_Link = tuple[UUID | None, str, str | None, str]
"""Key of the row where there is one, purpose, exchange, call."""


def named(source: str | None, call_id: str) -> ColumnElement[bool]:
    """Return the condition that a call is the one named so; of any exchange where none is named."""
    same = Call.call_id == call_id
    return same if source is None else same & (Call.source == source)


def call_line(call: Call) -> CallLine:
    """Return a call as a line."""
    return CallLine(
        id=call.id,
        source=call.source,
        call_id=call.call_id,
        direction=call.direction,
        arrived_at=call.arrived_at,
        disposition=call.disposition,
        wait_seconds=call.wait_seconds,
        talk_seconds=call.talk_seconds,
        satisfaction=call.satisfaction,
        recorded=call.recording_attachment_id is not None,
    )


async def link_call(work: Work, number: str, command: LinkCall) -> TicketCallView:
    """Note that a call was about a ticket; again is harmless. Raises what `find_visible` raises."""
    ticket = await find_visible(work.session, work.actor, number)
    await add_link(work, ticket.id, command.source, command.call_id, command.purpose)
    return next(view for view in await calls_of(work.session, work.actor, number) if view.id is not None and _is(view, command))


async def linked_call(work: Work, number: str, link_id: UUID) -> TicketCallView:
    """Return a link that was made. Raises what `find_visible` raises."""
    return next(view for view in await calls_of(work.session, work.actor, number) if view.id == link_id)


def _is(view: TicketCallView, command: LinkCall) -> bool:
    return view.call.call_id == command.call_id and view.purpose == command.purpose


async def add_link(work: Work, ticket_id: UUID, source: str | None, call_id: str, purpose: str) -> None:
    """Write the link of a call and a ticket, once for each purpose."""
    row: dict[str, Any] = {"id": new_id(), "ticket_id": ticket_id, "source": source, "call_id": call_id, "purpose": purpose}
    row |= {"linked_at": work.now, "by_account_id": work.actor.account_id}
    await work.session.execute(insert(TicketCall).values(row).on_conflict_do_nothing())


async def note_call(work: Work, command: NoteCall) -> CallNoteView:
    """Write a note of a call. Raises Invalid ``unit.unknown``, and what `find_visible` raises for the ticket it names."""
    unit = (await unit_tree(work.session)).by_code.get(command.unit) if command.unit else None
    if command.unit and unit is None:
        raise Invalid("unit.unknown", "There is no unit with this code.")
    ticket = await find_visible(work.session, work.actor, command.ticket) if command.ticket else None
    row: dict[str, Any] = {
        "id": new_id(),
        "source": command.source,
        "call_id": command.call_id,
        "ticket_id": ticket.id if ticket else None,
        "kind": command.kind,
        "unit_id": unit.id if unit else None,
        "words": command.words,
        "author_account_id": work.actor.account_id,
        "recorded_at": work.now,
    }
    await work.session.execute(insert(CallNote).values(row))
    if ticket is not None and command.kind == "three_party":
        await add_link(work, ticket.id, command.source, command.call_id, "three_party")
    return await noted(work.session, row["id"])


async def noted(session: AsyncSession, note_id: UUID) -> CallNoteView:
    """Return a note that was written before."""
    ((_call_id, found),) = await _notes(session, CallNote.id == note_id)
    return found


async def calls_of(session: AsyncSession, actor: Actor, number: str) -> list[TicketCallView]:
    """Return the calls about a ticket, those it was told in first, each with its notes. Raises what `find_visible` raises.

    None where somebody told it in confidence and `actor` may not know who: the minute of a call tells whoever saw it made.
    """
    ticket = await find_visible(session, actor, number)
    if not knows_in_confidence(actor, ticket.desk_unit_id) and await told_in_confidence(session, ticket):
        return []
    told = select(Complaint.call_id).where(Complaint.ticket_id == ticket.id, Complaint.call_id.is_not(None)).order_by(Complaint.received_at)
    links: list[_Link] = [(None, "told", None, call_id) for call_id in await session.scalars(told) if call_id]
    further = select(TicketCall).where(TicketCall.ticket_id == ticket.id).order_by(TicketCall.linked_at)
    links += [(row.id, row.purpose, row.source, row.call_id) for row in await session.scalars(further)]
    if not links:
        return []
    calls = await _calls(session, {call_id for *_, call_id in links})
    about = (CallNote.ticket_id == ticket.id) | CallNote.ticket_id.is_(None)
    notes: dict[str, list[CallNoteView]] = defaultdict(list)
    for call_id, note in await _notes(session, about & CallNote.call_id.in_([call_id for *_, call_id in links])):
        notes[call_id].append(note)
    return [
        TicketCallView(id=key, purpose=purpose, purpose_name=PURPOSES[purpose], call=_line(calls, source, call_id), notes=notes[call_id])
        for key, purpose, source, call_id in links
    ]


async def tickets_of_call(session: AsyncSession, actor: Actor, call: Call) -> list[TicketOfCall]:
    """Return the tickets `actor` may see that a call was about."""
    scope = compile_scope(scope_of(actor), TICKETS)
    told = (
        select(Ticket.number, Ticket.status)
        .join(Complaint, Complaint.ticket_id == Ticket.id)
        .where(Complaint.call_id == call.call_id, scope)
    )
    linked = (
        select(Ticket.number, Ticket.status, TicketCall.purpose)
        .join(TicketCall, TicketCall.ticket_id == Ticket.id)
        .where(TicketCall.call_id == call.call_id, (TicketCall.source == call.source) | TicketCall.source.is_(None), scope)
    )
    found = [
        TicketOfCall(number=row.number, purpose="told", status=row.status) for row in await session.execute(told.order_by(Ticket.number))
    ]
    rows = await session.execute(linked.order_by(Ticket.number))
    return found + [TicketOfCall(number=row.number, purpose=row.purpose, status=row.status) for row in rows]


async def _calls(session: AsyncSession, call_ids: Iterable[str]) -> Sequence[Call]:
    return list(await session.scalars(select(Call).where(Call.call_id.in_(set(call_ids)))))


def _line(calls: Sequence[Call], source: str | None, call_id: str) -> CallLine:
    """The call as the exchange tells it; its id alone while it has not."""
    found = next((call for call in calls if call.call_id == call_id and source in (None, call.source)), None)
    if found is not None:
        return call_line(found)
    unknown: dict[str, Any] = dict.fromkeys(("id", "direction", "arrived_at", "disposition", "wait_seconds", "talk_seconds"))
    return CallLine(source=source, call_id=call_id, **unknown)


async def _notes(session: AsyncSession, which: ColumnElement[bool]) -> list[tuple[str, CallNoteView]]:
    query = (
        select(CallNote, Member.name, Ticket.number)
        .join(Account, Account.id == CallNote.author_account_id)
        .join(Member, Member.id == Account.member_id)
        .outerjoin(Ticket, Ticket.id == CallNote.ticket_id)
        .where(which)
        .order_by(CallNote.recorded_at, CallNote.id)
    )
    tree = await unit_tree(session)
    rows = await session.execute(query)
    return [(found.call_id, _note_view(found, author, number, tree)) for found, author, number in rows]


def _note_view(note: CallNote, author: str, number: str | None, tree: UnitTree) -> CallNoteView:
    unit = tree.by_id.get(note.unit_id) if note.unit_id else None
    return CallNoteView(
        id=note.id,
        call_id=note.call_id,
        kind=note.kind,
        unit=unit.name if unit else None,
        ticket=number,
        words=note.words,
        author=author,
        recorded_at=note.recorded_at,
    )
