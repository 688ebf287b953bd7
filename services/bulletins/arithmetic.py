"""The arithmetic of printed figures: shares that sum to 100, changes, intervals of small samples. Pure and exact: no binary fractions."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

from services.platform.rounding import percent_text
from services.reports.shares import shares as largest_remainder

NOTHING = "—"
FEW = 30
"""Below so many cases a rate is too uncertain to compare: it is printed with its interval and called 样本少."""
_Z = Fraction(196, 100)


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


def interval(numerator: int, denominator: int) -> tuple[Fraction, Fraction]:
    """Return the Wilson interval (95 %) of a rate as fractions of one; from 0 to 1 where there is no case."""
    if denominator <= 0:
        return Fraction(0), Fraction(1)
    share, cases, square = Fraction(numerator, denominator), Fraction(denominator), _Z * _Z
    middle = share + square / (2 * cases)
    with localcontext() as context:
        context.prec = 30
        inside = share * (1 - share) / cases + square / (4 * cases * cases)
        root = (Decimal(inside.numerator) / Decimal(inside.denominator)).sqrt()
    spread, scale = _Z * Fraction(root), 1 + square / cases
    return max(Fraction(0), (middle - spread) / scale), min(Fraction(1), (middle + spread) / scale)


def interval_text(numerator: int, denominator: int, decimals: int = 1) -> str:
    """Return the interval as it is printed: ``43.6%～97.0%``; a dash without cases."""
    if denominator <= 0:
        return NOTHING
    low, high = interval(numerator, denominator)
    return "～".join(percent(end.numerator, end.denominator, decimals) for end in (low, high))
