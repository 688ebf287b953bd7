"""Office hours: which hours of a day are worked, and how that changes with the season. Pure.

A day's hours are one or several intervals (08:00–12:00, 14:30–17:30). A year is parted into seasons, each with hours of its own; a season
may go through New Year (from 10-01 to 04-30). The seasons of a year leave no day out and name none twice, and no season is without hours,
so a day that is worked always has hours. An interval counts its first instant and not its last; 24:00 is the end of a day.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cached_property

MINUTE = 60_000_000
"""One minute, in the microseconds everything here is counted in."""
_DAY_MINUTES = 24 * 60
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}")
_NEW_YEAR = date(2000, 1, 1).toordinal()
_LEAP_YEAR = [date.fromordinal(ordinal) for ordinal in range(_NEW_YEAR, _NEW_YEAR + 366)]
_MONTH_DAYS = tuple((day.month, day.day) for day in _LEAP_YEAR)
"""Every month and day a year can have."""


@dataclass(frozen=True)
class DayHours:
    """The hours of one day: intervals in minutes after midnight, in order, none over another. ``ValueError`` otherwise."""

    intervals: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        """Refuse hours in which no time is worked, or some of it twice."""
        if not self.intervals:
            raise ValueError("a day that is worked needs hours")
        end = 0
        for first, last in self.intervals:
            if not 0 <= first < last <= _DAY_MINUTES:
                raise ValueError(f"{_time(first)}-{_time(last)} is no stretch of one day; part what goes through midnight at 24:00")
            if first < end:
                raise ValueError(f"{_time(first)} lies within or before the interval that ends at {_time(end)}")
            end = last


@dataclass(frozen=True)
class Season:
    """Hours that are kept from one month and day to another (both included), each year. `first` may lie after `last`."""

    first: tuple[int, int]
    last: tuple[int, int]
    hours: DayHours

    @property
    def days(self) -> tuple[tuple[int, int], ...]:
        """Every month and day in it."""
        first, end = _MONTH_DAYS.index(self.first), _MONTH_DAYS.index(self.last) + 1
        return _MONTH_DAYS[first:end] if self.first <= self.last else (*_MONTH_DAYS[first:], *_MONTH_DAYS[:end])


@dataclass(frozen=True)
class OfficeHours:
    """The seasons of a year. Raises ``ValueError`` where they leave out a day (29 February is one) or name it twice."""

    seasons: tuple[Season, ...]

    def __post_init__(self) -> None:
        """Look at every day a year can have."""
        self.by_month_day  # noqa: B018  it raises where the seasons do not fit

    @cached_property
    def by_month_day(self) -> dict[tuple[int, int], DayHours]:
        """The hours of every day a year can have."""
        held = [(place, season.hours) for season in self.seasons for place in season.days]
        found = dict(held)
        wrong = min(set(_MONTH_DAYS) - set(found), default=None)
        if wrong is not None:
            raise ValueError(f"{_month_day(wrong)} is in no season")
        if len(held) > len(found):
            twice = min(place for place, times in Counter(place for place, _ in held).items() if times > 1)
            raise ValueError(f"{_month_day(twice)} is in more than one season")
        return found

    def on(self, day: date) -> DayHours:
        """Return the hours of a day that is worked."""
        return self.by_month_day[day.month, day.day]

    @cached_property
    def text(self) -> str:
        """The hours in a form that is the same for the same hours."""
        parts = sorted((season.first, season.last, season.hours.intervals) for season in self.seasons)
        return repr(parts)


def whole_year(*intervals: tuple[int, int]) -> OfficeHours:
    """Return hours (in minutes after midnight) that are the same all the year."""
    return OfficeHours((Season((1, 1), (12, 31), DayHours(intervals)),))


def minutes_of(text: str) -> int:
    """Return ``08:30`` as minutes after midnight; ``24:00`` is the end of the day. Raises ``ValueError`` for anything else."""
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text!r} is not a time of day like 08:30; the end of a day is 24:00")
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def month_day_of(text: str) -> tuple[int, int]:
    """Return ``05-01`` as month and day. Raises ``ValueError`` for what no year has; 02-29 some have."""
    place = (int(text[:2]), int(text[3:])) if _MONTH_DAY.fullmatch(text) else (0, 0)
    if place not in _MONTH_DAYS:
        raise ValueError(f"{text!r} is not a month and day like 05-01")
    return place


def shown_hours(hours: OfficeHours) -> list[dict[str, object]]:
    """Return hours as a definition has them."""
    return [
        {
            "from": _month_day(season.first),
            "to": _month_day(season.last),
            "intervals": [[_time(first), _time(last)] for first, last in season.hours.intervals],
        }
        for season in hours.seasons
    ]


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _month_day(place: tuple[int, int]) -> str:
    return f"{place[0]:02}-{place[1]:02}"


DEFAULT_HOURS = whole_year((8 * 60, 12 * 60), (14 * 60 + 30, 17 * 60 + 30))
"""08:00–12:00 and 14:30–17:30, all the year: what an office keeps where nobody said otherwise."""
ROUND_THE_CLOCK = whole_year((0, _DAY_MINUTES))
