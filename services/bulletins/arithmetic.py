"""The arithmetic of printed figures: shares that sum to 100, changes, intervals of small samples. Pure and exact: no binary fractions."""

from collections.abc import Sequence
from decimal import Decimal

from services.platform.intervals import wilson
from services.platform.rounding import percent_text
from services.reports.shares import shares as largest_remainder

NOTHING = "—"
FEW = 30
"""Below so many cases a rate is too uncertain to compare: it is printed with its interval and called 样本少."""


def shares(counts: Sequence[int], decimals: int) -> list[str]:
    """Return each count's per cent of their sum as it is printed; they add up to exactly 100. Dashes where there is nothing to share."""
    return [NOTHING if part.share is None else f"{part.share}%" for part in largest_remainder(counts, decimals)]


def percent(numerator: int, denominator: int | None, decimals: int) -> str:
    """Return a rate as it is printed, halves rounded up; a dash where there is nothing to divide by."""
    text = percent_text(numerator, denominator or 0, decimals)
    return NOTHING if text is None else f"{text}%"


def signed(number: int) -> str:
    """Return a change of counts as it is printed: ``+54``, ``-3``, ``0``."""
    return f"{number:+d}" if number else "0"


def points(now: str, before: str) -> str:
    """Return the change from one printed rate to another in percentage points: of the printed digits, so that readers can check it."""
    if NOTHING in (now, before):
        return NOTHING
    change = Decimal(now.rstrip("%")) - Decimal(before.rstrip("%"))
    return f"{change:+f}" if change else f"{abs(change):f}"


def growth(now: int, before: int, decimals: int) -> str:
    """Return by how many per cent a count changed, without sign; a dash where it was nothing before."""
    return percent(abs(now - before), before, decimals)


def interval_text(numerator: int, denominator: int, decimals: int = 1) -> str:
    """Return Wilson's interval (95 %) as it is printed: ``43.6%～97.0%``; a dash of what is no share of any case."""
    if denominator <= 0 or not 0 <= numerator <= denominator:
        return NOTHING
    found = wilson(numerator, denominator)
    return "～".join(percent(end.numerator, end.denominator, decimals) for end in (found.lower, found.upper))
