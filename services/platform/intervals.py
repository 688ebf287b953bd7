"""How sure a share of few cases is: Wilson's interval at 95 % (E. B. Wilson 1927, without continuity correction). Pure and exact.

It holds for few cases too, and never leaves 0 to 100 %. The same counts give the same digits wherever they are told.
"""

from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache

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
