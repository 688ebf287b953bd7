"""A clock is what its deeds make it: whatever is done to it, in whatever order, and worked out again from the journal."""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deadlines.calendar import WorkCalendar
from services.deadlines.calendars import DEFAULT, Calendars
from services.deadlines.clocks import ClockRules, Setting, after, clocks_of, deed, replayed, start_deed, started, stop_deed
from services.deadlines.due import StageLimit, StartRule, TimeUnit, due_at
from services.deadlines.ladders import BUILT_IN
from services.policies.book import Book

TICKET = UUID("019aa7b0-0000-7000-8000-000000000001")
CLOCK = UUID("019aa7b0-0000-7000-8000-000000000002")
SETTING = Setting("/441624/441624108/", "water.canal", "normal")
MONDAY = datetime(2026, 12, 28, 2, tzinfo=UTC)  # 10:00 in Shanghai
GUESSED = WorkCalendar({date(2027, 1, 1): False}, frozenset({2026}))
ANNOUNCED = WorkCalendar({date(2027, 1, 1): False, date(2027, 1, 2): True, date(2027, 1, 4): False}, frozenset({2026, 2027}))
RULES = ClockRules(
    Book({1: Calendars(1, {DEFAULT: GUESSED}), 2: Calendars(2, {DEFAULT: ANNOUNCED})}, [(datetime(2026, 1, 1, tzinfo=UTC), 1)]),
    Book({0: BUILT_IN}),
)


def begun(amount=3, unit=TimeUnit.WORKING_DAYS, at=MONDAY, start=StartRule.AT_ONCE):
    return start_deed(CLOCK, StageLimit("resolve", amount, unit, start), at, RULES, SETTING, number=1, turn=1, unit_id=None)


LIMITS = st.builds(
    begun, st.integers(1, 600), st.sampled_from(TimeUnit), st.integers(0, 10**6).map(lambda s: MONDAY + timedelta(seconds=s)),
    st.sampled_from(StartRule),
)  # fmt: skip


@st.composite
def histories(draw):
    """A start and deeds that could follow it, each later than the one before; the last one perhaps its end."""
    deeds = [draw(LIMITS)]
    clock = started(TICKET, deeds[0], RULES)
    now = clock.started_at
    for _ in range(draw(st.integers(0, 8))):
        now += timedelta(microseconds=draw(st.integers(0, 8 * 10**11)))
        possible = {
            "running": ["pause", "extend", "tighten", "level", "recalculate", "stop"],
            "paused": ["resume", "extend", "tighten", "recalculate", "stop"],
        }
        if clock.state not in possible:
            break
        do = draw(st.sampled_from(possible[clock.state]))
        if do == "tighten":
            one = deed(clock, do, amount=draw(st.integers(1, 300)), unit=draw(st.sampled_from(TimeUnit)).value, start="at_once")
        elif do == "extend":
            one = deed(clock, do, amount=draw(st.integers(1, 20)), unit=draw(st.sampled_from(["working_days", "natural_days"])))
        elif do == "level":
            one = deed(clock, do, level=clock.level + 1)
        elif do == "recalculate":
            one = deed(clock, do, calendar=2)
        else:
            one = deed(clock, do, now)
        deeds.append(one)
        clock = replayed(TICKET, deeds, RULES)
    return deeds


@given(histories())
def test_the_journal_alone_makes_the_same_clock_step_by_step_and_at_once(deeds):
    clock = None
    for place, one in enumerate(deeds, 1):
        if one["do"] == "start":
            clock = started(TICKET, one, RULES)
        elif one["do"] == "recalculate":
            clock = replayed(TICKET, deeds[:place], RULES)
        else:
            clock = after(clock, one, RULES)
        assert clock == replayed(TICKET, deeds[:place], RULES)
    events = [{"clocks": [one]} for one in deeds] + [{"words": "an event that touches no clock"}]
    assert clocks_of(TICKET, events, RULES) == [clock]


@given(histories())
def test_only_a_recalculation_moves_the_first_due_instant_and_only_a_tightening_brings_one_forward(deeds):
    for place in range(2, len(deeds) + 1):
        before, now = replayed(TICKET, deeds[: place - 1], RULES), replayed(TICKET, deeds[:place], RULES)
        if deeds[place - 1]["do"] != "recalculate":
            assert now.first_due_at == before.first_due_at
            assert (now.due_at >= before.due_at) if deeds[place - 1]["do"] != "tighten" else (now.due_at <= before.due_at)
        assert now.paused_for >= before.paused_for


@given(histories())
def test_a_recalculated_clock_is_the_one_that_had_known_the_announced_days_all_along(deeds):
    told = [*[one for one in deeds if one["do"] != "recalculate"]]
    known = [{**told[0], "calendar": [2, DEFAULT]}, *told[1:]]
    again = replayed(TICKET, [*deeds, {"id": str(CLOCK), "do": "recalculate", "calendar": 2}], RULES)
    assert asdict(again) == asdict(replayed(TICKET, known, RULES))
    if again.due_at.year <= 2027:
        assert not again.provisional


@given(LIMITS, st.integers(1, 10**12), st.integers(0, 10**12))
def test_a_pause_takes_as_long_as_it_took_and_gives_no_more(start, until_pause, length):
    clock = started(TICKET, start, RULES)
    paused_at = clock.started_at + timedelta(microseconds=until_pause)
    again = after(
        after(clock, deed(clock, "pause", paused_at), RULES), deed(clock, "resume", paused_at + timedelta(microseconds=length)), RULES
    )
    assert again.paused_for == timedelta(microseconds=length)
    if clock.time_unit is TimeUnit.MINUTES:
        assert again.due_at - clock.due_at == timedelta(microseconds=length)
    stopped = after(after(clock, deed(clock, "pause", paused_at), RULES), deed(clock, "stop", paused_at), RULES)
    assert stopped.due_at == clock.due_at, "an empty pause gives nothing"


@given(histories(), st.integers(0, 10**6))
def test_an_end_reported_back_into_a_pause_that_is_over_leaves_out_the_rest_of_it(deeds, part):
    clock = replayed(TICKET, deeds, RULES)
    if not clock.runs:
        return
    last = max((datetime.fromisoformat(one["at"]) for one in deeds if "at" in one), default=clock.started_at)
    at = clock.started_at + (last + timedelta(hours=1) - clock.started_at) * part / 10**6
    stop = stop_deed(clock, at, deeds)
    ended = replayed(TICKET, [*deeds, stop], RULES)
    untold = [one for one in deeds if one["do"] not in ("pause", "resume") or datetime.fromisoformat(one["at"]) <= at]
    assert ended == replayed(TICKET, [*untold, deed(clock, "stop", at)], RULES), "as if nothing had been paused after the end"
    assert bool(stop.get("reported_back")) == (untold != deeds)
    assert ended.stopped_at == at
    if all(one["do"] in ("start", "pause", "resume", "level") for one in deeds):  # days that are added end with a day, wherever they begin
        assert ended.due_at <= replayed(TICKET, [*deeds, deed(clock, "stop", at)], RULES).due_at
    assert timedelta() <= ended.paused_for <= max(ended.stopped_at - ended.started_at, timedelta()), "net is never less than nothing"
    assert clocks_of(TICKET, [{"clocks": [*deeds, stop]}], RULES) == [ended]


def test_who_was_late_before_a_pause_is_not_in_time_by_reporting_it_after():
    start = begun(60, TimeUnit.MINUTES)
    clock = started(TICKET, start, RULES)
    hours = [MONDAY + timedelta(hours=hour) for hour in (2, 3, 6)]
    deeds = [start, deed(clock, "pause", hours[1]), deed(clock, "resume", hours[2])]
    ended = replayed(TICKET, [*deeds, stop_deed(replayed(TICKET, deeds, RULES), hours[0], deeds)], RULES)
    assert (ended.stopped_at, ended.due_at, ended.paused_for) == (hours[0], MONDAY + timedelta(hours=1), timedelta())


def test_a_limit_over_the_turn_of_an_unannounced_year_is_provisional_until_it_is_announced():
    clock = started(TICKET, begun(4), RULES)
    assert clock.provisional
    assert clock.due_at == datetime(2027, 1, 4, 16, tzinfo=UTC), "29, 30, 31 December, and Monday the 4th as far as anybody knows"
    told = replayed(TICKET, [begun(4), deed(clock, "recalculate", calendar=2)], RULES)
    assert (told.provisional, told.calendar_version) == (False, 2)
    assert told.due_at == told.first_due_at == datetime(2027, 1, 2, 16, tzinfo=UTC), "Saturday the 2nd is a make-up working day"


def test_a_clock_that_started_by_hand_is_no_clock():
    with pytest.raises(ValueError, match="start"):
        replayed(TICKET, [{"id": str(CLOCK), "do": "stop", "at": MONDAY.isoformat()}], RULES)
    with pytest.raises(ValueError, match="wind"):
        after(started(TICKET, begun(), RULES), {"id": str(CLOCK), "do": "wind"}, RULES)


def test_a_clock_keeps_the_version_in_force_when_it_started():
    clock = started(TICKET, begun(), RULES)
    assert (clock.calendar_version, clock.calendar_code, clock.ladder_version) == (1, DEFAULT, 0)
    assert clock.due_at == due_at(MONDAY, StageLimit("resolve", 3, TimeUnit.WORKING_DAYS), GUESSED).at


def test_a_tightened_limit_keeps_what_was_granted_in_days_that_are_worked():
    extended = after(started(TICKET, begun(10), RULES), {"id": str(CLOCK), "do": "extend", "amount": 2, "unit": "working_days"}, RULES)
    tightened = {"id": str(CLOCK), "do": "tighten", "amount": 2, "unit": "working_days", "start": "at_once"}
    once = after(extended, tightened, RULES)
    assert once.due_at == due_at(MONDAY, StageLimit("resolve", 4, TimeUnit.WORKING_DAYS), GUESSED).at, "2 of the limit and the 2 granted"
    twice = after(once, {**tightened, "amount": 1}, RULES)
    assert twice.due_at == due_at(MONDAY, StageLimit("resolve", 3, TimeUnit.WORKING_DAYS), GUESSED).at
    assert twice.first_due_at == extended.first_due_at
    assert after(twice, {**tightened, "amount": 9}, RULES) == twice, "a longer limit gives nothing"
