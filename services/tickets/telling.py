"""What an event says of the ticket after it: the columns that changed, and the clocks that reports judge. Pure.

It stands in ``data["now"]`` of the first event of a change. With it the journal alone is enough to know what a ticket was at any instant,
so that figures can be made again from it, as they are and as they were known (`services/reports/folding.py`). Ids, codes and instants
only: no words and no place more precise than a unit.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.deadlines.clocks import ClockState
from services.tickets.changes import Change, Row

TOLD = frozenset(
    {
        "status", "round", "category_code", "urgency", "privacy", "area_path", "tier", "lead_unit_id", "lead_member_id", "desk_unit_id",
        "dispatched_at", "accepted_at", "resolved_at", "closed_at", "suspended_at", "hand_offs", "returns",
    }
)  # fmt: skip
"""Columns of `tickets` that an event tells of when they change."""
JUDGED = frozenset({"accept", "resolve", "answer"})
"""Stages whose clocks decide a figure."""
_SECOND = timedelta(seconds=1)


def told(change: Change) -> Row:
    """Return what the events of a change say of the ticket after it; empty where nothing of it changed."""
    now: Row = {name: _plain(value) for name, value in change.values.items() if name in TOLD}
    clocks = [update.clock for update in change.updates] + [insert.clock for insert in change.inserts]
    for clock in clocks:
        if clock is not None:
            now.setdefault(clock[0], []).append(clock[1])
    return now


def clock_told(clock: ClockState) -> tuple[str, list[Any]] | None:
    """Return of a judged clock its stage and [round, turn, state, first due, due, stopped, whole seconds paused]; None of another."""
    if clock.stage not in JUDGED:
        return None
    due = (clock.first_due_at, clock.due_at, clock.stopped_at)
    instants = [instant.isoformat() if instant else None for instant in due]
    return clock.stage, [clock.round, clock.turn, clock.state, *instants, clock.paused_for // _SECOND]


def values_told(row: Mapping[str, Any]) -> Row:
    """Return what would be told of a whole row of `tickets`."""
    return {name: _plain(row[name]) for name in sorted(TOLD)}


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value
