"""What becomes of a command that meets a ticket which is no longer as the phone saw it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal, NamedTuple
from uuid import UUID

from services.channels.field.commands import ActionCommand, FieldCommand, ReportCommand, RewordCommand, SupplementCommand
from services.complaints.field_reports import UPLOADS_MISSING
from services.platform.errors import Problem
from services.visits.confirming import UPLOAD_MISSING, WORDS_MISSING
from services.visits.opinions import VISIT_MISSING as OPINIONS_VISIT_MISSING
from services.visits.recording import ATTEMPT_MISSING, OPINIONS_MISSING, UNCONFIRMED, VISIT_MISSING
from services.visits.steps import PREVIOUS_MISSING, VISITS_MISSING

State = Literal["waiting", "applied", "conflict", "refused"]

HARMLESS = frozenset({"log_work", "accept", "finish_task", "acknowledge", "report_back", "respond"})
"""Right whatever version was seen: work that was done was done, being there is being there, and taking on what still waits for it takes
nothing from anybody."""
TELLING = frozenset(
    {
        "ticket.escalated",
        "ticket.urged",
        "ticket.supervised",
        "ticket.work_logged",
        "ticket.task_finished",
        "ticket.whistled",
        "ticket.whistle_answered",
        "ticket.instruction_acknowledged",
        "ticket.instruction_followed",
        "ticket.suspension_requested",
        "ticket.evidence_flagged",
    }
)
"""Events that say something of a ticket and leave what there is to decide as it was; but for an escalation that moved it."""
NEEDS_FILES = frozenset({"resolve"})
"""Actions that are judged by their evidence: they wait for their uploads. With others the files are linked when they come."""
_VISITS_WAIT = frozenset({PREVIOUS_MISSING, VISITS_MISSING, ATTEMPT_MISSING, OPINIONS_MISSING, UNCONFIRMED, VISIT_MISSING})
_OPINION_MISSING = "command.waits_for_opinion"
_CASE_MISSING = "command.waits_for_case"
"""Waits for a help item or mediation that somebody enters at a door, or hands over, later."""
_HANDBOOK_WAITS = frozenset({_CASE_MISSING, OPINIONS_VISIT_MISSING, WORDS_MISSING, UPLOAD_MISSING, _OPINION_MISSING})
WAITING_CODES = _VISITS_WAIT | _HANDBOOK_WAITS | {
    "command.waits", "command.waits_for_report", "command.waits_for_dispatch", "command.waits_for_uploads", UPLOADS_MISSING,
}  # fmt: skip
"""What may be there after the next batch: a step waits for the one before it, an open visit for what its opinions are confirmed by."""


class Waits(Problem):
    """Something this command needs is not there yet; it is kept."""

    status = 409
    title = "Waiting"


def waits_for_case() -> Waits:
    """Return that the help item or mediation a command is about is not here yet."""
    return Waits(_CASE_MISSING, "The help item or mediation this is about is not here yet, or none of yours.")


def waits_for_opinion() -> Waits:
    """Return that the opinion a command is about is not here yet."""
    return Waits(_OPINION_MISSING, "The opinion this is about is not here yet, or none of yours; send it too.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a command: its state, why, and what is kept of it (ids, codes and sentences of ours)."""

    state: State
    code: str | None = None
    result: Mapping[str, Any] = field(default_factory=dict)


class SeenEvent(NamedTuple):
    """An event since the version a phone saw."""

    type: str
    own: bool
    moved: bool


def decided_on(events: Iterable[SeenEvent]) -> bool:
    """Tell whether a decision still stands after `events`: all of them one's own, or telling and nothing more."""
    return all(event.own or (event.type in TELLING and not event.moved) for event in events)


def judged(problem: Problem) -> Verdict:
    """Return what becomes of a command that raised `problem`.

    Somebody changed the ticket (its state, its holder, its version): a conflict. What can never be right: refused.
    """
    state: State = "refused"
    if problem.code in WAITING_CODES:
        state = "waiting"
    elif problem.status in (HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED) or problem.code.startswith("ticket.not_yours"):
        state = "conflict"
    return Verdict(state, problem.code, {"problem": _kept(problem)})


def _kept(problem: Problem) -> dict[str, Any]:
    faults = [{"pointer": fault.pointer, "detail": fault.detail} for fault in problem.errors]
    return {"title": type(problem).title, "status": problem.status, "detail": problem.detail, **({"errors": faults} if faults else {})}


def in_order(commands: Iterable[FieldCommand]) -> list[FieldCommand]:
    """Return `commands` so that each stands behind those it builds on, else as they came. Those in a ring come last; they wait."""
    waiting = {command.command_id: command for command in commands}
    makers = {str(command.report.report_id): command.command_id for command in waiting.values() if isinstance(command, ReportCommand)}
    needs = {command.command_id: _needs(command, makers) & waiting.keys() - {command.command_id} for command in waiting.values()}
    found: list[FieldCommand] = []
    while waiting:
        ready = [command_id for command_id in waiting if not needs[command_id] & waiting.keys()]
        found += [waiting.pop(command_id) for command_id in ready or list(waiting)]
    return found


def _needs(command: FieldCommand, makers: Mapping[str, UUID]) -> set[UUID]:
    needed = set(command.depends_on)
    report = report_meant(command)
    if report is not None and str(report) in makers:
        needed.add(makers[str(report)])
    return needed


def report_meant(command: FieldCommand) -> UUID | None:
    """Return the report a command is about, where it names one."""
    if isinstance(command, SupplementCommand | RewordCommand):
        return command.report_id
    if isinstance(command, ActionCommand):
        try:
            return UUID(command.ticket)
        except ValueError:
            return None
    return None


def dependencies_decide(states: Iterable[str | None]) -> Problem | None:
    """Return why a command cannot be tried, by the states of those it builds on (None: not there); None where it can."""
    found = list(states)
    if any(state in ("conflict", "refused") for state in found):
        return Problem(
            "command.dependency_failed", "A command this one builds on was not applied; decide anew.", status=HTTPStatus.CONFLICT
        )
    if any(state != "applied" for state in found):
        return Waits("command.waits", "A command this one builds on is not applied yet.")
    return None
