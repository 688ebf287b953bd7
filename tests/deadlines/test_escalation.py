"""The ladder: true times, each level once, the same history however long the worker slept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deadlines.calendar import WorkCalendar, seed_days
from services.deadlines.due import StageLimit, TimeUnit, due_at
from services.deadlines.escalation import (
    After,
    AfterShare,
    Before,
    BeforeShare,
    Ladder,
    Level,
    ReachedLevel,
    RunningClock,
    ladder_of,
    next_level_at,
    reached_levels,
    schedule,
)
from services.deadlines.ladders import BUILT_IN
from services.platform.clock import SHANGHAI

CALENDAR = WorkCalendar.from_rows(seed_days(range(2025, 2028)))
STARTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
WAITS = st.timedeltas(timedelta(0), timedelta(days=60))
AFTERS = st.builds(After, st.integers(0, 9), st.sampled_from(TimeUnit)) | st.builds(AfterShare, st.integers(0, 400))
BEFORES = st.builds(Before, st.integers(1, 9), st.sampled_from(TimeUnit)) | st.builds(BeforeShare, st.integers(1, 100))
LADDERS = st.tuples(st.lists(BEFORES, max_size=2), st.lists(AFTERS, max_size=4)).map(
    lambda whens: ladder_of([Level(index, f"level {index}", when) for index, when in enumerate([*whens[0], *whens[1]], 1)])
)
DAY_LADDER, MINUTE_LADDER = BUILT_IN.ladder("days", TimeUnit.WORKING_DAYS), BUILT_IN.ladder("minutes", TimeUnit.MINUTES)
RESOLVE_LADDER = BUILT_IN.ladder("days-resolve", TimeUnit.WORKING_DAYS)


def _shanghai(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[arg-type,misc]


@st.composite
def clocks(draw: st.DrawFn) -> RunningClock:
    start = draw(STARTS)
    limit = StageLimit("resolve", draw(st.integers(1, 15)), draw(st.sampled_from(TimeUnit)))
    return RunningClock(start, due_at(start, limit, CALENDAR).at, unit=limit.unit, amount=limit.amount)


def _tick(clock: RunningClock, ladder: Ladder, now: datetime) -> tuple[RunningClock, tuple[ReachedLevel, ...]]:
    reached = reached_levels(clock, ladder, now, CALENDAR)
    done = clock.levels_done | {one.level.index for one in reached}
    return replace(clock, levels_done=done), reached


def test_default_ladder_counts_working_days_from_the_last_day_of_the_limit() -> None:
    """Due at the end of Friday 2026-09-18; Sunday 09-20 is a make-up working day, 09-25…27 are free."""
    clock = RunningClock(_shanghai(2026, 9, 16, 10), _shanghai(2026, 9, 19))
    reached = reached_levels(clock, DAY_LADDER, _shanghai(2026, 10, 1), CALENDAR)
    assert [(one.level.name, one.at.astimezone(SHANGHAI)) for one in reached] == [
        ("urge", _shanghai(2026, 9, 19)),
        ("supervise", _shanghai(2026, 9, 21)),
        ("raise", _shanghai(2026, 9, 22)),
        ("list", _shanghai(2026, 9, 25)),
    ]


def test_a_minute_limit_is_raised_after_the_same_amount_again() -> None:
    clock = RunningClock(_shanghai(2026, 2, 17, 2, 10), _shanghai(2026, 2, 17, 4, 10), unit=TimeUnit.MINUTES, amount=120)
    reached = reached_levels(clock, MINUTE_LADDER, _shanghai(2026, 2, 17, 12), CALENDAR)
    assert [(one.level.name, one.at) for one in reached] == [
        ("urge", _shanghai(2026, 2, 17, 4, 10)),
        ("supervise", _shanghai(2026, 2, 17, 5, 10)),
        ("raise", _shanghai(2026, 2, 17, 6, 10)),
        ("list", _shanghai(2026, 2, 17, 10, 10)),
    ]


def test_nothing_is_reached_before_the_due_instant() -> None:
    clock = RunningClock(_shanghai(2026, 3, 2, 9), _shanghai(2026, 3, 4))
    ladder = DAY_LADDER
    assert reached_levels(clock, ladder, clock.due_at - timedelta(microseconds=1), CALENDAR) == ()
    assert [one.level.name for one in reached_levels(clock, ladder, clock.due_at, CALENDAR)] == ["urge"]


def test_a_clock_stopped_late_keeps_the_levels_it_truly_missed() -> None:
    clock = RunningClock(_shanghai(2026, 3, 2, 9), _shanghai(2026, 3, 4), stopped_at=_shanghai(2026, 3, 5, 12))
    reached = reached_levels(clock, DAY_LADDER, _shanghai(2026, 4, 1), CALENDAR)
    assert [one.level.name for one in reached] == ["urge", "supervise"]


def test_a_clock_stopped_in_time_misses_nothing() -> None:
    due = _shanghai(2026, 3, 4)
    clock = RunningClock(_shanghai(2026, 3, 2, 9), due, stopped_at=due)
    ladder = DAY_LADDER
    assert reached_levels(clock, ladder, _shanghai(2026, 4, 1), CALENDAR) == ()
    assert next_level_at(clock, ladder, CALENDAR) is None


def test_levels_counted_over_an_unannounced_year_are_provisional() -> None:
    clock = RunningClock(_shanghai(2026, 12, 29, 9), _shanghai(2027, 1, 1))
    reached = schedule(clock, DAY_LADDER, CALENDAR)
    assert [one.provisional for one in reached] == [False, True, True, True]


def test_two_levels_with_one_index_are_refused() -> None:
    with pytest.raises(ValueError, match="same index"):
        ladder_of([Level(1, "urge", AfterShare(0)), Level(1, "raise", AfterShare(100))])


@pytest.mark.parametrize(
    ("kind", "values"),
    [(After, (-1, TimeUnit.MINUTES)), (AfterShare, (-1,)), (Before, (0, TimeUnit.MINUTES)), (BeforeShare, (0,)), (BeforeShare, (101,))],
)
def test_a_level_on_the_wrong_side_of_the_due_instant_is_refused(kind: type[AfterShare], values: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="due instant"):
        kind(*values)


def test_a_warning_comes_when_four_fifths_of_the_time_are_gone() -> None:
    clock = RunningClock(_shanghai(2026, 3, 2), _shanghai(2026, 3, 12), unit=TimeUnit.WORKING_DAYS, amount=8)
    reached = reached_levels(clock, RESOLVE_LADDER, _shanghai(2026, 3, 11), CALENDAR)
    assert [(one.level.name, one.level.early, one.at) for one in reached] == [("urge", True, _shanghai(2026, 3, 10))]
    longer = replace(clock, due_at=_shanghai(2026, 3, 17), paused=timedelta(days=5))
    assert schedule(longer, RESOLVE_LADDER, CALENDAR)[0].at == _shanghai(2026, 3, 15), "a pause is no part of the limit"


@pytest.mark.parametrize(
    ("when", "at"),
    [
        (Before(1, TimeUnit.WORKING_DAYS), _shanghai(2026, 2, 15)),  # due at the end of 02-24; 02-15…23 are free, 02-14 is worked
        (Before(2, TimeUnit.WORKING_DAYS), _shanghai(2026, 2, 14)),
        (Before(1, TimeUnit.NATURAL_DAYS), _shanghai(2026, 2, 24)),
        (Before(90, TimeUnit.MINUTES), _shanghai(2026, 2, 24, 22, 30)),
    ],
)
def test_levels_before_due_count_back_in_their_own_unit(when: Before, at: datetime) -> None:
    clock = RunningClock(_shanghai(2026, 2, 10, 9), _shanghai(2026, 2, 25), unit=TimeUnit.WORKING_DAYS, amount=8)
    assert [one.at for one in schedule(clock, (Level(1, "urge", when),), CALENDAR)] == [at]


def test_a_limit_in_office_hours_climbs_in_office_hours() -> None:
    """90 minutes of office time due on Friday 17:00 (08:00-12:00, 14:30-17:30): half of it again ends on Monday at 08:15."""
    clock = RunningClock(_shanghai(2026, 3, 6, 15, 30), _shanghai(2026, 3, 6, 17), unit=TimeUnit.WORKING_MINUTES, amount=90)
    assert [(one.level.name, one.at) for one in schedule(clock, MINUTE_LADDER, CALENDAR)] == [
        ("urge", _shanghai(2026, 3, 6, 17)),
        ("supervise", _shanghai(2026, 3, 9, 8, 15)),
        ("raise", _shanghai(2026, 3, 9, 9)),
        ("list", _shanghai(2026, 3, 9, 12)),
    ]
    half = (Level(1, "urge", BeforeShare(50)), Level(2, "urge", Before(30, TimeUnit.WORKING_MINUTES)))
    assert [one.at for one in schedule(clock, half, CALENDAR)] == [_shanghai(2026, 3, 6, 16, 15), _shanghai(2026, 3, 6, 16, 30)]


def test_no_level_lies_before_the_start_of_its_clock() -> None:
    clock = RunningClock(_shanghai(2026, 3, 2, 9), _shanghai(2026, 3, 4), unit=TimeUnit.WORKING_DAYS, amount=1)
    ladder = (Level(1, "urge", Before(9, TimeUnit.WORKING_DAYS)), Level(2, "urge", AfterShare(0)))
    assert [one.at for one in schedule(clock, ladder, CALENDAR)] == [clock.started_at, clock.due_at]


@given(clock=clocks(), ladder=LADDERS, wait=WAITS)
def test_reached_levels_are_in_order_each_once_and_true(clock: RunningClock, ladder: Ladder, wait: timedelta) -> None:
    now = clock.due_at + wait
    reached = reached_levels(clock, ladder, now, CALENDAR)
    times = [one.at for one in reached]
    assert times == sorted(times)
    assert len({one.level.index for one in reached}) == len(reached)
    assert all(clock.started_at <= at <= now for at in times)
    assert all(one.at >= clock.due_at for one in reached if not one.level.early)
    assert [one.level.index for one in reached] == sorted(one.level.index for one in reached)
    expected = {one.level.index for one in schedule(clock, ladder, CALENDAR) if one.at <= now}
    assert {one.level.index for one in reached} == expected


@given(clock=clocks(), ladder=LADDERS, waits=st.lists(WAITS, max_size=8))
def test_ticking_often_or_once_writes_the_same_history(clock: RunningClock, ladder: Ladder, waits: list[timedelta]) -> None:
    moments = [clock.due_at + wait for wait in sorted(waits)] + [clock.due_at + timedelta(days=90)]
    often: list[ReachedLevel] = []
    awake = clock
    for moment in moments:
        awake, reached = _tick(awake, ladder, moment)
        often += reached
    asleep, once = _tick(clock, ladder, moments[-1])
    assert tuple(often) == once
    assert awake == asleep


@given(clock=clocks(), ladder=LADDERS, wait=WAITS)
def test_a_second_tick_at_the_same_moment_adds_nothing(clock: RunningClock, ladder: Ladder, wait: timedelta) -> None:
    after, _ = _tick(clock, ladder, clock.due_at + wait)
    assert reached_levels(after, ladder, clock.due_at + wait, CALENDAR) == ()


@given(clock=clocks(), ladder=LADDERS)
def test_waking_at_each_next_level_reaches_all_of_them(clock: RunningClock, ladder: Ladder) -> None:
    times = []
    while (at := next_level_at(clock, ladder, CALENDAR)) is not None:
        clock, reached = _tick(clock, ladder, at)
        assert reached
        times += [one.at for one in reached]
    assert times == [one.at for one in schedule(clock, ladder, CALENDAR)]


@given(clock=clocks(), ladder=LADDERS, wait=WAITS, stop=st.timedeltas(timedelta(days=-5), timedelta(days=60)))
def test_stopping_never_adds_a_level_and_keeps_the_earlier_ones(
    clock: RunningClock, ladder: Ladder, wait: timedelta, stop: timedelta
) -> None:
    now = clock.due_at + wait
    stopped = replace(clock, stopped_at=clock.due_at + stop)
    running = reached_levels(clock, ladder, now, CALENDAR)
    kept = tuple(one for one in running if one.at < clock.due_at + stop)
    assert reached_levels(stopped, ladder, now, CALENDAR) == kept
