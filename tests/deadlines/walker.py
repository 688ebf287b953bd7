"""Another way to count, for tests: minute after minute, from the text of a definition, with no sums and none of the product's code.

`worlds` are random calendars with a start near whatever is special about them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from services.deadlines.calendar import WorkCalendar
from services.deadlines.calendars import calendars_from

CHINA = timezone(timedelta(hours=8))
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
_LEAP = [date(2000, 1, 1) + timedelta(days=step) for step in range(366)]


@dataclass(frozen=True)
class World:
    """A definition, the calendar the product makes of it, and a start."""

    definition: dict[str, Any]
    calendar: WorkCalendar
    start: datetime

    def hours(self, day: date) -> list[tuple[int, int]]:
        """The intervals worked on a day, in minutes; none where it is free."""
        return hours_of(self.definition, "default", day)

    def minutes(self, day: date) -> list[datetime]:
        """Every minute worked on a day."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=CHINA)
        return [midnight + MINUTE * minute for first, last in self.hours(day) for minute in range(first, last)]

    def office_due(self, amount: int) -> tuple[datetime, bool]:
        """When `amount` (from 1) minutes of office time are over, crossed off one by one; and whether an unannounced day was among them."""
        day, unsure, left = self.local.date(), False, amount * MINUTE
        while True:
            unsure = unsure or not self.announced(day.year)
            for minute in self.minutes(day):
                begins = max(minute, self.local)
                worked = max(minute + MINUTE - begins, timedelta())
                if left <= worked:
                    return begins + left, unsure
                left -= worked
            day += DAY

    def office_time(self, end: datetime) -> timedelta:
        """The office time from the start to a later instant, minute by minute."""
        total, day = timedelta(), self.local.date()
        while day <= end.astimezone(CHINA).date():
            for minute in self.minutes(day):
                total += max(min(minute + MINUTE, end) - max(minute, self.local), timedelta())
            day += DAY
        return total

    def opening(self) -> datetime:
        """The first instant from the start on that is office time."""
        day = self.local.date()
        while True:
            for minute in self.minutes(day):
                if minute + MINUTE > self.local:
                    return max(minute, self.local)
            day += DAY

    def days_due(self, amount: int) -> tuple[datetime, bool]:
        """The end of the `amount`-th working day after the start day; and whether an unannounced day was counted."""
        day, unsure = self.local.date(), False
        while amount:
            day += DAY
            unsure = unsure or not self.announced(day.year)
            amount -= bool(self.hours(day))
        return datetime(day.year, day.month, day.day, tzinfo=CHINA) + DAY, unsure

    def announced(self, year: int) -> bool:
        """Whether a year's list is official."""
        return self.definition["years"].get(str(year), {}).get("official", False)

    @property
    def local(self) -> datetime:
        """The start in the time of the place."""
        return self.start.astimezone(CHINA)


def hours_of(definition: dict[str, Any], code: str, day: date) -> list[tuple[int, int]]:
    """Read from a definition what is worked on a day."""
    calendar, text = definition["calendars"][code], day.isoformat()
    worked = day.isoweekday() in calendar["weekdays"]
    if calendar.get("keeps_holidays", True):
        year = definition["years"].get(text[:4], {"off": {}, "on": {}})
        worked = text in year["on"] or (worked and text not in year["off"])
    if not calendar.get("extra", {}).get(text, worked):
        return []
    for season in calendar["hours"]:
        first, last, here = season["from"], season["to"], text[5:]
        if first <= here <= last or (first > last and (here >= first or here <= last)):
            return [(_minutes(a), _minutes(b)) for a, b in season["intervals"]]
    raise AssertionError(f"{text} has no season")


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _time(quarters: int) -> str:
    return f"{quarters // 4:02}:{quarters % 4 * 15:02}"


def _month_day(place: int) -> str:
    return _LEAP[place].strftime("%m-%d")


_QUARTERS = st.lists(st.integers(0, 96), min_size=2, max_size=6, unique=True).map(lambda found: sorted(found)[: len(found) // 2 * 2])
_FIRST_DAYS = st.one_of(st.integers(0, 729), st.integers(350, 380))
"""Days after 2026-01-01: anywhere in two years, often around New Year, where announced and unannounced years meet."""


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Random weekdays, seasons, hours (some to or from midnight), holidays and make-up days; starts anywhere and at every bound."""
    mask = draw(st.integers(1, 127))
    cuts = sorted(draw(st.lists(st.integers(0, 365), min_size=1, max_size=3, unique=True)))
    ends = [(cut - 1) % 366 for cut in [*cuts[1:], cuts[0]]]
    quarters = [draw(_QUARTERS) for _ in cuts]
    hours = [
        {
            "from": _month_day(first),
            "to": _month_day(last),
            "intervals": [[_time(a), _time(b)] for a, b in zip(q[::2], q[1::2], strict=True)],
        }
        for first, last, q in zip(cuts, ends, quarters, strict=True)
    ]
    day = date(2026, 1, 1) + timedelta(days=draw(_FIRST_DAYS))
    years: dict[str, Any] = {}
    for offset, working in draw(st.dictionaries(st.integers(-4, 20), st.booleans(), max_size=6)).items():
        listed = day + timedelta(days=offset)
        year = years.setdefault(str(listed.year), {"official": False, "source": "drawn", "off": {}, "on": {}})
        year["on" if working else "off"][listed.isoformat()] = "drawn"
    for year in years.values():
        year["official"] = bool(year["off"]) and draw(st.booleans())
    bounds = [quarter * 15 * 60_000_000 for quarter in {0, *quarters[0]} if quarter < 96]
    time = draw(
        st.one_of(st.integers(0, 24 * 60 - 1).map(lambda m: m * 60_000_000), st.integers(0, 86_400_000_000 - 1), st.sampled_from(bounds))
    )
    weekdays = [weekday for weekday in range(1, 8) if mask >> (weekday - 1) & 1]
    default = {"name": "drawn", "weekdays": weekdays, "hours": hours}
    definition = {"years": years, "calendars": {"default": default}, "units": {}}
    start = datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(microseconds=time)
    return World(definition, calendars_from(1, definition).calendar("default"), start.astimezone(UTC))
