"""Co-handlers: each has a task of its own and a clock for it, and the lead stays responsible. Pure.

There is no acceptance of a task: its clock runs from when it was given. A ticket is not done while a task is open, unless the lead says
why; such a task ends as `unfinished`, on record.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.deadlines.due import StageLimit, TimeUnit
from services.platform.errors import Conflict, Invalid
from services.tickets import timing
from services.tickets.calling_commands import CoTask
from services.tickets.case import Case, Deed
from services.tickets.changes import Insert, Outcome, Row, Update
from services.tickets.commands import FinishTask, happened
from services.tickets.models import Assignment
from services.tickets.working import checked_instant, helped, work_log

STAGE = "task"


def limit_of(command: CoTask) -> StageLimit | None:
    """Return how long a task may take; None where the category or the house decides. Raises Invalid where it is said twice."""
    if command.within_working_days is not None and command.within_minutes is not None:
        raise Invalid("task.limit", "Say within_working_days or within_minutes, not both.")
    if command.within_working_days is not None:
        return StageLimit(STAGE, command.within_working_days, TimeUnit.WORKING_DAYS)
    return StageLimit(STAGE, command.within_minutes, TimeUnit.MINUTES) if command.within_minutes is not None else None


def started(case: Case, tasks: Sequence[tuple[UUID, StageLimit | None]], at: datetime) -> tuple[Insert, ...]:
    """Return the clock of each task: whose it is, and its limit where it has one of its own."""
    before = case.clock(STAGE)
    first = before.turn + 1 if before else 1
    clocks: tuple[Insert, ...] = ()
    for turn, (unit_id, limit) in enumerate(tasks, first):
        clocks += timing.start(case, STAGE, at, turn=turn, limit=limit, unit_id=unit_id)
    return clocks


def told(clocks: Sequence[Insert]) -> Row:
    """Return what the event says of when the tasks are due, which were given with one limit."""
    return {"task_due_at": clocks[0].row["due_at"].isoformat()} if clocks else {}


def finish_task(case: Case, command: FinishTask, deed: Deed) -> Outcome:
    """A co-handler is done with its task."""
    row = next(row for row in case.co_handlers if row.unit_id == deed.unit_id)
    at, counted = checked_instant(case, happened(command, deed.now), deed)
    log_id, insert, links = work_log(case, deed, "task", command.words, command.files, at)
    return Outcome(
        {"unit_id": str(row.unit_id), "assignment_id": str(row.id), "work_log_id": str(log_id)},
        helped(case, deed),
        inserts=(insert,),
        updates=ended(case, [row.unit_id], counted, "done"),
        links=links,
        happened_at=at,
    )


def ended(case: Case, units: Iterable[UUID], at: datetime, end: str) -> tuple[Update, ...]:
    """Return the end of the running tasks of `units` and the stopping of their clocks.

    A clock whose unit has no task any more stops too: its unit was renumbered, and the task went on under the new number.
    """
    over = frozenset(units)
    rows = tuple(Update(Assignment, row.id, {"ended_at": at, "end": end}) for row in case.co_handlers if row.unit_id in over)
    open_still = {row.unit_id for row in case.co_handlers} - over
    stopping = [clock for clock in case.clocks if clock.stage == STAGE and clock.runs and clock.unit_id not in open_still]
    return (*rows, *timing.stop(replace(case, clocks=tuple(stopping)), [STAGE], at))


def left_open(case: Case, reason: str | None, at: datetime) -> tuple[Row, tuple[Update, ...]]:
    """Return what becomes of the open tasks when the work is done: what the event says of them, and their end.

    Raises Conflict ``ticket.open_tasks`` where some are open and nobody says why it is done without them.
    """
    units = [row.unit_id for row in case.co_handlers]
    if not units:
        return {}, ended(case, (), at, "unfinished")
    if reason is None:
        names = [case.around.tree.by_id[unit].name for unit in units]
        detail = "Co-handlers have not finished their tasks yet; wait for them, or say in open_tasks_reason why it is done without."
        raise Conflict("ticket.open_tasks", detail, extra={"open_tasks": names})
    return {"unfinished_unit_ids": [str(unit) for unit in units], "open_tasks_reason": reason}, ended(case, units, at, "unfinished")
