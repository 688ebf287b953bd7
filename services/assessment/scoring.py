"""From counts to a score sheet: pure, and exact until a figure is written down.

Points are written with two decimals, halves rounded up; the total is the sum of the points as written, so that whoever adds them up comes
to the same. `lower` and `upper` are what the points come to at the ends of the 95 % intervals of all items at once: wider than 95 % for
the total, but true whether or not the items go together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from services.assessment.fairness import Standing, shared_ranks
from services.assessment.rules import Counted, Item, Scheme
from services.platform.intervals import Interval, wilson
from services.platform.rounding import decimal_text, percent_text


class Count(NamedTuple):
    """What a metric counted; without denominator it is a plain count."""

    numerator: int
    denominator: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a granted objection changes in one item: tickets in numerator and denominator of a metric, or points outright."""

    item: str
    metric: str | None = None
    numerator: int = 0
    denominator: int = 0
    points: Fraction = Fraction(0)


Counts = Mapping[str, Mapping[str, Count]]
"""By item code and metric."""


@dataclass(frozen=True, slots=True)
class ShareScore:
    """One metric of an item: its counts, its value and interval in percent (text with two decimals; None without data)."""

    metric: str
    weight: str
    numerator: int
    denominator: int
    percent: str | None
    lower: str | None
    upper: str | None
    scored: bool


@dataclass(frozen=True, slots=True)
class ItemScore:
    """What an item gave. `weight_used` is its weight with what came from items that were not scored; `why_not` says why it was not."""

    code: str
    name: str
    weight: str
    weight_used: str | None
    shares: tuple[ShareScore, ...]
    percent: str | None
    points: str | None
    lower: str | None
    upper: str | None
    changed: str
    why_not: str | None


@dataclass(frozen=True, slots=True)
class CountedScore:
    """A bonus or malus: how many tickets, and what they came to."""

    code: str
    name: str
    metric: str
    numerator: int
    points: str
    capped: bool
    changed: str


@dataclass(frozen=True, slots=True)
class Scored:
    """A sheet. Without any scored item there is no total: nothing is said about whoever had too few tickets."""

    items: tuple[ItemScore, ...]
    counted: tuple[CountedScore, ...]
    total: str | None
    lower: str | None
    upper: str | None


def score(scheme: Scheme, counts: Counts, changes: Sequence[Change] = ()) -> Scored:
    """Return the sheet that `counts` make by the rules of `scheme`, with what granted objections changed."""
    read = {item.code: _Read.of(item, _changed(counts.get(item.code, {}), item.code, changes)) for item in scheme.items}
    scored = [item for item in scheme.items if read[item.code].value is not None]
    whole, used = sum((item.weight for item in scheme.items), Fraction(0)), sum((item.weight for item in scored), Fraction(0))
    scale = whole / used if used else Fraction(0)
    items = tuple(_item(item, read[item.code], scale, _given(changes, item.code)) for item in scheme.items)
    counted = tuple(_counted(rule, counts.get(rule.code, {}), changes) for rule in scheme.counted)
    if not scored:
        return Scored(items, counted, None, None, None)
    more = sum((Fraction(rule.points) + Fraction(rule.changed) for rule in counted), Fraction(0))
    changed = sum((Fraction(item.changed) for item in items), Fraction(0))
    sums = [
        sum((Fraction(text) for item in items if (text := getattr(item, end)) is not None), Fraction(0))
        for end in ("points", "lower", "upper")
    ]
    total, lower, upper = (two_decimals(max(found + more + changed, Fraction(0))) for found in sums)
    return Scored(items, counted, total, lower, upper)


def standings(sheets: Mapping[str, Scored]) -> dict[str, Standing]:
    """Return where each of a group stands, by its interval; whoever has no total stands nowhere."""
    return shared_ranks(
        {
            key: Interval(Fraction(sheet.lower), Fraction(sheet.upper))
            for key, sheet in sheets.items()
            if sheet.lower is not None and sheet.upper is not None
        }
    )


def two_decimals(value: Fraction) -> str:
    """Return a number with two decimals, halves rounded away from 0."""
    text = decimal_text(abs(value.numerator), value.denominator, 2) or "0.00"
    return f"-{text}" if value < 0 and text.strip("0.") else text


@dataclass(frozen=True, slots=True)
class _Read:
    """An item's shares, and its value with the ends of its interval (0 to 1); None where nothing of it is scored."""

    shares: tuple[ShareScore, ...]
    value: Fraction | None
    lower: Fraction
    upper: Fraction
    empty: bool

    @classmethod
    def of(cls, item: Item, counts: Mapping[str, Count]) -> "_Read":
        shares, sums, weight, empty = [], [Fraction(0), Fraction(0), Fraction(0)], Fraction(0), True
        for share in item.shares:
            found = counts.get(share.metric, Count(0, 0))
            whole = found.denominator or 0
            part = min(found.numerator, whole)
            empty = empty and not whole
            interval = wilson(part, whole)
            scored = whole > 0 and whole >= item.minimum
            if scored:
                weight += share.weight
                for place, end in enumerate((Fraction(part, whole), interval.lower, interval.upper)):
                    sums[place] += share.weight * end
            shares.append(_share(share.metric, share.weight, part, whole, interval, scored=scored))
        value, lower, upper = (end / weight for end in sums) if weight else (None, Fraction(0), Fraction(1))
        return cls(tuple(shares), value, lower or Fraction(0), Fraction(1) if upper is None else upper, empty)


def _share(metric: str, weight: Fraction, part: int, whole: int, interval: Interval, *, scored: bool) -> ShareScore:
    ends = (_percent(interval.lower), _percent(interval.upper)) if whole else (None, None)
    return ShareScore(metric, two_decimals(weight), part, whole, percent_text(part, whole), *ends, scored)


def _percent(share: Fraction) -> str | None:
    return percent_text(share.numerator, share.denominator)


def _item(item: Item, read: _Read, scale: Fraction, changed: Fraction) -> ItemScore:
    common = (item.code, item.name, two_decimals(item.weight))
    if read.value is None:
        why = "no_data" if read.empty else "below_minimum"
        return ItemScore(*common, None, read.shares, None, None, None, None, two_decimals(changed), why)
    points = _points(item, read.value, scale)
    lower, upper = sorted((_points(item, read.lower, scale), _points(item, read.upper, scale)))
    return ItemScore(
        *common,
        weight_used=two_decimals(item.weight * scale),
        shares=read.shares,
        percent=_percent(read.value),
        points=two_decimals(points),
        lower=two_decimals(lower),
        upper=two_decimals(upper),
        changed=two_decimals(changed),
        why_not=None,
    )


def _points(item: Item, value: Fraction, scale: Fraction) -> Fraction:
    share = (100 * value - item.zero_at) / (item.full_at - item.zero_at)
    return max(min(max(share, Fraction(0)), Fraction(1)) * item.weight, item.floor) * scale


def _counted(rule: Counted, counts: Mapping[str, Count], changes: Sequence[Change]) -> CountedScore:
    found = _changed(counts, rule.code, changes).get(rule.metric, Count(0, None))
    raw = rule.points * found.numerator
    capped = abs(raw) > rule.cap
    points = (rule.cap if raw > 0 else -rule.cap) if capped else raw
    changed = two_decimals(_given(changes, rule.code))
    return CountedScore(rule.code, rule.name, rule.metric, found.numerator, two_decimals(points), capped, changed)


def _changed(counts: Mapping[str, Count], item: str, changes: Sequence[Change]) -> dict[str, Count]:
    found = dict(counts)
    for change in changes:
        if change.item == item and change.metric is not None:
            before = found.get(change.metric, Count(0, None))
            whole = before.denominator if before.denominator is None else max(before.denominator + change.denominator, 0)
            found[change.metric] = Count(max(before.numerator + change.numerator, 0), whole)
    return found


def _given(changes: Sequence[Change], item: str) -> Fraction:
    return sum((change.points for change in changes if change.item == item), Fraction(0))
