"""How fast due instants are counted: ``python -m bench.due_dates [--starts 1000000] [--sample 2000]``.

A million starts in 2024 to 2026, by a fixed seed, on a calendar with summer and winter hours and all holidays of those years: what a
recalculation after a changed calendar has to count. For each unit (1) all of them in one batch, (2) the same one call at a time, and
(3) a sample by a plain walker that knows no sums and goes day by day. All three in the same run; their answers on the
sample are compared. Seconds are of the processor, since nothing here waits. Exit code 1 where an answer differs.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from services.deadlines.calendar import WorkCalendar
from services.deadlines.calendars import calendars_from, seed_definition
from services.deadlines.due import Due, StageLimit, TimeUnit, due_at, due_at_many
from services.platform.clock import SHANGHAI

SUMMER = {"from": "05-01", "to": "09-30", "intervals": [["08:00", "12:00"], ["15:00", "18:00"]]}
WINTER = {"from": "10-01", "to": "04-30", "intervals": [["08:00", "12:00"], ["14:30", "17:30"]]}
LIMITS = (
    StageLimit("resolve", 120, TimeUnit.MINUTES),
    StageLimit("resolve", 90, TimeUnit.WORKING_MINUTES),
    StageLimit("resolve", 40 * 60, TimeUnit.WORKING_MINUTES),
    StageLimit("resolve", 7, TimeUnit.NATURAL_DAYS),
    StageLimit("resolve", 5, TimeUnit.WORKING_DAYS),
    StageLimit("resolve", 60, TimeUnit.WORKING_DAYS),
)
DAY = timedelta(days=1)


def county_calendar() -> WorkCalendar:
    """Return the calendar of a county with two seasons, 2023 to 2028."""
    definition: dict[str, Any] = seed_definition(range(2023, 2029))
    definition["calendars"]["default"]["hours"] = [SUMMER, WINTER]
    return calendars_from(1, definition).calendar("default")


def walked(start: datetime, limit: StageLimit, calendar: WorkCalendar) -> datetime:
    """Return the due instant as one would count it on the fingers, day after day."""
    if limit.unit is TimeUnit.MINUTES:
        return start + timedelta(minutes=limit.amount)
    local = start.astimezone(SHANGHAI)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if limit.unit is TimeUnit.WORKING_MINUTES:
        return _walked_hours(local, midnight, timedelta(minutes=limit.amount), calendar)
    left = limit.amount
    while left:
        midnight += DAY
        left -= limit.unit is TimeUnit.NATURAL_DAYS or calendar.is_working(midnight.date())
    return midnight + DAY


def _walked_hours(start: datetime, midnight: datetime, left: timedelta, calendar: WorkCalendar) -> datetime:
    while True:
        day = midnight.date()
        for first, last in calendar.hours.on(day).intervals if calendar.is_working(day) else ():
            begins, ends = max(start, midnight + timedelta(minutes=first)), midnight + timedelta(minutes=last)
            if ends - begins >= left:
                return begins + left
            left -= max(ends - begins, timedelta())
        midnight += DAY


def timed(work: Callable[[], list[Any]]) -> tuple[float, list[Any]]:
    """Return the processor seconds something takes, and what it made."""
    began = time.process_time()
    made = work()
    return time.process_time() - began, made


def measure(starts: list[datetime], limit: StageLimit, calendar: WorkCalendar, sample: int) -> int:
    """Print one line of figures; return how many answers of the sample differ."""
    batch, dues = timed(lambda: due_at_many(starts, limit, calendar))
    single, _ = timed(lambda: [due_at(start, limit, calendar) for start in starts])
    some = starts[:: max(1, len(starts) // sample)]
    plain, walks = timed(lambda: [walked(start, limit, calendar) for start in some])
    found: list[Due] = dues[:: max(1, len(starts) // sample)]
    wrong = sum(due.at != instant for due, instant in zip(found, walks, strict=True))
    each = plain / len(some)
    name = f"{limit.amount} {limit.unit.value}"
    print(
        f"{name:<22}{batch:>8.2f} s {single:>8.2f} s {each * 1e6:>10.1f} µs {each * len(starts) / batch:>8.1f} x"
        f"{each * len(starts) / single:>8.1f} x {wrong:>6}",
        flush=True,
    )
    return wrong


def main() -> int:
    """Run the bench; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--starts", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=2_000)
    given = parser.parse_args()
    dice, calendar = random.Random(580), county_calendar()
    first, span = datetime(2024, 1, 1, tzinfo=UTC), int(timedelta(days=3 * 365) / timedelta(microseconds=1))
    starts = [first + timedelta(microseconds=dice.randrange(span)) for _ in range(given.starts)]
    seconds, _ = timed(lambda: [calendar.nth_working_day_after(first.date(), 1_000)])
    print(f"sums over the calendar, once: {seconds * 1000:.1f} ms")
    print(
        f"{given.starts:,} due instants {'batch':>10} {'one by one':>11} {'walker, each':>14} {'batch':>7} {'single':>8} {'wrong':>6}",
        flush=True,
    )
    return 1 if sum(measure(starts, limit, calendar, given.sample) for limit in LIMITS) else 0


if __name__ == "__main__":
    sys.exit(main())
