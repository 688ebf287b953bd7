"""Small numbers stay open, whoever adds and subtracts all that is published."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from services.notices.suppression import Cell, Line, State, possible, states_of

K = 5
LINES = (
    Line("county", ("t1", "t2", "t3")),
    Line("county", ("water", "roads", "other")),
    Line("t1", ("t1v1", "t1v2", "t1v3")),
    Line("t2", ("t2v1", "t2v2")),
    Line("t3", ("t3v1",)),
)
VILLAGES = ("t1v1", "t1v2", "t1v3", "t2v1", "t2v2", "t3v1")
numbers = st.one_of(st.integers(0, 9), st.integers(0, 60))


@st.composite
def counts(draw: st.DrawFn) -> dict[str, Cell]:
    """Tickets of villages and of categories, with the people behind them."""
    found = {key: _count(draw, draw(numbers)) for key in VILLAGES}
    for key in ("t1", "t2", "t3"):
        found[key] = _sum([found[village] for village in VILLAGES if village.startswith(key)])
    found["county"] = _sum([found[key] for key in ("t1", "t2", "t3")])
    total = found["county"].value
    water = draw(st.integers(0, total))
    roads = draw(st.integers(0, total - water))
    for key, value in (("water", water), ("roads", roads), ("other", total - water - roads)):
        found[key] = _count(draw, value)
    return found


def _count(draw: st.DrawFn, value: int) -> Cell:
    return Cell(value, draw(st.integers(min(value, 1), value)) if draw(st.booleans()) else value)


def _sum(cells: list[Cell]) -> Cell:
    return Cell(sum(cell.value for cell in cells), sum(cell.people for cell in cells))


@st.composite
def shares(draw: st.DrawFn) -> dict[str, Cell]:
    """Those satisfied of those who said so; all wholes are known to the attacker."""
    found = {}
    for key in VILLAGES:
        whole = draw(numbers)
        value = draw(st.one_of(st.integers(0, whole), st.integers(max(whole - 6, 0), whole)))
        found[key] = Cell(value, value, whole, whole - value)
    for key in ("t1", "t2", "t3"):
        found[key] = _shared([found[village] for village in VILLAGES if village.startswith(key)])
    found["county"] = _shared([found[key] for key in ("t1", "t2", "t3")])
    whole, value = found["county"].whole or 0, found["county"].value
    water, roads = (draw(st.integers(0, value // 2)) for _ in range(2))
    first, second = (draw(st.integers(0, (whole - value) // 2)) for _ in range(2))
    parts = {"water": (water, first), "roads": (roads, second), "other": (value - water - roads, whole - value - first - second)}
    return found | {key: Cell(yes, yes, yes + no, no) for key, (yes, no) in parts.items()}


def _shared(cells: list[Cell]) -> Cell:
    value, whole = sum(cell.value for cell in cells), sum(cell.whole or 0 for cell in cells)
    return Cell(value, value, whole, whole - value)


def _unknown(cells: dict[str, Cell]) -> set[str]:
    return {key for key, cell in cells.items() if (cell.whole or 0) < K}


class Attacker:
    """Knows the tree, every whole, how each cell is told, and the rule itself; looks for a table that agrees with all of it.

    Works by building tables from the leaves, not by the rule's own reckoning.
    """

    def __init__(self, cells: dict[str, Cell], states: dict[str, State]) -> None:
        self.cells, self.states = cells, states
        self.most = sum(cells[key].value for key in VILLAGES) + K
        self.below = {"county": (LINES[0].children, LINES[1].children)} | {line.parent: (line.children,) for line in LINES[2:]}

    def sums(self, key: str, fixed: dict[str, int]) -> set[int]:
        """Return every number `key` can have in some table that agrees with what is told of it and of all below it."""
        low, high = possible(self.states[key], self.cells[key], K, self.most)
        own = set(range(low, high + 1))
        for children in self.below.get(key, ()):
            reached = {0}
            for child in children:
                reached = {a + b for a, b in product(reached, self.sums(child, fixed)) if a + b <= self.most}
            own &= reached
        return own & {fixed[key]} if key in fixed else own

    def believes(self, key: str, number: int) -> bool:
        """Tell whether some table agrees with everything and has `number` in `key`."""
        return bool(self.sums("county", {key: number}))


def _believed(attacker: Attacker, key: str) -> set[int]:
    cell = attacker.cells[key]
    return {number for number in range((attacker.most if cell.whole is None else cell.whole) + 1) if attacker.believes(key, number)}


@given(counts())
def test_no_count_below_k_can_be_told_from_another(cells: dict[str, Cell]) -> None:
    states = states_of(cells, "county", LINES, K)
    for key, cell in cells.items():
        if cell.few(K):
            assert states[key] == "hidden"
        else:
            assert states[key] in {"exact", "hidden"}
    for line in LINES:
        _assert_nothing_small_by_subtraction(line, cells, states)


def _assert_nothing_small_by_subtraction(line: Line, cells: dict[str, Cell], states: dict[str, State]) -> None:
    """The plain rule that offices of statistics use: a sum that is told has none or several cells missing, together k or more."""
    missing = [key for key in line.children if states[key] == "hidden"]
    if states[line.parent] == "hidden":
        assert len(missing) == len(line.children)
    elif any(cells[key].few(K) for key in missing):
        assert len(missing) > 1
        assert sum(cells[key].value for key in missing) >= K - 1


small = st.fixed_dictionaries({key: st.integers(0, 7) for key in VILLAGES})


@given(small, st.data())
def test_whoever_adds_all_lines_up_believes_every_small_count_possible(villages: dict[str, int], data: st.DataObject) -> None:
    cells = {key: Cell(value, value) for key, value in villages.items()}
    for key in ("t1", "t2", "t3"):
        cells[key] = _sum([cells[village] for village in VILLAGES if village.startswith(key)])
    cells["county"] = _sum([cells[key] for key in ("t1", "t2", "t3")])
    total = cells["county"].value
    water = data.draw(st.integers(0, total))
    cells |= {"water": Cell(water, water), "roads": Cell(0, 0), "other": Cell(total - water, total - water)}
    attacker = Attacker(cells, states_of(cells, "county", LINES, K))
    key = data.draw(st.sampled_from(sorted(cells)))
    if cells[key].value < K:
        assert all(attacker.believes(key, number) for number in range(K))


@given(shares(), st.data())
def test_whoever_knows_every_whole_believes_every_small_side_possible(cells: dict[str, Cell], data: st.DataObject) -> None:
    states = states_of(cells, "county", LINES, K, unknown=_unknown(cells))
    for key, cell in cells.items():
        assert states[key] != "exact" or not (cell.few(K) or cell.rest_few(K))
        low, high = possible(states[key], cell, K, 10**6)
        assert low <= cell.value <= high
    key = data.draw(st.sampled_from(sorted(key for key, cell in cells.items() if cell.few(K) or cell.rest_few(K)) or ["county"]))
    cell, attacker = cells[key], Attacker(cells, states)
    attacker.most = max(attacker.most, sum(cells[village].whole or 0 for village in VILLAGES))
    whole = cell.whole or 0
    if cell.few(K) and cell.rest_few(K):
        assert len(_believed(attacker, key)) >= min(K, whole + 1)
    elif cell.few(K):
        assert attacker.believes(key, data.draw(st.integers(0, K - 1)))
    elif cell.rest_few(K):
        assert attacker.believes(key, data.draw(st.integers(whole - K + 1, whole)))


def test_one_small_village_takes_the_next_smallest_with_it() -> None:
    cells = {"t": Cell(103, 90), "a": Cell(3, 3), "b": Cell(40, 30), "c": Cell(60, 57)}
    assert states_of(cells, "t", [Line("t", ("a", "b", "c"))], K) == {"t": "exact", "a": "hidden", "b": "hidden", "c": "exact"}


def test_many_tickets_of_one_household_are_small() -> None:
    cells = {"t": Cell(80, 60), "a": Cell(30, 1), "b": Cell(20, 20), "c": Cell(30, 39)}
    assert states_of(cells, "t", [Line("t", ("a", "b", "c"))], K)["a"] == "hidden"


def test_nothing_is_told_below_what_is_not_told() -> None:
    cells = {"c": Cell(50, 50), "p": Cell(7, 7), "q": Cell(2, 2), "r": Cell(41, 41), "pv": Cell(6, 6), "pw": Cell(1, 1)}
    states = states_of(cells, "c", [Line("c", ("p", "q", "r")), Line("p", ("pv", "pw"))], K)
    assert states == {"c": "exact", "p": "hidden", "q": "hidden", "r": "exact", "pv": "hidden", "pw": "hidden"}


def test_a_share_with_a_small_rest_is_told_as_a_bound() -> None:
    cells = {"t": Cell(180, 180, 200, 20), "a": Cell(98, 98, 100, 2), "b": Cell(82, 82, 100, 18)}
    states = states_of(cells, "t", [Line("t", ("a", "b"))], K)
    assert states == {"t": "exact", "a": "most", "b": "hidden"}  # b told would give a away


def test_several_bounds_need_no_help() -> None:
    cells = {"t": Cell(293, 293, 300, 7), "a": Cell(98, 98, 100, 2), "b": Cell(97, 97, 100, 3), "c": Cell(98, 98, 100, 2)}
    assert set(states_of(cells, "t", [Line("t", ("a", "b", "c"))], K).values()) == {"exact", "most"}


def test_categories_that_are_never_told_hide_among_others() -> None:
    cells = {"c": Cell(100, 90), "x": Cell(30, 30), "y": Cell(20, 20), "z": Cell(50, 40)}
    states = states_of(cells, "c", [Line("c", ("x", "y", "z"))], K, never={"x"})
    assert states["x"] == "hidden"
