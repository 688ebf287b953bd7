"""Intervals and ranks: against figures others published, and what must hold whatever the counts are."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assessment.fairness import shared_ranks, size_classes
from services.assessment.scoring import score, standings
from services.platform.intervals import Z95, Interval, wilson
from tests.assessment.sheets import item, satisfied, scheme

COUNTS = st.integers(0, 150).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))
UNITS = st.lists(COUNTS.filter(lambda pair: pair[1] > 0), min_size=2, max_size=7)


@pytest.mark.parametrize(
    ("numerator", "denominator", "lower", "upper"),
    [  # R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3 (score, without continuity correction)
        (81, 263, "0.2553", "0.3662"),
        (15, 148, "0.0624", "0.1605"),
        (0, 20, "0.0000", "0.1611"),
        (1, 29, "0.0061", "0.1718"),
    ],
)
def test_the_interval_is_the_one_in_the_literature(numerator: int, denominator: int, lower: str, upper: str) -> None:
    found = wilson(numerator, denominator)
    assert (f"{float(found.lower):.4f}", f"{float(found.upper):.4f}") == (lower, upper)


@given(COUNTS)
def test_the_ends_solve_the_equation_the_interval_is_defined_by(counts: tuple[int, int]) -> None:
    numerator, whole = counts
    found = wilson(numerator, whole)
    assert 0 <= found.lower <= found.upper <= 1
    if whole == 0:
        assert (found.lower, found.upper) == (0, 1)
        return
    share = Fraction(numerator, whole)
    assert found.lower <= share <= found.upper
    for end in (found.lower, found.upper):  # (p̂ − p)² = z² p(1 − p)/n at both ends
        assert abs((share - end) ** 2 - Fraction(Z95) ** 2 * end * (1 - end) / whole) < Fraction(1, 10**9)


@pytest.mark.parametrize("counts", [(-1, 3), (4, 3)])
def test_what_is_no_share_is_refused(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="between nothing and all"):
        wilson(*counts)


@given(COUNTS, st.integers(1, 50))
def test_more_tickets_of_the_same_share_never_widen_the_interval(counts: tuple[int, int], times: int) -> None:
    numerator, whole = counts
    few, many = wilson(numerator, whole), wilson(numerator * times, whole * times)
    assert many.upper - many.lower <= few.upper - few.lower


@given(UNITS)
def test_ranks_respect_what_is_certain_and_only_that(units: list[tuple[int, int]]) -> None:
    intervals = {place: wilson(*counts) for place, counts in enumerate(units)}
    found = shared_ranks(intervals)
    best = max(interval.lower for interval in intervals.values())
    for one, here in intervals.items():
        assert found[one].rank == 1 + sum(other.lower > here.upper for other in intervals.values())
        assert found[one].best <= found[one].worst <= len(units)
        assert (found[one].rank == 1) == (here.upper >= best)
        for other, there in intervals.items():
            if here.lower > there.upper:
                assert found[one].rank < found[other].rank
                assert found[one].worst <= found[other].worst


@given(UNITS, st.data())
def test_one_more_dissatisfied_caller_never_moves_a_unit_from_first_to_last_while_intervals_overlap(
    units: list[tuple[int, int]], data: st.DataObject
) -> None:
    before = shared_ranks({place: wilson(*counts) for place, counts in enumerate(units)})
    chosen = data.draw(st.sampled_from([place for place, standing in before.items() if standing.rank == 1]))
    numerator, whole = units[chosen]
    after = {place: wilson(*counts) for place, counts in enumerate(units)} | {chosen: wilson(numerator, whole + 1)}
    ranks = shared_ranks(after)
    overlapping = [place for place in after if place != chosen and after[place].overlaps(after[chosen])]
    # whoever overlaps is not counted before it; behind everybody it is only where it overlaps with nobody
    assert ranks[chosen].rank <= len(units) - len(overlapping)
    if overlapping:
        assert ranks[chosen].rank < len(units)
        assert ranks[chosen].best <= max(ranks[place].worst for place in overlapping)
    if len(overlapping) == len(units) - 1:
        assert ranks[chosen].rank == 1


def test_where_four_of_five_towns_have_full_marks_one_dissatisfied_caller_is_no_disgrace() -> None:
    """新华网 2024-09-26: about 80 % of towns had full marks, so that one caller threw a town to the bottom."""
    rules = scheme(item(full_at=100, zero_at=50))
    towns = {f"town{n:02}": satisfied(30, 30) for n in range(24)} | {f"town{n:02}": satisfied(28, 30) for n in range(24, 30)}
    plain = sorted(towns, key=lambda town: -float(score(rules, towns[town]).total or 0))
    assert plain.index("town00") < 24
    ranks = standings({town: score(rules, counts) for town, counts in (towns | {"town00": satisfied(29, 30)}).items()})
    assert ranks["town00"].rank == 1
    assert {standing.rank for standing in ranks.values()} == {1}
    # with ten times the tickets the same shares do tell apart, from those that are truly worse
    larger = standings({town: score(rules, satisfied(600, 600) if n < 24 else satisfied(420, 600)) for n, town in enumerate(towns)})
    assert {larger[town].rank for town in list(towns)[:24]} == {1}
    assert {larger[town].rank for town in list(towns)[24:]} == {25}


def test_three_tickets_and_one_dissatisfied_caller_are_not_last_with_certainty() -> None:
    rules = scheme(item(full_at=100, zero_at=0))
    sheets = {"small": score(rules, satisfied(2, 3))} | {f"large{n}": score(rules, satisfied(270 + n, 300)) for n in range(9)}
    ranks = standings(sheets)
    small = sheets["small"].items[0].shares[0]
    assert (small.percent, small.lower, small.upper) == ("66.67", "20.77", "93.85")
    assert ranks["small"].rank == 1
    assert (ranks["small"].best, ranks["small"].worst) == (1, 10)


@given(st.dictionaries(st.integers(), st.integers(0, 30), min_size=1, max_size=60), st.integers(1, 10))
def test_classes_of_size_are_in_order_and_equals_stay_together(sizes: dict[int, int], classes: int) -> None:
    found = size_classes(sizes, classes)
    assert set(found) == set(sizes)
    assert set(found.values()) <= set(range(1, classes + 1))
    for one, size in sizes.items():
        for other, another in sizes.items():
            assert size != another or found[one] == found[other]
            assert size >= another or found[one] <= found[other]


def test_classes_of_different_sizes_are_equal_in_number() -> None:
    found = size_classes({name: size for size, name in enumerate("abcdefghi")}, 3)
    assert "".join(str(found[name]) for name in "abcdefghi") == "111222333"


def test_an_interval_overlaps_where_it_touches() -> None:
    half, one = Fraction(1, 2), Fraction(1)
    assert Interval(Fraction(0), half).overlaps(Interval(half, one))
    assert not Interval(Fraction(0), Fraction(1, 3)).overlaps(Interval(half, one))
