"""Orders of upper-level platforms: each push kept sealed and taken once; the first files a ticket, a later one says more, urges or reopens.

Everything of a push (the paper, the ticket, what is noted on it) is one transaction, and pushes of one order wait for each other. So the
platform may push as often and as late as it likes; what could not be read as an order stays and can be read again when the mapping fits.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import structlog
from sqlalchemy import func, select

from services.channels.platforms.mapping import Order, Unmappable, more_urgent, read_order
from services.channels.platforms.models import PlatformOrder, PlatformPush
from services.complaints.afterwards import told_afterwards
from services.complaints.commands import FileComplaint, Place
from services.complaints.filing_desk import prepared_within
from services.complaints.models import Complaint
from services.complaints.platform_numbers import CHANNEL, order_message_id
from services.complaints.reading import owed_answers
from services.complaints.supplements import MoreTold, goes_on_in, open_ticket_of, supplement
from services.complaints.writing import write
from services.connections.directory import ConnectedSystem
from services.connections.platform_options import KIND_NAMES, PlatformOptions, PlatformOptionsInvalid, read_options
from services.organization.queries import unit_tree
from services.platform.actor import SYSTEM
from services.platform.bulk import insert_many
from services.platform.clock import local_text
from services.platform.database import driver_of
from services.platform.errors import Conflict, Fault, Invalid, NotFound, Problem
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, read_paper, seal_paper
from services.platform.secrets import blind_index, fingerprint
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets.actions import act_on
from services.tickets.calling_commands import Urge
from services.tickets.commands import Reopen
from services.tickets.lifecycle import OPEN
from services.tickets.models import Ticket

log = structlog.get_logger()

PAPER = "platform_order"
_AFTERWARDS = "上级平台（{name}）对已结束的工单作了补充，请查看，核实是否需要重办。"

Told = Callable[[Work, str], Awaitable[None]]
"""Sees to it that the platform of a connection is told how its orders stand; handed in, since webhooks are a room beside this one."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a push. `faults` are fields that could not be used, with a code; `duplicate`: it was here before."""

    push_id: UUID
    outcome: str
    order_no: str | None
    number: str | None
    status: str | None
    deadline: datetime | None
    faults: Mapping[str, str]
    duplicate: bool = False


def options_of(system: ConnectedSystem) -> PlatformOptions:
    """Return the options of a platform; raise Conflict ``platform.not_set_up`` where they do not fit (any more)."""
    try:
        return read_options(system.options)
    except PlatformOptionsInvalid:
        raise Conflict(
            "platform.not_set_up", "The options of this connection are incomplete; an administrator must correct them."
        ) from None


def require_options(options: object) -> None:
    """Raise Invalid ``platform.options_invalid`` unless `options` are those of a platform; for whoever sets them."""
    try:
        read_options(options)
    except PlatformOptionsInvalid as invalid:
        faults = [Fault(f"/options{place}", detail) for place, detail in invalid.faults]
        raise Invalid("platform.options_invalid", "The options of a platform do not fit; `errors` says where.", errors=faults) from None


async def receive(system: ConnectedSystem, body: bytes, told: Told) -> Receipt:
    """Take a push whose signature was verified. Never raises for what the payload holds: that is the receipt's outcome ``unmapped``."""
    options = options_of(system)
    index = blind_index(PAPER, f"{system.code}\n" + body.hex())
    async with unit_of_work(SYSTEM) as work:
        await _one_at_a_time(work, system.code.encode(), index)
        push = await work.session.scalar(
            select(PlatformPush).where(PlatformPush.connection_code == system.code, PlatformPush.content_index == index)
        )
        if push is not None and push.outcome != "unmapped":
            return await _receipt(work, push, duplicate=True)
        known = push is not None
        push = push or await _kept(work, system, body, index)
        await _settle(work, system, options, push, _payload(body), told)
        return await _receipt(work, push, duplicate=known)


async def read_again(work: Work, system: ConnectedSystem, push_id: UUID, told: Told) -> Receipt:
    """Read a push that could not be read as an order once more, by the mapping as it is now.

    Raises NotFound ``platform.push_unknown`` and Conflict ``platform.push_settled``.
    """
    mine = select(PlatformPush).where(PlatformPush.id == push_id, PlatformPush.connection_code == system.code)
    push = await work.session.scalar(mine.with_for_update())
    if push is None:
        raise NotFound("platform.push_unknown", "There is no push with this id on this connection.")
    if push.outcome != "unmapped":
        raise Conflict("platform.push_settled", "This push was read already; its outcome stands.")
    paper = (await work.session.execute(select(SealedPaper.__table__).where(SealedPaper.id == push.paper_id))).one()
    clear = read_paper(paper.id, paper.row_key, paper.sealed) or {}
    body = base64.b64decode(clear["base64"]) if "base64" in clear else clear.get("body", "").encode()
    as_system = Work(actor=SYSTEM, now=work.now, session=work.session)
    await _settle(as_system, system, options_of(system), push, _payload(body), told)
    work.rings = work.rings or as_system.rings
    return await _receipt(work, push)


async def try_out(work: Work, options: PlatformOptions, payload: Any) -> tuple[Order | None, Mapping[str, str]]:
    """Return what a sample would become and what of it could not be used; nothing is kept."""
    try:
        order = read_order(options, payload, work.now, await _units(work))
    except Unmappable as unmappable:
        return None, unmappable.faults
    return order, order.notes


async def _kept(work: Work, system: ConnectedSystem, body: bytes, index: bytes) -> PlatformPush:
    """Keep the push, before anything is made of it."""
    try:
        clear = {"body": body.decode()}
    except UnicodeDecodeError:
        clear = {"base64": base64.b64encode(body).decode()}
    paper = seal_paper(PAPER, clear, work.now)
    await insert_many(work.session, SealedPaper, [paper])
    push = PlatformPush(
        id=new_id(),
        connection_code=system.code,
        content_index=index,
        paper_id=paper["id"],
        outcome="unmapped",
        faults={},
        received_at=work.now,
    )
    work.session.add(push)
    await work.session.flush()
    return push


async def _settle(work: Work, system: ConnectedSystem, options: PlatformOptions, push: PlatformPush, payload: Any, told: Told) -> None:
    """Make of a push what it says."""
    try:
        order = read_order(options, payload, work.now, await _units(work))
    except Unmappable as unmappable:
        push.faults = unmappable.faults if payload is not None else {"": "not_json"}
        log.warning("platform.unmapped", connection=system.code, push_id=str(push.id), faults=sorted(push.faults))
        await work.session.flush()
        return
    await _one_at_a_time(work, system.code.encode(), order.order_no.encode())
    mine = select(PlatformOrder).where(PlatformOrder.connection_code == system.code, PlatformOrder.order_no == order.order_no)
    known = await work.session.scalar(mine.with_for_update())
    if known is None:
        if options.status is not None:
            await told(work, system.code)
        known = await _filed(work, system, order)
        push.outcome = "filed"
    else:
        push.outcome = await _more(work, system, order, known, push.id)
    push.order_id, push.faults, push.settled_at = known.id, dict(order.notes), work.now
    await work.session.flush()


async def _filed(work: Work, system: ConnectedSystem, order: Order) -> PlatformOrder:
    command = FileComplaint(CHANNEL, order_message_id(system.code, order.order_no), order.telling)
    filing = await prepared_within(work, command)
    filing = replace(filing, opening=replace(filing.opening, urgency=more_urgent(filing.opening.urgency, order.urgency)))
    (outcome,) = await write(await driver_of(work.session), [filing])
    work.rings = True
    row = PlatformOrder(
        id=new_id(),
        connection_code=system.code,
        order_no=order.order_no,
        ticket_id=outcome.ticket_id,
        complaint_id=outcome.complaint_id,
        kind=order.kind,
        their_category=order.their_category,
        deadline=order.deadline,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    return row


async def _more(work: Work, system: ConnectedSystem, order: Order, known: PlatformOrder, push_id: UUID) -> str:
    """Note on the ticket what a later push of an order says: that it is sent back, more words, another deadline, an urge."""
    reopened = order.sent_back and await _reopened(work, system, known)
    more = await _news(work, order, known)
    if order.deadline is not None:
        known.deadline = order.deadline
    known.kind, known.updated_at = order.kind or known.kind, work.now
    going_on = await open_ticket_of(work.session, known.ticket_id)
    told_more = MoreTold(CHANNEL, str(push_id), more.words, more.place) if more is not None else None
    if going_on is None:
        if told_more is not None:
            await told_afterwards(work, known.complaint_id, known.ticket_id, told_more, _AFTERWARDS.format(name=system.name), by_them=True)
        return "supplemented" if told_more is not None else "kept"
    if told_more is not None:
        await supplement(work, known.complaint_id, going_on, told_more)
    if order.urged:
        known.urges += 1
        await act_on(work, going_on, Urge(action="urge", words=f"上级平台（{system.name}）催办"), owed_answers)
    return "reopened" if reopened else "urged" if order.urged else "supplemented" if more is not None else "kept"


@dataclass(frozen=True, slots=True, repr=False)
class _News:
    words: str
    place: Place


async def _news(work: Work, order: Order, known: PlatformOrder) -> _News | None:
    """What a later push says that the order did not say at first; None where it only repeats."""
    first = (await work.session.scalars(select(Complaint).where(Complaint.id == known.complaint_id))).one().said
    words = [order.telling.words] if order.telling.words != first.words else []
    if order.deadline is not None and order.deadline != known.deadline:
        words.append(f"上级平台要求办结时间：{local_text(order.deadline)}")
    place = order.telling.place
    moved = place is not None and place.words is not None and place.words != first.place
    if moved and not words:
        words.append("上级平台更正了地点")
    return _News("\n".join(words), Place(words=place.words) if moved and place else Place()) if words else None


async def _reopened(work: Work, system: ConnectedSystem, known: PlatformOrder) -> bool:
    """Reopen a ticket that was done where the platform sends its order back; one that cannot be reopened stays as it is."""
    handled_in, status = await goes_on_in(work.session, known.ticket_id)
    if status in OPEN[:3]:
        return False
    try:
        await act_on(work, handled_in, Reopen(action="reopen", words=f"上级平台（{system.name}）退回重办"), owed_answers)
    except Problem as refused:
        log.warning("platform.not_reopened", ticket_id=str(known.ticket_id), code=refused.code)
        return False
    return True


async def _receipt(work: Work, push: PlatformPush, *, duplicate: bool = False) -> Receipt:
    found = None
    if push.order_id is not None:
        query = select(PlatformOrder.order_no, PlatformOrder.deadline, Ticket.number, Ticket.status)
        joined = query.join(Ticket, Ticket.id == PlatformOrder.ticket_id).where(PlatformOrder.id == push.order_id)
        found = (await work.session.execute(joined)).one()
    return Receipt(
        push_id=push.id,
        outcome=push.outcome,
        order_no=found.order_no if found else None,
        number=found.number if found else None,
        status=found.status if found else None,
        deadline=found.deadline if found else None,
        faults=push.faults,
        duplicate=duplicate,
    )


def _payload(body: bytes) -> Any:
    """The payload, None where it is no JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


async def _units(work: Work) -> Callable[[str], bool]:
    tree = await unit_tree(work.session)

    def known(code: str) -> bool:
        unit = tree.by_code.get(code)
        return unit is not None and unit.active

    return known


async def _one_at_a_time(work: Work, *what: bytes) -> None:
    number = int.from_bytes(fingerprint(b"platform", *what)[:8], "big", signed=True)
    await work.session.execute(select(func.pg_advisory_xact_lock(number)))


def kind_name(kind: str | None) -> str | None:
    """Return the Chinese name of a kind of order."""
    return KIND_NAMES.get(kind) if kind else None  # type: ignore[call-overload]  # kept from the same table
