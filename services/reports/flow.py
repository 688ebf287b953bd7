"""Where matters go: from the channel they came by to the tier that has them, and what has become of them.

All of one cohort: what was received in the period. Whole months come from the sums kept for this, the rest is counted over the facts.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, literal_column, select, union_all

from services.platform.clock import day_end, day_start
from services.platform.unit_of_work import Work
from services.reports.measures import COUNTERS, UNREASONABLE, Grain
from services.reports.models import ReportFact, RollupCell
from services.reports.planning import Need, Period, next_month, plan
from services.reports.questions import Question
from services.reports.selecting import FACT_COLUMNS, FACTS

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
    queries = [
        _facts(question, stretch.period) if stretch.grain is None else _cells(question, stretch.grain, stretch.period)
        for stretch in plan(_open_ended(question), _need(question), cells=question.by_sums)
    ]
    parts = (union_all(*queries) if len(queries) > 1 else queries[0]).subquery()
    sums = [func.sum(parts.c[counter]) for counter in _COUNTERS]
    found = await work.session.execute(select(parts.c.channel, parts.c.tier, *sums).group_by(parts.c.channel, parts.c.tier))
    streams = []
    for channel, tier, received, completed, *left_out in found:
        counts = (completed, received - completed, *left_out)
        streams += [Stream(channel, tier, outcome, int(count)) for outcome, count in zip(OUTCOMES, counts, strict=True) if count]
    return sorted(streams, key=lambda stream: (stream.channel, stream.tier, OUTCOMES.index(stream.outcome)))


def _open_ended(question: Question) -> Period:
    """Return the period, to the end of its month where it ends today or later: nothing is received after today."""
    period = question.period
    return period if period.last < question.today else replace(period, last=next_month(period.last) - timedelta(days=1))


def _need(question: Question) -> Need:
    apart = _APART | ({"category"} if question.wanted.category else set())
    return Need(question.need.level, apart)


def _cells(question: Question, grain: Grain, period: Period) -> Select[Any]:
    query = select(_CELLS.channel, _CELLS.tier, *(func.sum(_CELLS[counter]).label(counter) for counter in _COUNTERS))
    query = query.where(_CELLS.grain == grain.code, _CELLS.day.between(period.first, period.last))
    if question.wanted.source:
        query = query.where(_CELLS.source == question.wanted.source)
    if question.wanted.channel:
        query = query.where(_CELLS.channel.in_(question.wanted.channel))
    if question.exclusions == "removed":
        query = query.where(_CELLS.demand != UNREASONABLE)
    return query.group_by(_CELLS.channel, _CELLS.tier)


def _facts(question: Question, period: Period) -> Select[Any]:
    tier = func.coalesce(FACTS.tier, literal_column("''")).label("tier")
    sums = []
    for counter in _COUNTERS:
        ((column, value),) = COUNTERS[counter].values.items()
        holds = FACTS[column].is_(value) if isinstance(value, bool) else FACTS[column] == value
        sums.append(func.count().filter(holds).label(counter))
    query = select(FACTS.channel, tier, *sums).select_from(ReportFact)
    query = query.where(FACTS.received_at >= day_start(period.first), FACTS.received_at < day_end(period.last))
    if question.exclusions == "removed":
        query = query.where(FACTS.unreasonable.is_(False))
    return query.where(*question.conditions(FACT_COLUMNS)).group_by(FACTS.channel, tier)
