"""Which sums answer which question."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.errors import Invalid
from services.reports.measures import DIMENSIONS, LEVELS
from services.reports.planning import Need, Period, plan

DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
NEEDS = st.builds(Need, st.sampled_from(LEVELS), st.frozensets(st.sampled_from(DIMENSIONS)), st.booleans())


@given(DAYS, DAYS, NEEDS, st.booleans())
def test_stretches_cover_each_day_once_and_their_grains_tell_enough_apart(one: date, other: date, need: Need, cells: bool) -> None:
    period = Period(min(one, other), max(one, other))
    stretches = plan(period, need, cells=cells)
    assert [day for stretch in stretches for day in stretch.period.days()] == list(period.days())
    for stretch in stretches:
        grain = stretch.grain
        if grain is None:
            continue
        assert cells
        assert LEVELS.index(grain.level) >= LEVELS.index(need.level)
        assert grain.dimensions >= need.dimensions
        if grain.period == "month":
            assert not need.days
            assert stretch.period.first.day == 1
            assert stretch.period.within(stretch.period.last.replace(day=1)).last == stretch.period.last


def grains(first: str, last: str, need: Need) -> list[str | None]:
    period = Period(date.fromisoformat(first), date.fromisoformat(last))
    return [stretch.grain.code if stretch.grain else None for stretch in plan(period, need)]


def test_a_long_span_reads_months_and_only_its_edges_by_day() -> None:
    assert grains("2024-11-15", "2026-11-14", Need("township")) == ["day_township", "month_township", "day_township"]
    assert grains("2026-01-01", "2026-12-31", Need("village")) == ["month_village"]


def test_what_no_grain_tells_apart_is_counted_over_the_facts() -> None:
    assert grains("2026-01-01", "2026-12-31", Need("village", frozenset({"category"}))) == [None]
    assert grains("2026-01-05", "2026-02-28", Need("township", frozenset({"channel"}))) == [None, "month_township_kind"]


def test_february_of_a_leap_year_is_a_whole_month() -> None:
    assert grains("2028-02-01", "2028-02-29", Need()) == ["month_township"]
    assert grains("2028-02-01", "2028-02-28", Need("township")) == ["day_township"]


@pytest.mark.parametrize(("first", "last"), [("2026-11-02", "2026-11-01"), ("1999-12-31", "2026-01-01"), ("2026-01-01", "2100-01-01")])
def test_a_reversed_or_absurd_period_is_refused(first: str, last: str) -> None:
    with pytest.raises(Invalid) as caught:
        Period(date.fromisoformat(first), date.fromisoformat(last))
    assert caught.value.code == "period.invalid"
