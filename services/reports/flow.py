"""Where matters go: from the channel they came by to the tier that has them, and what has become of them.

All of one cohort: what was received in the period. Whole months come from the sums kept for this, the rest is counted over the facts.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import FromClause, Select, func, literal_column, select, union_all

from services.platform.unit_of_work import Work
from services.reports.figures import known_of
from services.reports.known import Known
from services.reports.measures import COUNTERS, UNREASONABLE, Grain
from services.reports.models import RollupCell
from services.reports.planning import Need, Period, next_month, plan
from services.reports.questions import Question
from services.reports.selecting import KEPT, cells_of, columns_of, holds, within

OUTCOMES = ("completed", "open", "rejected", "cancelled", "merged")
"""What becomes of a matter. The last three are in no figure; `open` is what is counted and not completed."""
_COUNTERS = ("received", "received_completed", "rejected", "cancelled", "merged")
_APART = frozenset({"channel", "tier"})
_CELLS = RollupCell.__table__.c


@dataclass(frozen=True)
class Stream:
    """How many tickets of one channel are with one tier and came to one outcome. Tier '': nobody has it."""

    channel: str
    tier: str
    outcome: str
    tickets: int


async def flow(work: Work, question: Question) -> list[Stream]:
    """Return the streams that have any tickets. Together they are what was received in the period, and what was left out of it."""
    known = await known_of(work, question)
    parts = (union_all(*_queries(question, known))).subquery()
    sums = [func.sum(parts.c[counter]) for counter in _COUNTERS]
    found = await work.session.execute(select(parts.c.channel, parts.c.tier, *sums).group_by(parts.c.channel, parts.c.tier))
    streams = []
    for channel, tier, received, completed, *left_out in found:
        counts = (completed, received - completed, *left_out)
        streams += [Stream(channel, tier, outcome, int(count)) for outcome, count in zip(OUTCOMES, counts, strict=True) if count]
    return sorted(streams, key=lambda stream: (stream.channel, stream.tier, OUTCOMES.index(stream.outcome)))


def _queries(question: Question, known: Known) -> list[Select[Any]]:
    """Return what is kept, the fresh facts added and the stale ones taken off."""
    queries, kept = [], known.facts if known.past else KEPT
    for part in (question,) if known.past else question.parts:
        cells = part.whole and not known.past and question.made.counters.issuperset(_COUNTERS)
        for stretch in plan(_open_ended(question), _need(part), cells=cells, grains=question.made.grains, today=question.today):
            if stretch.grain is None:
                queries.append(_facts(part, stretch.period, kept, sign=stretch.sign))
            else:
                queries.append(_cells(part, stretch.grain, stretch.period, sign=stretch.sign))
    if known.fresh is not None:
        queries.append(_facts(question, question.period, known.fresh))
    if known.stale is not None:
        queries.append(_facts(question, question.period, known.stale, sign=-1))
    return queries


def _open_ended(question: Question) -> Period:
    """Return the period, to the end of its month where it ends today or later: nothing is received after today."""
    period = question.period
    if period.last < question.today or period.until is not None:
        return period
    return replace(period, last=next_month(period.last) - timedelta(days=1))


def _need(question: Question) -> Need:
    return replace(question.need, dimensions=question.need.dimensions | _APART)


def _cells(question: Question, grain: Grain, period: Period, sign: int = 1) -> Select[Any]:
    query = select(_CELLS.channel, _CELLS.tier, *((sign * func.sum(_CELLS[counter])).label(counter) for counter in _COUNTERS))
    query = query.where(*cells_of(question, grain, period))
    if question.exclusions == "removed":
        query = query.where(_CELLS.demand != UNREASONABLE)
    return query.group_by(_CELLS.channel, _CELLS.tier)


def _facts(question: Question, period: Period, facts: FromClause, sign: int = 1) -> Select[Any]:
    channel, tier = facts.c.channel, func.coalesce(facts.c.tier, literal_column("''")).label("tier")
    sums = [(sign * func.count().filter(holds(COUNTERS[counter], facts))).label(counter) for counter in _COUNTERS]
    query = select(channel, tier, *sums).select_from(facts).where(*within(facts.c.received_at, period))
    if question.exclusions == "removed":
        query = query.where(facts.c.unreasonable.is_(False))
    return query.where(*question.conditions(columns_of(facts))).group_by(channel, tier)
