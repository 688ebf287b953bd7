"""Prefix sums over days: how many working days, how much office time and how many days not yet announced lie before each day.

What a calendar says of a day is asked once; after that a due instant is two look-ups and a bisection, however long the limit. Days are
their ordinals (`date.toordinal`), times of day and office time are microseconds. The span of days is made of whole years around what was
asked for and grows when more is; it is replaced as a whole, so readers in other threads see the old one or the new one.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from services.deadlines.hours import DayHours

DAY = 24 * 60 * 60 * 1_000_000
"""A day in microseconds."""
_LAST = date.max.toordinal()

Said = tuple[DayHours | None, bool]
"""What a calendar says of a day: its hours, None where it is free; and whether that may still change."""


@dataclass(frozen=True, slots=True)
class Span:
    """Sums before each day from `first` on; one more entry than days. `hours` has the hours of each day."""

    first: int
    hours: list[DayHours | None]
    days: "array[int]"
    office: "array[int]"
    unsure: "array[int]"

    @property
    def end(self) -> int:
        """The day after the last one."""
        return self.first + len(self.hours)


class Tally:
    """The sums of one calendar. A question that leads beyond the years 1 to 9999 raises ``ValueError``."""

    def __init__(self, said: Callable[[date], Said]) -> None:
        self._said = said
        self._span = Span(_LAST, [], array("q", [0]), array("q", [0]), array("q", [0]))

    def working_days(self, after: int, until: int) -> int:
        """Return how many days are worked after one day up to and with another that is not before it."""
        span = self._covering(after, until)
        return span.days[until + 1 - span.first] - span.days[after + 1 - span.first]

    def is_unsure(self, first: int, last: int) -> bool:
        """Tell whether any day from `first` to `last`, both included, may still change."""
        span = self._covering(first, last)
        return span.unsure[last + 1 - span.first] > span.unsure[first - span.first]

    def nth_day_after(self, day: int, amount: int) -> int:
        """Return the `amount`-th (from 1) working day after `day`."""
        span = self._covering(day, day + amount)
        while (target := span.days[day + 1 - span.first] + amount) > span.days[-1]:
            span = self._longer(span)
        return span.first + bisect_left(span.days, target) - 1

    def last_day_before(self, last: int, amount: int) -> int:
        """Return the last day after which `amount` (from 1) working days still come up to and with `last`."""
        span = self._covering(last - amount, last)
        while (target := span.days[last + 1 - span.first] - amount) < 0:
            span = self._earlier(span)
        return span.first + bisect_right(span.days, target) - 2

    def office_between(self, start: tuple[int, int], end: tuple[int, int]) -> int:
        """Return the office time between two instants (day, time of day); negative when the second is the earlier."""
        span = self._covering(min(start[0], end[0]), max(start[0], end[0]))
        return _worked(span, end) - _worked(span, start)

    def earliest(self, start: tuple[int, int], length: int) -> tuple[int, int]:
        """Return the first instant by which `length` (more than nothing) of office time has passed since `start`."""
        span = self._covering(start[0], start[0] + length // DAY)
        while (target := _worked(span, start) + length) > span.office[-1]:
            span = self._longer(span)
        place = bisect_left(span.office, target) - 1
        hours = span.hours[place]
        assert hours is not None
        return span.first + place, hours.earliest(target - span.office[place])

    def latest(self, end: tuple[int, int], length: int) -> tuple[int, int]:
        """Return the last instant from which `length` of office time (or more) lies before `end`; of nothing, the next that is worked."""
        span = self._covering(end[0] - length // DAY, end[0])
        while not 0 <= (target := _worked(span, end) - length) < span.office[-1]:
            span = self._earlier(span) if target < 0 else self._longer(span)
        place = bisect_right(span.office, target) - 1
        hours = span.hours[place]
        assert hours is not None
        return span.first + place, hours.latest(target - span.office[place])

    def closing(self, instant: tuple[int, int]) -> tuple[int, int]:
        """Return since when no office time has passed by `instant`: the last closing before it, or itself where it is office time."""
        span = self._covering(instant[0], instant[0])
        while (target := _worked(span, instant)) == 0:
            span = self._earlier(span)
        place = bisect_left(span.office, target) - 1
        hours = span.hours[place]
        assert hours is not None
        return span.first + place, hours.earliest(target - span.office[place])

    def _covering(self, first: int, last: int) -> Span:
        """Return a span with both days in it."""
        span = self._span
        if first < span.first or last >= span.end:
            if first < 1 or last > _LAST:
                raise ValueError("the count leads beyond the years 1 to 9999")
            kept = (min(first, span.first), max(last, span.end - 1)) if span.hours else (first, last)
            span = self._span = self._summed(date.fromordinal(kept[0]).year, date.fromordinal(kept[1]).year)
        return span

    def _longer(self, span: Span) -> Span:
        """Return a span about twice as long towards later days; ``ValueError`` where there are none."""
        return self._covering(span.first, span.end if span.end > _LAST else min(span.end + len(span.hours), _LAST))

    def _earlier(self, span: Span) -> Span:
        """Return a span about twice as long towards earlier days; ``ValueError`` where there are none."""
        return self._covering(0 if span.first == 1 else max(span.first - len(span.hours), 1), span.end - 1)

    def _summed(self, first_year: int, last_year: int) -> Span:
        first, end = date(first_year, 1, 1).toordinal(), date(last_year, 12, 31).toordinal() + 1
        span = Span(first, [], array("q", [0]), array("q", [0]), array("q", [0]))
        days = office = unsure = 0
        for ordinal in range(first, end):
            hours, may_change = self._said(date.fromordinal(ordinal))
            if hours is not None:
                days, office = days + 1, office + hours.length
            unsure += may_change
            span.hours.append(hours)
            span.days.append(days)
            span.office.append(office)
            span.unsure.append(unsure)
        return span


def _worked(span: Span, instant: tuple[int, int]) -> int:
    """Return the office time from the beginning of a span until an instant in it."""
    place = instant[0] - span.first
    hours = span.hours[place]
    return span.office[place] + hours.worked_until(instant[1]) if hours is not None else span.office[place]
