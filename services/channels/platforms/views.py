"""What is shown of upper-level platforms' orders and pushes. Only a trial shows what an order holds, to whoever brought the sample."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select, tuple_

from services.channels.platforms.mapping import Order
from services.channels.platforms.models import PlatformOrder, PlatformPush
from services.channels.platforms.orders import Receipt, kind_name
from services.deadlines.models import Clock
from services.identity.permissions import scope_of
from services.platform.unit_of_work import Work
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.lifecycle import STATUS_NAMES
from services.tickets.models import Ticket

_T = Ticket.__table__
_NUMBER, _ORDER, _AT = "20261122-000123-6", "HY2026112200017", "2026-11-22T02:10:00Z"
_FAULTS = Field(description="Fields that could not be used, each with a code; never a value.", examples=[{"phone": "malformed"}])


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ReceiptView(_View):
    """What became of a push."""

    push_id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d60"])
    order_no: str | None = Field(examples=[_ORDER])
    number: str | None = Field(description="Our ticket.", examples=[_NUMBER])
    status: str | None = Field(examples=["received"])
    status_name: str | None = Field(examples=["受理"])
    outcome: str = Field(
        description="filed; of a later push of the order: supplemented, urged, reopened, or kept (nothing new, or the matter has ended).",
        examples=["filed"],
    )
    duplicate: bool = Field(description="The same push came before; nothing was done again.", examples=[False])
    deadline: datetime | None = Field(default=None, description="The platform's own.", examples=["2026-11-27T09:00:00Z"])
    warnings: dict[str, str] = _FAULTS


class PushView(_View):
    """A push, without what it said."""

    id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d60"])
    outcome: str = Field(examples=["unmapped"])
    order_no: str | None = Field(default=None, examples=[None])
    faults: dict[str, str] = Field(examples=[{"order_no": "missing"}])
    received_at: datetime = Field(examples=[_AT])
    settled_at: datetime | None = Field(default=None, examples=[None])


class UpperOrderView(_View):
    """An order of a platform's and how its ticket stands."""

    id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d61"])
    order_no: str = Field(examples=[_ORDER])
    number: str = Field(examples=[_NUMBER])
    status: str = Field(examples=["accepted"])
    status_name: str = Field(examples=["签收"])
    kind: str | None = Field(default=None, examples=["complaint"])
    kind_name: str | None = Field(default=None, examples=["投诉"])
    their_category: str | None = Field(default=None, examples=["城乡建设/供水"])
    deadline: datetime | None = Field(default=None, description="The platform's own.", examples=["2026-11-27T09:00:00Z"])
    due_at: datetime | None = Field(default=None, description="Ours.", examples=["2026-11-25T16:00:00Z"])
    due_too_late: bool = Field(description="Our own limit ends after the platform's: the desk must see to it.", examples=[False])
    urges: int = Field(examples=[0])
    received_at: datetime = Field(examples=[_AT])


class TrialView(_View):
    """What a sample would become; nothing was kept."""

    readable: bool = Field(examples=[True])
    order: dict[str, Any] | None = Field(examples=[{"order_no": _ORDER, "words": "水管爆了", "kind": "complaint", "urgency": "normal"}])
    faults: dict[str, str] = _FAULTS


def receipt_view(receipt: Receipt) -> ReceiptView:
    """Return a receipt as the platform gets it."""
    return ReceiptView(
        push_id=receipt.push_id,
        order_no=receipt.order_no,
        number=receipt.number,
        status=receipt.status,
        status_name=STATUS_NAMES.get(receipt.status) if receipt.status else None,
        outcome=receipt.outcome,
        duplicate=receipt.duplicate,
        deadline=receipt.deadline,
        warnings=dict(receipt.faults),
    )


def trial_view(order: Order | None, faults: Mapping[str, str]) -> TrialView:
    """Return what a sample would become, in clear: whoever brought it has it already."""
    if order is None:
        return TrialView(readable=False, order=None, faults=dict(faults))
    shown = {
        "order_no": order.order_no,
        **order.telling.model_dump(mode="json", exclude={"surface_to", "attachment_ids"}),
        "kind": order.kind,
        "their_category": order.their_category,
        "urgency": order.urgency,
        "deadline": order.deadline.isoformat() if order.deadline else None,
        "urged": order.urged,
        "sent_back": order.sent_back,
    }
    return TrialView(readable=True, order=shown, faults=dict(faults))


async def list_orders(work: Work, code: str, *, limit: int, before: UUID | None) -> Sequence[UpperOrderView]:
    """Return up to `limit` orders of a platform whose tickets the actor may know of, the newest first, from behind `before`."""
    query = select(PlatformOrder, Ticket.number, Ticket.status, Ticket.id, Ticket.round).join(Ticket, Ticket.id == PlatformOrder.ticket_id)
    query = query.where(PlatformOrder.connection_code == code, compile_scope(scope_of(work.actor), TICKETS))
    if before is not None:
        query = query.where(PlatformOrder.id < before)
    rows = (await work.session.execute(query.order_by(PlatformOrder.id.desc()).limit(limit))).all()
    running = select(Clock.ticket_id, func.min(Clock.due_at).label("due_at")).where(
        tuple_(Clock.ticket_id, Clock.round).in_([(row.id, row.round) for row in rows]),
        Clock.stage == "resolve",
        Clock.state.in_(("running", "paused")),
    )
    due = {row.ticket_id: row.due_at for row in await work.session.execute(running.group_by(Clock.ticket_id))}
    return [_order_view(row[0], row.number, row.status, due.get(row.id)) for row in rows]


def _order_view(row: PlatformOrder, number: str, status: str, due_at: datetime | None) -> UpperOrderView:
    return UpperOrderView(
        id=row.id,
        order_no=row.order_no,
        number=number,
        status=status,
        status_name=STATUS_NAMES[status],
        kind=row.kind,
        kind_name=kind_name(row.kind),
        their_category=row.their_category,
        deadline=row.deadline,
        due_at=due_at,
        due_too_late=due_at is not None and row.deadline is not None and due_at > row.deadline,
        urges=row.urges,
        received_at=row.created_at,
    )


async def list_pushes(work: Work, code: str, *, outcome: str | None, limit: int, before: UUID | None) -> Sequence[PushView]:
    """Return up to `limit` pushes of a platform, the newest first, from behind `before`."""
    query = select(PlatformPush, PlatformOrder.order_no).join(PlatformOrder, PlatformOrder.id == PlatformPush.order_id, isouter=True)
    query = query.where(PlatformPush.connection_code == code)
    if outcome is not None:
        query = query.where(PlatformPush.outcome == outcome)
    if before is not None:
        query = query.where(PlatformPush.id < before)
    rows = (await work.session.execute(query.order_by(PlatformPush.id.desc()).limit(limit))).all()
    return [
        PushView(
            id=row.id, outcome=row.outcome, order_no=order_no, faults=row.faults, received_at=row.received_at, settled_at=row.settled_at
        )
        for row, order_no in rows
    ]
