"""What is owed in a week, against a recount day by day that shares no code with it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deadlines.calendar import WorkCalendar, seed_days
from services.platform.errors import Invalid
from services.visits.obligations import Judged, Month, Owed, Week, judge, week_named, week_of

MONDAY = date(2026, 11, 16)
WEEK = Week(MONDAY)
_OFF_2026 = [(1, 1, 3), (2, 15, 23), (4, 4, 6), (5, 1, 5), (6, 19, 21), (9, 25, 27), (10, 1, 7)]
OFF = {date(2026, month, day) for month, first, last in _OFF_2026 for day in range(first, last + 1)} | {date(2027, 1, 1)}
"""As the State Council announced them for 2026 (国办发明电〔2025〕7号); New Year of 2027 is not announced yet."""
MADE_UP = {date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10)}
"""Weekends of 2026 that are worked (调休)."""
TIMES = st.sampled_from(
    [
        WEEK,
        Week(date(2025, 12, 29)),  # 2026-W01 has three days of 2025
        Week(date(2026, 12, 28)),  # 2026-W53 has three days of 2027
        Week(date(2026, 10, 5)),  # National Day: the Saturday is worked
        Week(date(2026, 2, 16)),  # Spring Festival: no working day at all
        Week(date(2026, 2, 9)),  # the week before it: a weekend is worked
        Month(date(2026, 2, 1)),
        Month(date(2026, 12, 1)),
    ]
)


@st.composite
def spans(draw, period):
    first = period.days[0] + timedelta(days=draw(st.integers(-3, len(period.days) + 3)))
    return first, draw(st.none() | st.integers(1, len(period.days) + 5).map(lambda days: first + timedelta(days=days)))


@st.composite
def owed(draw):
    period = draw(TIMES)
    kind = draw(st.sampled_from(["weekly_visit", "grid_days"])) if isinstance(period, Week) else "monthly_follow_up"
    real = frozenset(day for day in period.days if is_worked(day))
    working = draw(st.just(real) | st.frozensets(st.sampled_from(period.days)))
    held, leave = draw(st.lists(spans(period), min_size=1, max_size=3)), draw(st.lists(spans(period), max_size=2))
    near = st.integers(-3, len(period.days) + 3).map(lambda days: period.days[0] + timedelta(days=days))
    return Owed(kind, period, tuple(held), tuple(leave), working, tuple(draw(st.lists(near, max_size=5))))


def is_worked(day):
    """Say from the published list itself whether a day is worked."""
    return day in MADE_UP or (day.weekday() < 5 and day not in OFF)


def recount(one, over):
    """Walk the time day by day, with nothing but comparisons of days."""
    needed = 2 if one.kind == "grid_days" else 1
    done, days_there, days_held, days_working, days_free, first_held, nth = 0, 0, 0, 0, 0, False, 0
    first = one.period.monday if isinstance(one.period, Week) else one.period.first
    day = first
    while nth < 7 if isinstance(one.period, Week) else day.month == first.month:
        holds = away = False
        for begins, until in one.held:
            holds = holds or (day >= begins and not (until is not None and day >= until))
        for begins, until in one.leave:
            away = away or (day >= begins and not (until is not None and day >= until))
        here = sum(1 for deed in one.deeds if deed == day) if holds else 0
        done, days_there = done + here, days_there + (1 if here else 0)
        days_held += holds
        first_held = first_held or (holds and nth == 0)
        days_working += day in one.working
        days_free += day in one.working and not away
        day, nth = day + timedelta(days=1), nth + 1
    done = days_there if one.kind == "grid_days" else done
    if done >= needed:
        return Judged("kept", done, needed)
    if days_held < nth:
        return Judged("excused", done, needed, "post_ended" if first_held else "new_post")
    if days_working < needed:
        return Judged("excused", done, needed, "holiday")
    if days_free < needed:
        return Judged("excused", done, needed, "leave")
    return Judged("missed" if over else "open", done, needed)


@given(owed(), st.booleans())
def test_every_week_is_judged_as_a_recount_day_by_day_says(one, over):
    assert judge(one, over=over) == recount(one, over)


@given(owed(), st.integers(0, 6))
def test_one_more_deed_never_turns_kept_into_anything_else(one, nth):
    day = one.period.days[nth]
    more = Owed(one.kind, one.period, one.held, one.leave, one.working, (*one.deeds, day))
    before, after = judge(one, over=True), judge(more, over=True)
    assert after.done >= before.done
    assert before.state != "kept" or after.state == "kept"


@given(st.dates(date(2000, 1, 3), date(2199, 12, 20)))
def test_a_week_is_found_by_its_days_and_by_its_name(day):
    week = week_of(day)
    assert week.monday.isoweekday() == 1
    assert day in week.days
    assert week_named(week.name) == week
    assert week.name == f"{day.isocalendar().year}-W{day.isocalendar().week:02}"


@pytest.mark.parametrize(
    "name", ["2026-W54", "2025-W53", "2026-W0", "2026-47", "2026-W7", "W47", "", "1999-W01", "2026-W-1", "二〇二六-W01"]
)
def test_no_other_name_is_a_week(name):
    with pytest.raises(Invalid) as refused:
        week_named(name)
    assert refused.value.code == "week.invalid"


def test_two_visits_on_one_day_are_two_visits_and_one_day():
    full = (MONDAY - timedelta(days=30), None)
    working = frozenset(WEEK.days[:5])
    twice = (WEEK.days[6], WEEK.days[6])
    assert judge(Owed("weekly_visit", WEEK, (full,), (), working, twice), over=True) == Judged("kept", 2, 1)
    assert judge(Owed("grid_days", WEEK, (full,), (), working, twice), over=True) == Judged("missed", 1, 2)
    assert judge(Owed("grid_days", WEEK, (full,), (), working, twice), over=False) == Judged("open", 1, 2)


def test_weeks_go_over_new_year_and_belong_to_one_year():
    assert Week(date(2025, 12, 29)).name == "2026-W01"
    assert Week(date(2026, 12, 28)).name == "2026-W53"
    assert week_of(date(2027, 1, 3)) == Week(date(2026, 12, 28))
    assert week_of(date(2027, 1, 4)).name == "2027-W01"
    every = [week_of(date(2025, 12, 1) + timedelta(days=nth)) for nth in range(800)]
    assert all(sum(one == other for other in every) == 7 for one in every[7:-7]), "every day lies in one week of seven days"


def test_the_calendar_knows_what_was_announced():
    known = WorkCalendar.from_rows(seed_days((2026,)))
    year = [date(2026, 1, 1) + timedelta(days=nth) for nth in range(365)]
    assert [day for day in year if known.is_working(day) != is_worked(day)] == []


@pytest.mark.parametrize("day", sorted(MADE_UP))
def test_a_weekend_that_is_worked_counts(day):
    week, full = week_of(day), (date(2020, 1, 1), None)
    working = frozenset(one for one in week.days if is_worked(one))
    others = tuple((one, one + timedelta(days=1)) for one in working - {day})
    judged = judge(Owed("weekly_visit", week, (full,), others, working, ()), over=True)
    assert judged.state == "missed", "away on all days but the one that is made up: on that one they could have gone"


def test_a_week_of_holidays_is_owed_by_nobody():
    spring, full = Week(date(2026, 2, 16)), (date(2020, 1, 1), None)
    working = frozenset(one for one in spring.days if is_worked(one))
    assert judge(Owed("grid_days", spring, (full,), (), working, ()), over=True).because == "holiday"
    assert judge(Owed("weekly_visit", spring, (full,), (), working, (spring.days[0],)), over=True).state == "kept"


def test_a_month_has_all_its_days():
    for nth in range(48):
        month = Month(date(2024 + nth // 12, nth % 12 + 1, 1))
        assert (month.days[0], month.days[-1] + timedelta(days=1)) == (month.first, month.until)
        assert {day.month for day in month.days} == {month.first.month}
