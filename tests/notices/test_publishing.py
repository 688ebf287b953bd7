"""Longer periods add nothing to months, and corrections give nothing away."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notices.periods import due_months, longer_periods, period_named
from services.notices.publishing import COUNTS, SHARES, Basis, Counted, Tally, added, corrected, told_of
from services.notices.suppression import Line
from services.platform.errors import Invalid

K = 5
LINES = (Line("c", ("t1", "t2", "t3")), Line("t1", ("v1", "v2")))
KEYS = ("c", "t1", "t2", "t3", "v1", "v2")


@st.composite
def months(draw: st.DrawFn) -> Counted:
    """A month of a county with three townships, one of them with villages."""
    yes = {key: draw(st.integers(0, 30)) for key in ("v1", "v2", "t2", "t3")}
    no = {key: draw(st.integers(0, 12)) for key in yes}
    for side in (yes, no):
        side["t1"] = side["v1"] + side["v2"]
        side["c"] = side["t1"] + side["t2"] + side["t3"]
    counts = {metric: {key: Tally(yes[key], None, yes[key]) for key in KEYS} for metric in COUNTS}
    shares = {
        metric: {key: Tally(yes[key], yes[key] + no[key], yes[key], no[key], yes[key] + no[key]) for key in KEYS} for metric in SHARES
    }
    return Counted("c", LINES, counts | shares)


@given(st.lists(months(), min_size=1, max_size=3))
def test_longer_periods_say_what_can_be_reckoned_from_months_and_the_truth(counted: list[Counted]) -> None:
    told = [told_of(month, K) for month in counted]
    whole = added(told)
    for metric, cells in whole.items():
        for key, found in cells.items():
            parts = [month[metric][key] for month in told]
            if found is None:
                assert all(part is None for part in parts) or metric in SHARES
                continue
            low, high, _all = found
            truth = sum(month.tallies[metric][key].numerator for month in counted)
            assert low is not None
            assert low <= truth
            assert high is None or truth <= high
            assert (high == low) is all(part is not None and part[0] == part[1] for part in parts)


@given(months(), months())
def test_a_correction_changes_no_number_by_less_than_k(before: Counted, after: Counted) -> None:
    old, new = told_of(before, K), told_of(after, K)
    found, all_told = corrected([old], new, LINES, K)
    for metric, cells in found.items():
        assert cells in (old[metric], new[metric])
        for key, told in cells.items():
            said = old[metric][key]
            assert (told is None) == (said is None)
            if told is not None and said is not None:
                assert all((a or 0) == (b or 0) or abs((a or 0) - (b or 0)) >= K for a, b in zip(told[:2], said[:2], strict=True))
    assert all_told is (found == new)
    assert (found["received"] == new["received"]) or found["completion_rate_received"] == old["completion_rate_received"]


def _counts(**numbers: int) -> Basis:
    return told_of(
        Counted("c", (Line("c", ("a", "b")),), {"received": {key: Tally(value, None, value) for key, value in numbers.items()}}), K
    )


def test_one_more_ticket_is_not_corrected_in_public_and_ten_are() -> None:
    old = _counts(c=100, a=40, b=60)
    lines = (Line("c", ("a", "b")),)
    assert corrected([old], _counts(c=101, a=41, b=60), lines, K) == (old, False)
    ten = _counts(c=110, a=50, b=60)
    assert corrected([old], ten, lines, K)[0]["received"] == ten["received"]
    # back by eleven: one away from the first version
    assert corrected([old, ten], _counts(c=99, a=39, b=60), lines, K) == (ten, False)


def test_periods_are_months_quarters_and_years() -> None:
    assert period_named("2026-Q4").name == "2026年第四季度"
    assert (period_named("2026-Q1").first, period_named("2026-Q1").last) == (date(2026, 1, 1), date(2026, 3, 31))
    assert period_named("2026-02").name == "2026年2月"
    assert period_named("2026").last == date(2026, 12, 31)
    assert [period.code for period in longer_periods(date(2026, 12, 1))] == ["2026-Q4", "2026"]
    for wrong in ("2026-13", "2026-Q5", "26", "", "2026-1", "2026-10-01", "二〇二六"):
        with pytest.raises(Invalid):
            period_named(wrong)


def test_a_month_is_due_some_days_after_it_is_over() -> None:
    assert due_months(date(2026, 9, 17), date(2026, 11, 5), 5) == [date(2026, 9, 1)]
    assert due_months(date(2026, 9, 17), date(2026, 11, 6), 5) == [date(2026, 9, 1), date(2026, 10, 1)]
