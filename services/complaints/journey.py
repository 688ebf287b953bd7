"""How words travelled: from the events of a ticket to hops, each with who had the matter, how long, and what they did with it. Pure.

A hop is a time in which one unit had the matter in one state: `waiting` for somebody to act (the desk's), `working`, `verifying` (the
answer was given, the desk verifies), or `over` between an end and a new round. Hops follow one another without gap or overlap, from the
receipt to the end, or to now. Where the ticket was merged, its way is that of the ticket it goes on in, for as long.

Told are units, codes and instants; nobody's name, nobody's words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from services.deadlines.calendar import WorkCalendar
from services.deadlines.due import office_time_between
from services.tickets.lifecycle import OPEN

RECEIVED = "ticket.received"
STATES = {"waiting": "等待派单", "working": "承办单位办理", "verifying": "核实反馈结果", "over": "已办结"}
ESCALATED = "escalated"
ACTS = {
    RECEIVED: "receive",
    "ticket.dispatched": "dispatch",
    "ticket.adjudicated": "adjudicate",
    "ticket.accepted": "accept",
    "ticket.returned": "return",
    "ticket.handed_up": "hand_up",
    "ticket.transferred": "transfer",
    "ticket.joined": "join",
    "ticket.task_finished": "finish_task",
    "ticket.suspended": "suspend",
    "ticket.resumed": "resume",
    "ticket.informed": "inform",
    "ticket.resolved": "resolve",
    "ticket.answered": "answer",
    "ticket.closed": "close",
    "ticket.reopened": "reopen",
    "ticket.rejected": "reject",
    "ticket.cancelled": "cancel",
    "ticket.merged": "merge",
    "ticket.unmerged": "unmerge",
    "ticket.whistled": "whistle",
    "ticket.whistle_concluded": "conclude_whistle",
    "ticket.extension_decided": "decide_extension",
    "ticket.suspension_decided": "decide_suspension",
    "ticket.followed": "follow",
    "ticket.escalated": ESCALATED,
}
"""Events that are told, and as which action. Of requests only what was granted, of answers only the complainant's own."""
_GIVING = frozenset({"ticket.dispatched", "ticket.transferred", "ticket.handed_up", "ticket.adjudicated"})
_GRANTED = frozenset({"ticket.extension_decided", "ticket.suspension_decided"})
_HELD = ("status", "round", "lead_unit_id", "desk_unit_id")
_DEEP = 10
_MINUTE = timedelta(minutes=1)


class Seen(NamedTuple):
    """An event as it stands in the journal."""

    type: str
    happened_at: datetime
    recorded_at: datetime
    data: Mapping[str, Any]


class Act(NamedTuple):
    """Something done: `units` are those it was given to or called, `reason` and `level` are codes."""

    action: str
    at: datetime
    reason: str | None = None
    level: str | None = None
    units: tuple[UUID, ...] = ()


class Holding(NamedTuple):
    """Who has a matter, and what for; nobody while the system looks for a unit, and after the end."""

    state: str
    round: int
    unit_id: UUID | None


@dataclass(frozen=True, slots=True)
class Moment:
    """What was done in one instant, and who has the matter from then on. `into`: the ticket it goes on in, while it is merged."""

    at: datetime
    acts: tuple[Act, ...]
    holding: Holding
    into: UUID | None = None


@dataclass(frozen=True, slots=True)
class Hop:
    """A time in which one unit had the matter; `until` is None while it has it. The last act is what ended it."""

    since: datetime
    until: datetime | None
    holding: Holding
    acts: tuple[Act, ...]


class Dwell(NamedTuple):
    """How long a hop took, in whole minutes; those of all hops add up to the whole. `working`: of these in office time."""

    minutes: int
    working: int | None


def moments(events: Sequence[Seen], complaint_id: UUID, *, own: bool = True) -> list[Moment]:
    """Return the moments of one ticket from its events in their order, as the complainant of `complaint_id` may know them.

    Not `own`: they told another ticket, which was merged into this one; what only its own complainants are told is left out.
    """
    now: dict[str, Any] = {"status": "received", "round": 1}
    found: list[Moment] = []
    for first, written in groupby(events, key=lambda event: event.recorded_at if event.type != RECEIVED else None):
        together = list(written)
        at = first or min(together[0].happened_at, together[0].recorded_at)
        acts: list[Act] = []
        for event in together:
            now |= _said(event)
            acts += _acts(event, complaint_id, own)
        found.append(Moment(max(at, found[-1].at) if found else at, tuple(acts), _holding(now), _unit(now.get("into"))))
    return found


def way(told: Mapping[UUID, Sequence[Moment]], ticket_id: UUID, deep: int = _DEEP) -> list[Moment]:
    """Return the moments of a ticket's matter: while it was merged, those of the ticket it went on in."""
    found: list[Moment] = []
    own = list(told.get(ticket_id, ()))
    for place, moment in enumerate(own):
        if moment.into is None or moment.into not in told or not deep:
            found.append(moment)
        elif place == 0 or own[place - 1].into != moment.into:  # what happens to a merged ticket itself moves nothing
            until = next((later.at for later in own[place:] if later.into != moment.into), None)
            found += _elsewhere(moment, way(told, moment.into, deep - 1), until)
    return found


def _elsewhere(merged: Moment, other: Sequence[Moment], until: datetime | None) -> list[Moment]:
    before = [moment for moment in other if moment.at <= merged.at]
    holding = before[-1].holding if before else merged.holding
    return [replace(merged, holding=holding), *(one for one in other if one.at > merged.at and (until is None or one.at < until))]


def hops(found: Sequence[Moment]) -> list[Hop]:
    """Return the hops of a matter's moments, oldest first. What has ended is in no hop any more."""
    told: list[Hop] = []
    for moment in found:
        if told and moment.holding == told[-1].holding:
            told[-1] = replace(told[-1], acts=told[-1].acts + moment.acts)
            continue
        acts = moment.acts
        if told:
            told[-1] = replace(told[-1], until=moment.at, acts=told[-1].acts + acts)
            acts = ()
        told.append(Hop(moment.at, None, moment.holding, acts))
    return told[:-1] if told and told[-1].holding.state == "over" and len(told) > 1 else told


def dwells(told: Sequence[Hop], now: datetime, calendar: WorkCalendar | None) -> list[Dwell]:
    """Return how long each hop took. Minutes are counted from the receipt on, so that what is cut off one is not lost in the sum."""
    if not told:
        return []
    start = told[0].since

    def until(instant: datetime) -> tuple[int, int]:
        office = office_time_between(start, instant, calendar) // _MINUTE if calendar is not None else 0
        return (instant - start) // _MINUTE, office

    found = []
    for hop in told:
        begun, ended = until(hop.since), until(hop.until if hop.until is not None else max(now, hop.since))
        found.append(Dwell(ended[0] - begun[0], ended[1] - begun[1] if calendar is not None else None))
    return found


def _said(event: Seen) -> dict[str, Any]:
    """Return what an event says of who has the ticket. What an older one does not say in ``now`` follows from what it is."""
    data, said = event.data, dict[str, Any]()
    if data.get("to_status"):
        said["status"] = data["to_status"]
    if event.type in _GIVING:
        said["lead_unit_id"] = data.get("unit_id")
    elif event.type in ("ticket.returned", "ticket.reopened"):
        said["lead_unit_id"] = None
    if event.type == "ticket.reopened" and data.get("round"):
        said |= {"round": data["round"], "status": "received"}
    if event.type in ("ticket.merged", "ticket.unmerged"):
        said["into"] = data.get("into_id")
    now = data.get("now") or {}
    return said | {name: now[name] for name in _HELD if name in now}


def _holding(now: Mapping[str, Any]) -> Holding:
    lead, desk = _unit(now.get("lead_unit_id")), _unit(now.get("desk_unit_id"))
    status, number = now["status"], now["round"]
    if status == "received":
        return Holding("waiting", number, desk)
    if status == "answered":
        return Holding("verifying", number, desk or lead)
    if status in OPEN or status == "merged":
        return Holding("working", number, lead or desk)
    return Holding("over", number, None)


def _acts(event: Seen, complaint_id: UUID, own: bool) -> list[Act]:
    action, data = ACTS.get(event.type), event.data
    if action is None or (event.type in _GRANTED and not data.get("granted")):
        return []
    if action == "answer" and str(complaint_id) not in data.get("answered", ()):
        return []
    if action in ("inform", "receive") and not own:
        return []
    if action == "follow" and "lead_unit_id" not in data:
        return []
    if action == ESCALATED and data.get("early"):
        return []
    level = data.get("name") if action == ESCALATED else None
    return [Act(action, min(event.happened_at, event.recorded_at), _reason(action, data), level, _units(event))]


def _reason(action: str, data: Mapping[str, Any]) -> str | None:
    """Return the code of a reason; words that somebody wrote are not told."""
    return data.get("reason") if action in ("return", "hand_up", "reject", "cancel", "suspend", "decide_suspension") else None


def _units(event: Seen) -> tuple[UUID, ...]:
    data = event.data
    given = data.get("to_unit_id") or data.get("unit_id") if event.type == "ticket.escalated" else None
    if event.type in (*_GIVING, "ticket.joined", "ticket.whistle_concluded"):
        given = data.get("unit_id")
    if event.type == "ticket.followed":
        given = data.get("lead_unit_id")
    found = [given, *data.get("co_unit_ids", ())] if event.type in (*_GIVING, "ticket.whistle_concluded") else [given]
    return tuple(UUID(one) for one in dict.fromkeys(found) if one)


def _unit(value: object) -> UUID | None:
    return UUID(str(value)) if value else None
