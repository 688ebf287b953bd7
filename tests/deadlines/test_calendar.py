"""The working calendar: against the State Council's lists as two other libraries hold them."""

from __future__ import annotations

import json
from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import chinese_calendar
import holidays
import pytest

from services.deadlines.calendar import CalendarDayRow, WorkCalendar, seed_days
from services.deadlines.due import Due, StageLimit, TimeUnit, due_at, latest_start, worked_between, working_days_between
from services.deadlines.hours import ROUND_THE_CLOCK
from services.platform.clock import SHANGHAI, local_day

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent.parent / "vectors" / "cn_calendar_2025_2026.json").read_text(encoding="utf-8"))
CALENDAR = WorkCalendar.from_rows(seed_days(range(2023, 2029)))


def _days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=step) for step in range((date(year + 1, 1, 1) - first).days)]


@pytest.mark.parametrize("year", [2023, 2024, 2025, 2026])
def test_every_day_agrees_with_chinesecalendar(year: int) -> None:
    wrong = [day for day in _days_of(year) if CALENDAR.is_working(day) != chinese_calendar.is_workday(day)]
    assert wrong == []
    assert year in CALENDAR.official_years


@pytest.mark.parametrize("year", ["2025", "2026"])
def test_every_listed_holiday_and_makeup_day_is_known(year: str) -> None:
    listed = VECTORS["calendar"][year]
    assert all(not CALENDAR.is_working(date.fromisoformat(day)) for day in listed["holidays"])
    assert all(not CALENDAR.is_working(date.fromisoformat(day)) for day in listed["in_lieu_days"])
    made_up = {day for day in _days_of(int(year)) if day.weekday() >= 5 and CALENDAR.is_working(day)}
    assert made_up == {date.fromisoformat(day) for day in listed["makeup_workdays"]}


@pytest.mark.parametrize(("year", "count"), [(int(y), n) for y, n in VECTORS["workdays_per_year"].items()])
def test_working_days_of_a_year_add_up(year: int, count: int) -> None:
    assert sum(CALENDAR.is_working(day) for day in _days_of(year)) == count


@pytest.mark.parametrize("row", VECTORS["due_date_vectors"], ids=lambda row: f"{row['start']}+{row['working_days']}")
def test_due_date_agrees_with_both_libraries(row: dict[str, Any]) -> None:
    day, provisional = CALENDAR.nth_working_day_after(date.fromisoformat(row["start"]), row["working_days"])
    if row["due_date"] is None:
        assert provisional
    else:
        assert (day.isoformat(), provisional) == (row["due_date"], False)


@pytest.mark.parametrize(
    "row", [row for row in VECTORS["due_date_vectors"] if row["due_date"]], ids=lambda row: f"{row['start']}+{row['working_days']}"
)
def test_due_instants_of_the_vectors_and_back(row: dict[str, Any]) -> None:
    """At any hour of the start day the limit ends with the day both libraries name, and no later start would do."""
    midnight = datetime.combine(date.fromisoformat(row["start"]), time(), SHANGHAI)
    ends = datetime.combine(date.fromisoformat(row["due_date"]) + timedelta(days=1), time(), SHANGHAI)
    limit = StageLimit("resolve", row["working_days"], TimeUnit.WORKING_DAYS)
    for start in (midnight, midnight + timedelta(hours=17, minutes=20), midnight + timedelta(days=1, microseconds=-1)):
        assert due_at(start, limit, CALENDAR) == Due(ends, provisional=False)
        assert worked_between(start, ends, limit.unit, CALENDAR) == row["working_days"]
        assert latest_start(ends, limit.amount, limit.unit, CALENDAR) >= start


@pytest.mark.parametrize("amount", [1, 2, 5, 13, 60])
def test_every_day_of_two_years_is_due_where_chinesecalendar_counts_it(amount: int) -> None:
    worked = chinese_calendar.get_workdays(date(2025, 1, 1), date(2026, 12, 31))
    for day in _days_of(2025) + _days_of(2026)[:260]:
        nth = worked[bisect_right(worked, day) + amount - 1]
        assert CALENDAR.nth_working_day_after(day, amount) == (nth, False)


@pytest.mark.parametrize("amount", [1, 3, 20])
def test_every_day_of_a_year_is_due_where_the_library_holidays_counts_it(amount: int) -> None:
    china = holidays.country_holidays("CN", years=[2025, 2026, 2027])
    for day in _days_of(2026):
        assert CALENDAR.nth_working_day_after(day, amount)[0] == china.get_nth_working_day(day, amount), day


def test_working_days_between_are_as_the_library_holidays_counts_them() -> None:
    china = holidays.country_holidays("CN", years=[2025, 2026])
    for day in _days_of(2026)[1::7]:
        assert working_days_between(date(2025, 12, 20), day, CALENDAR) == china.get_working_days_count("2025-12-21", day)
        assert working_days_between(day, date(2025, 12, 20), CALENDAR) == -china.get_working_days_count("2025-12-21", day)


def test_a_year_that_is_not_announced_is_provisional() -> None:
    assert CALENDAR.official_years == frozenset({2023, 2024, 2025, 2026})
    assert CALENDAR.is_provisional(date(2027, 3, 1))
    assert not CALENDAR.is_provisional(date(2026, 12, 31))
    assert all(not row.official for row in seed_days([2027, 2028]))
    assert not CALENDAR.is_working(date(2027, 10, 1)), "an estimated holiday is still the best guess"


def test_a_year_turns_official_when_its_list_replaces_the_estimates() -> None:
    announced = [CalendarDayRow(date(2027, 1, 2), working=True, name="调休上班", official=True, source="国务院办公厅")]
    calendar = WorkCalendar.from_rows([*seed_days([2026]), *announced])
    assert calendar.official_years == frozenset({2026, 2027})
    assert calendar.is_working(date(2027, 1, 2)), "a Saturday at work"
    assert calendar.version != WorkCalendar.from_rows(seed_days([2026])).version


def test_one_estimated_day_keeps_its_year_provisional() -> None:
    rows = [*seed_days([2026]), CalendarDayRow(date(2026, 12, 31), working=False, name="?", official=False, source="?")]
    assert WorkCalendar.from_rows(rows).is_provisional(date(2026, 3, 2))
    assert WorkCalendar.from_rows(reversed(rows)).is_provisional(date(2026, 3, 2))


def test_crossing_an_unannounced_year_stays_provisional_on_the_other_side() -> None:
    later = CalendarDayRow(date(2028, 1, 3), working=False, name="元旦", official=True, source="国务院办公厅")
    calendar = WorkCalendar.from_rows([*seed_days([2026]), later])
    day, provisional = calendar.nth_working_day_after(date(2026, 12, 31), 280)
    assert not calendar.is_provisional(day)
    assert provisional


def test_rows_that_contradict_each_other_are_refused() -> None:
    row = seed_days([2026])[0]
    twin = CalendarDayRow(row.day, working=not row.working, name="", official=True, source="")
    with pytest.raises(ValueError, match=r"2026-01-01 is listed both"):
        WorkCalendar.from_rows([row, twin])


def test_version_depends_on_content_not_on_order() -> None:
    rows = seed_days([2025, 2026])
    assert WorkCalendar.from_rows(rows).version == WorkCalendar.from_rows(reversed(rows)).version


def test_unlisted_days_follow_the_week() -> None:
    bare = WorkCalendar.from_rows([])
    assert [bare.is_working(date(2026, 3, 2) + timedelta(days=step)) for step in range(7)] == [True] * 5 + [False] * 2
    assert bare.is_provisional(date(2026, 3, 2))


def test_the_local_day_begins_at_sixteen_hundred_utc() -> None:
    assert local_day(datetime(2026, 2, 13, 15, 59, 59, tzinfo=UTC)) == date(2026, 2, 13)
    assert local_day(datetime(2026, 2, 13, 16, 0, tzinfo=UTC)) == date(2026, 2, 14)
    with pytest.raises(ValueError, match="time zone"):
        local_day(datetime(2026, 2, 13))  # noqa: DTZ001 - the naive instant is the point


def test_a_week_nobody_works_is_refused() -> None:
    for weekdays in (frozenset(), frozenset({0}), frozenset({5, 8})):
        with pytest.raises(ValueError, match="weekdays are numbers"):
            WorkCalendar({}, frozenset(), weekdays)


def test_version_depends_on_week_hours_and_holidays_kept() -> None:
    plain = WorkCalendar({}, frozenset({2026}))
    others = [
        WorkCalendar({}, frozenset({2026}), frozenset({1, 2, 3, 4, 5, 6})),
        WorkCalendar({}, frozenset({2026}), hours=ROUND_THE_CLOCK),
        WorkCalendar({}, frozenset({2026}), keeps_holidays=False),
        WorkCalendar({}, frozenset()),
    ]
    assert len({calendar.version for calendar in (plain, *others)}) == 5
