"""Prefix sums over a calendar: how many working days, how much office time and how many days not yet announced lie before each place.

What a calendar says of a day is asked once; after that a due instant is two bisections, however long the limit. Days are their ordinals
(`date.toordinal`); an instant is one whole number, the microseconds since the day 0 in the time of the place, and office time is
microseconds too. The span of days is made of whole years around what was asked for and grows when more is; it is replaced as a whole, so
readers in other threads see the old one or the new one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.deadlines.hours import MINUTE, DayHours

DAY = 24 * 60 * 60 * 1_000_000
"""A day in microseconds."""
_FIRST, _LAST = date(1900, 1, 1).toordinal(), date(2199, 12, 31).toordinal()

Said = tuple[DayHours | None, bool]
"""What a calendar says of a day: its hours, None where it is free; and whether that may still change."""


@dataclass(frozen=True, slots=True)
class Span:
    """Sums from the day `first` on.

    `days` and `unsure` count the working and the unannounced days before each day, one entry more than days. `opens` and `closes` are
    every interval that is worked, `office` the office time before each of them and, last, all of it.
    """

    first: int
    days: list[int] = field(default_factory=lambda: [0])
    unsure: list[int] = field(default_factory=lambda: [0])
    opens: list[int] = field(default_factory=list)
    closes: list[int] = field(default_factory=list)
    office: list[int] = field(default_factory=lambda: [0])

    @property
    def length(self) -> int:
        """How many days it has."""
        return len(self.days) - 1

    def worked(self, instant: int) -> int:
        """The office time from its beginning until an instant in it."""
        place = bisect_right(self.opens, instant) - 1
        if place < 0:
            return 0
        return self.office[place] + min(instant, self.closes[place]) - self.opens[place]

    def earliest(self, worked: int) -> int:
        """The first instant by which `worked` (more than nothing, at most all) is worked: where a pause begins, not where it ends."""
        place = bisect_left(self.office, worked) - 1
        return self.opens[place] + worked - self.office[place]

    def latest(self, worked: int) -> int:
        """The last instant by which no more than `worked` (less than all) is worked: where a pause ends, not where it begins."""
        place = bisect_right(self.office, worked) - 1
        return self.opens[place] + worked - self.office[place]


class Tally:
    """The sums of one calendar. A question that leads beyond the years 1900 to 2199 raises ``ValueError``."""

    def __init__(self, said: Callable[[date], Said]) -> None:
        self._said = said
        self._span = Span(_FIRST)

    def working_days(self, after: int, until: int) -> int:
        """Return how many days are worked after one day up to and with another that is not before it."""
        span = self.covering(after, until)
        return span.days[until + 1 - span.first] - span.days[after + 1 - span.first]

    def is_unsure(self, first: int, last: int) -> bool:
        """Tell whether any day from `first` to `last`, both included, may still change."""
        span = self.covering(first, last)
        return span.unsure[last + 1 - span.first] > span.unsure[first - span.first]

    def nth_day_after(self, day: int, amount: int) -> int:
        """Return the `amount`-th (from 1) working day after `day`."""
        span = self.covering(day, day + amount)
        while (target := span.days[day + 1 - span.first] + amount) > span.days[-1]:
            span = self._longer(span)
        return span.first + bisect_left(span.days, target) - 1

    def last_day_before(self, last: int, amount: int) -> int:
        """Return the last day after which `amount` (from 1) working days still come up to and with `last`."""
        span = self.covering(last - amount, last)
        while (target := span.days[last + 1 - span.first] - amount) < 0:
            span = self._earlier(span)
        return span.first + bisect_right(span.days, target) - 2

    def office_between(self, start: int, end: int) -> int:
        """Return the office time between two instants; negative when the second is the earlier."""
        span = self.covering(min(start, end) // DAY, max(start, end) // DAY)
        return span.worked(end) - span.worked(start)

    def earliest(self, start: int, length: int) -> int:
        """Return the first instant by which `length` (more than nothing) of office time has passed since `start`."""
        span = self.covering(start // DAY, (start + length) // DAY)
        while (target := span.worked(start) + length) > span.office[-1]:
            span = self._longer(span)
        return span.earliest(target)

    def earliest_of(self, starts: Sequence[int], length: int) -> list[tuple[int, bool]]:
        """Return `earliest` of every start, and whether a day from the start to there may still change; for very many of them."""
        if not starts:
            return []
        span = self.covering(min(starts) // DAY, self.earliest(max(starts), length) // DAY)
        opens, closes, office, unsure, first = span.opens, span.closes, span.office, span.unsure, span.first
        found = []
        for start in starts:
            place = bisect_right(opens, start) - 1
            worked = office[place] + min(start, closes[place]) - opens[place] if place >= 0 else 0
            place = bisect_left(office, worked + length) - 1
            ended = opens[place] + worked + length - office[place]
            found.append((ended, unsure[ended // DAY + 1 - first] > unsure[start // DAY - first]))
        return found

    def latest(self, end: int, length: int) -> int:
        """Return the last instant from which `length` of office time still passes until `end`; of nothing, the next that is worked."""
        span = self.covering((end - length) // DAY, end // DAY)
        while not 0 <= (target := span.worked(end) - length) < span.office[-1]:
            span = self._earlier(span) if target < 0 else self._longer(span)
        return span.latest(target)

    def closing(self, instant: int) -> int:
        """Return since when no office time has passed by `instant`: the last closing before it, or itself where it is office time."""
        span = self.covering(instant // DAY, instant // DAY)
        while (target := span.worked(instant)) == 0:
            span = self._earlier(span)
        return span.earliest(target)

    def covering(self, first: int, last: int) -> Span:
        """Return a span with both days in it."""
        span = self._span
        if first < span.first or last >= span.first + span.length:
            if first < _FIRST or last > _LAST:
                raise ValueError("the count leads beyond the years 1900 to 2199")
            if span.length:
                first, last = min(first, span.first), max(last, span.first + span.length - 1)
            span = self._span = self._summed(date.fromordinal(first).year, date.fromordinal(last).year)
        return span

    def _longer(self, span: Span) -> Span:
        """Return a span about twice as long towards later days; ``ValueError`` where there are none."""
        end = span.first + span.length
        return self.covering(span.first, end if end > _LAST else min(end + span.length, _LAST))

    def _earlier(self, span: Span) -> Span:
        """Return a span about twice as long towards earlier days; ``ValueError`` where there are none."""
        end = span.first + span.length
        return self.covering(_FIRST - 1 if span.first == _FIRST else max(span.first - span.length, _FIRST), end - 1)

    def _summed(self, first_year: int, last_year: int) -> Span:
        span = Span(date(first_year, 1, 1).toordinal())
        days = office = unsure = 0
        for day in range(span.first, date(last_year, 12, 31).toordinal() + 1):
            hours, may_change = self._said(date.fromordinal(day))
            for first, last in hours.intervals if hours is not None else ():
                span.opens.append(day * DAY + first * MINUTE)
                span.closes.append(day * DAY + last * MINUTE)
                office += (last - first) * MINUTE
                span.office.append(office)
            days, unsure = days + (hours is not None), unsure + may_change
            span.days.append(days)
            span.unsure.append(unsure)
        return span
