"""Which sums answer which question."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting_api.asking import asked_of
from services.platform.errors import Invalid
from services.reports.measures import DIMENSIONS, LEVELS
from services.reports.planning import Need, Period, SpanKind, Stretch, between, plan, span_name, span_of, spans
from services.reports.questions import period_asked

DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
NEEDS = st.builds(Need, st.sampled_from(LEVELS), st.frozensets(st.sampled_from(DIMENSIONS)), st.booleans())


def edges(stretches: Iterable[Stretch]) -> dict[datetime, int]:
    """Return where what the stretches make up begins (1) and ends (-1)."""
    found = Counter[datetime]()
    for stretch in stretches:
        found[stretch.period.start] += stretch.sign
        found[stretch.period.end] -= stretch.sign
    return {instant: change for instant, change in found.items() if change}


@given(DAYS, DAYS, NEEDS, st.booleans(), st.none() | DAYS)
def test_stretches_make_up_the_period_and_their_grains_tell_enough_apart(
    one: date, other: date, need: Need, cells: bool, today: date | None
) -> None:
    period = Period(min(one, other), max(one, other))
    stretches = plan(period, need, cells=cells, today=today)
    assert edges(stretches) == {period.start: 1, period.end: -1}
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
    told = [(stretch.sign, stretch.grain.code if stretch.grain else None) for stretch in plan(period, need)]
    return [code if sign == 1 else f"less {code or 'facts'}" for sign, code in told]


def test_a_long_span_reads_months_and_only_its_edges_by_day() -> None:
    assert grains("2024-11-20", "2026-11-10", Need("township")) == ["day_village", "day_village", "month_township"]
    assert grains("2026-01-01", "2026-12-31", Need("village")) == ["month_village"]


def test_what_no_grain_tells_apart_is_counted_over_the_facts() -> None:
    assert grains("2026-01-01", "2026-12-31", Need("village", frozenset({"channel"}))) == [None]
    assert grains("2026-01-25", "2026-02-28", Need("township", frozenset({"channel"}))) == [None, "month_flow"]


def test_of_a_month_that_lacks_a_few_days_these_are_taken_off() -> None:
    assert grains("2026-01-05", "2026-02-26", Need("village")) == ["month_village", "less day_village", "less day_village"]
    assert grains("2026-01-03", "2026-01-29", Need("place")) == ["month_place", "less facts", "less facts"]
    assert grains("2026-01-09", "2026-01-20", Need("place")) == [None]
    yesterday = plan(Period(date(2026, 11, 1), date(2026, 11, 9)), Need("place"), today=date(2026, 11, 10))
    assert [(stretch.sign, str(stretch.period.first)) for stretch in yesterday] == [(1, "2026-11-01"), (-1, "2026-11-10")]


def test_february_of_a_leap_year_is_a_whole_month() -> None:
    assert grains("2028-02-01", "2028-02-29", Need()) == ["month_township"]
    assert grains("2028-02-01", "2028-02-28", Need("township")) == ["month_township", "less day_village"]
    assert grains("2028-02-11", "2028-02-28", Need("township")) == ["month_township", "less day_village", "less day_village"]


@pytest.mark.parametrize(("first", "last"), [("2026-11-02", "2026-11-01"), ("1999-12-31", "2026-01-01"), ("2026-01-01", "2100-01-01")])
def test_a_reversed_or_absurd_period_is_refused(first: str, last: str) -> None:
    with pytest.raises(Invalid) as caught:
        Period(date.fromisoformat(first), date.fromisoformat(last))
    assert caught.value.code == "period.invalid"


SECONDS = st.integers(0, 4 * 366 * 86_400).map(lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
KINDS = st.sampled_from(get_args(SpanKind))


@given(SECONDS, SECONDS, NEEDS, st.booleans())
def test_stretches_of_instants_make_up_the_period_and_grains_answer_whole_days(
    one: datetime, other: datetime, need: Need, cells: bool
) -> None:
    period = between(min(one, other), max(one, other) + timedelta(seconds=1))
    stretches = plan(period, need, cells=cells)
    assert edges(stretches) == {period.start: 1, period.end: -1}
    assert all(stretch.grain is None or stretch.period.whole_days for stretch in stretches)


@given(DAYS, DAYS, KINDS)
def test_spans_cover_a_period_without_gap_and_their_parts_make_it_up(one: date, other: date, kind: SpanKind) -> None:
    period = Period(min(one, other), max(one, other))
    parts = [period.part(*span_of(kind, first)) for first in spans(period, kind)]
    assert [day for part in parts for day in part.days()] == list(period.days())
    assert len({span_name(kind, first) for first in spans(period, kind)}) == len(parts)


def test_spans_are_called_as_they_are_read() -> None:
    assert [span_name(kind, span_of(kind, date(2027, 1, 3))[0]) for kind in get_args(SpanKind)] == [
        "2027-01-03", "2026-W53", "2027-01", "2027-Q1", "2027",
    ]  # fmt: skip
    assert span_of("quarter", date(2028, 2, 29)) == (date(2028, 1, 1), date(2028, 3, 31))
    assert span_of("week", date(2026, 11, 22)) == (date(2026, 11, 16), date(2026, 11, 22))


def test_instants_that_are_whole_days_are_days() -> None:
    midnight = datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert between(midnight, midnight + timedelta(days=2)) == Period(date(2026, 11, 1), date(2026, 11, 2))
    pieces = plan(between(midnight - timedelta(hours=1), midnight + timedelta(days=30, seconds=1)), Need("township"))
    assert [stretch.grain.code if stretch.grain else None for stretch in pieces] == [None, "month_township", None]
    assert (pieces[0].period.first, pieces[2].period.first) == (date(2026, 10, 31), date(2026, 12, 1))
    with pytest.raises(Invalid):
        between(midnight, midnight)


ODD = [
    ("0001-01-01T00:00:00+14:00", None), (None, "0001-01-01T00:00:00+00:00"), ("9999-12-31T23:59:59+00:00", None),
    (None, "9999-12-31T23:59:59+14:00"), ("2026-11-01T00:00:00+08:00", "9999-12-31"), ("9999-12-31", "2026-11-01T00:00:00Z"),
    ("2026-11-01T00:00:00+99:99", None), ("2026-11-31T00:00:00Z", None), ("2026-11-01T00:00:00", None),
]  # fmt: skip


@pytest.mark.parametrize(("begin", "end"), ODD)
def test_no_instant_breaks_anything(begin: str | None, end: str | None) -> None:
    with pytest.raises(Invalid) as caught:
        period_asked(asked_of("received", begin, end), date(2026, 11, 22))
    assert caught.value.code == "period.invalid"


def test_a_day_and_an_instant_may_be_mixed() -> None:
    found = period_asked(asked_of("received.csv", "2026-11-01", "2026-11-10T12:00:00 08:00"), date(2026, 11, 22))
    assert (found.first, found.last, found.until) == (date(2026, 11, 1), date(2026, 11, 10), datetime(2026, 11, 10, 4, tzinfo=UTC))
    begun = period_asked(asked_of("received", "2026-11-10T12:00:00+08:00"), date(2026, 11, 22))
    assert (begun.since, begun.last, begun.until) == (datetime(2026, 11, 10, 4, tzinfo=UTC), date(2026, 11, 22), None)
