"""Due instants: real cases, and properties against a walker that counts day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deadlines.calendar import SHANGHAI, WorkCalendar, seed_days
from services.deadlines.due import (
    StageLimit,
    TimeUnit,
    due_at,
    is_met,
    last_day_of,
    remaining,
    working_days_between,
)

CALENDAR = WorkCalendar.from_rows(seed_days(range(2023, 2028)))
STARTS = st.datetimes(datetime(2023, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
AMOUNTS = st.integers(1, 40)
UNITS = st.sampled_from(TimeUnit)
WORKING, NATURAL, MINUTES = TimeUnit.WORKING_DAYS, TimeUnit.NATURAL_DAYS, TimeUnit.MINUTES


def _shanghai(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[arg-type,misc]


def _limit(amount: int, unit: TimeUnit) -> StageLimit:
    return StageLimit("resolve", amount, unit)


def test_two_working_days_before_spring_festival_end_on_the_day_after_it() -> None:
    """S5: Friday 2026-02-13 17:20; the make-up Saturday is day 1, 02-15…02-23 are free, 02-24 is day 2."""
    due = due_at(_shanghai(2026, 2, 13, 17, 20), _limit(2, WORKING), CALENDAR)
    assert due.at == datetime(2026, 2, 24, 16, 0, tzinfo=UTC)
    assert due.at == _shanghai(2026, 2, 25)
    assert last_day_of(due.at) == date(2026, 2, 24)
    assert not due.provisional


def test_a_start_on_a_free_day_is_not_counted_either() -> None:
    on_sunday = due_at(_shanghai(2026, 3, 1, 9), _limit(1, WORKING), CALENDAR)
    on_saturday_at_work = due_at(_shanghai(2026, 2, 28, 9), _limit(1, WORKING), CALENDAR)
    assert on_sunday.at == on_saturday_at_work.at == _shanghai(2026, 3, 3)


def test_the_hour_of_the_start_does_not_matter_for_days() -> None:
    early = due_at(_shanghai(2026, 3, 2), _limit(1, WORKING), CALENDAR)
    late = due_at(_shanghai(2026, 3, 2, 23, 59, 59), _limit(1, WORKING), CALENDAR)
    assert early == late
    assert due_at(_shanghai(2026, 3, 3), _limit(1, WORKING), CALENDAR).at == early.at + timedelta(days=1)


def test_natural_days_run_through_holidays_to_the_end_of_a_day() -> None:
    due = due_at(_shanghai(2026, 2, 13, 17, 20), _limit(7, NATURAL), CALENDAR)
    assert due.at == _shanghai(2026, 2, 21)
    assert not due.provisional


def test_minutes_run_day_and_night() -> None:
    assert due_at(_shanghai(2026, 2, 16, 23, 30), _limit(120, MINUTES), CALENDAR).at == _shanghai(2026, 2, 17, 1, 30)


def test_counting_into_a_year_not_announced_is_provisional() -> None:
    assert due_at(_shanghai(2026, 12, 31, 9), _limit(1, WORKING), CALENDAR).provisional
    assert not due_at(_shanghai(2026, 12, 30, 9), _limit(1, WORKING), CALENDAR).provisional
    assert not due_at(_shanghai(2026, 12, 31, 9), _limit(5, NATURAL), CALENDAR).provisional


@given(start=STARTS, amount=AMOUNTS, unit=UNITS)
def test_due_lies_after_the_start_and_is_utc(start: datetime, amount: int, unit: TimeUnit) -> None:
    due = due_at(start, _limit(amount, unit), CALENDAR)
    assert due.at > start
    assert due.at.tzinfo is UTC


@given(one=STARTS, other=STARTS, amount=AMOUNTS, unit=UNITS)
def test_a_later_start_is_never_due_earlier(one: datetime, other: datetime, amount: int, unit: TimeUnit) -> None:
    first, second = sorted((one, other))
    assert due_at(first, _limit(amount, unit), CALENDAR).at <= due_at(second, _limit(amount, unit), CALENDAR).at


@given(start=STARTS, amount=AMOUNTS, unit=UNITS)
def test_a_longer_limit_is_due_later(start: datetime, amount: int, unit: TimeUnit) -> None:
    shorter, longer = (due_at(start, _limit(n, unit), CALENDAR) for n in (amount, amount + 1))
    assert shorter.at < longer.at
    assert longer.provisional or not shorter.provisional


@given(start=STARTS, amount=AMOUNTS)
def test_working_days_agree_with_a_walker_through_the_list(start: datetime, amount: int) -> None:
    """The oracle knows no formula: it lists free weekdays and worked weekends and crosses off day by day."""
    rows = seed_days(range(2023, 2028))
    free, worked = ({row.day for row in rows if row.working is kind} for kind in (False, True))
    day, crossed, unsure = (start + timedelta(hours=8)).date(), 0, False
    while crossed < amount:
        day += timedelta(days=1)
        unsure = unsure or day.year > 2026
        if day in worked or (day.strftime("%A") not in ("Saturday", "Sunday") and day not in free):
            crossed += 1
    due = due_at(start, _limit(amount, WORKING), CALENDAR)
    midnight = datetime(day.year, day.month, day.day, 16, tzinfo=UTC)
    assert (due.at, due.provisional) == (midnight, unsure)


@given(start=STARTS, amount=AMOUNTS)
def test_working_days_between_undoes_due(start: datetime, amount: int) -> None:
    due = due_at(start, _limit(amount, WORKING), CALENDAR)
    today = start.astimezone(SHANGHAI).date()
    assert working_days_between(today, last_day_of(due.at), CALENDAR) == amount
    assert working_days_between(last_day_of(due.at), today, CALENDAR) == -amount


def test_remaining_counts_down_and_turns_negative() -> None:
    due = due_at(_shanghai(2026, 2, 13, 17, 20), _limit(2, WORKING), CALENDAR).at
    fresh = remaining(due, _shanghai(2026, 2, 13, 17, 20), CALENDAR)
    assert (fresh.working_days, fresh.overdue) == (2, False)
    last_minute = remaining(due, _shanghai(2026, 2, 24, 23, 59), CALENDAR)
    assert (last_minute.working_days, last_minute.wall, last_minute.overdue) == (0, timedelta(minutes=1), False)
    assert not remaining(due, due, CALENDAR).overdue, "stopping at the due instant still counts"
    late = remaining(due, _shanghai(2026, 2, 26, 1), CALENDAR)
    assert (late.working_days, late.overdue) == (-2, True)
    assert late.wall == timedelta(hours=-25)


def test_a_clock_stopped_at_the_due_instant_is_met() -> None:
    due = _shanghai(2026, 2, 25)
    assert is_met(due, due)
    assert not is_met(due, due + timedelta(microseconds=1))
    assert not is_met(due, None)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_limit_of_nothing_is_refused(amount: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        _limit(amount, WORKING)


def test_a_naive_start_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        due_at(datetime(2026, 2, 13), _limit(1, MINUTES), CALENDAR)  # noqa: DTZ001 - the naive instant is the point
