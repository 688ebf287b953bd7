"""Slips, rhythms and alarms in days, against counting them one by one."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.matters.numbering import number_text
from services.matters.schedule import ALARMS_AT_MOST, age_days, is_stale, missed, next_due, slip_of

DAY = date(2026, 9, 1)


def at(days):
    return DAY + timedelta(days=days)


def test_a_milestone_slips_by_its_plan_then_by_the_days_that_pass_and_last_by_when_it_was_reached():
    assert slip_of(DAY, DAY, None, at(-5)) == (slip := slip_of(DAY, DAY, None, DAY))
    assert (slip.days, slip.late) == (0, False)
    moved = slip_of(DAY, at(20), None, at(10))
    assert (moved.days, moved.late) == (20, False), "planned later: it shows at once"
    past = slip_of(DAY, at(20), None, at(25))
    assert (past.days, past.late) == (25, True)
    done = slip_of(DAY, at(20), at(-3), at(40))
    assert (done.days, done.late) == (-3, False)


def test_one_month_missed_is_one_alarm_and_two_are_two():
    assert missed(DAY, None, 30, at(30)) == []
    assert missed(DAY, None, 30, at(31)) == [at(30)]
    assert missed(DAY, None, 30, at(61)) == [at(30), at(60)]
    assert missed(DAY, at(28), 30, at(58)) == [], "what was reported in time begins the next month"
    assert next_due(DAY, at(28), 30) == at(58)


@given(st.integers(1, 92), st.none() | st.integers(0, 200), st.integers(0, 400))
def test_missed_days_are_those_a_plain_count_finds(rhythm, last, today):
    days, due = [], at((last or 0) + rhythm)
    while due < at(today):
        days.append(due)
        due += timedelta(days=rhythm)
    found = missed(DAY, None if last is None else at(last), rhythm, at(today))
    assert found == days[:ALARMS_AT_MOST]
    assert is_stale(DAY, None if last is None else at(last), rhythm, at(today)) == bool(days)


def test_age_counts_from_the_true_origin():
    assert age_days(date(2016, 11, 22), date(2026, 11, 22)) == 3652
    assert age_days(at(1), DAY) == 0


def test_numbers_are_written_as_documents_of_the_state_write_them():
    assert number_text(2026, 12) == "挂号〔2026〕第0012号"
    assert number_text(2026, 12345) == "挂号〔2026〕第12345号"
