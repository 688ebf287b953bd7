"""Due instants: real cases, and properties against a walker that counts day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deadlines.calendar import WorkCalendar, seed_days
from services.deadlines.due import (
    Due,
    StageLimit,
    StartRule,
    TimeUnit,
    after_pause,
    due_at,
    due_at_many,
    is_met,
    last_day_of,
    latest_start,
    moved_by,
    put_off,
    remaining,
    worked_between,
    working_days_between,
)
from services.platform.clock import SHANGHAI

CALENDAR = WorkCalendar.from_rows(seed_days(range(2023, 2028)))
STARTS = st.datetimes(datetime(2023, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
AMOUNTS = st.integers(1, 40)
UNITS = st.sampled_from(TimeUnit)
WORKING, NATURAL, MINUTES, OFFICE = TimeUnit.WORKING_DAYS, TimeUnit.NATURAL_DAYS, TimeUnit.MINUTES, TimeUnit.WORKING_MINUTES


def _shanghai(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[arg-type,misc]


def _limit(amount: int, unit: TimeUnit) -> StageLimit:
    return StageLimit("resolve", amount, unit)


def test_two_working_days_before_spring_festival_end_on_the_day_after_it() -> None:
    """S5: Friday 2026-02-13 17:20; the make-up Saturday is day 1, 02-15…02-23 are free, 02-24 is day 2."""
    start = _shanghai(2026, 2, 13, 17, 20)
    due = due_at(start, _limit(2, WORKING), CALENDAR)
    assert due.at == datetime(2026, 2, 24, 16, 0, tzinfo=UTC)
    assert due.at == _shanghai(2026, 2, 25)
    assert last_day_of(due.at) == date(2026, 2, 24)
    assert not due.provisional
    counted = [date(2026, 2, 13) + timedelta(days=step) for step in range(1, 12)]
    assert [day for day in counted if CALENDAR.is_working(day)] == [date(2026, 2, 14), date(2026, 2, 24)]


def test_an_engine_that_knows_only_the_week_is_a_week_off() -> None:
    """S5, as Signalen would count it: Monday and Tuesday, though nobody is at work on either."""
    monday_to_friday = WorkCalendar.from_rows([])
    due = due_at(_shanghai(2026, 2, 13, 17, 20), _limit(2, WORKING), monday_to_friday)
    assert last_day_of(due.at) == date(2026, 2, 17)
    assert due.provisional, "and says itself that it does not know the year"


def test_office_hours_before_spring_festival_go_on_after_it() -> None:
    """S5 in office hours: ten minutes on Friday, seven hours on the make-up Saturday, the last twenty on 02-24."""
    start = _shanghai(2026, 2, 13, 17, 20)
    due = due_at(start, _limit(10 + 7 * 60 + 20, OFFICE), CALENDAR)
    assert (due.at, due.provisional) == (_shanghai(2026, 2, 24, 8, 20), False)
    assert due_at(start, _limit(10 + 7 * 60, OFFICE), CALENDAR).at == _shanghai(2026, 2, 14, 17, 30), "not the next opening"
    assert latest_start(_shanghai(2026, 2, 24, 8), 7 * 60, OFFICE, CALENDAR) == _shanghai(2026, 2, 14, 8)
    left = remaining(due.at, _shanghai(2026, 2, 14, 12, 30), CALENDAR)
    assert (left.working_minutes, left.office, left.working_days) == (200, timedelta(minutes=200), 1)


def test_a_burst_pipe_has_three_limits_in_three_units() -> None:
    """大英县: 现场围护 3 紧急工作时, 修复 8 紧急工作时, 恢复 5 工作日, and a second limit of 1.5 工作时; told on a Friday at 02:10."""
    start = _shanghai(2026, 9, 18, 2, 10)
    assert due_at(start, StageLimit("contain", 3 * 60, MINUTES), CALENDAR).at == _shanghai(2026, 9, 18, 5, 10)
    assert due_at(start, StageLimit("repair", 8 * 60, MINUTES), CALENDAR).at == _shanghai(2026, 9, 18, 10, 10)
    assert due_at(start, StageLimit("restore", 5, WORKING), CALENDAR).at == _shanghai(2026, 9, 25), "Sunday 09-20 is worked"
    assert due_at(start, StageLimit("contain", 90, OFFICE), CALENDAR).at == _shanghai(2026, 9, 18, 9, 30)


def test_what_comes_at_night_may_count_from_the_morning() -> None:
    def due(start: datetime, amount: int, unit: TimeUnit, rule: StartRule) -> datetime:
        return due_at(start, StageLimit("resolve", amount, unit, rule), CALENDAR).at

    friday_night, noon = _shanghai(2026, 9, 11, 22), _shanghai(2026, 9, 11, 12)
    assert due(friday_night, 120, MINUTES, StartRule.NEXT_WORKING_TIME) == _shanghai(2026, 9, 14, 10)
    assert due(friday_night, 120, MINUTES, StartRule.NEXT_DAY) == _shanghai(2026, 9, 12, 2)
    assert due(friday_night, 1, WORKING, StartRule.NEXT_WORKING_TIME) == _shanghai(2026, 9, 16), "as if it had come on Monday"
    assert due(friday_night, 1, WORKING, StartRule.NEXT_DAY) == due(friday_night, 1, WORKING, StartRule.AT_ONCE) == _shanghai(2026, 9, 15)
    assert due(noon, 30, MINUTES, StartRule.NEXT_WORKING_TIME) == _shanghai(2026, 9, 11, 15), "12:00 is the pause already"
    assert due(_shanghai(2026, 9, 11, 17, 29), 1, MINUTES, StartRule.NEXT_WORKING_TIME) == _shanghai(2026, 9, 11, 17, 30)


def test_a_pause_over_a_holiday_costs_only_what_the_unit_lost() -> None:
    """From Thursday 02-12 to Wednesday 02-25, both at 10:00: three working days begin in it, 13 natural ones, 3 × 7 office hours."""
    since, until = _shanghai(2026, 2, 12, 10), _shanghai(2026, 2, 25, 10)
    due = _shanghai(2026, 3, 3)
    assert after_pause(due, since, until, WORKING, CALENDAR).at == _shanghai(2026, 3, 7)
    assert after_pause(due, since, until, NATURAL, CALENDAR).at == _shanghai(2026, 3, 16)
    assert after_pause(due, since, until, MINUTES, CALENDAR).at == due + timedelta(days=13)
    office = _shanghai(2026, 3, 2, 9)
    assert worked_between(since, until, OFFICE, CALENDAR) == 4 * 7 * 60
    assert after_pause(office, since, until, OFFICE, CALENDAR).at == _shanghai(2026, 3, 6, 9)


def test_a_holiday_costs_nothing_but_what_the_unit_counts() -> None:
    """A pause within the holiday: no working day and no office hour is lost."""
    since, until, due = _shanghai(2026, 2, 15, 3), _shanghai(2026, 2, 23, 20), _shanghai(2026, 2, 26)
    assert after_pause(due, since, until, WORKING, CALENDAR) == after_pause(due, since, until, OFFICE, CALENDAR) == Due(due, False)
    assert after_pause(due, since, until, NATURAL, CALENDAR).at == _shanghai(2026, 3, 6)


def test_an_extension_counts_from_the_last_day_not_from_the_midnight_after_it() -> None:
    due = due_at(_shanghai(2026, 3, 2, 9), _limit(5, WORKING), CALENDAR).at
    assert (due, put_off(due, 2, WORKING, CALENDAR).at) == (_shanghai(2026, 3, 10), _shanghai(2026, 3, 12))
    assert put_off(due, 90, OFFICE, CALENDAR).at == _shanghai(2026, 3, 10, 9, 30)
    assert put_off(due, 0, WORKING, CALENDAR).at == due


def test_office_hours_are_provisional_as_soon_as_a_day_not_announced_counts() -> None:
    start = _shanghai(2026, 12, 31, 16, 30)
    assert not due_at(start, _limit(60, OFFICE), CALENDAR).provisional
    assert due_at(start, _limit(61, OFFICE), CALENDAR).provisional
    rule = StageLimit("resolve", 30, MINUTES, StartRule.NEXT_WORKING_TIME)
    assert due_at(_shanghai(2026, 12, 31, 18), rule, CALENDAR).provisional
    assert not due_at(start, rule, CALENDAR).provisional


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
    assert remaining(due, due, CALENDAR).working_days == 0, "though 02-25 has begun"
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


def test_a_limit_takes_its_unit_and_rule_by_name() -> None:
    by_name = StageLimit("resolve", 2, "working_days", "next_day")  # type: ignore[arg-type]
    assert by_name == StageLimit("resolve", 2, WORKING, StartRule.NEXT_DAY)
    assert by_name.start is StartRule.NEXT_DAY
    with pytest.raises(ValueError, match="yesterday"):
        StageLimit("resolve", 2, WORKING, "yesterday")  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", TimeUnit)
def test_a_count_that_leads_too_far_is_refused(unit: TimeUnit) -> None:
    start = _shanghai(2026, 3, 2, 9)
    with pytest.raises(ValueError, match="beyond the years"):
        moved_by(start, 10**12, unit, CALENDAR)
    with pytest.raises(ValueError, match="beyond the years"):
        latest_start(start, 10**12, unit, CALENDAR)
    with pytest.raises(ValueError, match="negative"):
        moved_by(start, -1, unit, CALENDAR)
    with pytest.raises(ValueError, match="negative"):
        latest_start(start, -1, unit, CALENDAR)
    assert moved_by(start, 1, unit, CALENDAR).at > start, "and the calendar still counts"


def test_a_long_way_is_counted_day_by_day_too() -> None:
    """A hundred years forward and back, in a calendar that has only been asked for a week so far."""
    calendar = WorkCalendar.from_rows(seed_days([2026]))
    start = _shanghai(2026, 3, 2, 9)
    due = moved_by(start, 26_000, WORKING, calendar).at
    days = (date(2026, 3, 2) + timedelta(days=step) for step in range(1, (last_day_of(due) - date(2026, 3, 2)).days + 1))
    assert sum(calendar.is_working(day) for day in days) == 26_000
    assert latest_start(due, 26_000, WORKING, calendar) == _shanghai(2026, 3, 3) - timedelta(microseconds=1)
    back = latest_start(start, 20_000, WORKING, WorkCalendar.from_rows(seed_days([2026])))
    assert moved_by(back, 20_000, WORKING, calendar).at == _shanghai(2026, 3, 1), "the last working day before is Saturday 02-28"
    assert moved_by(latest_start(start, 9_000_000, OFFICE, calendar), 9_000_000, OFFICE, calendar).at == start


def test_no_starts_have_no_due_instants() -> None:
    assert all(due_at_many([], _limit(1, unit), CALENDAR) == [] for unit in TimeUnit)
