"""What may be told of small numbers, so that nobody can be found behind a figure or by subtracting figures. Pure.

A *cell* is a place or a category with a number of its own; a *line* is a cell and the cells it is the sum of. Lines make a tree, so what
somebody can learn who knows every line is exactly what each line says of its own cells (an acyclic system of sums), and one line at a
time can be judged. The promise, for every cell with fewer than `k` tickets or households on either side:

    all that is published leaves its number open: that side may be anything from 0 to k - 1.

A number that is a share of a known whole (satisfied of those who said so) has two sides, and the promise holds for either; where both are
small, at least k numbers stay possible. Where a side is small the share is told as a bound that follows from `k` and the whole alone: "at
least 96 %". Where the others of a line would give a small cell away, another cell is left out with it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["exact", "few", "most", "hidden"]
"""`exact`: told. `few`: known to be below k. `most`: the rest is known to be below k. `hidden`: told in the sum of its line alone."""
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """A number and who is behind it. `whole`: what it is a share of, where that is known; then `rest_people` are behind the others."""

    value: int
    people: int
    whole: int | None = None
    rest_people: int = 0

    def few(self, k: int) -> bool:
        """Tell whether fewer than `k` tickets or households are behind the number."""
        return self.value < k or self.people < k

    def rest_few(self, k: int) -> bool:
        """Tell whether fewer than `k` tickets or households are behind what is left of the whole."""
        return self.whole is not None and (self.whole - self.value < k or self.rest_people < k)


@dataclass(frozen=True, slots=True)
class Line:
    """A cell, and the cells it is the sum of."""

    parent: str
    children: tuple[str, ...]


def states_of(
    cells: Mapping[str, Cell], root: str, lines: Sequence[Line], k: int, *, never: Collection[str] = (), unknown: Collection[str] = ()
) -> dict[str, State]:
    """Return how each cell is told. `lines` go from the top down.

    `never` are cells that are not told for themselves whatever their number, `unknown` those whose whole is not told.
    """
    hidden = {*never, *unknown}
    line_of = {key: line for line in lines for key in line.children}
    while True:
        states = _states(cells, root, lines, k, hidden)
        more = {_also_hidden(key, root, line_of, cells, states) for key in _given_away(cells, root, lines, states, k)}
        if more <= hidden:
            return states
        hidden |= more


def _states(cells: Mapping[str, Cell], root: str, lines: Sequence[Line], k: int, hidden: Collection[str]) -> dict[str, State]:
    """Return the states where `hidden` and all below them are not told, and the rest as their own numbers allow."""
    states = {root: _own_state(cells[root], k, hidden=root in hidden)}
    for line in lines:
        above = states[line.parent] == "hidden"
        states |= {key: _own_state(cells[key], k, hidden=above or key in hidden) for key in line.children}
    return states


def possible(state: State, cell: Cell, k: int, most: int) -> Range:
    """Return what a cell may be as far as its own state tells; `most`: the largest number anything here can be."""
    top = most if cell.whole is None else cell.whole
    if state == "exact":
        return cell.value, cell.value
    if state == "few":
        return 0, min(k - 1, top)
    if state == "most":
        return max(top - k + 1, 0), top
    return 0, top


def _own_state(cell: Cell, k: int, *, hidden: bool) -> State:
    few, rest_few = cell.few(k), cell.rest_few(k)
    if hidden or (few and rest_few):
        return "hidden"
    if rest_few:
        assert cell.whole is not None
        return "most" if cell.whole - cell.value < k else "hidden"  # many tickets of few people: no bound can be told
    if few:
        return "few" if cell.whole is not None and cell.value < k else "hidden"
    return "exact"


def _also_hidden(key: str, root: str, line_of: Mapping[str, Line], cells: Mapping[str, Cell], states: Mapping[str, State]) -> str:
    """Return the cell to leave out so that `key` stays open: the cheapest of its line that is told, else the line's sum, and so on up."""
    while key != root:
        line = line_of[key]
        told = [other for other in line.children if states[other] != "hidden"]
        if told:
            return min(told, key=lambda other: _cost(states[other], cells[other], other))
        key = line.parent
        if states[key] != "hidden":
            return key
    return root


def _cost(state: State, cell: Cell, key: str) -> tuple[bool, int, str]:
    """What is lost when a cell is left out too: exact ones go first, the smallest before the others."""
    return state != "exact", cell.value if cell.whole is None else min(cell.value, cell.whole - cell.value), key


def _given_away(cells: Mapping[str, Cell], root: str, lines: Sequence[Line], states: Mapping[str, State], k: int) -> list[str]:
    """Return one cell of each line of which too much can be learned."""
    ranges = _learned(cells, root, lines, states, k)
    found = []
    for line in (Line("", (root,)), *lines):
        for key in line.children:
            if not _open(ranges[key], states[key], cells[key], k):
                found.append(key)
                break
    return found


def _learned(cells: Mapping[str, Cell], root: str, lines: Sequence[Line], states: Mapping[str, State], k: int) -> dict[str, Range]:
    """Return what each cell may be for somebody who knows every line: exactly that, since whole numbers in a tree leave no gaps."""
    most = cells[root].value + k
    ranges = {key: possible(states[key], cell, k, most) for key, cell in cells.items()}
    for line in reversed(lines):
        below = [ranges[key] for key in line.children]
        ranges[line.parent] = _both(ranges[line.parent], (sum(found[0] for found in below), sum(found[1] for found in below)))
    for line in lines:
        low, high = (sum(ranges[key][side] for key in line.children) for side in (0, 1))
        least, largest = ranges[line.parent]
        narrowed = {key: (least - high + ranges[key][1], largest - low + ranges[key][0]) for key in line.children}
        ranges |= {key: _both(ranges[key], found) for key, found in narrowed.items()}
    return ranges


def _both(one: Range, other: Range) -> Range:
    return max(one[0], other[0]), min(one[1], other[1])


def _open(learned: Range, state: State, cell: Cell, k: int) -> bool:
    """Tell whether enough is left open of a cell, if it is not told."""
    if state == "exact":
        return True
    least, largest = learned
    few, rest_few, top = cell.few(k), cell.rest_few(k), cell.whole
    if few and rest_few:
        assert top is not None
        return largest - least >= min(k - 1, top)  # k numbers, whichever: both sides cannot be anything below k at a time
    if few:
        end = max(k - 1, cell.value)
        return least <= 0 and largest >= (end if top is None else min(end, top))
    if rest_few:
        assert top is not None
        return largest >= top and least <= max(top - max(k - 1, top - cell.value), 0)
    return True
