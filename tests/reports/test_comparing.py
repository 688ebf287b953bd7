"""The period before, the year before, what changed, and shares that add up."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reports.comparing import compared, period_before, year_before
from services.reports.composite import BUILT_IN, compared_scores, score, weights_of
from services.reports.metrics import METRICS, figure_of
from services.reports.planning import Period, between
from services.reports.shares import shares
from services.reports.times import compared_times, quantiles_of
from services.reports.views import FigureTwice, FigureView, TakenOut


def days(text: str) -> Period:
    first, last = text.split("..")
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("period", "before", "a_year_before"),
    [
        ("2026-11-01..2026-11-30", "2026-10-01..2026-10-31", "2025-11-01..2025-11-30"),
        ("2026-01-01..2026-01-31", "2025-12-01..2025-12-31", "2025-01-01..2025-01-31"),
        ("2026-10-01..2026-12-31", "2026-07-01..2026-09-30", "2025-10-01..2025-12-31"),
        ("2024-01-01..2024-12-31", "2023-01-01..2023-12-31", "2023-01-01..2023-12-31"),
        ("2025-02-01..2025-02-28", "2025-01-01..2025-01-31", "2024-02-01..2024-02-29"),  # whole months stay whole
        ("2024-02-01..2024-02-29", "2024-01-01..2024-01-31", "2023-02-01..2023-02-28"),
        ("2024-02-29..2024-02-29", "2024-02-28..2024-02-28", "2023-02-28..2023-02-28"),
        ("2026-11-01..2026-11-22", "2026-10-01..2026-10-22", "2025-11-01..2025-11-22"),  # the month so far
        ("2026-10-01..2026-12-05", "2026-07-01..2026-09-05", "2025-10-01..2025-12-05"),  # the quarter so far
        ("2026-10-01..2026-11-22", "2026-07-01..2026-08-22", "2025-10-01..2025-11-22"),  # a quarter in its second month
        ("2026-01-01..2026-11-22", "2025-01-01..2025-11-22", "2025-01-01..2025-11-22"),  # the year so far
        ("2026-02-01..2026-03-22", "2025-12-13..2026-01-31", "2025-02-01..2025-03-22"),  # neither a quarter nor a year
        ("2026-03-01..2026-03-30", "2026-02-01..2026-02-28", "2025-03-01..2025-03-30"),
        ("2026-11-16..2026-11-22", "2026-11-09..2026-11-15", "2025-11-16..2025-11-22"),  # a week
        ("2026-10-20..2026-11-22", "2026-09-16..2026-10-19", "2025-10-20..2025-11-22"),
    ],
)
def test_what_is_compared_with_what(period: str, before: str, a_year_before: str) -> None:
    assert (period_before(days(period)), year_before(days(period))) == (days(before), days(a_year_before))


def test_periods_to_the_second_are_compared_with_as_long_a_time() -> None:
    start = datetime(2024, 2, 29, 1, 2, 3, tzinfo=UTC)
    period = between(start, start + timedelta(hours=5))
    before, last_year = period_before(period), year_before(period)
    assert before is not None
    assert last_year is not None
    assert (before.start, before.end) == (start - timedelta(hours=5), start)
    assert (last_year.start, last_year.end - last_year.start) == (datetime(2023, 2, 28, 1, 2, 3, tzinfo=UTC), timedelta(hours=5))


@pytest.mark.parametrize(
    ("period", "a_year_before"),
    [
        ("2025-02-28T08..2025-02-28T20", "2024-02-28T08..2024-02-28T20"),  # the same date, though both end their months
        ("2024-01-01T00..2024-11-22T12", "2023-01-01T00..2023-11-22T12"),  # a day shorter, not into the next day
        ("2025-01-01T06..2025-11-23T00", "2024-01-01T06..2024-11-23T00"),
        ("2025-02-27T12..2025-03-01T00", "2024-02-27T12..2024-03-01T00"),  # to the end of the month
        ("2024-02-28T20..2024-02-29T10", "2023-02-28T20..2023-03-01T10"),  # 29 February has 28: as long a time instead
    ],
)
def test_a_year_before_instants_have_the_same_date_and_time_of_day(period: str, a_year_before: str) -> None:
    def read(text: str) -> Period:
        start, end = (datetime.fromisoformat(f"{instant}:00:00+08:00") for instant in text.split(".."))
        return between(start, end)

    found = year_before(read(period))
    assert found is not None
    assert (found.start, found.end) == (read(a_year_before).start, read(a_year_before).end)


def test_there_is_nothing_before_the_first_day_that_is_counted_in() -> None:
    assert period_before(days("2000-01-01..2000-01-31")) is None
    assert year_before(days("2000-12-01..2000-12-31")) is None


@given(st.dates(date(2002, 1, 1), date(2098, 12, 31)), st.integers(0, 800))
def test_a_period_before_ends_where_the_period_begins_or_is_the_month_so_far(first: date, length: int) -> None:
    period = Period(first, min(first + timedelta(days=length), date(2099, 12, 31)))
    before, last_year = period_before(period), year_before(period)
    assert before is None or before.last < period.first
    assert last_year is None or last_year.first < period.first


def told(metric: str, **sums: int) -> FigureTwice:
    found = FigureView(**vars(figure_of(METRICS[metric], sums, recorded=True)))
    return FigureTwice(**found.model_dump(), before_removal=found, after_removal=found, taken_out=TakenOut(numerator=0, denominator=None))


def test_a_rate_changes_by_percentage_points_and_a_count_by_a_number_and_percent() -> None:
    now, then = told("completion_rate_due", due=972, due_completed=911), told("completion_rate_due", due=1000, due_completed=921)
    assert (change := compared(now, then)).change_shown == "+1.62个百分点"
    assert (change.change, change.change_percent, change.shown) == ("+1.62", None, "92.10%")
    assert compared(then, now).change_shown == "-1.62个百分点"
    assert compared(now, now).change_shown == "持平"
    counts = compared(told("received", received=360), told("received", received=348))
    assert (counts.change, counts.change_percent, counts.change_shown) == ("+12", "+3.45", "+12(+3.45%)")
    assert compared(told("received", received=3), told("received")).change_shown == "+3", "nothing to take a percentage of"


def test_without_data_on_either_side_there_is_no_change() -> None:
    now, nothing = told("completion_rate_due", due=2, due_completed=1), told("completion_rate_due")
    for change in (compared(now, nothing), compared(nothing, now), compared(now, None)):
        assert (change.change, change.change_percent, change.change_shown) == (None, None, "—")


def test_times_change_by_minutes_and_scores_by_points() -> None:
    now, then = quantiles_of({200: 9, 400: 1}), quantiles_of({100: 10})
    change = compared_times(now, then)
    assert (change.median, change.median_change, change.median_change_shown) == (100, 100, "+1小时40分")
    assert compared_times(then, now).median_change_shown == "-1小时40分"
    assert (compared_times(now, now).p90_change_shown, compared_times(now, None).p90_change_shown) == ("持平", "—")
    weights = weights_of(0, BUILT_IN)
    rates = [FigureView(numerator=1, denominator=n, value=f"1/{n}", percent="", shown="", no_data=False) for n in (1, 2, 3)]
    some, less = score(weights, [rates[0]] * 3), score(weights, rates)
    assert (some.score, less.score, compared_scores(less, some).change_shown) == ("100.00", "59.17", "-40.83分")
    assert compared_scores(some, less).change == "+40.83"
    assert compared_scores(some, score(weights, [None] * 3)).change_shown == compared_scores(some, None).change_shown == "—"


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=12), st.integers(0, 4))
def test_shares_add_up_to_a_hundred_and_are_less_than_one_unit_from_the_exact_ones(counts: list[int], decimals: int) -> None:
    found, total = shares(counts, decimals), sum(counts)
    if not total:
        assert {share.share for share in found} == {None}
        return
    assert sum(Fraction(share.share or "") for share in found) == 100
    for count, share in zip(counts, found, strict=True):
        assert abs(Fraction(share.share or "") - Fraction(100 * count, total)) < Fraction(1, 10**decimals)
        assert abs(Fraction(share.share_rounded or "") - Fraction(100 * count, total)) * 2 <= Fraction(1, 10**decimals)


def test_three_thirds_are_a_whole() -> None:
    assert [share.share for share in shares([1, 1, 1])] == ["33.34", "33.33", "33.33"]
    assert [share.share_rounded for share in shares([1, 1, 1])] == ["33.33"] * 3
