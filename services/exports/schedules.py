"""When a schedule comes round: daily, weekly or monthly at an hour of Asia/Shanghai. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from services.platform.clock import SHANGHAI

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """At `hour` on each day that fits: every one, one of the week (1 is Monday), or one of the month (1 to 28)."""

    frequency: str
    hour: int
    weekday: int | None = None
    monthday: int | None = None

    def fits(self, day: date) -> bool:
        """Tell whether it comes round on `day`."""
        if self.frequency == "weekly":
            return day.isoweekday() == self.weekday
        return self.frequency == "daily" or day.day == self.monthday


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be told now: the newest occurrence, those before it that nobody told, oldest first, and when the next one is."""

    occurrence: datetime
    missed: tuple[datetime, ...]
    following: datetime


def next_after(schedule: Schedule, instant: datetime) -> datetime:
    """Return the first occurrence after `instant`, in UTC."""
    day = instant.astimezone(SHANGHAI).date()
    while True:
        found = datetime.combine(day, time(schedule.hour), SHANGHAI).astimezone(UTC)
        if found > instant and schedule.fits(day):
            return found
        day += _DAY


def due(schedule: Schedule, next_at: datetime, now: datetime) -> Due | None:
    """Return what is due where `next_at` is the oldest occurrence that was not told; None before it."""
    if next_at > now:
        return None
    found = [next_at]
    while (following := next_after(schedule, found[-1])) <= now:
        found.append(following)
    return Due(found[-1], tuple(found[:-1]), following)
