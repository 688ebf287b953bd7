"""The five steps of a round, in order. Pure.

B10: 报到 → 入户服务 → 情况反馈 → 中心公示 → 总结. A step never happens before the one before it; one that is told first, by a phone that
was away, waits for it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from services.platform.errors import Conflict, Fault
from services.visits.models import STEPS

STEP_NAMES = dict(zip(STEPS, ("报到", "入户服务", "情况反馈", "中心公示", "总结"), strict=True))
PREVIOUS_MISSING = "service_step.waits_for_previous"
VISITS_MISSING = "service_step.waits_for_visits"


@dataclass(frozen=True, slots=True)
class Round:
    """A member's round of a month as far as it has come: when each step was done, and whether anybody was called on.

    `planned`: whether there are households to call on at all; `called`: whether a visit or an attempt of this round is recorded.
    """

    days: tuple[date, ...]
    begins: datetime | None
    done: Mapping[str, datetime]
    planned: bool
    called: bool


def number_of(step: str) -> int:
    """Return the place of a step, from 1."""
    return STEPS.index(step) + 1


def next_step(done: Collection[str]) -> str | None:
    """Return the first step that is not done; None where all are."""
    return next((step for step in STEPS if step not in done), None)


def require_in_turn(step: str, happened_at: datetime, so_far: Round) -> datetime | None:
    """Return when the step before was done (None of the first); raise what stands against doing `step` at `happened_at`.

    409 ``service_step.no_days``, ``service_step.before_days``, ``service_step.done``, ``service_step.waits_for_previous``,
    ``service_step.before_previous``, ``service_step.waits_for_visits``.
    """
    if so_far.begins is None:
        raise Conflict("service_step.no_days", "The county has no service days in this month.")
    if happened_at < so_far.begins:
        raise Conflict("service_step.before_days", "The service days of this month have not begun then.", errors=[_WHEN])
    if step in so_far.done:
        raise Conflict("service_step.done", "This step of the round is recorded already, and is not recorded twice.")
    number = number_of(step)
    if number == 1:
        return None
    before = STEPS[number - 2]
    previous_at = so_far.done.get(before)
    if previous_at is None:
        raise Conflict(PREVIOUS_MISSING, f"First comes {STEP_NAMES[before]}: record that step.", extra={"missing": before})
    if happened_at < previous_at:
        raise Conflict("service_step.before_previous", f"This was before {STEP_NAMES[before]} was done; correct the time.", errors=[_WHEN])
    if step == "household_service" and so_far.planned and not so_far.called:
        raise Conflict(VISITS_MISSING, "No household was called on in this round: record the visits, those to closed doors too.")
    return previous_at


_WHEN = Fault("/happened_at", "is too early")
