"""Shares of a whole (占比) that add up: pure.

Each share rounded by itself is what bulletins print, and the column then may come to 99.99. With the largest remainder it comes to exactly
100: everybody is rounded down, and the units that are missing go to those that lost most by it, the larger count and then the earlier row
first. Both are told, each by its name.
"""

from collections.abc import Sequence
from typing import NamedTuple

from services.platform.rounding import percent_text
from services.reports.views import Report

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
    found = []
    for place, count in enumerate(counts):
        whole = parts[place][0] + (place in more)
        found.append(Share(percent_text(whole, units, decimals), percent_text(count, total, decimals)))
    return found


def with_shares(told: Report, decimals: int = 2) -> Report:
    """Return a report whose rows say which share of the counted they are; a rate or a report without rows is left as it is."""
    if not told.rows or told.total.denominator is not None:
        return told
    found = shares([row.numerator for row in told.rows], decimals)
    rows = [row.model_copy(update=share._asdict()) for row, share in zip(told.rows, found, strict=True)]
    return told.model_copy(update={"rows": rows})
