"""Service days by rule and move, and the five steps in order: pure."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.errors import Problem
from services.visits.models import STEPS
from services.visits.reporting import states_of
from services.visits.rounds import Call, standing
from services.visits.service_days import DEFAULT_DAYS, Move, Rule, begins, deadline, require_movable, service_days
from services.visits.steps import Round, next_step, require_in_turn

AT = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = st.lists(st.integers(1, 31), max_size=10).map(tuple)
MONTHS = st.dates(date(2013, 6, 1), date(2030, 12, 1)).map(lambda day: day.replace(day=1))


def test_the_days_are_the_15th_and_16th_weekends_too_and_the_round_ends_at_24_00():
    days = service_days(date(2026, 11, 20), (), ())
    assert days == (date(2026, 11, 15), date(2026, 11, 16))
    assert days[0].isoweekday() == 7, "a Sunday is a service day like any other"
    assert begins(days) == datetime(2026, 11, 14, 16, tzinfo=UTC)
    assert deadline(days) == datetime(2026, 11, 16, 16, tzinfo=UTC)
    assert deadline(()) is begins(()) is None


def test_a_rule_counts_from_its_month_and_a_move_for_its_month_alone():
    rules = [Rule((10,), date(2026, 12, 1), AT), Rule((31,), date(2027, 2, 1), AT), Rule((5, 6), date(2027, 2, 1), AT - timedelta(1))]
    moves = [Move(date(2026, 12, 1), (20, 21), AT), Move(date(2027, 1, 1), (), AT)]
    told = {month: service_days(date(2027, month, 1), rules, moves) for month in (1, 2, 3)}
    assert service_days(date(2026, 11, 1), rules, moves) == (date(2026, 11, 15), date(2026, 11, 16))
    assert service_days(date(2026, 12, 1), rules, moves) == (date(2026, 12, 20), date(2026, 12, 21))
    assert told == {1: (), 2: (date(2027, 2, 28),), 3: (date(2027, 3, 31),)}, "a day that a month has not is its last"


@given(
    MONTHS,
    st.lists(st.builds(Rule, DAYS, MONTHS, st.just(AT)), max_size=4),
    st.lists(st.builds(Move, MONTHS, DAYS, st.just(AT)), max_size=4),
)
def test_service_days_lie_in_their_month_in_order_each_once(month, rules, moves):
    days = service_days(month, rules, moves)
    assert list(days) == sorted(set(days))
    assert all((day.year, day.month) == (month.year, month.month) for day in days)
    if not any(move.month == month for move in moves) and not any(rule.valid_from <= month for rule in rules):
        assert tuple(day.day for day in days) == DEFAULT_DAYS


@pytest.mark.parametrize(
    ("today", "wanted", "code"),
    [
        (date(2026, 11, 16), (date(2026, 11, 20),), "service_days.begun"),
        (date(2026, 12, 1), (date(2026, 11, 20),), "service_days.begun"),
        (date(2026, 11, 10), (date(2026, 11, 9),), "service_days.in_the_past"),
        (date(2026, 11, 15), (date(2026, 11, 20),), None),
        (date(2026, 11, 1), (), None),
    ],
)
def test_what_has_begun_is_not_moved_and_nothing_into_the_past(today, wanted, code):
    present = (date(2026, 11, 15), date(2026, 11, 16))
    found = refused(lambda: require_movable(date(2026, 11, 1), present, wanted, today))
    assert found == code


def refused(do):
    try:
        do()
    except Problem as problem:
        return problem.code
    return None


def round_of(done, *, planned=True, called=True):
    days = (date(2026, 11, 15), date(2026, 11, 16))
    return Round(days, begins(days), done, planned, called)


@pytest.mark.parametrize("order", list(permutations(STEPS)), ids="-".join)
def test_of_all_orders_only_the_right_one_is_taken_at_once_and_every_other_comes_to_it_by_waiting(order):
    """What waits is tried again after each step that was taken, as a phone's batch does: then all five are there, in order."""
    times = {step: datetime(2026, 11, 15, hour, tzinfo=UTC) for hour, step in enumerate(STEPS)}
    done, waiting, taken = {}, [], []
    for step in order:
        waiting.append(step)
        for again in sorted(waiting, key=STEPS.index):
            if refused(lambda again=again: require_in_turn(again, times[again], round_of(done))) is None:
                done[again] = times[again]
                taken.append(again)
        waiting = [one for one in waiting if one not in done]
    assert tuple(taken) == STEPS
    assert next_step(done) is None


def test_a_step_is_refused_before_its_days_before_the_one_before_it_twice_and_without_any_call():
    at = datetime(2026, 11, 15, 2, tzinfo=UTC)
    checked = {"check_in": at}
    assert refused(lambda: require_in_turn("check_in", datetime(2026, 11, 14, tzinfo=UTC), round_of({}))) == "service_step.before_days"
    assert refused(lambda: require_in_turn("feedback", at, round_of(checked))) == "service_step.waits_for_previous"
    early = at - timedelta(seconds=1)
    assert refused(lambda: require_in_turn("household_service", early, round_of(checked))) == "service_step.before_previous"
    assert refused(lambda: require_in_turn("check_in", at, round_of(checked))) == "service_step.done"
    uncalled = round_of(checked, called=False)
    assert refused(lambda: require_in_turn("household_service", at, uncalled)) == "service_step.waits_for_visits"
    assert require_in_turn("household_service", at, round_of(checked, planned=False, called=False)) == at
    assert refused(lambda: require_in_turn("check_in", at, Round((), None, {}, False, False))) == "service_step.no_days"
    assert next_step(checked) == "household_service"


def test_steps_that_are_missing_are_told_when_the_round_is_over():
    assert states_of(2, 3, over=True) == ["in_time", "in_time", "late", "missing", "missing"]
    assert states_of(2, 2, over=False) == ["in_time", "in_time", "to_come", "to_come", "to_come"]


def test_a_household_stands_by_its_calls():
    home, one, two = (object() for _ in range(3))
    absent = Call(home, one, "absent", True, date(2026, 11, 18))
    assert standing([]) == ("missing", None, None)
    assert standing([absent]) == ("attempted", None, date(2026, 11, 18))
    assert standing([absent, Call(home, two, "met", False, None)]) == ("visited", two, None)
    assert standing([absent, Call(home, two, "refused", True, None)]) == ("attempted", None, None)
