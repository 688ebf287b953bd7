"""The usual band of a count or a share, and whether a value left it. Pure.

A value is a sum over some days that ended yesterday; what is usual is told by the same days of the week in the weeks before, so that
market days and weekends are compared with their like. The middle is the median and the spread the median absolute deviation: one earlier
outbreak does not make the next one usual. Small counts scatter at least as Poisson's do, so the limit is a quantile of the negative
binomial distribution whose variance is the larger of both, with room for how well so few weeks can be known. For shares it is the
beta-binomial one.

`ALPHA` is how often a look at a steady series may go wrong. tests/warnings/test_bands.py holds it against simulated years, and says how
many days after a doubling it is told.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

ALPHA = 0.0005
"""Steady series leave the band in one look of two thousand at most, by design; see the test for what is measured."""
WEEKS, LEAST_WEEKS = 12, 8
"""How many weeks before are looked at, and how many of them there must be."""
_TO_DEVIATION = 1.4826
"""From the median absolute deviation to the standard deviation of a normal distribution."""
_MEDIAN_COSTS = math.pi / 2
"""The variance of a median of n values is this, over n, times theirs."""
_FEW_VALUES = 1.5
"""A dozen values make their scatter look smaller than it is about as often as larger; this is on the safe side."""
_LEAST_SCATTER = 1.25
"""People do not complain like atoms decay: what looks like Poisson in a dozen values is taken to scatter a quarter more."""
_LEAST_MEAN = 0.5


@dataclass(frozen=True, slots=True)
class Band:
    """What is usual: the middle, and the most that is still usual. Counts; of a share, tickets of `of`."""

    middle: float
    limit: int
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """A value beside its band, and whether it left it upwards."""

    value: int
    band: Band
    outside: bool

    @property
    def excess(self) -> float:
        """How many times what is usual, at least of one ticket."""
        return self.value / max(self.band.middle, 1.0)


def look_at_count(value: int, before: Sequence[int], *, minimum: int, alpha: float = ALPHA) -> Look | None:
    """Return how a count stands beside the same days of the weeks before; None where there are too few of them.

    Fewer than `minimum` tickets never leave the band: nobody is called for a handful.
    """
    if len(before) < LEAST_WEEKS:
        return None
    band = band_of_counts(before, alpha)
    return Look(value, band, value > band.limit and value >= minimum)


def band_of_counts(before: Sequence[int], alpha: float = ALPHA) -> Band:
    """Return the band of a count by the counts before."""
    middle = float(median(before))
    mean = max(middle, _LEAST_MEAN)
    spread = _TO_DEVIATION * float(median(abs(one - middle) for one in before))
    below = [middle - one for one in before if one < middle]
    # the half below the middle tells the scatter too, and no outbreak lies in it
    half = 2 * sum(one * one for one in below) / (len(before) - 1)
    variance = max(mean * _LEAST_SCATTER, spread * spread, half * _FEW_VALUES) * (1 + _MEDIAN_COSTS / len(before))
    return Band(middle, _limit_of_counts(mean, variance, alpha))


def look_at_share(value: int, of: int, before: Sequence[tuple[int, int]], *, minimum: int, least: int, alpha: float = ALPHA) -> Look | None:
    """Return how a share (`value` of `of`) stands beside those before; None where there are too few weeks with any.

    Nothing is said of fewer than `minimum` tickets in the denominator or fewer than `least` in the numerator.
    """
    known = [(part, whole) for part, whole in before if whole]
    if len(known) < LEAST_WEEKS:
        return None
    band = band_of_shares(of, known, alpha)
    return Look(value, band, value > band.limit and of >= minimum and value >= least)


def band_of_shares(of: int, before: Sequence[tuple[int, int]], alpha: float = ALPHA) -> Band:
    """Return the band of how many of `of` tickets, by pairs of part and whole before (each whole above 0)."""
    shares = [part / whole for part, whole in before]
    middle = float(median(shares))
    kept = _without_outbreaks(before, middle)
    part, whole = sum(pair[0] for pair in kept), sum(pair[1] for pair in kept)
    scatter = _scatter(kept, (part + 0.5) / (whole + 1))
    known = max((whole + 1) / scatter, 2.0)
    share = (part + 0.5) / (whole + 1)
    return Band(of * share, _limit_of_shares(of, share * known, (1 - share) * known, alpha), of)


def _without_outbreaks(before: Sequence[tuple[int, int]], middle: float) -> Sequence[tuple[int, int]]:
    """Return the weeks but those that lie above all scatter, at most a quarter of them."""
    spread = [4 * math.sqrt(max(middle * (1 - middle), 0.02) / whole) for _part, whole in before]
    odd = {n for n, (part, whole) in enumerate(before) if part / whole > middle + spread[n]}
    if not odd or len(odd) > len(before) // 4:
        return before
    return [pair for n, pair in enumerate(before) if n not in odd]


def _scatter(before: Sequence[tuple[int, int]], share: float) -> float:
    """Return how many times more than by chance the shares scatter, 1 at least."""
    chance = max(share * (1 - share), 1e-9)
    found = sum((part - whole * share) ** 2 / (whole * chance) for part, whole in before) / max(len(before) - 1, 1)
    return max(found, 1.0)


def _limit_of_counts(mean: float, variance: float, alpha: float) -> int:
    """Return the smallest count that is exceeded with a chance of at most `alpha`: negative binomial by mean and variance."""
    variance = max(variance, mean * 1.0001)
    size = mean * mean / (variance - mean)
    chance = size / (size + mean)
    # what lies ten deviations below adds nothing, and beginning there keeps large counts within a float's reach
    count = max(int(mean - 10 * math.sqrt(variance)), 0)
    log_term = (
        math.lgamma(count + size) - math.lgamma(size) - math.lgamma(count + 1) + size * math.log(chance) + count * math.log1p(-chance)
    )
    term = total = math.exp(log_term)
    while 1 - total > alpha and count < mean + 1000 * math.sqrt(variance):
        term *= (size + count) / (count + 1) * (1 - chance)
        count += 1
        total += term
    return count


def _limit_of_shares(of: int, a: float, b: float, alpha: float) -> int:
    """Return the smallest number of `of` that is exceeded with a chance of at most `alpha`: beta-binomial."""
    total, count = 0.0, -1
    while 1 - total > alpha and count < of:
        count += 1
        total += math.exp(
            math.lgamma(of + 1) - math.lgamma(count + 1) - math.lgamma(of - count + 1)
            + _log_beta(count + a, of - count + b) - _log_beta(a, b)
        )  # fmt: skip
    return count


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
