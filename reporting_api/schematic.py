"""A map without map tiles and without boundaries: every area is one hexagon. Pure, and the same for the same areas.

Where all areas have a centre point, each takes the free hexagon nearest to it, the most central ones first: who is north of whom stays
true, distances and sizes do not. Where they have none, they follow one another in order of their codes along a curve that fills a
rectangle, so that areas with neighbouring codes (those of one township) lie together; where they lie says nothing then. Either way it is
a scheme, and whoever shows it says so.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

ROW_HEIGHT = math.sqrt(3) / 2
"""From one row of hexagons to the next, where the way to the neighbour in the same row is 1."""
_SPARE = 1.35
_FEWEST_OF_A_MAP = 3


@dataclass(frozen=True, slots=True)
class Spot:
    """An area to be drawn: its code, and its centre point where that is known."""

    code: str
    lat: float | None
    lon: float | None


@dataclass(frozen=True)
class Scheme:
    """Where each area is drawn: the middle of its hexagon, rightwards and downwards, neighbours one apart."""

    made_from: Literal["centres", "order"]
    places: dict[str, tuple[float, float]]


@lru_cache(maxsize=64)
def scheme_of(spots: tuple[Spot, ...]) -> Scheme:
    """Return where to draw `spots`, given in order of their codes."""
    known = [(spot.code, spot.lat, spot.lon) for spot in spots if spot.lat is not None and spot.lon is not None]
    if len(known) == len(spots) >= _FEWEST_OF_A_MAP and len({(lat, lon) for _code, lat, lon in known}) > len(known) / 2:
        cells = _nearest_free(known)
        return Scheme("centres", _middles(cells))
    return Scheme("order", _middles(dict(zip((spot.code for spot in spots), _filling(len(spots)), strict=False))))


def _middles(cells: dict[str, tuple[int, int]]) -> dict[str, tuple[float, float]]:
    """Return the middle of each cell; odd rows are moved by half a hexagon to the right."""
    left = min((column for column, _row in cells.values()), default=0)
    top = min((row for _column, row in cells.values()), default=0)
    return {
        code: (round(column - left + (0.5 if row % 2 else 0.0), 3), round((row - top) * ROW_HEIGHT, 3))
        for code, (column, row) in cells.items()
    }


def _nearest_free(known: Sequence[tuple[str, float, float]]) -> dict[str, tuple[int, int]]:
    middle_lat = sum(lat for _code, lat, _lon in known) / len(known)
    middle_lon = sum(lon for _code, _lat, lon in known) / len(known)
    shrink = math.cos(math.radians(middle_lat))
    points = {code: ((lon - middle_lon) * shrink, middle_lat - lat) for code, lat, lon in known}
    wide = max(x for x, _y in points.values()) - min(x for x, _y in points.values())
    high = max(y for _x, y in points.values()) - min(y for _x, y in points.values())
    # as many hexagons as areas, and some to spare, fill the rectangle that the centre points lie in
    unit = math.sqrt(max(wide * high, wide * wide / 16, high * high / 16, 1e-12) / (len(known) * ROW_HEIGHT * _SPARE))
    taken: dict[tuple[int, int], str] = {}
    for code, (x, y) in sorted(points.items(), key=lambda item: (math.hypot(*item[1]), item[0])):
        taken[_free_near(x / unit, y / unit, taken)] = code
    return {code: cell for cell, code in taken.items()}


def _free_near(x: float, y: float, taken: dict[tuple[int, int], str]) -> tuple[int, int]:
    """Return the free cell whose middle is nearest to the point; of equals the first from the top left."""
    row, reach = round(y / ROW_HEIGHT), 0
    while True:
        reach += 1
        near = []
        for there in range(row - reach, row + reach + 1):
            moved = 0.5 if there % 2 else 0.0
            column = round(x - moved)
            near += [
                (math.hypot(at + moved - x, there * ROW_HEIGHT - y), there, at)
                for at in range(column - reach, column + reach + 1)
                if (at, there) not in taken
            ]
        if near:
            distance, there, at = min(near)
            if distance <= reach * ROW_HEIGHT:  # nothing nearer can lie outside of what was looked at
                return at, there


def _filling(count: int) -> Iterator[tuple[int, int]]:
    """Yield `count` or more cells of a nearly square rectangle along a generalised Hilbert curve."""
    width = max(1, math.ceil(math.sqrt(count)))
    height = max(1, math.ceil(count / width))
    return _curve(0, 0, (width, 0), (0, height)) if width >= height else _curve(0, 0, (0, height), (width, 0))


def _curve(x: int, y: int, along: tuple[int, int], across: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the cells of the rectangle that `along` and `across` span at (x, y), each a neighbour of the one before."""
    length, breadth = abs(sum(along)), abs(sum(across))
    step, side = (_sign(along[0]), _sign(along[1])), (_sign(across[0]), _sign(across[1]))
    if breadth == 1 or length == 1:
        for place in range(max(length, breadth)):
            dx, dy = step if breadth == 1 else side
            yield x + place * dx, y + place * dy
        return
    half, half_across = (along[0] // 2, along[1] // 2), (across[0] // 2, across[1] // 2)
    if 2 * length > 3 * breadth:
        if abs(sum(half)) % 2 and length > 2:  # noqa: PLR2004  halves of even length join without a diagonal step
            half = (half[0] + step[0], half[1] + step[1])
        yield from _curve(x, y, half, across)
        yield from _curve(x + half[0], y + half[1], (along[0] - half[0], along[1] - half[1]), across)
        return
    if abs(sum(half_across)) % 2 and breadth > 2:  # noqa: PLR2004  see above
        half_across = (half_across[0] + side[0], half_across[1] + side[1])
    yield from _curve(x, y, half_across, half)
    yield from _curve(x + half_across[0], y + half_across[1], along, (across[0] - half_across[0], across[1] - half_across[1]))
    yield from _curve(
        x + along[0] - step[0] + half_across[0] - side[0],
        y + along[1] - step[1] + half_across[1] - side[1],
        (-half_across[0], -half_across[1]),
        (half[0] - along[0], half[1] - along[1]),
    )


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
