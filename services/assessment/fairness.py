"""What is fair to the small: intervals, shared ranks and classes of size. Pure and exact: the same counts give the same text anywhere.

The interval of a share is Wilson's at 95 % (E. B. Wilson 1927, without continuity correction): it holds for few tickets too, and never
leaves 0 to 100 %. One unit is *certainly better* than another where its whole interval lies above the other's. Its rank is one more than
the number of those that are certainly better, see docs/decisions/0024-overlapping-units-share-a-rank.md.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TypeVar

K = TypeVar("K")

Z95 = Decimal("1.959963984540054")
"""The 97.5 % point of the normal distribution."""
_EXACT = Context(prec=40)
_PLACES = Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class Interval:
    """From `lower` to `upper`, both included."""

    lower: Fraction
    upper: Fraction

    def overlaps(self, other: "Interval") -> bool:
        """Tell whether some value lies in both."""
        return self.lower <= other.upper and other.lower <= self.upper


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one stands among others: the shared `rank`, and from which to which place it could truly be."""

    rank: int
    best: int
    worst: int


@lru_cache(maxsize=65_536)
def wilson(numerator: int, denominator: int) -> Interval:
    """Return the 95 % interval of the share numerator / denominator; all of 0 to 1 where there is nothing to divide by.

    Raises ValueError unless 0 <= numerator <= denominator.
    """
    if not 0 <= numerator <= denominator:
        raise ValueError("a share lies between nothing and all")
    if denominator == 0:
        return Interval(Fraction(0), Fraction(1))
    n, x, z = Decimal(denominator), Decimal(numerator), Z95
    square = _EXACT.multiply(z, z)
    # (2x + z² ∓ z·√(z² + 4x(1 − x/n))) / 2(n + z²)
    middle = 2 * x + square
    spread = _EXACT.multiply(z, _EXACT.sqrt(square + _EXACT.divide(4 * x * (n - x), n)))
    scale = 2 * (n + square)
    lower = Fraction(0) if numerator == 0 else _fraction((middle - spread) / scale)
    upper = Fraction(1) if numerator == denominator else _fraction((middle + spread) / scale)
    return Interval(lower, upper)


def _fraction(value: Decimal) -> Fraction:
    return Fraction(value.quantize(_PLACES, context=_EXACT))


def shared_ranks(intervals: Mapping[K, Interval]) -> dict[K, Standing]:
    """Return where each stands; higher is better.

    What holds whatever the intervals are: whoever is certainly better has a smaller rank; whoever overlaps with the best has rank 1; and
    nobody is last while their interval overlaps with anybody else's who could be last as well.
    """
    lowers = sorted(found.lower for found in intervals.values())
    uppers = sorted(found.upper for found in intervals.values())
    count = len(intervals)
    found = {}
    for key, interval in intervals.items():
        better = count - bisect_right(lowers, interval.upper)
        worse = bisect_left(uppers, interval.lower)
        found[key] = Standing(1 + better, 1 + better, count - worse)
    return found


def size_classes(sizes: Mapping[K, int], classes: int) -> dict[K, int]:
    """Return the class of each by size, 1 the smallest to at most `classes`: as equal in number as can be. Equals are not torn apart."""
    if classes < 1:
        raise ValueError("there is one class at least")
    ordered: Sequence[tuple[int, K]] = sorted(((size, key) for key, size in sizes.items()), key=lambda pair: pair[0])
    found: dict[K, int] = {}
    first_of: dict[int, int] = {}
    for place, (size, key) in enumerate(ordered):
        found[key] = 1 + first_of.setdefault(size, place) * classes // len(ordered)
    return found
