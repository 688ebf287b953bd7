"""Episodes: one warning from the first day outside of the band until things are usual again. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple

from services.warnings.bands import WEEKS, Look, look_at_count, look_at_share

Measure = Literal["inflow", "overdue"]
Span = Literal["day", "week"]
SPANS: Mapping[Span, int] = {"day": 1, "week": 7}
DAYS = WEEKS * 7 + 7
"""How many days a look needs: the last week, and as many weeks before."""
MINIMUM: Mapping[Span, int] = {"day": 6, "week": 10}
"""Fewer tickets than these are no warning, however unusual they are."""
LEAST_LATE = 3
QUIET_DAYS = 3
"""After so many days inside of the band an episode is over."""
GROWS_BY = 1.25
"""An episode has grown where it is this many times what it was at most so far."""


class Key(NamedTuple):
    """What a warning is about: a measure of a unit, a department or a category, by its code."""

    measure: Measure
    subject: Literal["unit", "department", "category"]
    code: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened on each day: how many matters came in, how many were due, and how many of those were closed in time."""

    received: Mapping[date, int]
    due: Mapping[date, int]
    on_time: Mapping[date, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """A look that left the band, with the days it is about and the values it was held against."""

    span: Span
    first: date
    last: date
    look: Look
    before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Episode:
    """An open warning as the next day finds it."""

    key: Key
    last_outside: date
    peak_excess: float


@dataclass(frozen=True, slots=True)
class Step:
    """What a day changes: it opens a warning, goes on with one (`grown`: it is worse than ever), or ends it."""

    key: Key
    kind: Literal["open", "go_on", "end"]
    seen: Seen | None = None
    grown: bool = False


def seen_on(day: date, measure: Measure, counts: Counts, began: date) -> Seen | None:
    """Return the look of `day` that lies farthest outside of its band; None where all is usual, or too little is known.

    `began` is the first day anything was recorded on: weeks before that are no zeros.
    """
    found = [seen for span in SPANS if (seen := _seen(day, span, measure, counts, began)) is not None and seen.look.outside]
    return max(found, key=lambda seen: (seen.look.excess, seen.look.value), default=None)


def steps(day: date, open_ones: Mapping[Key, Episode], seen: Mapping[Key, Seen]) -> list[Step]:
    """Return what a day changes, in order of the keys."""
    found = []
    for key in sorted({*open_ones, *seen}):
        episode, here = open_ones.get(key), seen.get(key)
        if episode is None and here is not None:
            found.append(Step(key, "open", here))
        elif episode is not None and here is not None:
            found.append(Step(key, "go_on", here, grown=here.look.excess >= GROWS_BY * episode.peak_excess))
        elif episode is not None and (day - episode.last_outside).days >= QUIET_DAYS:
            found.append(Step(key, "end"))
    return found


def _seen(day: date, span: Span, measure: Measure, counts: Counts, began: date) -> Seen | None:
    length = SPANS[span]
    first = day - timedelta(days=length - 1)
    starts = [start for week in range(1, WEEKS + 1) if (start := first - timedelta(weeks=week)) >= began]
    if measure == "inflow":
        earlier = [_sum(counts.received, start, length) for start in starts]
        look = look_at_count(_sum(counts.received, first, length), earlier, minimum=MINIMUM[span])
        texts = tuple(str(value) for value in earlier)
    else:
        pairs = [_late(counts, start, length) for start in starts]
        look = look_at_share(*_late(counts, first, length), pairs, minimum=MINIMUM[span], least=LEAST_LATE)
        texts = tuple(f"{part}/{whole}" for part, whole in pairs)
    return Seen(span, first, day, look, texts) if look is not None else None


def _late(counts: Counts, first: date, length: int) -> tuple[int, int]:
    due = _sum(counts.due, first, length)
    return max(due - _sum(counts.on_time, first, length), 0), due


def _sum(values: Mapping[date, int], first: date, length: int) -> int:
    return sum(values.get(first + timedelta(days=offset), 0) for offset in range(length))


def words_of(names: Sequence[tuple[str, Step]]) -> str:
    """Return one text about the warnings that one desk is told of, the farthest outside first."""
    ordered = sorted(names, key=lambda pair: -(pair[1].seen.look.excess if pair[1].seen else 0.0))
    told = "；".join(f"{name}{_figure(step)}" for name, step in ordered[:_NAMED])
    more = f"等共{len(ordered)}项" if len(ordered) > _NAMED else ""
    return f"预警：{told}{more}，超出往常同期范围。请查明原因，处置后在“预警”中说明。"


_NAMED = 5


def _figure(step: Step) -> str:
    assert step.seen is not None
    look, days = step.seen.look, "昨日" if step.seen.span == "day" else "近七日"
    if step.key.measure == "inflow":
        return f"{days}受理{look.value}件（往常约{look.band.middle:.0f}件）"
    return f"{days}到期{look.band.of}件中逾期{look.value}件（往常约{look.band.middle:.0f}件）"
