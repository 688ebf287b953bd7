"""The working calendar: against the State Council's lists as two other libraries hold them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import chinese_calendar
import pytest

from services.deadlines.calendar import CalendarDayRow, WorkCalendar, local_day, seed_days

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
