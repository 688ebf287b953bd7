"""Trying rules: against counts made day by day, and without any change."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.definition import CatalogueDefinition, RowDefinition, catalogue_of
from services.catalogue.parsing import CategoryDefinition, Limit
from services.deadlines.calendars import calendars_from, seed_definition
from services.deadlines.ladders import ladders_from
from services.organization.tree import PostNode, UnitNode, UnitTree
from services.platform.clock import SHANGHAI, day_end, local_day
from services.platform.ids import new_id
from services.simulation.matters import Matter, MatterClock, Period, RuleSet, last_quarter
from services.simulation.trial import EXAMPLES, Trial

DAY = date(2026, 9, 30)
NOW = datetime(2026, 10, 20, tzinfo=UTC)


def _tree():
    county = UnitNode(new_id(), "C", "county", "county", "县", (), None, "/C/", None, None, None, active=True)
    towns = [
        UnitNode(new_id(), code, "township", "township", code, (), county.id, f"/C/{code}/", None, None, None, True)
        for code in ("T1", "T2")
    ]
    water = UnitNode(new_id(), "D", "department", "county", "水利局", (), county.id, "/C/D/", "water", None, None, active=True)
    units = [county, *towns, water]
    posts = [PostNode(new_id(), new_id(), unit.id, "township_dispatcher", date(2024, 1, 1), None) for unit in units]
    return UnitTree(units, posts, DAY, "C")


TREE = _tree()
SEED = seed_definition([2025, 2026, 2027])
SATURDAYS = {**SEED, "calendars": {"default": {**SEED["calendars"]["default"], "weekdays": [1, 2, 3, 4, 5, 6]}}}


def _definition(days=5, rows=()):
    leaf = CategoryDefinition("water.canal", "water", "水渠", 2, leaf=True, limits=(Limit("resolve", days, "working_days"),))
    return CatalogueDefinition((CategoryDefinition("water", None, "水", 1, leaf=False), leaf), tuple(rows))


def _rules(days=5, rows=(), calendar=SEED, ladders=()):
    return RuleSet(catalogue_of(_definition(days, rows), TREE), calendars_from(1, calendar), ladders_from(1, {"rules": list(ladders)}))


RULES = _rules()
AGAIN = _rules()
"""The same, made anew."""
SIX_DAYS = replace(RULES, calendars=calendars_from(2, SATURDAYS))


def _matter(received_at, *clocks, category="water.canal", town="T1", terms="usual"):
    unit = TREE.by_code[town]
    return Matter(new_id(), "1", category, "normal", terms, unit.id, unit.path, None, received_at, clocks)


def _clock(started_at, stopped_at=None, *, stage="resolve", amount=5, granted=timedelta()):
    return MatterClock(stage, 1, started_at, stopped_at, amount, "working_days", "at_once", granted, timedelta())


def _tried(after, matters, before=RULES):
    trial = Trial(before, after, TREE, NOW)
    trial.take(matters)
    return trial.outcome


STARTS = st.integers(0, 270 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))


def _worked(day, *, saturdays):
    """The days of 2026 as the State Council announced them, from the seed, or the week."""
    listed = SEED["years"][str(day.year)]
    if day.isoformat() in listed["off"]:
        return False
    return day.isoformat() in listed["on"] or day.isoweekday() <= 5 + saturdays


def _due(start, amount, *, saturdays=False):
    """An oracle that walks from day to day."""
    day = local_day(start)
    while amount:
        day += timedelta(days=1)
        amount -= _worked(day, saturdays=saturdays)
    return day_end(day)


@given(st.lists(st.tuples(STARTS, st.integers(1, 12)), max_size=5))
def test_deadlines_that_move_with_the_calendar_are_those_a_walker_finds(started):
    matters = [_matter(start, _clock(start, amount=amount)) for start, amount in started]
    found = _tried(SIX_DAYS, matters)
    pairs = [(_due(start, amount), _due(start, amount, saturdays=True)) for start, amount in started]
    assert found.earlier["resolve"] == sum(after < before for before, after in pairs)
    assert found.later["resolve"] == sum(after > before for before, after in pairs) == 0
    assert sorted((one.before, one.after) for one in found.examples) == sorted(pair for pair in pairs if pair[0] != pair[1])
    assert found.now_late == sum(after < NOW <= before for before, after in pairs)
    assert not found.moved


@given(st.lists(st.tuples(STARTS, st.none() | st.integers(0, 40 * 24)), max_size=6))
def test_the_same_rules_change_nothing(started):
    clocks = [_clock(start, None if hours is None else start + timedelta(hours=hours)) for start, hours in started]
    found = _tried(AGAIN, [_matter(clock.started_at, clock) for clock in clocks])
    assert (found.moved, found.examples, +found.levels_gained, +found.levels_lost) == ([], [], Counter(), Counter())
    assert found.levels_before == found.levels_after
    assert (found.matters, found.clocks) == (len(clocks), len(clocks))


def test_who_would_have_got_what_is_counted_from_whom_to_whom():
    start = datetime(2026, 7, 3, 2, tzinfo=UTC)
    matters = [_matter(start, town="T1"), _matter(start, town="T2"), _matter(start, town="T1", category=None)]
    found = _tried(_rules(rows=[RowDefinition("water", "T1", "D")]), matters)
    town, water = TREE.by_code["T1"].id, TREE.by_code["D"].id
    assert [(one.id, one.before, one.after, one.rule_before, one.rule_after) for one in found.moved] == [
        (matters[0].id, town, water, "category", "catalogue_row")
    ]
    assert found.pairs == {(town, water): 1}


def test_the_category_limit_is_tried_where_the_clock_had_it_from_there():
    start = datetime(2026, 7, 3, 2, tzinfo=UTC)
    usual, petition = _matter(start, _clock(start)), _matter(start, _clock(start, amount=60), terms="petition")
    instructed = _matter(start, _clock(start, stage="instruct", amount=1))
    found = _tried(_rules(days=3), [usual, petition, instructed])
    assert (found.earlier, found.later) == ({"resolve": 1}, {})
    assert [(one.id, one.before, one.after) for one in found.examples] == [(usual.id, _due(start, 5), _due(start, 3))]
    extended = _matter(start, _clock(start, _due(start, 4), granted=timedelta(days=3)))
    assert (_tried(_rules(days=3), [extended]).now_late, _tried(_rules(days=3), [usual]).now_late) == (0, 0)
    in_time = _matter(start, _clock(start, _due(start, 4)))
    assert (_tried(_rules(days=3), [in_time]).now_late, _tried(RULES, [in_time], _rules(days=3)).now_in_time) == (1, 1)


def test_limits_that_are_taken_away_or_added_are_counted():
    start = datetime(2026, 7, 3, 2, tzinfo=UTC)
    with_contact = _definition()
    leaf = replace(with_contact.categories[1], limits=(*with_contact.categories[1].limits, Limit("first_contact", 1, "working_days")))
    contact = replace(RULES, catalogue=catalogue_of(replace(with_contact, categories=(with_contact.categories[0], leaf)), TREE))
    matter = _matter(start, _clock(start, stage="first_contact", amount=1), _clock(start))
    assert (_tried(contact, [_matter(start, _clock(start))]).begun, _tried(contact, [matter], contact).begun) == ({"first_contact": 1}, {})
    found = _tried(RULES, [matter], contact)
    assert (found.ended, found.examples, found.levels_lost["urge"]) == ({"first_contact": 1}, [], 1)


def test_levels_that_would_have_been_reached_or_not():
    start = datetime(2026, 7, 3, 2, tzinfo=UTC)
    due = _due(start, 5)
    late, in_time, endless = (_matter(start, _clock(start, stop)) for stop in (due + timedelta(hours=1), due, None))
    early = {"code": "early", "levels": [{"name": "urge", "before": {"percent": 20}}, {"name": "list", "after": {"percent": 0}}]}
    found = _tried(_rules(ladders=[early]), [late, in_time, endless])
    assert found.levels_after == {"urge": 3, "list": 2}
    assert found.levels_before["list"] == 1, "only the one that never ended"
    assert found.levels_gained["list"] == 1
    assert found.levels_lost["supervise"] == found.levels_before["supervise"] == 1


def test_of_very_many_deadlines_the_farthest_are_told():
    dice = random.Random(7)
    matters = [
        _matter(start, _clock(start))
        for start in (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=dice.randrange(250)) for _ in range(90))
    ]
    trial = Trial(RULES, SIX_DAYS, TREE, NOW)
    for at in range(0, 90, 30):
        trial.take(matters[at : at + 30])
    starts = [matter.clocks[0].started_at for matter in matters]
    shifts = sorted((_due(start, 5) - _due(start, 5, saturdays=True) for start in starts), reverse=True)
    assert [one.before - one.after for one in trial.outcome.examples] == shifts[:EXAMPLES]


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        ((2026, 11, 22), (2026, 7, 1), (2026, 9, 30)),
        ((2026, 1, 1), (2025, 10, 1), (2025, 12, 31)),
        ((2024, 5, 31), (2024, 1, 1), (2024, 3, 31)),
    ],
)
def test_the_last_quarter_is_the_one_that_is_over(today, first, last):
    assert last_quarter(date(*today)) == Period(date(*first), date(*last))
    assert datetime(*today, tzinfo=SHANGHAI) > datetime(*last, tzinfo=SHANGHAI)


def test_a_clock_of_a_unit_goes_by_the_calendar_of_that_unit_and_one_that_stands_still_reaches_nothing():
    start = datetime(2026, 7, 3, 2, tzinfo=UTC)  # a Friday
    own = replace(_clock(start, amount=1), stage="task", unit_id=TREE.by_code["D"].id)
    saturdays = {**SATURDAYS, "calendars": {**SEED["calendars"], "six": SATURDAYS["calendars"]["default"]}, "units": {"D": "six"}}
    found = _tried(replace(RULES, calendars=calendars_from(2, saturdays)), [_matter(start, own, _clock(start, amount=1))])
    assert (dict(found.earlier), dict(found.later)) == ({"task": 1}, {})
    paused = replace(_clock(start, amount=1), paused_at=start + timedelta(hours=1))
    assert not _tried(AGAIN, [_matter(start, paused)]).levels_before
