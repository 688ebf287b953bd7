"""What is owed in a week, against a recount day by day that shares no code with it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.errors import Invalid
from services.visits.obligations import Judged, Owed, Week, judge, week_named, week_of

MONDAY = date(2026, 11, 16)
WEEK = Week(MONDAY)
NEAR = st.integers(-3, 10).map(lambda days: MONDAY + timedelta(days=days))


@st.composite
def spans(draw):
    first = draw(NEAR)
    return first, draw(st.none() | st.integers(1, 12).map(lambda days: first + timedelta(days=days)))


@st.composite
def owed(draw):
    kind = draw(st.sampled_from(["weekly_visit", "grid_days"]))
    working = draw(st.frozensets(st.sampled_from(WEEK.days)))
    held, leave = draw(st.lists(spans(), min_size=1, max_size=3)), draw(st.lists(spans(), max_size=2))
    return Owed(kind, WEEK, tuple(held), tuple(leave), working, tuple(draw(st.lists(NEAR, max_size=5))))


def recount(one, over):
    """Walk the week day by day, with nothing but comparisons of days."""
    needed = 1 if one.kind == "weekly_visit" else 2
    visits, days_there, days_held, days_working, days_free, first_held = 0, 0, 0, 0, 0, False
    for nth in range(7):
        day = MONDAY + timedelta(days=nth)
        holds = away = False
        for first, until in one.held:
            holds = holds or (day >= first and not (until is not None and day >= until))
        for first, until in one.leave:
            away = away or (day >= first and not (until is not None and day >= until))
        here = sum(1 for deed in one.deeds if deed == day) if holds else 0
        visits, days_there = visits + here, days_there + (1 if here else 0)
        days_held += holds
        first_held = first_held or (holds and nth == 0)
        days_working += day in one.working
        days_free += day in one.working and not away
    done = visits if one.kind == "weekly_visit" else days_there
    if done >= needed:
        return Judged("kept", done, needed)
    if days_held < 7:
        return Judged("excused", done, needed, "post_ended" if first_held else "new_post")
    if days_working < needed:
        return Judged("excused", done, needed, "holiday")
    if days_free < needed:
        return Judged("excused", done, needed, "leave")
    return Judged("missed" if over else "open", done, needed)


@given(owed(), st.booleans())
def test_every_week_is_judged_as_a_recount_day_by_day_says(one, over):
    assert judge(one, over=over) == recount(one, over)


@given(owed(), NEAR)
def test_one_more_deed_never_turns_kept_into_anything_else(one, day):
    more = Owed(one.kind, one.week, one.held, one.leave, one.working, (*one.deeds, day))
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
