"""On which days of a month the party members go out: the county's rule, and what it moved. Pure.

B9: the 15th and 16th of every month, on weekends and holidays too; a county may rule otherwise from a month on, and move the days of one
month. A day a month does not have is its last. Days are Asia/Shanghai.
"""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.platform.clock import day_end, day_start
from services.platform.errors import Conflict, Fault

DEFAULT_DAYS = (15, 16)


@dataclass(frozen=True, slots=True)
class Rule:
    """Numbers of days of every month from the month `valid_from` on."""

    days: tuple[int, ...]
    valid_from: date
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """Numbers of days of one month, in place of what the rule says. None at all: that month has no service days."""

    month: date
    days: tuple[int, ...]
    recorded_at: datetime


def first_of(day: date) -> date:
    """Return the first day of the month `day` lies in: what a month goes by."""
    return day.replace(day=1)


def service_days(month: date, rules: Iterable[Rule], moves: Iterable[Move]) -> tuple[date, ...]:
    """Return the service days of a month in order: as it was moved last, else as the newest rule in force says, else 15 and 16."""
    month = first_of(month)
    moved = [move for move in moves if move.month == month]
    ruled = [rule for rule in rules if rule.valid_from <= month]
    numbers: Sequence[int] = DEFAULT_DAYS
    if moved:
        numbers = max(moved, key=lambda move: move.recorded_at).days
    elif ruled:
        numbers = max(ruled, key=lambda rule: (rule.valid_from, rule.recorded_at)).days
    last = calendar.monthrange(month.year, month.month)[1]
    return tuple(sorted({month.replace(day=min(number, last)) for number in numbers}))


def deadline(days: Sequence[date]) -> datetime | None:
    """Return the instant a round is to be done by: 24:00 of its last day; None of a month without any."""
    return day_end(days[-1]) if days else None


def begins(days: Sequence[date]) -> datetime | None:
    """Return the instant a round begins: 00:00 of its first day; None of a month without any."""
    return day_start(days[0]) if days else None


def require_movable(month: date, present: Sequence[date], wanted: Sequence[date], today: date) -> None:
    """Raise unless the days of `month` can still become `wanted`: nothing that has been is moved, and nothing into the past."""
    if month < first_of(today) or (present and present[0] < today):
        raise Conflict("service_days.begun", "The service days of this month have begun or are over; what was done then stays as it was.")
    if any(day < today for day in wanted):
        raise Conflict("service_days.in_the_past", "Move them to days to come.", errors=[Fault("/days", "must lie ahead")])
