"""What is fair to the small: intervals, shared ranks and classes of size. Pure and exact: the same counts give the same text anywhere.

The interval of a share is Wilson's at 95 % (`services/platform/intervals.py`). One unit is *certainly better* than another where its whole
interval lies above the other's. Its rank is one more than
the number of those that are certainly better, see docs/decisions/0024-overlapping-units-share-a-rank.md.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.platform.intervals import Interval

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one stands among others: the shared `rank`, and from which to which place it could truly be."""

    rank: int
    best: int
    worst: int


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
