"""The periods of bulletins: months, quarters and years in Asia/Shanghai, how they are called, and which came before. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from services.platform.errors import Invalid

Kind = Literal["month", "quarter", "year"]
KINDS: tuple[Kind, ...] = get_args(Kind)
When = Literal["now", "before", "year_before"]
EARLIEST_YEAR, LATEST_YEAR = 2001, 2098
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_CODE = re.compile(r"(?P<year>[0-9]{4})(?:-(?:Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?")
_QUARTERS = "一二三四"
_BEFORE: dict[str, str] = {"month": "上月", "quarter": "上季度", "year": "上年"}
_YEAR_BEFORE: dict[str, str] = {"month": "去年同月", "quarter": "去年同季", "year": "上年"}


@dataclass(frozen=True)
class BulletinPeriod:
    """Whole months from `first` to `last`, both included."""

    kind: Kind
    first: date
    last: date

    @property
    def code(self) -> str:
        """``2026-10``, ``2026-Q4`` or ``2026``."""
        if self.kind == "year":
            return f"{self.first.year}"
        return f"{self.first:%Y-%m}" if self.kind == "month" else f"{self.first.year}-Q{self._quarter}"

    @property
    def label(self) -> str:
        """The period as people write it: ``2026年10月``, ``2026年第四季度``, ``2026年度``."""
        if self.kind == "year":
            return f"{self.first.year}年度"
        if self.kind == "month":
            return f"{self.first.year}年{self.first.month}月"
        return f"{self.first.year}年第{_QUARTERS[self._quarter - 1]}季度"

    @property
    def _quarter(self) -> int:
        return (self.first.month + 2) // 3

    def before(self) -> "BulletinPeriod":
        """Return the period before this one."""
        return _starting(self.kind, _moved(self.first, -_MONTHS[self.kind]))

    def after(self) -> "BulletinPeriod":
        """Return the period after this one."""
        return _starting(self.kind, _moved(self.first, _MONTHS[self.kind]))

    def compared(self) -> dict[When, "BulletinPeriod"]:
        """Return this period, the one before, and the same of the year before where that is another one."""
        found: dict[When, BulletinPeriod] = {"now": self, "before": self.before()}
        if self.kind != "year":
            found["year_before"] = _starting(self.kind, _moved(self.first, -12))
        return found

    def called(self, when: When) -> str:
        """Return how a compared period is called beside this one: ``上月``, ``去年同月``."""
        return {"now": "本期", "before": _BEFORE[self.kind], "year_before": _YEAR_BEFORE[self.kind]}[when]

    def months(self) -> Iterator[str]:
        """Yield the months of the period, each as ``2026-10``."""
        for ahead in range(_MONTHS[self.kind]):
            yield f"{_moved(self.first, ahead):%Y-%m}"


def period_of(kind: Kind, code: str) -> BulletinPeriod:
    """Return the period ``code`` of a kind; raise Invalid ``bulletin.period`` where it is none."""
    found = _CODE.fullmatch(code)
    if found and EARLIEST_YEAR <= int(found["year"]) <= LATEST_YEAR:
        month = int(found["month"] or 0) or (int(found["quarter"]) * 3 - 2 if found["quarter"] else 1)
        period = _starting(kind, date(int(found["year"]), month, 1))
        if period.code == code:
            return period
    detail = f"`period` of a month is like 2026-10, of a quarter like 2026-Q4, of a year like 2026; from {EARLIEST_YEAR} to {LATEST_YEAR}."
    raise Invalid("bulletin.period", detail)


def period_with(kind: Kind, day: date) -> BulletinPeriod:
    """Return the period of a kind that `day` lies in."""
    months = _MONTHS[kind]
    return _starting(kind, date(day.year, (day.month - 1) // months * months + 1, 1))


def last_over(kind: Kind, day: date, grace_days: int = 0) -> BulletinPeriod:
    """Return the newest period that was over `grace_days` before `day`, so that late words had time to come in."""
    return period_with(kind, day - timedelta(days=grace_days)).before()


def _starting(kind: Kind, first: date) -> BulletinPeriod:
    return BulletinPeriod(kind, first, _moved(first, _MONTHS[kind]) - timedelta(days=1))


def _moved(first: date, months: int) -> date:
    years, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(years, month + 1, 1)
