"""Thousands of counts as pages and medians: the same as sorting them all and taking the middle."""

from datetime import date
from fractions import Fraction
from statistics import median
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.organization.tree import PostNode, UnitNode, UnitTree
from services.platform.rounding import decimal_text
from services.reports.backlog_known import Holdings
from services.reports.backlog_loads import Loads, key_in, most
from services.reports.backlog_models import NOBODY

DAY = date(2026, 11, 22)
NUMBERS = st.integers(0, 8)
COUNTS = st.dictionaries(NUMBERS, st.integers(1, 4), max_size=9)
HELD = st.dictionaries(st.tuples(NUMBERS, NUMBERS), st.integers(1, 9), max_size=14)
POSTS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 8)), max_size=10)


def unit(number: int) -> UUID:
    return UUID(int=number) if number else NOBODY


def tree(posts: list[tuple[int, int]]) -> UnitTree:
    """A tree that knows units 1 to 6 and who sits there; two are tickets' holders that nobody knows."""
    nodes = [
        UnitNode(unit(n), f"U{n}", "village", "village", f"{n}村", (), None, f"/U{n}/", None, None, None, active=True) for n in range(1, 7)
    ]
    sits = [PostNode(UUID(int=1000 + nth), unit(member), unit(at), "guide", DAY, None) for nth, (at, member) in enumerate(posts)]
    return UnitTree(nodes, sits, DAY, "U1")


@given(COUNTS, st.integers(1, 4))
def test_pages_have_every_count_once_most_first(counts: dict[int, int], limit: int) -> None:
    key = key_in(tree([]))
    found, after = [], None
    while True:
        page, after = most({unit(number).bytes: count for number, count in counts.items()}, key, after, limit)
        assert len(page) <= limit
        found += page
        if after is None:
            break
    assert found == sorted(((count, key(unit(n)), unit(n)) for n, count in counts.items()), key=lambda entry: (-entry[0], entry[1]))


@given(HELD, POSTS)
def test_medians_are_those_of_all_units_and_all_their_people(held: dict[tuple[int, int], int], posts: list[tuple[int, int]]) -> None:
    whole = tree(posts)
    rows = Holdings([unit(u).bytes for u, _m in held], [unit(m).bytes for _u, m in held], list(held.values()))
    loads = Loads.of(rows, whole)
    units = {u for u, _m in held}
    number = {u: sum(at == u for at, _m in posts) for u in units}
    open_in = {u: sum(count for (at, _m), count in held.items() if at == u) for u in units}
    assert loads.total == sum(held.values())
    assert loads.median_per_post() == _text([Fraction(open_in[u], number[u]) for u in units if number[u]])
    people = {(at, member): 0 for at, member in posts if at in units} | {one: n for one, n in held.items() if one[1] and 1 <= one[0] <= 6}
    assert loads.median_per_member() == _text([Fraction(count) for count in people.values()])


def _text(values: list[Fraction]) -> str | None:
    if not values:
        return None
    middle = Fraction(median(values))
    return decimal_text(middle.numerator, middle.denominator, 2)
