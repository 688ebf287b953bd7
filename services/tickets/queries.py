"""Reading tickets: lists, counts and one ticket with its story, each under the reader's scope."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.attachments.models import AttachmentLink
from services.catalogue.policy import Catalogue
from services.catalogue.queries import catalogue
from services.deadlines.clocks import ClockState
from services.deadlines.models import Clock
from services.identity.models import Account
from services.identity.permissions import scope_of
from services.journal.chain import first_broken
from services.journal.models import Event
from services.organization.models import Member
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.platform.actor import Actor
from services.platform.errors import NotFound
from services.tickets import views
from services.tickets.beside import beside, unit_name
from services.tickets.case import TicketState
from services.tickets.deciding import allowed_actions
from services.tickets.filters import TICKETS, TicketFilter, compile_filter, compile_scope
from services.tickets.lifecycle import OPEN, STATUS_NAMES
from services.tickets.loading import asked_case
from services.tickets.models import Assignment, Ticket, WorkLog
from services.tickets.numbers import read_number

_T = Ticket.__table__


async def find_visible(session: AsyncSession, actor: Actor, number: str) -> Row[Any]:
    """Return the ticket row with `number`; raise the same NotFound for none and for one outside the reader's scope."""
    canonical = read_number(number)
    if canonical is not None:
        query = select(_T).where(_T.c.number == canonical, compile_scope(scope_of(actor), TICKETS))
        found = (await session.execute(query)).one_or_none()
        if found is not None:
            return found
    raise NotFound("ticket.unknown", "There is no ticket with this number, or none that you may know of. Check the number.")


async def conditions(session: AsyncSession, actor: Actor, wanted: TicketFilter) -> list[ColumnElement[bool]]:
    """Return what selects the tickets of `wanted` within the reader's scope; raise where it names a unit that does not exist."""
    tree = await unit_tree(session)
    paths = {}
    for name in ("unit", "holder"):
        code = getattr(wanted, name)
        unit = tree.by_code.get(code) if code else None
        if code and unit is None:
            raise NotFound("unit.unknown", f"There is no unit with the code {code}.")
        paths[name] = unit.path if unit else None
    scope = compile_scope(scope_of(actor), TICKETS)
    return [scope, *compile_filter(wanted, TICKETS, unit_path=paths["unit"], holder_path=paths["holder"])]


async def count_tickets(session: AsyncSession, actor: Actor, wanted: TicketFilter) -> int:
    """Return how many tickets :func:`list_tickets` would give in all."""
    query = select(func.count()).select_from(_T).where(*await conditions(session, actor, wanted))
    return int(await session.scalar(query) or 0)


async def list_tickets(
    session: AsyncSession, actor: Actor, wanted: TicketFilter, *, limit: int, after: tuple[datetime, UUID] | None, now: datetime
) -> list[views.TicketLine]:
    """Return up to `limit` tickets, oldest received first, from behind `after`."""
    query = select(_T).where(*await conditions(session, actor, wanted)).order_by(_T.c.received_at, _T.c.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(_T.c.received_at, _T.c.id) > tuple_(*after))
    return [views.TicketLine(**line) for line in await lines(session, (await session.execute(query)).all(), now)]


async def lines(session: AsyncSession, rows: Sequence[Row[Any]], now: datetime) -> list[dict[str, Any]]:
    """Return the members of a `TicketLine` for each of these rows of tickets, which the reader may see."""
    due = await _due(session, [row.id for row in rows])
    names = await _merged_names(session, rows)
    tree, policies = await unit_tree(session), await catalogue(session)
    return [_line(row, tree, policies, due.get((row.id, row.round)), names, now) for row in rows]


async def ticket_view(session: AsyncSession, actor: Actor, ticket_id: UUID, now: datetime) -> views.TicketView:
    """Return one ticket as `actor` sees it. The caller has checked that they may."""
    row = (await session.execute(select(_T).where(_T.c.id == ticket_id))).one()
    policies, case = await catalogue(session), await asked_case(session, TicketState.of(row))
    absorbed = list(await session.scalars(select(Ticket.number).where(Ticket.merged_into_id == row.id).order_by(Ticket.number)))
    case = replace(case, absorbed=len(absorbed))
    tree = case.around.tree
    clocks = sorted((clock for clock in case.clocks if clock.round == row.round), key=lambda clock: (clock.started_at, clock.id))
    due = next((clock.due_at for clock in clocks if clock.stage == "resolve" and clock.runs), None)
    names = await _merged_names(session, [row])
    return views.TicketView(
        **_line(row, tree, policies, due, names, now),
        clocks=[_clock(tree, clock) for clock in clocks],
        co_handlers=[name for item in case.co_handlers if (name := unit_name(tree, item.unit_id))],
        allowed_actions=allowed_actions(case, actor, now),
        merged_tickets=absorbed,
        **await beside(session, case),
    )


def _clock(tree: UnitTree, clock: ClockState) -> views.ClockView:
    return views.ClockView.model_validate(clock).model_copy(update={"unit": unit_name(tree, clock.unit_id)})


async def timeline(session: AsyncSession, ticket_id: UUID) -> views.Timeline:
    """Return every event of a ticket, and whether its chain is whole up to the ticket's own head."""
    table = Event.__table__
    rows = (await session.execute(select(table).where(table.c.subject_id == ticket_id).order_by(table.c.seq))).all()
    head = await session.scalar(select(Ticket.chain_head).where(Ticket.id == ticket_id))
    tree = await unit_tree(session)
    actors = await _actor_names(session, {row.actor_account_id for row in rows if row.actor_account_id})
    away = await _away_names(session, [post["member_id"] for row in rows for post in row.data.get("acting_for", ())])
    broken = first_broken([dict(row._mapping) for row in rows])  # noqa: SLF001  SQLAlchemy's public name for it
    items = [
        views.EventView(
            seq=row.seq,
            type=row.type,
            happened_at=row.happened_at,
            recorded_at=row.recorded_at,
            actor=actors.get(row.actor_account_id, {"system": "系统", "complainant": "诉求人"}.get(row.actor_kind, "工作人员")),
            acting_for=[away[post["member_id"]] for post in row.data.get("acting_for", ())],
            unit=unit_name(tree, row.actor_unit_id),
            data=row.data,
            hash=row.hash.hex(),
        )
        for row in rows
    ]
    return views.Timeline(items=items, intact=broken is None and bool(rows) and rows[-1].hash == head)


async def whys(session: AsyncSession, ticket_id: UUID) -> views.Whys:
    """Return every dispatch order of a ticket with its reason."""
    table = Assignment.__table__
    rows = await session.execute(select(table).where(table.c.ticket_id == ticket_id).order_by(table.c.sequence))
    tree = await unit_tree(session)
    items = []
    for row in rows:
        fields = {
            name: getattr(row, name) for name in ("sequence", "round", "part", "assigned_at", "accepted_at", "ended_at", "end", "why")
        }
        unit = unit_name(tree, row.unit_id)
        assert unit is not None
        items.append(views.WhyView(unit=unit, **fields))
    return views.Whys(items=items)


async def work_logs(session: AsyncSession, ticket_id: UUID) -> views.WorkLogs:
    """Return the work log of a ticket with the files of each entry."""
    table = WorkLog.__table__
    rows = (await session.execute(select(table).where(table.c.ticket_id == ticket_id).order_by(table.c.recorded_at, table.c.id))).all()
    files: dict[UUID, list[dict[str, str]]] = {}
    links = await session.execute(select(AttachmentLink.__table__).where(AttachmentLink.subject_id.in_([row.id for row in rows])))
    for link in links:
        files.setdefault(link.subject_id, []).append({"id": str(link.attachment_id), "role": link.role})
    tree = await unit_tree(session)
    return views.WorkLogs(
        items=[
            views.WorkLogView(
                id=row.id,
                round=row.round,
                kind=row.kind,
                unit=unit_name(tree, row.unit_id),
                words=row.words,
                happened_at=row.happened_at,
                recorded_at=row.recorded_at,
                files=files.get(row.id, []),
            )
            for row in rows
        ]
    )


async def _due(session: AsyncSession, ids: Sequence[UUID]) -> dict[tuple[UUID, int], datetime]:
    query = select(Clock.ticket_id, Clock.round, func.min(Clock.due_at)).where(
        Clock.ticket_id.in_(ids), Clock.stage == "resolve", Clock.state.in_(("running", "paused"))
    )
    return {(ticket, number): due for ticket, number, due in await session.execute(query.group_by(Clock.ticket_id, Clock.round))}


async def _merged_names(session: AsyncSession, rows: Iterable[Any]) -> dict[UUID, str]:
    wanted = {row.merged_into_id for row in rows if row.merged_into_id}
    if not wanted:
        return {}
    rows_found = await session.execute(select(Ticket.id, Ticket.number).where(Ticket.id.in_(wanted)))
    return {row.id: row.number for row in rows_found}


async def _actor_names(session: AsyncSession, account_ids: set[UUID]) -> dict[UUID, str]:
    if not account_ids:
        return {}
    query = select(Account.id, Member.name).join(Member, Member.id == Account.member_id).where(Account.id.in_(account_ids))
    return {row.id: row.name for row in await session.execute(query)}


async def _away_names(session: AsyncSession, member_ids: Sequence[str]) -> dict[str, str]:
    """Return the names of those for whom others acted."""
    if not member_ids:
        return {}
    query = select(Member.id, Member.name).where(Member.id.in_({UUID(member_id) for member_id in member_ids}))
    return {str(row.id): row.name for row in await session.execute(query)}


def _line(row: Any, tree: UnitTree, policies: Catalogue, due: datetime | None, names: dict[UUID, str], now: datetime) -> dict[str, Any]:
    category = policies.category(row.category_code) if row.category_code else None
    same = (
        "id", "number", "status", "version", "round", "source", "channel", "urgency", "privacy", "tier", "received_at", "dispatched_at",
        "accepted_at", "hand_offs", "returns", "adjudication", "resolved_at", "answered_at", "closed_at",
    )  # fmt: skip
    return {
        **{name: getattr(row, name) for name in same},
        "status_name": STATUS_NAMES[row.status],
        "category": views.CategoryName(code=category.code, name=category.name) if category else None,
        "place": unit_name(tree, row.place_unit_id),
        "holder": unit_name(tree, row.lead_unit_id),
        "desk": unit_name(tree, row.desk_unit_id),
        "due_at": due,
        "overdue": due is not None and due < now and row.status in OPEN,
        "suspended": row.suspended_at is not None,
        "merged_into": names.get(row.merged_into_id),
    }
