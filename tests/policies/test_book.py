"""Which version counts when, and what differs between two."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policies.book import Book
from services.policies.differences import Difference, differences

START = datetime(2026, 1, 1, tzinfo=UTC)


@given(st.lists(st.integers(0, 6), max_size=6), st.integers(-1, 8))
def test_the_version_in_force_is_the_last_that_began(days, asked):
    timetable = sorted((START + timedelta(days=day), number) for number, day in enumerate(days, 1))
    book = Book({number: f"v{number}" for number in range(len(days) + 1)}, tuple(timetable))
    instant = START + timedelta(days=asked)
    # an oracle that walks: the later instant wins, of two at one instant the higher version
    expected = max(((at, number) for at, number in timetable if at <= instant), default=(None, 0))[1]
    assert book.version_at(instant) == expected
    assert book.at(instant) == f"v{expected}"


def test_a_version_comes_into_force_by_itself_when_its_instant_comes():
    book = Book({0: "old", 1: "new"}, ((START, 1),))
    assert [book.at(START - timedelta(microseconds=1)), book.at(START)] == ["old", "new"]
    with pytest.raises(KeyError):
        book.version(2)


def test_differences_are_told_by_the_names_of_entries():
    before = {"categories": [{"code": "water", "limits": {"resolve": {"amount": 5}}}, {"code": "roads"}], "rows": []}
    after = {
        "categories": [{"code": "roads"}, {"code": "water", "limits": {"resolve": {"amount": 3}}}],
        "rows": [{"category": "water", "area": "441624", "handler": "x"}],
    }
    assert differences(before, after) == [
        Difference("/categories/water/limits/resolve/amount", 5, 3),
        Difference("/rows/water/441624", None, {"category": "water", "area": "441624", "handler": "x"}),
    ]
    assert differences({"rules": [{"code": "a"}, {"code": "b"}]}, {"rules": [{"code": "b"}, {"code": "a"}]}) == [
        Difference("/rules", [{"code": "a"}, {"code": "b"}], [{"code": "b"}, {"code": "a"}])
    ], "the order of rules is a difference too"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from("ab"),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(["code", "x", "y"]), inside, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_differences_are_there_exactly_where_something_differs(before, after):
    assert bool(differences(before, after)) == (json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True))
    assert differences(before, before) == []
