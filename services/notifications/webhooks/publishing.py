"""Writing the deliveries: the effect of every `publish`, for a whole batch of events in a constant number of statements."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from services.complaints.models import Complaint
from services.complaints.platform_numbers import CHANNEL, read_order_message_id
from services.connections.directory import connected_systems
from services.connections.platform_options import PlatformOptionsInvalid, StatusOptions, read_options
from services.deadlines.models import Clock
from services.journal.draining import Owed
from services.journal.models import Event
from services.notifications.webhooks.matching import (
    ANCHORED,
    Interest,
    Standing,
    anchor_body,
    interested,
    left_unit,
    takes_anchor,
    thin_body,
)
from services.notifications.webhooks.models import WebhookDelivery, WebhookSubscription
from services.notifications.webhooks.platform_status import status_facts, step_of
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.platform.bulk import insert_many, one_of
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class _Order:
    """An order of a platform's that a ticket carries, its own or merged into it."""

    complaint_id: UUID
    connection: str
    order_no: str


@dataclass(frozen=True, slots=True)
class _Known:
    """All that is known of the tickets of a batch."""

    standings: Mapping[UUID, Standing]
    seqs: Mapping[UUID, int]
    orders: Mapping[UUID, Sequence[_Order]]
    statuses: Mapping[str, StatusOptions]
    tree: UnitTree


async def publish(work: Work, owed: Sequence[Owed]) -> None:
    """Queue one delivery for each event and subscription that is told of it; one that has it already gets no second."""
    interests = await _interests(work)
    if not interests:
        return
    known = await _known(work, owed, interests)
    rows = [row for one in owed for interest in interests for row in _rows(one, interest, known, work.now)]
    if rows:
        await insert_many(work.session, WebhookDelivery, rows, condition="ON CONFLICT DO NOTHING")


def _rows(event: Owed, interest: Interest, known: _Known, now: datetime) -> list[dict[str, Any]]:
    if event.type == ANCHORED:
        return [_row(event, interest, anchor_body(event), None, now) | {"ticket_id": None}] if takes_anchor(interest, event) else []
    standing = known.standings.get(event.subject_id)
    if standing is None:
        return []
    origin = left_unit(event.data)
    left = known.tree.by_id.get(origin) if origin else None
    if not interested(interest, event, standing, left.path if left else None):
        return []
    if interest.connection_code is None:
        if standing.about_somebody:
            return []  # 举报: whoever it is about may sit behind any system; a platform learns how its own orders stand
        return [_row(event, interest, thin_body(event, known.seqs.get(event.event_id, 0), standing), None, now)]
    return _statuses(event, interest, known, standing, now)


def _statuses(event: Owed, interest: Interest, known: _Known, standing: Standing, now: datetime) -> list[dict[str, Any]]:
    """The rows for a platform: one for each of its own orders that the ticket carries."""
    options = known.statuses.get(interest.connection_code or "")
    rows = []
    for order in known.orders.get(event.subject_id, ()):
        step = step_of(event, order.complaint_id)
        if options is None or step is None or order.connection != interest.connection_code or options.told(step) is None:
            continue
        rows.append(_row(event, interest, status_facts(event, standing, step, order.order_no), order.complaint_id, now))
    return rows


def _row(event: Owed, interest: Interest, body: dict[str, Any], complaint_id: UUID | None, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "subscription_id": interest.id,
        "event_id": event.event_id,
        "ticket_id": event.subject_id,
        "complaint_id": complaint_id,
        "event_type": event.type,
        "body": body,
        "state": "queued",
        "next_try_at": now,
        "created_at": now,
    }


async def _interests(work: Work) -> list[Interest]:
    """Return the active subscriptions as the database has them now: a snapshot could be older than the newest of them."""
    table = WebhookSubscription
    query = (
        select(table.id, table.event_types, table.channel, table.since, table.connection_code, Unit.path)
        .join(Unit, Unit.id == table.unit_id, isouter=True)
        .where(table.active)
        .order_by(table.id)
    )
    return [
        Interest(row.id, frozenset(row.event_types), row.path, row.channel, row.since, row.connection_code)
        for row in await work.session.execute(query)
    ]


async def _known(work: Work, owed: Sequence[Owed], interests: Sequence[Interest]) -> _Known:
    ticket_ids = sorted({one.subject_id for one in owed})
    event_ids = [one.event_id for one in owed]
    tree = await unit_tree(work.session)
    seqs = {row.id: row.seq for row in await work.session.execute(select(Event.id, Event.seq).where(one_of(Event.id, event_ids)))}
    for_platforms = any(interest.connection_code for interest in interests)
    return _Known(
        standings=await _standings(work, ticket_ids, tree),
        seqs=seqs,
        orders=await _orders(work, ticket_ids) if for_platforms else {},
        statuses=await _status_options(work) if for_platforms else {},
        tree=tree,
    )


async def _standings(work: Work, ticket_ids: Sequence[UUID], tree: UnitTree) -> dict[UUID, Standing]:
    running = (
        select(Clock.ticket_id, Clock.round, func.min(Clock.due_at).label("due_at"))
        .where(one_of(Clock.ticket_id, ticket_ids), Clock.stage == "resolve", Clock.state.in_(("running", "paused")))
        .group_by(Clock.ticket_id, Clock.round)
    )
    due = {(row.ticket_id, row.round): row.due_at for row in await work.session.execute(running)}
    rows = await work.session.execute(select(Ticket.__table__).where(one_of(Ticket.id, ticket_ids)))
    return {row.id: _standing(row, tree, due.get((row.id, row.round))) for row in rows}


def _standing(row: Any, tree: UnitTree, due_at: datetime | None) -> Standing:
    place, holder, desk = (
        tree.by_id.get(unit_id) if unit_id else None for unit_id in (row.place_unit_id, row.lead_unit_id, row.desk_unit_id)
    )
    return Standing(
        id=row.id,
        number=row.number,
        status=row.status,
        version=row.version,
        round=row.round,
        urgency=row.urgency,
        channel=row.channel,
        source=row.source,
        category=row.category_code,
        place=place.code if place else None,
        holder=holder.code if holder else None,
        holder_name=holder.name if holder else None,
        desk=desk.code if desk else None,
        received_at=row.received_at,
        due_at=due_at,
        paths=(row.area_path, holder.path) if holder else (row.area_path,),
        about_somebody=row.accused is not None,
    )


async def _orders(work: Work, ticket_ids: Sequence[UUID]) -> dict[UUID, list[_Order]]:
    """Return the platforms' orders of each ticket: those it was filed with, and those of tickets merged into it."""
    rows = await work.session.execute(
        select(Complaint.id, Complaint.channel_message_id, Ticket.id.label("own"), Ticket.merged_into_id.label("into"))
        .join(Ticket, Ticket.id == Complaint.ticket_id)
        .where(one_of(Ticket.id, ticket_ids) | one_of(Ticket.merged_into_id, ticket_ids), Complaint.channel == CHANNEL)
        .order_by(Complaint.id)
    )
    found: defaultdict[UUID, list[_Order]] = defaultdict(list)
    wanted = set(ticket_ids)
    for row in rows:
        for ticket_id in {row.own, row.into} & wanted:
            found[ticket_id].append(_Order(row.id, *read_order_message_id(row.channel_message_id)))
    return found


async def _status_options(work: Work) -> dict[str, StatusOptions]:
    found: dict[str, StatusOptions] = {}
    for system in (await connected_systems(work.session)).of_kind("platform"):
        try:
            status = read_options(system.options).status
        except PlatformOptionsInvalid:
            continue  # options are checked when they are set; those of before a release that added a check are left alone
        if status is not None:
            found[system.code] = status
    return found
