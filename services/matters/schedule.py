"""Milestones and follow-ups in days of Asia/Shanghai: how far a plan slipped, and which follow-ups never came. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

ALARMS_AT_MOST = 24
"""So many missed follow-ups are told one by one; a matter nobody followed for longer is no news."""


@dataclass(frozen=True, slots=True)
class Slip:
    """How a milestone stands. `days`: later than first planned (negative: earlier), by what is done, or else planned or already past.

    `late`: not done, and its present plan is over.
    """

    days: int
    late: bool


def slip_of(first: date, present: date, done: date | None, today: date) -> Slip:
    """Return how far a milestone slipped since its first plan."""
    return Slip(((done or max(present, today)) - first).days, late=done is None and today > present)


def next_due(since: date, last: date | None, rhythm_days: int) -> date:
    """Return the day by whose end somebody who follows a matter since `since` is to have followed up."""
    return max(since, last or since) + timedelta(days=rhythm_days)


def missed(since: date, last: date | None, rhythm_days: int, today: date) -> list[date]:
    """Return the days on which a follow-up was due and never came, up to yesterday, the oldest first and `ALARMS_AT_MOST` at most."""
    first = next_due(since, last, rhythm_days)
    over = (today - first).days
    count = 0 if over <= 0 else (over - 1) // rhythm_days + 1
    return [first + timedelta(days=rhythm_days * nth) for nth in range(min(count, ALARMS_AT_MOST))]


def is_stale(since: date, last: date | None, rhythm_days: int, today: date) -> bool:
    """Tell whether a follow-up is overdue."""
    return today > next_due(since, last, rhythm_days)


def age_days(origin: date, at: date) -> int:
    """Return how old a matter is, from its true origin and not from when it was typed in."""
    return max((at - origin).days, 0)
