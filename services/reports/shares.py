"""Shares of a whole (占比) that add up: pure.

Each share rounded by itself is what bulletins print, and the column then may come to 99.99. With the largest remainder it comes to exactly
100: everybody is rounded down, and the units that are missing go to those that lost most by it, the larger count and then the earlier row
first. Both are told, each by its name.
"""

from collections.abc import Sequence
from typing import NamedTuple

from services.platform.rounding import percent_text

_WHOLE = 100


class Share(NamedTuple):
    """A row's part of all rows in percent: as parts that add up to 100, and rounded by itself. None where there is nothing to share."""

    share: str | None
    share_rounded: str | None


def shares(counts: Sequence[int], decimals: int = 2) -> list[Share]:
    """Return the share of each count. Counts are not negative."""
    total = sum(counts)
    if not total:
        return [Share(None, None) for _ in counts]
    units = _WHOLE * 10**decimals
    parts = [divmod(count * units, total) for count in counts]
    missing = units - sum(whole for whole, _rest in parts)
    order = sorted(range(len(counts)), key=lambda place: (-parts[place][1], -counts[place], place))
    more = set(order[:missing])
    written: dict[tuple[int, int], Share] = {}  # of thousands of rows most have the same few counts
    found = []
    for place, count in enumerate(counts):
        told = count, parts[place][0] + (place in more)
        if told not in written:
            written[told] = Share(percent_text(told[1], units, decimals), percent_text(count, total, decimals))
        found.append(written[told])
    return found
