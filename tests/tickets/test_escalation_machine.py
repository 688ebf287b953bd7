"""Whatever happens to the clocks of a ticket and however long the worker sleeps: the same levels, each once, at their true instants.

Two workers have the same history. One never sleeps: it looks at every instant at which a level is reached. The other looks only now and
then. Whenever it has looked, both have recorded the same. Real decisions and real clock deeds, no database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from services.deadlines.calendar import WorkCalendar, seed_days
from services.deadlines.calendars import Calendars
from services.deadlines.clocks import ClockRules, ClockState, running
from services.deadlines.due import StageLimit, TimeUnit
from services.deadlines.escalation import schedule
from services.deadlines.ladders import BUILT_IN, ladders_from
from services.deadlines.models import Clock, Escalation
from services.organization.tree import PostNode, UnitNode, UnitTree
from services.platform.actor import SYSTEM
from services.platform.ids import new_id
from services.policies.book import Book
from services.tickets import timing
from services.tickets.case import AssignmentState, Case, Deed, Surroundings, TicketState
from services.tickets.changes import Change, Insert, Update
from services.tickets.lateness import escalated, owed_before, put_right
from services.tickets.models import Assignment

BEGIN = datetime(2026, 1, 20, 1, 30, tzinfo=UTC)
OWN = {
    "rules": [
        {
            "code": "many",
            "urgencies": ["urgent"],
            "levels": [
                {"name": "urge", "before": {"amount": 2, "unit": "working_days"}},
                {"name": "urge", "before": {"percent": 10}},
                {"name": "urge", "after": {"amount": 0, "unit": "minutes"}},
                {"name": "supervise", "after": {"amount": 45, "unit": "minutes"}},
                {"name": "raise", "after": {"percent": 30}},
                {"name": "supervise", "after": {"amount": 1, "unit": "natural_days"}},
                {"name": "raise", "after": {"amount": 2, "unit": "working_days"}},
                {"name": "list", "after": {"amount": 90, "unit": "working_minutes"}},
            ],
        }
    ]
}
COUNTY, TOWN, VILLAGE, GRID, WATER = "441624", "441624108", "441624108213", "441624108213002", "441624-D-SLJ"
ROLES = {COUNTY: "county_supervisor", TOWN: "township_dispatcher", VILLAGE: "village_secretary", WATER: "department_officer"}
LIMITS = st.builds(StageLimit, st.sampled_from(("task", "respond", "instruct")), st.integers(1, 9), st.sampled_from(TimeUnit)).map(
    lambda limit: replace(limit, amount=limit.amount * 60) if "minutes" in limit.unit else limit
)
SPANS = st.timedeltas(timedelta(0), timedelta(hours=9)) | st.timedeltas(timedelta(0), timedelta(days=25))


@cache
def _rules() -> ClockRules:
    calendar = WorkCalendar.from_rows(seed_days((2025, 2026, 2027)))
    return ClockRules(Book({0: Calendars(0, {"default": calendar})}), Book({0: BUILT_IN, 1: ladders_from(1, OWN)}, [(BEGIN, 1)]))


@cache
def tree(*, blank: bool) -> UnitTree:
    """A county of one township with one village with one grid, where nobody sits if `blank`, and a department."""
    kinds = {COUNTY: "county", TOWN: "township", VILLAGE: "village", GRID: "grid", WATER: "department"}
    parents: dict[str, str | None] = {COUNTY: None, TOWN: COUNTY, VILLAGE: TOWN, GRID: VILLAGE, WATER: COUNTY}
    ids, paths = {code: new_id() for code in kinds}, {COUNTY: f"/{COUNTY}/"}
    for code, parent in parents.items():
        paths[code] = paths.get(parent or "", "/") + f"{code}/"
    units = [
        UnitNode(
            ids[code],
            code,
            kind,
            kind.replace("department", "county"),
            code,
            (),
            ids.get(parents[code] or ""),
            paths[code],
            None,
            None,
            None,
            True,
        )
        for code, kind in kinds.items()
    ]
    roles = ROLES | ({} if blank else {GRID: "grid_worker"})
    posts = [PostNode(new_id(), new_id(), ids[code], role, date(2025, 1, 1), None) for code, role in roles.items()]
    return UnitTree(units, posts, BEGIN.date(), COUNTY)


@cache
def new_case(*, urgency: str, blank: bool) -> Case:
    """A ticket that was just dispatched to the grid, with the clocks of its round."""
    units = tree(blank=blank).by_code
    given = {
        "id": new_id(), "number": "20260120-000001-1", "status": "dispatched", "version": 1, "chain_head": b"", "round": 1,
        "source": "complaint", "channel": "hotline", "category_code": "water.pipe_burst", "category_version": 1, "urgency": urgency,
        "privacy": "normal", "terms": "usual", "place_unit_id": units[GRID].id,
        "area_path": units[GRID].path, "tier": "grid", "lead_unit_id": units[GRID].id,
        "desk_unit_id": units[TOWN].id, "received_at": BEGIN, "dispatched_at": BEGIN, "hand_offs": 0, "returns": 0, "adjudication": False,
        "designated": False, "helped_by": [],
    }  # fmt: skip
    ticket = TicketState(**{field.name: given.get(field.name) for field in fields(TicketState)})
    case = Case(ticket, Surroundings(tree(blank=blank), _rules()), next_sequence=3)
    assigned = []
    for sequence, (part, code) in enumerate((("lead", GRID), ("co", WATER)), 1):
        row = {"id": new_id(), "ticket_id": ticket.id, "round": 1, "sequence": sequence, "part": part, "unit_id": units[code].id}
        given = {**row, "task": None if part == "lead" else "协办", "assigned_at": BEGIN}
        assigned.append(AssignmentState(**{field.name: given.get(field.name) for field in fields(AssignmentState)}))
    limits = (
        StageLimit("accept", 120, TimeUnit.WORKING_MINUTES),
        StageLimit("first_contact", 120, TimeUnit.MINUTES),
        StageLimit("resolve", 5, TimeUnit.WORKING_DAYS),
    )
    started = [insert for limit in limits for insert in timing.start(case, limit.stage, BEGIN, limit=limit)]
    return replace(case, assignments=tuple(assigned), clocks=tuple(ClockState(**insert.row) for insert in started))


class Worker:
    """One ticket as one worker keeps it: what was recorded, by clock and level."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.recorded: dict[tuple[UUID, int], datetime] = {}
        self.events = 0

    def look(self, now: datetime) -> None:
        """Take a turn of the duty."""
        change = escalated(self.case, Deed(SYSTEM, now))
        if change is not None:
            self.apply(change.inserts, change.updates, change)
        assert escalated(self.case, Deed(SYSTEM, now)) is None, "a second look at the same instant finds nothing"
        assert put_right(self.case, now) == [], "no clock is taken again and again"

    def deed(self, now: datetime, decide: Callable[[Case], tuple[Sequence[Insert], Sequence[Update]]]) -> None:
        """Do something to clocks, as `act` does: what they had reached is recorded first."""
        owed = owed_before(self.case, decide(self.case)[1], now)
        if owed is not None:
            assert not owed.values, "nothing moves by it"
            self.apply(owed.inserts, owed.updates, owed)
        self.apply(*decide(self.case))

    def apply(self, inserts: Iterable[Insert], updates: Iterable[Update], change: Change | None = None) -> None:
        """Store what `recording.write` stores."""
        clocks = {clock.id: clock for clock in self.case.clocks}
        assignments = {row.id: row for row in self.case.assignments}
        for insert in inserts:
            if insert.model is Clock:
                clocks[insert.row["id"]] = ClockState(**insert.row)
            elif insert.model is Assignment:
                kept = {field.name: insert.row.get(field.name) for field in fields(AssignmentState)}
                assignments[insert.row["id"]] = AssignmentState(**kept)
            elif insert.model is Escalation:
                key = (insert.row["clock_id"], insert.row["level"])
                assert key not in self.recorded, "each level once"
                self.recorded[key] = insert.row["reached_at"]
        for update in updates:
            if update.model is Clock:
                clocks[update.id] = replace(clocks[update.id], **update.values)
            elif update.model is Assignment and "ended_at" in update.values:
                del assignments[update.id]
        ticket = replace(self.case.ticket, **change.values) if change else self.case.ticket
        sequence = self.case.next_sequence + len(assignments.keys() - {row.id for row in self.case.assignments})
        self.case = replace(
            self.case, ticket=ticket, clocks=tuple(clocks.values()), assignments=tuple(assignments.values()), next_sequence=sequence
        )
        assert sum(row.part == "lead" for row in self.case.assignments) == 1, "one lead at a time"

    def next_level(self) -> datetime | None:
        """When the next level is reached."""
        return min(
            (at for clock in self.case.clocks if clock.state in ("running", "stopped") and (at := clock.next_level_at)), default=None
        )


class History(RuleBasedStateMachine):
    """Starts, stops, pauses, resumptions, extensions and ends, with a worker that sleeps for any time."""

    @initialize(urgency=st.sampled_from(("normal", "urgent")), blank=st.booleans())
    def received(self, urgency: str, *, blank: bool) -> None:
        case = new_case(urgency=urgency, blank=blank)
        self.now = BEGIN
        self.awake, self.asleep = Worker(case), Worker(case)

    @rule(span=SPANS)
    def time_passes(self, span: timedelta) -> None:
        """The one that never sleeps looks at every instant at which something is reached."""
        until = self.now + span
        while (at := self.awake.next_level()) is not None and at < until:
            self.awake.look(max(at, self.now))
        self.now = until

    @precondition(lambda self: (self.awake.next_level() or self.now) > self.now)
    @rule()
    def the_very_instant_of_a_level_comes(self) -> None:
        self.now = self.awake.next_level() or self.now

    @rule()
    def the_sleeper_looks(self) -> None:
        self.awake.look(self.now)
        self.asleep.look(self.now)
        self.both_recorded_the_same()

    @rule(limit=LIMITS)
    def starts(self, limit: StageLimit) -> None:
        unit_id = self.awake.case.around.tree.by_code[WATER].id
        started = timing.start(self.awake.case, limit.stage, self.now, limit=limit, unit_id=unit_id)
        for worker in (self.awake, self.asleep):
            worker.apply(started, ())

    @rule(everything=st.booleans())
    def pauses(self, *, everything: bool) -> None:
        stages = None if everything else timing.WORK_STAGES
        self.both(lambda case: ((), timing.pause(case, self.now, stages)))

    @rule()
    def goes_on(self) -> None:
        self.both(lambda case: timing.resume(case, Deed(SYSTEM, self.now), "suspended")[::-1])

    @rule(stage=st.sampled_from(("accept", "resolve", "task")), days=st.integers(1, 9), unit=st.sampled_from(TimeUnit))
    def is_extended(self, stage: str, days: int, unit: TimeUnit) -> None:
        self.both(lambda case: timing.extend(case, stage, days, unit, Deed(SYSTEM, self.now), "hard")[::-1])

    @rule(stage=st.sampled_from(("accept", "first_contact", "resolve", "task", "respond")))
    def stops(self, stage: str) -> None:
        self.both(lambda case: ((), timing.stop(case, [stage], self.now)))

    @rule(sure=st.sampled_from((False, False, False, True)))
    def ends(self, *, sure: bool) -> None:
        if sure:
            self.both(lambda case: ((), timing.cancel(case)))

    def both(self, decide: Callable[[Case], tuple[Sequence[Insert], Sequence[Update]]]) -> None:
        for worker in (self.awake, self.asleep):
            worker.deed(self.now, decide)

    def both_recorded_the_same(self) -> None:
        assert self.asleep.recorded == self.awake.recorded
        assert self.asleep.case.clocks == self.awake.case.clocks
        for clock in self.asleep.case.clocks:
            self.nothing_is_missing(clock)

    def nothing_is_missing(self, clock: ClockState) -> None:
        """Every level of a clock that is or was late by now is there, at its instant; a running one's by the ladder itself."""
        found = {level: at for (clock_id, level), at in self.asleep.recorded.items() if clock_id == clock.id}
        assert sorted(found) == list(range(1, len(found) + 1)), "no level is left out"
        assert all(clock.started_at <= at <= self.now for at in found.values())
        if clock.state == "running":
            ladder, calendar = _rules().ladder(clock), _rules().calendar(clock)
            dated = {one.level.index: one.at for one in schedule(running(clock), ladder, calendar)}
            assert {level for level, at in dated.items() if at <= self.now} <= found.keys()
            if clock.first_due_at == clock.due_at and not clock.paused_for:
                assert found == {level: at for level, at in dated.items() if at <= self.now}

    def teardown(self) -> None:
        if hasattr(self, "awake"):
            self.the_sleeper_looks()


TestHistory = History.TestCase
TestHistory.settings = settings(TestHistory.settings, stateful_step_count=15)
