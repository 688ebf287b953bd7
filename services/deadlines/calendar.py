"""The Chinese working calendar: which days are worked, in which hours, and whether we know that for certain.

The State Council announces next year's holidays and make-up working days (调休) each November. Until a year is announced its
days follow the plain week and estimated holidays, and every deadline that counts them is *provisional*. Days are Asia/Shanghai
days; nothing here reads a clock or a database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.metadata import version as installed_version
from types import MappingProxyType
from typing import Protocol

import holidays

from services.deadlines.hours import DEFAULT_HOURS, ROUND_THE_CLOCK, OfficeHours
from services.deadlines.tally import Said, Tally

PLAIN_WEEK = frozenset({1, 2, 3, 4, 5})
"""Monday to Friday, as `date.isoweekday` numbers them."""


class CalendarDayLike(Protocol):
    """What a calendar is built from: a row of the table or a `CalendarDayRow`."""

    @property
    def day(self) -> date:
        """The Asia/Shanghai day."""

    @property
    def working(self) -> bool:
        """Whether it is worked."""

    @property
    def official(self) -> bool:
        """Whether the State Council announced it (or it was only estimated)."""


@dataclass(frozen=True, slots=True)
class CalendarDayRow:
    """A day that differs from the plain week, or a named holiday: as a list of days has it."""

    day: date
    working: bool
    name: str
    official: bool
    source: str


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked, and in which hours. A day that is not listed follows the week: it is worked on `weekdays` (1 is Monday).

    `official_years` are the years whose announced list is loaded; any other year answers, but provisionally. A calendar without
    statutory holidays (`keeps_holidays`) does not depend on any list, so it is never provisional. Raises ``ValueError`` for weekdays
    there are not, or none at all: on such a calendar nothing would ever be due.
    """

    days: Mapping[date, bool]
    official_years: frozenset[int]
    weekdays: frozenset[int] = PLAIN_WEEK
    hours: OfficeHours = DEFAULT_HOURS
    keeps_holidays: bool = True

    def __post_init__(self) -> None:
        """Refuse a calendar on which no day would be worked for ever."""
        if not self.weekdays or not self.weekdays <= frozenset(range(1, 8)):
            raise ValueError("weekdays are numbers from 1 (Monday) to 7 (Sunday), at least one of them")

    @classmethod
    def from_rows(cls, rows: Iterable[CalendarDayLike]) -> WorkCalendar:
        """Build from rows. A year is official when it has rows and none of them is an estimate.

        Raises ``ValueError`` when two rows disagree about the same day.
        """
        days: dict[date, bool] = {}
        years: dict[int, bool] = {}
        for row in rows:
            if days.setdefault(row.day, row.working) is not row.working:
                raise ValueError(f"{row.day.isoformat()} is listed both as working and as free")
            years[row.day.year] = years.get(row.day.year, True) and row.official
        official = frozenset(year for year, announced in years.items() if announced)
        return cls(MappingProxyType(days), official)

    @cached_property
    def version(self) -> str:
        """Sixteen hex digits that change whenever any answer of this calendar could; stored beside each verdict."""
        listed = ";".join(f"{day.isoformat()}={int(self.days[day])}" for day in sorted(self.days))
        years = ",".join(str(year) for year in sorted(self.official_years)) if self.keeps_holidays else "all"
        week = ",".join(str(weekday) for weekday in sorted(self.weekdays))
        return hashlib.sha256(f"{listed}|{years}|{week}|{self.hours.text}".encode()).hexdigest()[:16]

    @cached_property
    def tally(self) -> Tally:
        """The sums over this calendar's days that due instants are looked up in."""
        return Tally(self._said)

    def is_working(self, day: date) -> bool:
        """Whether `day` is worked: as listed, else by the week."""
        listed = self.days.get(day)
        return day.isoweekday() in self.weekdays if listed is None else listed

    def is_provisional(self, day: date) -> bool:
        """Whether the answer for `day` may still change because its year has not been announced."""
        return self.keeps_holidays and day.year not in self.official_years

    def nth_working_day_after(self, start: date, amount: int) -> tuple[date, bool]:
        """The `amount`-th working day after `start` (which is not counted), and whether any day on the way is provisional.

        With ``amount == 0`` it is `start` itself, worked or not. Raises ``ValueError`` for negative amounts.
        """
        if amount < 0:
            raise ValueError("amount must not be negative")
        if amount == 0:
            return start, False
        first = start.toordinal()
        last = self.tally.nth_day_after(first, amount)
        return date.fromordinal(last), self.tally.is_unsure(first + 1, last)

    def _said(self, day: date) -> Said:
        return self.hours.on(day) if self.is_working(day) else None, self.is_provisional(day)


ALWAYS = WorkCalendar(MappingProxyType({}), frozenset(), frozenset(range(1, 8)), ROUND_THE_CLOCK, keeps_holidays=False)
"""Day and night, every day of the year: 24/7."""


def seed_days(years: Iterable[int]) -> list[CalendarDayRow]:
    """The rows for `years` from the `holidays` library, in date order.

    The library knows the announced list of past years and only estimates future ones; it does not say which. It carries make-up
    working days for announced years alone, so a year without any is marked as not official.
    """
    rows: list[CalendarDayRow] = []
    source = f"holidays {installed_version('holidays')}"
    for year in sorted(set(years)):
        china = holidays.country_holidays("CN", years=year, language="zh_CN")
        # the set also carries days of other years, which belong to their own year's list
        made_up = {day for day in china.weekend_workdays if day.year == year}
        official = bool(made_up)
        rows += [CalendarDayRow(day, False, name, official, source) for day, name in china.items() if day.year == year]
        rows += [CalendarDayRow(day, True, "调休上班", official, source) for day in made_up]
    return sorted(rows, key=lambda row: row.day)
