"""On and off duty in whatever order they come, and cells that tell no more than they may."""

import math
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.routing.geo import Point
from services.shifts.cells import coarse
from services.shifts.rules import Deed, Standing, decided

EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)
LASTS = timedelta(hours=12)
_METRES_OF_A_DEGREE = 111_194.9


def at(hour: float) -> datetime:
    return EIGHT + timedelta(hours=hour - 8)


def said(what, hour, *, now=None, standing=None, last_off=None):
    found = Standing(at(standing), at(standing) + LASTS) if standing is not None else None
    return decided(what, at(hour), at(now if now is not None else hour), found, at(last_off) if last_off is not None else None, LASTS)


def test_on_duty_begins_a_shift_that_ends_by_itself_and_said_again_is_not_longer():
    assert said("on", 8) == Deed(begin_at=at(8), until=at(20))
    assert said("on", 9, standing=8) == Deed()
    assert said("off", 17, standing=8) == Deed(at(17), "said")


def test_a_shift_nobody_ended_ended_by_itself_and_the_next_begins():
    assert said("on", 32, standing=8) == Deed(at(20), "time", at(32), at(44))
    assert said("off", 32, standing=8) == Deed(at(20), "time")


def test_off_duty_wins_though_an_earlier_on_comes_after_it():
    assert said("off", 17, now=18) == Deed(begin_at=at(17), until=at(29), over_at=at(17), over_because="said")
    assert said("on", 8, now=18, last_off=17) == Deed()
    assert said("on", 8, now=21, standing=None, last_off=6) == Deed(begin_at=at(8), until=at(20), over_at=at(20), over_because="time")
    assert said("off", 7, now=9, standing=8) == Deed(), "it is of an earlier shift"


_HOURS = st.integers(0, 60)


@given(st.lists(st.tuples(st.sampled_from(["on", "off"]), _HOURS), min_size=1, max_size=12))
def test_whoever_said_off_last_is_off_and_no_shift_outlasts_its_time(told):
    """Whatever order they come in: after all of it, somebody is on duty only if they said so after they last said off."""
    now = at(60)
    standing: Standing | None = None
    offs: list[datetime] = []
    for what, hour in told:
        last_off = max(offs, default=None)
        deed = decided(what, at(hour), now, standing, last_off, LASTS)
        if deed.end_at is not None:
            assert standing is not None
            assert standing.started_at <= deed.end_at <= standing.ends_at
            offs.append(deed.end_at)
            standing = None
        if deed.begin_at is not None:
            assert deed.until == deed.begin_at + LASTS
            if deed.over_at is not None:
                assert deed.begin_at <= deed.over_at <= deed.until
                offs.append(deed.over_at)
            else:
                assert standing is None
                standing = Standing(deed.begin_at, deed.until)
    last_said_off = max((at(hour) for what, hour in told if what == "off"), default=None)
    if standing is not None and standing.lasts(now) and last_said_off is not None:
        assert standing.started_at >= last_said_off


_LATS, _LONS = st.floats(18, 53), st.floats(74, 134)
_METRES = st.sampled_from([250, 500, 1000, 5000])


@given(_LATS, _LONS, _METRES)
def test_a_cell_is_near_and_the_same_from_wherever_in_it(lat, lon, metres):
    cell = coarse(Point(lat, lon), metres)
    north = (cell[0] - lat) * _METRES_OF_A_DEGREE
    east = (cell[1] - lon) * _METRES_OF_A_DEGREE * math.cos(math.radians(cell[0]))
    assert max(abs(north), abs(east)) <= metres / 2 + 12, "the middle is rounded to eleven metres"
    assert coarse(Point(*cell), metres) == cell, "a cell is its own cell: it can be made of no finer point"


def test_points_far_apart_in_one_cell_are_one_and_the_poles_are_no_fault():
    middle = coarse(Point(24.44, 114.94), 500)
    around = {coarse(Point(middle[0] + north * 0.002, middle[1] + east * 0.002), 500) for north in (-1, 0, 1) for east in (-1, 0, 1)}
    assert around == {middle}
    assert all(abs(coarse(Point(lat, lon), 5000)[0]) <= 90 for lat in (-90.0, 90.0) for lon in (-180.0, 180.0))
