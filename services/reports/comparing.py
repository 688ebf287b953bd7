"""A report beside the period before (环比) and the same period of the year before (同比).

The period before a whole month is the month before; before whole months (a quarter, a year) as many months; before a month, quarter or
year that has begun, as much of the one before; before anything else, as many days, or as long a time. In the year before, the days have
the same dates; what ends with a month ends with one there too, and 29 February has 28 February. Rows of days, weeks, months and longer are
compared in order, the first with the first; all others by their key. A rate's change is that of the printed digits, so that whoever
reads can check it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any, TypeVar

from pydantic import BaseModel

from services.platform.clock import SHANGHAI, local_day
from services.platform.errors import Invalid
from services.platform.rounding import decimal_text
from services.platform.unit_of_work import Work
from services.reports.composite_views import CompositeReport
from services.reports.figures import report
from services.reports.grouping import SPAN_KINDS
from services.reports.metrics import NOTHING
from services.reports.planning import Period, between, next_month
from services.reports.questions import Asked, period_asked
from services.reports.views import Compared, ComparedPeriods, FigureTwice, FigureView, Report, TimeReport, period_view

AnyReport = TypeVar("AnyReport", Report, TimeReport, CompositeReport)
_DAY = timedelta(days=1)
_YEAR = 12
_HUNDRED = 100
_KINDS = (1, 3, 12)
"""Of how many months a month, a quarter and a year are."""
UNCHANGED = "持平"


async def compared_report(work: Work, asked: Asked, *, decimals: int = 2) -> Report:
    """Return the report with what `asked.compare` wants beside each figure; without, the report alone. Raises what the report raises."""
    told = await report(work, asked, decimals=decimals)
    earlier, periods = asked_before(work, asked)
    for name, then in earlier.items():
        old = await report(work, then, decimals=decimals)
        told = beside(told, name, old, lambda now, before: compared(now, before, decimals))
    return told.model_copy(update={"compared": periods})


def asked_before(work: Work, asked: Asked) -> tuple[dict[str, Asked], ComparedPeriods | None]:
    """Return the same question of the periods that `asked.compare` wants, by the name of their place, and the periods; nothing of none."""
    if asked.compare is None:
        return {}, None
    period = period_asked(asked, local_day(asked.as_of or work.now))
    wanted = {"previous": asked.compare != "year", "year_before": asked.compare != "previous"}
    found = {"previous": period_before(period), "year_before": year_before(period)}
    periods = {name: then for name, then in found.items() if wanted[name] and then is not None}
    earlier = {
        name: replace(asked, first=then.first, last=then.last, since=then.since, until=then.until, compare=None)
        for name, then in periods.items()
    }
    return earlier, ComparedPeriods(**{name: period_view(then) for name, then in periods.items()})


def period_before(period: Period) -> Period | None:
    """Return the period before, of equal kind; None where that would begin before any time that is counted in."""
    if not period.whole_days:
        return _known(lambda: between(period.start - (period.end - period.start), period.start))
    first, last = period.first, period.last
    months = (last.year - first.year) * _YEAR + last.month - first.month + 1
    if first.day == 1 and not _ends_a_month(last):
        months = _begun(first, months)
    if first.day == 1 and months:
        return _known(lambda: Period(_moved(first, -months), _moved(last, -months)))
    days = (last - first).days + 1
    return _known(lambda: Period(first - days * _DAY, first - _DAY))


def _begun(first: date, months: int) -> int:
    """Return of how many months the month, quarter or year is that begins on `first` and ends in or after its `months`-th; 0 of none."""
    aligned = (kind for kind in _KINDS if months <= kind and (first.month - 1) % kind == 0)
    return next(aligned, months if months in _KINDS else 0)


def year_before(period: Period) -> Period | None:
    """Return the same period of the year before; None where that would begin before any time that is counted in."""
    if not period.whole_days:
        start, end = _year_back(period.start), _year_back(period.end)
        return _known(lambda: between(start, end if end > start else start + (period.end - period.start)))
    return _known(lambda: Period(_moved(period.first, -_YEAR, end=False), _moved(period.last, -_YEAR)))


def _year_back(instant: datetime) -> datetime:
    """Return the same date and time of day, in Asia/Shanghai, of the year before."""
    local = instant.astimezone(SHANGHAI)
    day = _moved(local.date(), -_YEAR, end=False)
    return local.replace(year=day.year, day=day.day).astimezone(UTC)


def _known(make: Callable[[], Period]) -> Period | None:
    try:
        return make()
    except Invalid:
        return None


def _moved(day: date, months: int, *, end: bool = True) -> date:
    """Return the day so many months on; the last of a month where it has no such day, and where `day` is the last of its own (`end`)."""
    year, month = divmod(day.year * _YEAR + day.month - 1 + months, _YEAR)
    first = date(year, month + 1, 1)
    last = next_month(first) - _DAY
    return last if end and _ends_a_month(day) else min(first + (day.day - 1) * _DAY, last)


def _ends_a_month(day: date) -> bool:
    return (day + _DAY).day == 1


def beside(told: AnyReport, name: str, then: AnyReport, compare: Callable[[Any, Any], BaseModel]) -> AnyReport:
    """Return `told` with what `compare` makes of its figures and those of `then` under `name`, row by row and in total."""
    if told.by in SPAN_KINDS:
        earlier: dict[str, Any] = {row.key: other for row, other in zip(told.rows, then.rows, strict=False)}
    else:
        earlier = {row.key: row for row in then.rows}
    rows = [row.model_copy(update={name: compare(row, earlier.get(row.key))}) for row in told.rows]
    total = told.total.model_copy(update={name: compare(told.total, then.total)})
    return told.model_copy(update={"rows": rows, "total": total})


def compared(now: FigureTwice, then: FigureView | None, decimals: int = 2) -> Compared:
    """Return the earlier figure with the change since. A row that did not exist then has no data."""
    told = FigureView(**{field: getattr(then, field) for field in FigureView.model_fields}) if then else _nothing(now)
    same = told.model_dump()
    if now.no_data or told.no_data:
        return Compared(**same, change=None, change_percent=None, change_shown=NOTHING)
    if now.denominator is None:
        change = now.numerator - told.numerator
        percent = signed(Fraction(_HUNDRED * change, told.numerator), decimals) if told.numerator else None
        shown = f"{change:+}" + (f"({percent}%)" if percent else "") if change else UNCHANGED
        return Compared(**same, change=f"{change:+}" if change else "0", change_percent=percent, change_shown=shown)
    points = Fraction(now.percent or 0) - Fraction(told.percent or 0)
    text = signed(points, decimals)
    return Compared(**same, change=text, change_percent=None, change_shown=f"{text}个百分点" if points else UNCHANGED)


def signed(exact: Fraction, decimals: int) -> str:
    """Return a difference with its sign, its size rounded half up."""
    size = decimal_text(abs(exact.numerator), exact.denominator, decimals) or NOTHING
    return f"{'-' if exact < 0 else '+'}{size}" if exact else size


def _nothing(now: FigureTwice) -> FigureView:
    below = None if now.denominator is None else 0
    return FigureView(numerator=0, denominator=below, value=None, percent=None, shown=NOTHING, no_data=True)
