"""Who owed what in a week, and whether it was done. Pure.

A18: a guide or assistant calls on a household of each grid of theirs at least once a week. A19: village staff are in a grid of their
village on at least two days a week: days are counted, not hours. Weeks are ISO weeks, Monday to Sunday, Asia/Shanghai. Whoever follows a
registered matter reports of it at least once a month.

What was done is done, whatever would have excused it. Else nobody owes a time in which they did not hold the post on every day (new posts,
posts that ended), one whose working days are fewer than what is owed (holidays), and one of which leave left too few.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from services.platform.errors import Invalid

Kind = Literal["weekly_visit", "grid_days", "monthly_follow_up"]
State = Literal["kept", "open", "missed", "excused"]
Reason = Literal["new_post", "post_ended", "holiday", "leave"]
Span = tuple[date, date | None]
"""From a day until the day before another; None: without an end."""

NEEDED: dict[Kind, int] = {"weekly_visit": 1, "grid_days": 2, "monthly_follow_up": 1}
KIND_NAMES: dict[Kind, str] = {"weekly_visit": "每周走访网格", "grid_days": "每周驻网格两天", "monthly_follow_up": "每月跟进挂号事项"}
WEEKLY: tuple[Kind, ...] = ("weekly_visit", "grid_days")
REASON_NAMES: dict[Reason, str] = {"new_post": "新到岗", "post_ended": "已离岗", "holiday": "节假日", "leave": "请假"}
_DAYS = 7
_YEARS = range(2000, 2200)


@dataclass(frozen=True, slots=True)
class Week:
    """An ISO week by its Monday."""

    monday: date

    @property
    def until(self) -> date:
        """The Monday after."""
        return self.monday + timedelta(days=_DAYS)

    @property
    def days(self) -> tuple[date, ...]:
        """Its seven days."""
        return tuple(self.monday + timedelta(days=nth) for nth in range(_DAYS))

    @property
    def name(self) -> str:
        """What it is called: ``2026-W47``."""
        found = self.monday.isocalendar()
        return f"{found.year:04}-W{found.week:02}"


@dataclass(frozen=True, slots=True)
class Month:
    """A month by its first day."""

    first: date

    @property
    def until(self) -> date:
        """The first day of the month after."""
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def days(self) -> tuple[date, ...]:
        """All its days."""
        return tuple(self.first + timedelta(days=nth) for nth in range((self.until - self.first).days))

    @property
    def name(self) -> str:
        """What it is called: ``2026-11``."""
        return f"{self.first:%Y-%m}"


def week_of(day: date) -> Week:
    """Return the ISO week `day` lies in."""
    return Week(day - timedelta(days=day.weekday()))


def week_named(name: str) -> Week:
    """Return the week called ``2026-W47``; raise Invalid ``week.invalid`` where there is none of that name."""
    year, _, number = name.partition("-W")
    try:
        if int(year) in _YEARS and f"{int(year)}-W{int(number):02}" == name:
            return Week(date.fromisocalendar(int(year), int(number), 1))
    except ValueError:
        pass
    raise Invalid("week.invalid", "Name an ISO week such as 2026-W47.")


@dataclass(frozen=True, slots=True)
class Owed:
    """What somebody owes in a unit in a week, or of a matter in a month, and all that bears on it.

    `held`: when they held the post; `leave`: when they were away; `working`: working days there; `deeds`: the day of each deed that counts
    (a visit where somebody was met; a trace of being there; a report of a matter), of any time.
    """

    kind: Kind
    period: Week | Month
    held: tuple[Span, ...]
    leave: tuple[Span, ...]
    working: frozenset[date]
    deeds: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether it was done: `done` of `needed`. `because` is why it was not owed."""

    state: State
    done: int
    needed: int
    because: Reason | None = None


def judge(owed: Owed, *, over: bool) -> Judged:
    """Return whether what is owed was done; `over` tells whether its time is."""
    needed = NEEDED[owed.kind]
    held = [day for day in owed.period.days if _inside(day, owed.held)]
    deeds = [day for day in owed.deeds if day in held]
    done = len(set(deeds)) if owed.kind == "grid_days" else len(deeds)
    if done >= needed:
        return Judged("kept", done, needed)
    because = _excuse(owed, held, needed)
    if because is not None:
        return Judged("excused", done, needed, because)
    return Judged("missed" if over else "open", done, needed)


def _excuse(owed: Owed, held: Collection[date], needed: int) -> Reason | None:
    if len(held) < len(owed.period.days):
        return "new_post" if owed.period.days[0] not in held else "post_ended"
    working = [day for day in owed.period.days if day in owed.working]
    if len(working) < needed:
        return "holiday"
    return "leave" if sum(not _inside(day, owed.leave) for day in working) < needed else None


def _inside(day: date, spans: Iterable[Span]) -> bool:
    return any(first <= day and (until is None or day < until) for first, until in spans)
