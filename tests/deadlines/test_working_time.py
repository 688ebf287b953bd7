"""The algebra of working time, over random calendars: against a walker that counts minute by minute, and its laws."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.deadlines.calendar import ALWAYS
from services.deadlines.due import (
    Due,
    StageLimit,
    StartRule,
    TimeUnit,
    after_pause,
    counted_from,
    due_at,
    due_at_many,
    latest_start,
    moved_by,
    office_time_between,
    put_off,
    remaining,
    worked_between,
)
from tests.deadlines.walker import CHINA, DAY, World, worlds

MINUTES, OFFICE, NATURAL, WORKING = TimeUnit.MINUTES, TimeUnit.WORKING_MINUTES, TimeUnit.NATURAL_DAYS, TimeUnit.WORKING_DAYS
UNITS, RULES = st.sampled_from(TimeUnit), st.sampled_from(StartRule)
AMOUNTS = st.integers(1, 400)
SOME = st.integers(0, 40)
LENGTHS = st.one_of(st.integers(0, 20 * 86_400_000_000), st.integers(0, 3 * 24 * 60).map(lambda m: m * 60_000_000)).map(
    lambda length: timedelta(microseconds=length)
)
INSTANT = timedelta(microseconds=1)


@given(world=worlds(), amount=AMOUNTS)
def test_office_time_ends_where_a_minute_walker_ends(world: World, amount: int) -> None:
    due = moved_by(world.start, amount, OFFICE, world.calendar)
    assert (due.at, due.provisional) == world.office_due(amount)
    assert due.at.tzinfo is UTC


@given(world=worlds(), amount=SOME)
def test_working_days_end_where_a_walker_ends(world: World, amount: int) -> None:
    due = moved_by(world.start, amount, WORKING, world.calendar)
    assert (due.at, due.provisional) == world.days_due(amount)


@given(world=worlds(), length=LENGTHS)
def test_office_time_between_two_instants_is_what_a_minute_walker_finds(world: World, length: timedelta) -> None:
    found = office_time_between(world.start, world.start + length, world.calendar)
    assert found == world.office_time(world.start + length)
    assert office_time_between(world.start + length, world.start, world.calendar) == -found


@given(world=worlds(), amount=st.integers(1, 30), unit=UNITS)
def test_start_rules_are_what_they_say(world: World, amount: int, unit: TimeUnit) -> None:
    tomorrow = datetime.combine(world.local.date() + DAY, datetime.min.time(), CHINA)
    plain = moved_by(world.start, amount, unit, world.calendar).at
    asked = {rule: due_at(world.start, StageLimit("resolve", amount, unit, rule), world.calendar).at for rule in StartRule}
    assert asked[StartRule.AT_ONCE] == plain
    assert asked[StartRule.NEXT_WORKING_TIME] == moved_by(world.opening(), amount, unit, world.calendar).at
    days = unit in (NATURAL, WORKING)
    assert asked[StartRule.NEXT_DAY] == (plain if days else moved_by(tomorrow, amount, unit, world.calendar).at)


@given(world=worlds(), amount=SOME, unit=UNITS)
def test_what_passed_until_the_due_instant_is_the_amount(world: World, amount: int, unit: TimeUnit) -> None:
    due = moved_by(world.start, amount, unit, world.calendar).at
    assert worked_between(world.start, due, unit, world.calendar) == amount
    assert worked_between(due, world.start, unit, world.calendar) == -amount
    if unit is OFFICE:
        assert office_time_between(world.start, due, world.calendar) == timedelta(minutes=amount), "exact, not only in whole minutes"


@given(world=worlds(), later=LENGTHS, amount=st.integers(1, 40), unit=UNITS, rule=RULES)
def test_a_later_start_is_never_due_earlier(world: World, later: timedelta, amount: int, unit: TimeUnit, rule: StartRule) -> None:
    limit = StageLimit("resolve", amount, unit, rule)
    assert due_at(world.start, limit, world.calendar).at <= due_at(world.start + later, limit, world.calendar).at


@given(world=worlds(), amount=SOME, unit=UNITS)
def test_a_longer_limit_is_due_later_and_no_surer(world: World, amount: int, unit: TimeUnit) -> None:
    shorter, longer = (moved_by(world.start, each, unit, world.calendar) for each in (amount, amount + 1))
    assert shorter.at < longer.at
    assert longer.provisional or not shorter.provisional


@given(world=worlds(), first=SOME, second=SOME, unit=UNITS)
def test_amounts_add_up(world: World, first: int, second: int, unit: TimeUnit) -> None:
    one, both = moved_by(world.start, first, unit, world.calendar), moved_by(world.start, first + second, unit, world.calendar)
    other = put_off(one.at, second, unit, world.calendar)
    assert Due(other.at, one.provisional or other.provisional) == both
    if unit in (MINUTES, OFFICE):
        assert moved_by(one.at, second, unit, world.calendar).at == both.at


@given(world=worlds(), amount=SOME, unit=UNITS, rule=RULES)
def test_the_latest_start_is_the_very_last(world: World, amount: int, unit: TimeUnit, rule: StartRule) -> None:
    """`world.start` is the due instant here: anywhere, in pauses and at bounds too."""

    def due(start: datetime) -> datetime:
        return moved_by(counted_from(start, rule, unit, world.calendar).at, amount, unit, world.calendar).at

    latest = latest_start(world.start, amount, unit, world.calendar, rule)
    assert due(latest) <= world.start < due(latest + INSTANT)


@given(world=worlds(), length=LENGTHS, amount=st.integers(1, 40), unit=UNITS)
def test_what_starts_by_the_latest_start_ends_in_time(world: World, length: timedelta, amount: int, unit: TimeUnit) -> None:
    due = world.start + length
    in_time = moved_by(world.start, amount, unit, world.calendar).at <= due
    assert in_time is (world.start <= latest_start(due, amount, unit, world.calendar))


@given(world=worlds(), length=LENGTHS, amount=st.integers(1, 40), unit=UNITS)
def test_a_pause_from_the_very_start_is_a_later_start(world: World, length: timedelta, amount: int, unit: TimeUnit) -> None:
    due, later = moved_by(world.start, amount, unit, world.calendar).at, world.start + length
    assert after_pause(due, world.start, later, unit, world.calendar).at == moved_by(later, amount, unit, world.calendar).at


@given(world=worlds(), wait=LENGTHS, first=LENGTHS, second=LENGTHS, unit=UNITS)
def test_two_pauses_in_a_row_are_one(world: World, wait: timedelta, first: timedelta, second: timedelta, unit: TimeUnit) -> None:
    due = moved_by(world.start, 7, unit, world.calendar).at
    since = world.start + wait
    between, until = since + first, since + first + second
    once = after_pause(due, since, until, unit, world.calendar).at
    twice = after_pause(after_pause(due, since, between, unit, world.calendar).at, between, until, unit, world.calendar).at
    assert once == twice >= due
    assert after_pause(due, since, since, unit, world.calendar).at == after_pause(due, until, since, unit, world.calendar).at == due


@given(world=worlds(), length=LENGTHS)
def test_what_remains_is_the_difference(world: World, length: timedelta) -> None:
    due = world.start + length
    left = remaining(due, world.start, world.calendar)
    assert (left.wall, left.overdue, left.working_days >= 0) == (length, False, True)
    assert left.working_minutes == worked_between(world.start, due, OFFICE, world.calendar)
    assert timedelta() <= left.office <= length
    late = remaining(world.start, due, world.calendar)
    assert (late.wall, late.office, late.working_minutes) == (-length, -left.office, -left.working_minutes)


@given(world=worlds(), steps=st.lists(LENGTHS, max_size=6), amount=st.integers(1, 60), unit=UNITS, rule=RULES)
def test_many_at_once_are_each_of_them(world: World, steps: list[timedelta], amount: int, unit: TimeUnit, rule: StartRule) -> None:
    limit = StageLimit("resolve", amount, unit, rule)
    starts = [world.start, *(world.start + step for step in steps)]
    assert due_at_many(starts, limit, world.calendar) == [due_at(start, limit, world.calendar) for start in starts]


@given(start=st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)), amount=st.integers(0, 3_000_000))  # noqa: DTZ001
def test_day_and_night_loses_no_minute(start: datetime, amount: int) -> None:
    """Up to almost six years of minutes: office time round the clock is time."""
    assert (
        moved_by(start, amount, OFFICE, ALWAYS) == moved_by(start, amount, MINUTES, ALWAYS) == Due(start + timedelta(minutes=amount), False)
    )
    assert office_time_between(start, start + timedelta(minutes=amount), ALWAYS) == timedelta(minutes=amount)
    assert latest_start(start + timedelta(minutes=amount), amount, OFFICE, ALWAYS) == start
    assert counted_from(start, StartRule.NEXT_WORKING_TIME, OFFICE, ALWAYS) == Due(start, provisional=False)
