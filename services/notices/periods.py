"""Periods that results are published for: months, and the quarters and years made of them. Pure."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from services.platform.errors import Invalid

_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_QUARTER = re.compile(r"(20[0-9]{2})-Q([1-4])")
_YEAR = re.compile(r"20[0-9]{2}")
_NUMERALS = "一二三四"


@dataclass(frozen=True, slots=True)
class NoticePeriod:
    """A month ``2026-10``, a quarter ``2026-Q4`` or a year ``2026``; `months` are the first days of the months in it."""

    code: str
    months: tuple[date, ...]

    @property
    def first(self) -> date:
        """The first day."""
        return self.months[0]

    @property
    def last(self) -> date:
        """The last day."""
        return following(self.months[-1]) - timedelta(days=1)

    @property
    def name(self) -> str:
        """What people call it: 2026年10月, 2026年第四季度, 2026年."""
        year = f"{self.first.year}年"
        if len(self.months) == 1:
            return f"{year}{self.first.month}月"
        return year if len(self.months) > len("123") else f"{year}第{_NUMERALS[self.first.month // 3]}季度"


def following(month: date) -> date:
    """Return the first day of the month after the one that begins on `month`."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def period_named(code: str) -> NoticePeriod:
    """Return a period by its code; raise Invalid ``notice.period_invalid`` for anything else."""
    if found := _MONTH.fullmatch(code):
        return NoticePeriod(code, (date(int(found[1]), int(found[2]), 1),))
    if found := _QUARTER.fullmatch(code):
        return NoticePeriod(code, tuple(date(int(found[1]), 3 * int(found[2]) - 2 + nth, 1) for nth in range(3)))
    if _YEAR.fullmatch(code):
        return NoticePeriod(code, tuple(date(int(code), month, 1) for month in range(1, 13)))
    raise Invalid("notice.period_invalid", "A period is a month like 2026-10, a quarter like 2026-Q4 or a year like 2026.")


def month_code(month: date) -> str:
    """Return the code of the month a day lies in."""
    return f"{month:%Y-%m}"


def longer_periods(month: date) -> tuple[NoticePeriod, NoticePeriod]:
    """Return the quarter and the year a month belongs to."""
    return period_named(f"{month.year}-Q{(month.month + 2) // 3}"), period_named(str(month.year))


def due_months(first: date, today: date, delay: int) -> list[date]:
    """Return the months from that of `first` on that have been over for at least `delay` days by `today`, oldest first."""
    found, month = [], first.replace(day=1)
    while following(month) + timedelta(days=delay) <= today:
        found.append(month)
        month = following(month)
    return found
