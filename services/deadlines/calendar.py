"""The Chinese working calendar: which days are worked, and whether we know that for certain.

The State Council announces next year's holidays and make-up working days (调休) each November. Until a year is announced its
days follow the plain week and estimated holidays, and every deadline that counts them is *provisional*. Days are Asia/Shanghai
days; nothing here reads a clock or a database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from importlib.metadata import version as installed_version
from types import MappingProxyType
from typing import Protocol
from zoneinfo import ZoneInfo

import holidays

SHANGHAI = ZoneInfo("Asia/Shanghai")
_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


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
    """A day that differs from the plain week, or a named holiday: the values of one `calendar_days` row."""

    day: date
    working: bool
    name: str
    official: bool
    source: str


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked. Unlisted days follow the week: Monday to Friday are worked.

    `official_years` are the years whose announced list is loaded; any other year answers, but provisionally.
    """

    days: Mapping[date, bool]
    official_years: frozenset[int]

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
        years = ",".join(str(year) for year in sorted(self.official_years))
        return hashlib.sha256(f"{listed}|{years}".encode()).hexdigest()[:16]

    def is_working(self, day: date) -> bool:
        """Whether `day` is worked: as listed, else Monday to Friday."""
        listed = self.days.get(day)
        return day.weekday() < _SATURDAY if listed is None else listed

    def is_provisional(self, day: date) -> bool:
        """Whether the answer for `day` may still change because its year has not been announced."""
        return day.year not in self.official_years

    def nth_working_day_after(self, start: date, amount: int) -> tuple[date, bool]:
        """The `amount`-th working day after `start` (which is not counted), and whether any day on the way is provisional.

        With ``amount == 0`` it is `start` itself, worked or not. Raises ``ValueError`` for negative amounts.
        """
        if amount < 0:
            raise ValueError("amount must not be negative")
        day, left, provisional = start, amount, False
        while left:
            day += _ONE_DAY
            provisional = provisional or self.is_provisional(day)
            left -= self.is_working(day)
        return day, provisional


def local_day(instant: datetime) -> date:
    """The Asia/Shanghai day an aware instant falls on. Raises ``ValueError`` for a naive one."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(SHANGHAI).date()


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
