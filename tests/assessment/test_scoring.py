"""Score sheets: by hand, and what must hold whatever the counts are."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assessment.scoring import Change, Count, score, two_decimals
from services.platform.intervals import wilson
from tests.assessment.sheets import item, satisfied, scheme

PAIRS = st.integers(0, 120).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))
FOUND = {"code": "found", "name": "发现", "metric": "discovered@1", "points": "0.5", "cap": 2}
TWO = scheme(
    item(minimum=5, floor=4), item("late", metric="rework_rate@1", weight=60, direction="lower", full_at=0, zero_at=20), counted=[FOUND]
)


def test_a_sheet_by_hand() -> None:
    """95 % of full 100/zero 80: three quarters of 40. 5 % of full 0/zero 20, lower is better: three quarters of 60. Three found: 1.5."""
    counts = satisfied(19, 20) | {"late": {"rework_rate@1": Count(1, 20)}, "found": {"discovered@1": Count(3, None)}}
    sheet = score(TWO, counts)
    assert [(one.points, one.percent) for one in sheet.items] == [("30.00", "95.00"), ("45.00", "5.00")]
    assert (sheet.counted[0].points, sheet.total) == ("1.50", "76.50")
    ends = wilson(1, 20)
    assert sheet.items[1].lower == two_decimals(max(1 - 5 * ends.upper, Fraction(0)) * 60)
    assert sheet.items[1].upper == two_decimals((1 - 5 * ends.lower) * 60)


def test_an_item_with_too_few_tickets_gives_its_weight_to_the_others() -> None:
    sheet = score(TWO, satisfied(1, 4) | {"late": {"rework_rate@1": Count(1, 20)}})
    first, second = sheet.items
    assert (first.why_not, first.points, first.shares[0].scored) == ("below_minimum", None, False)
    assert (second.weight_used, second.points, sheet.total) == ("100.00", "75.00", "75.00")
    assert score(TWO, {}).total is None
    assert score(TWO, {"found": {"discovered@1": Count(9, None)}}).total is None, "a bonus alone is no result"


def test_the_floor_and_the_cap_hold() -> None:
    counts = satisfied(0, 20) | {"late": {"rework_rate@1": Count(20, 20)}, "found": {"discovered@1": Count(30, None)}}
    sheet = score(TWO, counts)
    assert [one.points for one in sheet.items] == ["4.00", "0.00"]
    assert (sheet.counted[0].points, sheet.counted[0].capped, sheet.total) == ("2.00", True, "6.00")


def test_a_composite_is_the_weighted_mean_of_its_rates() -> None:
    parts = [{"metric": "response_rate@1", "weight": 30}, {"metric": "resolution_rate@1", "weight": 70}]
    rules = scheme({key: value for key, value in item(zero_at=0).items() if key != "metric"} | {"composite": parts, "minimum": 5})
    both = score(rules, {"satisfied": {"response_rate@1": Count(10, 10), "resolution_rate@1": Count(5, 10)}})
    assert (both.items[0].percent, both.total) == ("65.00", "26.00")
    one = score(rules, {"satisfied": {"response_rate@1": Count(1, 2), "resolution_rate@1": Count(5, 10)}})
    assert (one.items[0].percent, [share.scored for share in one.items[0].shares]) == ("50.00", [False, True])


@given(PAIRS, PAIRS, st.integers(0, 20))
def test_parts_add_up_and_the_total_lies_in_its_interval(first: tuple[int, int], second: tuple[int, int], found: int) -> None:
    sheet = score(TWO, satisfied(*first) | {"late": {"rework_rate@1": Count(*second)}, "found": {"discovered@1": Count(found, None)}})
    if sheet.total is None or sheet.lower is None or sheet.upper is None:
        assert first[1] < 5
        assert second[1] == 0
        return
    points = sum(Fraction(one.points) for one in sheet.items if one.points is not None) + Fraction(sheet.counted[0].points)
    assert Fraction(sheet.total) == points
    assert Fraction(sheet.lower) <= Fraction(sheet.total) <= Fraction(sheet.upper)
    used = [Fraction(one.weight_used) for one in sheet.items if one.weight_used is not None]
    assert sum(used) == 100


@given(PAIRS.filter(lambda pair: pair[0] < pair[1]))
def test_one_more_satisfied_caller_never_costs_points(pair: tuple[int, int]) -> None:
    rules = scheme(item())
    before, after = score(rules, satisfied(*pair)), score(rules, satisfied(pair[0] + 1, pair[1]))
    assert Fraction(after.total or 0) >= Fraction(before.total or 0)


@given(st.integers(0, 200))
def test_more_opinions_and_more_found_never_cost_points(found: int) -> None:
    """Listening is not punished: what was found only ever adds, and how much came in is in no item."""
    counts = satisfied(18, 20) | {"late": {"rework_rate@1": Count(1, 20)}}
    less, more = (score(TWO, counts | {"found": {"discovered@1": Count(number, None)}}) for number in (found, found + 1))
    assert Fraction(more.total or 0) >= Fraction(less.total or 0)


def test_granted_objections_change_what_they_say_and_nothing_else() -> None:
    counts = satisfied(18, 20) | {"late": {"rework_rate@1": Count(1, 20)}}
    plain = score(TWO, counts)
    changed = score(TWO, counts, [Change("satisfied", "satisfaction_rate@1", 1), Change("late", points=Fraction("1.5"))])
    assert (plain.items[0].percent, changed.items[0].percent) == ("90.00", "95.00")
    assert (changed.items[1].points, changed.items[1].changed) == (plain.items[1].points, "1.50")
    assert Fraction(changed.total or 0) - Fraction(plain.total or 0) == 10 + Fraction(3, 2)
    assert score(TWO, counts) == plain


@pytest.mark.parametrize(
    ("value", "text"), [(Fraction(1, 3), "0.33"), (Fraction(-1, 3), "-0.33"), (Fraction(-1, 1000), "0.00"), (Fraction("2.005"), "2.01")]
)
def test_points_are_written_with_two_decimals(value: Fraction, text: str) -> None:
    assert two_decimals(value) == text
