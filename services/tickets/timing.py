"""What deeds do to clocks. Pure: clock states in, row changes out, each with the deed it follows from (`deadlines/clocks.py`).

Two rules stand above all: nobody who passes a ticket on gains time by it (a return, a hand-up or a transfer leaves every clock but the new
seat's acceptance alone), and only a granted extension or the end of a suspension gives more time. A corrected category or urgency never
does: it brings a limit forward where the right one is shorter, and leaves it where it is longer. `first_due_at` never moves.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.catalogue.policy import CategoryPolicy
from services.deadlines.clocks import ClockState, after, deed, replayed, start_deed, started, stop_deed
from services.deadlines.clocks import Deed as ClockDeed
from services.deadlines.due import StageLimit, StartRule, TimeUnit
from services.deadlines.models import Clock, ClockMove
from services.platform.ids import new_id
from services.tickets.case import Case, Deed
from services.tickets.changes import Insert, Update
from services.tickets.opening import DISPATCH_MINUTES
from services.tickets.telling import clock_told
from services.tickets.terms import own_limit

ROUND_STAGES = ("inform", "first_contact", "contain", "repair", "restore", "resolve")
"""Clocks that start with the first dispatch of a round; `answer` starts when the work is done, `verify` when it was answered."""
WORK_STAGES = ("first_contact", "contain", "repair", "restore", "resolve")
"""What the holder has to do: a suspension pauses these, and the end of the work stops them."""
_DEFAULTS = {
    stage: StageLimit(stage, days, TimeUnit.WORKING_DAYS)
    for stage, days in (("accept", 1), ("resolve", 5), ("answer", 1), ("verify", 3), ("task", 3), ("instruct", 1), ("adjudicate", 1))
}
"""Where a category is unknown or silent, in working days: accept 1 (蚌埠), resolve 5 (潍坊、济南); the others are our choice."""

_JUDGED_BY = {"state", "due_at", "stopped_at", "paused_for"}

Moved = tuple[tuple[Update, ...], tuple[Insert, ...]]
"""What moves due instants: the updates of the clocks, and the rows that say why."""


def limit_for(stage: str, category: CategoryPolicy | None) -> StageLimit | None:
    """Return the limit of `stage` under the category's policy, or the default; None where there is none."""
    found = category.limits.get(stage) if category else None
    return StageLimit(stage, found.amount, TimeUnit(found.unit), StartRule(found.start)) if found else _DEFAULTS.get(stage)


def start(
    case: Case,
    stage: str,
    at: datetime,
    *,
    turn: int | None = None,
    limit: StageLimit | None = None,
    unit_id: UUID | None = None,
    number: int | None = None,
) -> tuple[Insert, ...]:
    """Return the row of a clock of `stage` that starts at `at`; nothing where no limit applies.

    `turn` is the next free one where not given; `unit_id` is whose clock it is, by whose calendar it then goes; `number` is the round where
    it is not the present one.
    """
    limit = limit or own_limit(case.ticket.terms, stage, case.ticket.round, case.ticket.urgency) or limit_for(stage, case.category)
    if limit is None:
        return ()
    before = case.clock(stage) if number is None else None
    own = case.around.tree.by_id.get(unit_id) if unit_id else None
    setting = replace(case.setting, path=own.path) if own else case.setting
    began = start_deed(
        new_id(),
        limit,
        at,
        case.around.rules,
        setting,
        number=number or case.ticket.round,
        turn=turn or (before.turn + 1 if before else 1),
        unit_id=unit_id,
    )
    clock = started(case.ticket.id, began, case.around.rules)
    return (Insert(Clock, clock.row(), (began,), clock_told(clock)),)


def round_start(case: Case, stage: str, now: datetime) -> datetime:
    """Return when a clock of the round starts that is due to start `now`: one of the terms' own runs from the round's beginning."""
    if own_limit(case.ticket.terms, stage, case.ticket.round, case.ticket.urgency) is None:
        return now
    began = [clock.started_at for clock in case.clocks if clock.stage == "dispatch" and clock.round == case.ticket.round]
    return min(began, default=now)


def stop(case: Case, stages: Iterable[str], at: datetime, unit_id: UUID | None = None) -> tuple[Update, ...]:
    """Return the stopping of every running or paused clock of `stages`; only of those of a unit's own, where one is given."""
    wanted = frozenset(stages)
    return tuple(
        _stopped(case, clock, at) for clock in case.clocks if clock.stage in wanted and clock.runs and unit_id in (None, clock.unit_id)
    )


def _stopped(case: Case, clock: ClockState, at: datetime) -> Update:
    told = case.deeds.get(clock.id, ())
    one = stop_deed(clock, at, told)
    if not one.get("reported_back"):
        return done(case, clock, one)
    return changed(clock, replayed(case.ticket.id, [*told, one], case.around.rules), one)


def cancel(case: Case) -> tuple[Update, ...]:
    """Return the end without verdict of every clock that still counts."""
    return tuple(done(case, clock, deed(clock, "cancel")) for clock in case.clocks if clock.runs)


def pause(case: Case, at: datetime, stages: Iterable[str] | None = None) -> tuple[Update, ...]:
    """Return the pausing of the running clocks of `stages` (of all, where not given)."""
    wanted = None if stages is None else frozenset(stages)
    return tuple(
        done(case, clock, deed(clock, "pause", at))
        for clock in case.clocks
        if clock.state == "running" and (wanted is None or clock.stage in wanted)
    )


def resume(case: Case, by: Deed, reason: str | None, *, but: Collection[str] = (), at: datetime | None = None) -> Moved:
    """Return the going on of every paused clock but those of some stages, due later by what the pause took, and why it moved.

    `at` is when the pause was over, where that was before now.
    """
    paused = (clock for clock in case.clocks if clock.state == "paused" and clock.stage not in but)
    return _all(_moved(case, clock, deed(clock, "resume", at or by.now), by, "pause", reason) for clock in paused)


def extend(case: Case, stage: str, days: int, unit: TimeUnit, by: Deed, reason: str | None) -> Moved:
    """Return the moving of a stage's clock by the `days` of a granted extension, and why it moved."""
    counting = (clock for clock in case.clocks if clock.stage == stage and clock.runs)
    return _all(_moved(case, clock, deed(clock, "extend", amount=days, unit=unit.value), by, "extension", reason) for clock in counting)


def tighten(case: Case, by: Deed, category: CategoryPolicy | None, urgency: str) -> Moved:
    """Return the bringing forward of limits that are shorter under another category or urgency, and why they moved."""
    moves = []
    for clock in case.clocks:
        limit = _corrected(case, clock, category, urgency) if clock.runs and clock.round == case.ticket.round else None
        if limit is not None:
            one = deed(clock, "tighten", amount=limit.amount, unit=limit.unit.value, start=limit.start.value)
            if after(clock, one, case.around.rules) != clock:
                moves.append(_moved(case, clock, one, by, "correction", None))
    return _all(moves)


def _corrected(case: Case, clock: ClockState, category: CategoryPolicy | None, urgency: str) -> StageLimit | None:
    if clock.stage == "dispatch":
        return dispatch_limit(urgency)
    if clock.stage not in ("accept", *WORK_STAGES):
        return None
    return own_limit(case.ticket.terms, clock.stage, case.ticket.round, urgency) or limit_for(clock.stage, category)


def done(case: Case, clock: ClockState, one: ClockDeed) -> Update:
    """Return what a deed does to the row of a clock: the columns that change, and the deed itself for the journal."""
    return changed(clock, after(clock, one, case.around.rules), one)


def changed(before: ClockState, now: ClockState, one: ClockDeed) -> Update:
    """Return the update that makes of a clock's row what a deed made of its state."""
    old, new = before.row(), now.row()
    changes = {name: value for name, value in new.items() if value != old[name]}
    return Update(Clock, before.id, changes, (one,), clock_told(now) if changes.keys() & _JUDGED_BY else None)


def dispatch_limit(urgency: str) -> StageLimit:
    """Return how soon a unit must be found, by urgency."""
    return StageLimit("dispatch", DISPATCH_MINUTES[urgency], TimeUnit.MINUTES)


def _all(moves: Iterable[tuple[Update, Insert]]) -> Moved:
    pairs = list(moves)
    return tuple(update for update, _move in pairs), tuple(move for _update, move in pairs)


def _moved(case: Case, clock: ClockState, one: ClockDeed, by: Deed, kind: str, reason: str | None) -> tuple[Update, Insert]:
    update = done(case, clock, one)
    row: dict[str, Any] = {
        "id": new_id(),
        "clock_id": clock.id,
        "ticket_id": clock.ticket_id,
        "kind": kind,
        "reason": reason,
        "from_at": clock.paused_at if kind == "pause" else None,
        "until": datetime.fromisoformat(one["at"]) if kind == "pause" else None,
        "due_before": clock.due_at,
        "due_after": update.values.get("due_at", clock.due_at),
        "by_account_id": by.actor.account_id,
        "recorded_at": by.now,
    }
    return update, Insert(ClockMove, row)
