"""How an upper-level platform hears of its orders: from an event to a step, from a step to the platform's own words and places. Pure."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from services.connections.platform_options import StatusField, StatusOptions, Step
from services.journal.draining import Owed
from services.notifications.webhooks.matching import Standing, instant
from services.platform.text import hidden

_STEPS: Mapping[str, Step] = {
    "ticket.received": "received",
    "ticket.dispatched": "dispatched",
    "ticket.transferred": "dispatched",
    "ticket.adjudicated": "dispatched",
    "ticket.handed_up": "dispatched",
    "ticket.accepted": "accepted",
    "ticket.extension_decided": "extended",
    "ticket.returned": "returned",
    "ticket.resolved": "resolved",
    "ticket.answered": "answered",
    "ticket.closed": "closed",
    "ticket.reopened": "reopened",
    "ticket.rejected": "rejected",
    "ticket.cancelled": "cancelled",
    "ticket.merged": "merged",
}
STEP_WORDS: Mapping[Step, str] = {
    "received": "已受理",
    "dispatched": "已派单",
    "accepted": "已签收",
    "extended": "已延期",
    "returned": "承办单位退单，正在重新派单",
    "resolved": "处置完成",
    "answered": "已答复",
    "closed": "已办结",
    "reopened": "重新办理",
    "rejected": "不予受理",
    "cancelled": "已撤销",
    "merged": "已并单办理",
}
_PLACES: Mapping[StatusField, str] = {
    "order_no": "data.order_no",
    "number": "data.number",
    "step": "data.step",
    "status": "data.status",
    "words": "data.words",
    "reason": "data.reason",
    "unit": "data.unit",
    "due_at": "data.due_at",
    "happened_at": "timestamp",
    "delivery_id": "data.delivery_id",
}
_TYPE = {"type": "order.status"}


def step_of(event: Owed, complaint_id: UUID) -> Step | None:
    """Return which step an event is for the order of `complaint_id`; None where it is none the platform hears of."""
    step = _STEPS.get(event.type)
    if step == "extended" and not event.data.get("granted"):
        return None
    if step == "answered" and str(complaint_id) not in (event.data.get("answered") or ()):
        return None
    return step


def status_facts(event: Owed, standing: Standing, step: Step, order_no: str) -> dict[str, Any]:
    """Return what is told of a step, in our own terms: kept with the delivery, so that every try says the same."""
    words = event.data.get("words") if step in ("answered", "rejected", "cancelled", "closed", "returned", "extended") else None
    return {
        "order_no": order_no,
        "number": standing.number,
        "step": step,
        "words": hidden(words) if words else STEP_WORDS[step],
        "reason": event.data.get("reason") if step in ("rejected", "cancelled", "returned") else None,
        "unit": standing.holder_name,
        "due_at": instant(standing.due_at),
        "happened_at": instant(event.happened_at),
    }


def status_body(options: StatusOptions, facts: Mapping[str, Any], delivery_id: UUID) -> dict[str, Any] | None:
    """Return the facts in the platform's own words and places; None where it does not want to hear of this step (any more).

    Without `fields` of the platform's the body is ours: ``{"type": "order.status", "timestamp", "data": {…}}``.
    """
    status = options.told(facts["step"])
    if status is None:
        return None
    values = {**facts, "status": status, "delivery_id": str(delivery_id)}
    places = {cast("str", name): place for name, place in (options.fields or _PLACES).items()}
    body: dict[str, Any] = {} if options.fields else dict(_TYPE)
    for path, constant in options.constants.items():
        _put(body, path, constant)
    for name, path in places.items():
        _put(body, path, values[name])
    return body


def _put(body: dict[str, Any], path: str, value: object) -> None:
    """Put `value` at a dotted path; what is in the way there gives way."""
    *parents, last = path.strip("/").replace("/", ".").split(".")
    here = body
    for parent in parents:
        inside = here.get(parent)
        if not isinstance(inside, dict):
            inside = here[parent] = {}
        here = inside
    here[last] = value
