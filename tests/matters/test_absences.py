"""Days of leave and who acts meanwhile, against counting the days one by one."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.matters.schedule import Days, back_on, is_stale, missed, next_due, uncovered

DAY = date(2026, 9, 1)


def at(days):
    return DAY + timedelta(days=days)


def span(first, length):
    return Days(at(first), at(first + length))


_SPANS = st.lists(st.builds(span, st.integers(0, 60), st.integers(1, 20)), max_size=4)


@given(_SPANS, _SPANS)
def test_uncovered_days_are_those_of_leave_on_which_nobody_acts(leave, acted):
    apart = []
    for one in sorted(leave):  # leaves of one member never overlap
        if not apart or one.first >= apart[-1].after:
            apart.append(one)
    days = {at(n) for n in range(100)}
    inside = {day for day in days if any(one.first <= day < one.after for one in apart)}
    covered = {day for day in days if any(one.first <= day < one.after for one in acted)}
    found = uncovered(apart, acted)
    assert {day for day in days if any(one.first <= day < one.after for one in found)} == inside - covered
    assert found == sorted(found)


def test_what_falls_due_on_leave_is_due_once_on_the_day_somebody_is_back():
    away = [span(20, 45)]
    assert back_on(at(19), away) == at(19)
    assert back_on(at(20), away) == at(65)
    assert next_due(DAY, None, 30, away) == at(65)
    assert missed(DAY, None, 30, at(65), away) == [], "two months fell into the leave; the day is not over"
    assert missed(DAY, None, 30, at(66), away) == [at(65)]
    assert missed(DAY, None, 30, at(91), away) == [at(65), at(90)]
    assert not is_stale(DAY, None, 30, at(65), away)
    assert is_stale(DAY, None, 30, at(66), away)


def test_leave_after_leave_is_one_absence():
    assert back_on(at(5), [span(3, 4), span(7, 3)]) == at(10)
