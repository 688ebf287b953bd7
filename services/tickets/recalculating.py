"""When a year is announced, what rested on guessed days is worked out anew: the same deeds, the announced calendar.

Only clocks that say so (`provisional`) and still count are touched; everybody else keeps the promise they were given. Each recalculation
is an event of its own with the instant before and after, and a row of `clock_moves` where the instant moved.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, select

from services.deadlines.calendars import DEFAULT
from services.deadlines.clocks import ClockRules, ClockState, Deed, deed, deeds_by_clock, replayed, started
from services.deadlines.due import worked_between
from services.deadlines.models import Clock, ClockMove
from services.deadlines.queries import clock_rules
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.tickets.case import Case
from services.tickets.changes import Change, EventDraft, Insert, Row, Update
from services.tickets.lateness import owes
from services.tickets.loading import lock, plain_cases
from services.tickets.recording import write
from services.tickets.timing import changed
from services.tickets.told_deeds import deeds_of

EVENT = "ticket.recalculated"
_INSTANT = timedelta(microseconds=1)


async def recalculate(work: Work, limit: int) -> int:
    """Bring up to `limit` provisional clocks to the calendar in force; return how many tickets were taken, 0 when nothing is left.

    Only those whose calendar knew less of what is announced: hours or weekdays that a county changes move no promise.
    A ticket somebody else has locked is left for the next turn, and so is a clock that has reached a level not recorded yet: what it was
    late by under the days it had is not taken back. Safe to repeat: what was brought to a version is not taken again for it.
    """
    rules = await clock_rules(work.session)
    behind = _behind(rules, rules.calendars.version_at(work.now))
    table = Clock.__table__
    owing = and_(table.c.state == "running", table.c.next_level_at <= work.now)
    waiting = (
        select(table.c.ticket_id)
        .where(table.c.provisional, table.c.state.in_(("running", "paused")), table.c.calendar_version.in_(behind))
        .where(owing.is_not(True))
        .order_by(table.c.id)
        .limit(limit)
    )
    ids = list(dict.fromkeys(await work.session.scalars(waiting)))
    tickets = await lock(work.session, ids, skip_locked=True)
    cases = await plain_cases(work.session, tickets)
    told = await deeds_of(work.session, [case.ticket.id for case in cases])
    changes = [
        change for case in cases if (change := recalculated(case, deeds_by_clock(told[case.ticket.id]), rules, work.now)) is not None
    ]
    await write(work, changes)
    return len(changes)


def recalculated(case: Case, told: dict[UUID, list[Deed]], rules: ClockRules, now: datetime) -> Change | None:
    """Return what the calendar in force at `now` does to the provisional clocks of a ticket; None where there are none. Pure."""
    version = rules.calendars.version_at(now)
    behind = _behind(rules, version)
    updates: list[Update] = []
    inserts: list[Insert] = []
    moved: list[Row] = []
    for clock in case.clocks:
        if not (clock.provisional and clock.runs and clock.calendar_version in behind) or owes(clock, now):
            continue
        one = deed(clock, "recalculate", calendar=version)
        after = _by(clock, told.get(clock.id, ()), one, rules)
        updates.append(changed(clock, after, one))
        moved.append(_told(clock, after))
        if after.due_at != clock.due_at:
            inserts.append(Insert(ClockMove, _move(clock, after, now)))
    if not updates:
        return None
    event = EventDraft(EVENT, {"calendar_version": version, "limits": moved})
    return Change(case.ticket, (event,), inserts=tuple(inserts), updates=tuple(updates))


def _behind(rules: ClockRules, version: int) -> list[int]:
    """Return the versions of before in which a year was not announced that `version` has announced. All calendars share the years."""
    announced = rules.calendars.version(version).calendar(DEFAULT).official_years
    books = rules.calendars.versions.items()
    return [before for before, known in books if before < version and announced - known.calendar(DEFAULT).official_years]


def _by(clock: ClockState, told: Sequence[Deed], one: Deed, rules: ClockRules) -> ClockState:
    """Return a clock recalculated; one that is older than the journal's record of deeds by what its row says of them."""
    if told and told[0]["do"] == "start":
        return replayed(clock.ticket_id, [*told, one], rules)
    return replace(replayed(clock.ticket_id, [*_history(clock, rules), one], rules), paused_for=clock.paused_for)


def _history(clock: ClockState, rules: ClockRules) -> Sequence[Deed]:
    """Return deeds that come to a row: its limit, all that was ever added to it as one extension, its level, its pause."""
    start: Deed = {
        **deed(clock, "start", clock.started_at),
        "stage": clock.stage,
        "round": clock.round,
        "turn": clock.turn,
        **({"unit_id": str(clock.unit_id)} if clock.unit_id else {}),
        "amount": clock.limit_amount,
        "unit": clock.limit_unit,
        "start": clock.start_rule,
        "calendar": [clock.calendar_version, clock.calendar_code],
        "ladder": [clock.ladder_version, clock.ladder_rule],
    }
    # both lie at the end of their last day, or at an instant: counted from within
    given = started(clock.ticket_id, start, rules).due_at - _INSTANT
    added = worked_between(given, clock.due_at - _INSTANT, clock.time_unit, rules.calendar(clock))
    extended = [deed(clock, "extend", amount=added, unit=clock.limit_unit)] if added > 0 else []
    level = [deed(clock, "level", level=clock.level)] if clock.level else []
    return [start, *extended, *level, *([deed(clock, "pause", clock.paused_at)] if clock.paused_at else [])]


def _told(before: ClockState, after: ClockState) -> Row:
    return {
        "clock_id": str(before.id),
        "stage": before.stage,
        "due_before": before.due_at.isoformat(),
        "due_after": after.due_at.isoformat(),
        "provisional": after.provisional,
    }


def _move(before: ClockState, after: ClockState, now: datetime) -> Row:
    return {
        "id": new_id(),
        "clock_id": before.id,
        "ticket_id": before.ticket_id,
        "kind": "recalculation",
        "reason": f"calendar:{after.calendar_version}",
        "from_at": None,
        "until": None,
        "due_before": before.due_at,
        "due_after": after.due_at,
        "by_account_id": None,
        "recorded_at": now,
    }
