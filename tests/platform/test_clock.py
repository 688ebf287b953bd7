"""Days and instants: every day there is has a beginning and an end, those at the ends of the calendar too."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.clock import day_end, day_start, local_day


@given(st.dates(date(1, 1, 2), date(9999, 12, 30)))
def test_a_day_ends_where_the_next_begins_and_holds_its_own_instants(day):
    start, end = day_start(day), day_end(day)
    assert local_day(start) == day
    assert local_day(end) > day
    assert start < end
    assert end == day_start(local_day(end))


@pytest.mark.parametrize("day", [date.min, date.max])
def test_whoever_asks_about_the_first_or_the_last_day_of_all_gets_an_instant(day):
    assert day_start(day) <= day_end(day)
    assert day_start(day).tzinfo is UTC
    assert day_start(date.min) < datetime(1, 1, 2, tzinfo=UTC)
    assert day_end(date.max) > datetime(9999, 12, 30, tzinfo=UTC)
