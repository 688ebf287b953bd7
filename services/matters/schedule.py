"""Milestones and follow-ups in days of Asia/Shanghai: how far a plan slipped, and which follow-ups never came. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

ALARMS_AT_MOST = 24
"""So many missed follow-ups are told one by one; a matter nobody followed for longer is no news."""


class Days(NamedTuple):
    """Days in Asia/Shanghai, from the first until the day before `after`."""

    first: date
    after: date


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


def uncovered(leave: Iterable[Days], acted: Sequence[Days]) -> list[Days]:
    """Return the days of leave on which nobody acted, in order and apart."""
    found: list[Days] = []
    for span in sorted(leave):
        left = span.first
        for one in sorted(acted):
            if one.after <= left or one.first >= span.after:
                continue
            if one.first > left:
                found.append(Days(left, one.first))
            left = one.after
        if left < span.after:
            found.append(Days(left, span.after))
    return found


def back_on(day: date, away: Sequence[Days]) -> date:
    """Return `day`, or the first day after that somebody is back where they are away on it. `away` is in order."""
    for span in away:
        if span.first <= day < span.after:
            day = span.after
    return day


def next_due(since: date, last: date | None, rhythm_days: int, away: Sequence[Days] = ()) -> date:
    """Return the day by whose end somebody who follows a matter since `since` is to have followed up: not one on which they are away."""
    return back_on(max(since, last or since) + timedelta(days=rhythm_days), away)


def missed(since: date, last: date | None, rhythm_days: int, today: date, away: Sequence[Days] = ()) -> list[date]:
    """Return the days on which a follow-up was due and never came, up to yesterday, the oldest first and `ALARMS_AT_MOST` at most.

    What falls due while somebody is away is due once, on the day they are back.
    """
    first = next_due(since, last, rhythm_days)
    over = (today - first).days
    count = 0 if over <= 0 else (over - 1) // rhythm_days + 1
    days = dict.fromkeys(back_on(first + timedelta(days=rhythm_days * nth), away) for nth in range(min(count, ALARMS_AT_MOST)))
    return [day for day in days if day < today]


def is_stale(since: date, last: date | None, rhythm_days: int, today: date, away: Sequence[Days] = ()) -> bool:
    """Tell whether a follow-up is overdue."""
    return today > next_due(since, last, rhythm_days, away)


def age_days(origin: date, at: date) -> int:
    """Return how old a matter is, from its true origin and not from when it was typed in."""
    return max((at - origin).days, 0)
