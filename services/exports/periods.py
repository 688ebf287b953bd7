"""Periods that move with the day they are asked on: `last_month` on 3 December is November. Pure.

Days in Asia/Shanghai, first and last both included. `last_…` are over; `this_…` go up to today. Weeks begin on Monday.
"""

import re
from datetime import date, timedelta

from services.platform.errors import Invalid

_DAY = timedelta(days=1)
_LAST_DAYS = re.compile(r"last_([1-9][0-9]{0,2})_days")
_MOST_DAYS = 366
_QUARTER = 3
NAMES = (
    "today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year",
)  # fmt: skip
PATTERN = rf"^({'|'.join(NAMES)}|last_[1-9][0-9]{{0,2}}_days)$"


def resolve(name: str, today: date) -> tuple[date, date]:
    """Return the first and last day of the period `name` on the day `today`. `last_7_days` are the seven days before today.

    Raises Invalid ``period.unknown``.
    """
    days = _LAST_DAYS.fullmatch(name)
    if days and int(days[1]) <= _MOST_DAYS:
        return today - int(days[1]) * _DAY, today - _DAY
    if name == "today":
        return today, today
    if name == "yesterday":
        return today - _DAY, today - _DAY
    which, _, unit = name.partition("_")
    if name not in NAMES:
        raise Invalid("period.unknown", f"`period` must be one of {', '.join(NAMES)} or last_N_days with N up to {_MOST_DAYS}.")
    begins = _begin(unit, today)
    if which == "this":
        return begins, today
    return _begin(unit, begins - _DAY), begins - _DAY


def _begin(unit: str, day: date) -> date:
    if unit == "week":
        return day - day.weekday() * _DAY
    if unit == "month":
        return day.replace(day=1)
    if unit == "quarter":
        return day.replace(month=(day.month - 1) // _QUARTER * _QUARTER + 1, day=1)
    return day.replace(month=1, day=1)
