"""Counting calls: one statement for all figures, and the calls behind each. What a counter means for a row stands here, once.

As of an instant in the past the calls count that had been heard of by then. A call is one row that changes while it goes on, or when its
exchange says more of it later; what the row was before is kept nowhere that reports may read. So where a call of the period had been heard
of and was changed since, nothing is told of that instant: ``as_of.not_kept``. Whether a number had called before is changed by calls that
are heard of late: where that may be, the rate of repeated calls has no data, and its calls are refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Label, and_, exists, func, select, tuple_
from sqlalchemy.orm import aliased

from services.calls.metrics import ANSWER_WITHIN_SECONDS, HotlineMetric
from services.calls.models import Call
from services.calls.queries import OWN, Place
from services.calls.writing import REPEAT_DAYS
from services.identity.permissions import require
from services.platform.clock import day_end, day_start
from services.platform.errors import Invalid
from services.platform.unit_of_work import Work

Grouping = Literal["day", "hour", "dnis", "queue", "agent", "source"]
GROUPINGS: tuple[str, ...] = get_args(Grouping)
Part = Literal["numerator", "denominator"]
NONE_KEY = "-"
DAYS_AT_MOST = 400

_ENDED = Call.disposition.is_not(None)
_INBOUND = and_(Call.direction == "inbound", _ENDED)
_OUTBOUND = and_(Call.direction == "outbound", _ENDED)
_ANSWERED = and_(_INBOUND, Call.disposition == "answered")
_QUEUED = and_(_INBOUND, Call.queued.is_(True))
_ABANDONED = and_(_INBOUND, Call.disposition == "abandoned_in_queue")

MEANING: Mapping[str, ColumnElement[bool]] = {
    "inbound": _INBOUND,
    "queued": _QUEUED,
    "answered": _ANSWERED,
    "answered_in_time": and_(_ANSWERED, Call.wait_seconds <= ANSWER_WITHIN_SECONDS),
    "waited": and_(_QUEUED, Call.wait_seconds.is_not(None)),
    "abandoned": _ABANDONED,
    "turned_away": and_(_INBOUND, Call.disposition.in_(("busy", "failed", "out_of_hours"))),
    "voice_only": and_(_INBOUND, Call.disposition.in_(("ivr_only", "abandoned_in_ivr"))),
    "with_number": and_(_INBOUND, Call.called_before.is_not(None)),
    "repeated": and_(_INBOUND, Call.called_before.is_(True)),
    "by_record": and_(_INBOUND, Call.basis == "record"),
    "open": and_(Call.direction == "inbound", Call.disposition.is_(None)),
    "outbound": _OUTBOUND,
    "outbound_answered": and_(_OUTBOUND, Call.disposition == "answered"),
    "timed_answers": and_(_ANSWERED, Call.wait_seconds.is_not(None)),
    "timed_talks": and_(_ANSWERED, Call.talk_seconds.is_not(None)),
    "timed_abandons": and_(_ABANDONED, Call.wait_seconds.is_not(None)),
}
_LOCAL = func.timezone("Asia/Shanghai", Call.arrived_at)
_KEYS: Mapping[str, ColumnElement[Any]] = {
    "day": func.to_char(_LOCAL, "YYYY-MM-DD"),
    "hour": func.to_char(_LOCAL, "HH24"),
    "dnis": func.coalesce(Call.dnis, NONE_KEY),
    "queue": func.coalesce(Call.queue, NONE_KEY),
    "agent": func.coalesce(Call.agent, NONE_KEY),
    "source": func.coalesce(Call.source, NONE_KEY),
}


@dataclass(frozen=True)
class Asked:
    """A question: days in Asia/Shanghai, both included; the rows wanted; only calls of this number of ours or this exchange.

    `as_of`: as it was known then.
    """

    first: date
    last: date
    by: Grouping | None = None
    dnis: str | None = None
    source: str | None = None
    as_of: datetime | None = None


def asked(today: date, first: date | None, last: date | None, **more: Any) -> Asked:
    """Return the question; without days it is this month up to today. Raises Invalid ``period.invalid``."""
    until = last or (max(today, first) if first else today)
    since = first or until.replace(day=1)
    if since > until or (until - since) > timedelta(days=DAYS_AT_MOST):
        raise Invalid("period.invalid", f"`from` must not lie behind `to`, nor more than {DAYS_AT_MOST} days before it.")
    return Asked(since, until, **more)


def _columns() -> list[Label[Any]]:
    counts = [func.count().filter(condition).label(name) for name, condition in MEANING.items()]
    waits, talks, gone = MEANING["timed_answers"], MEANING["timed_talks"], MEANING["timed_abandons"]
    return [
        *counts,
        func.sum(Call.wait_seconds).filter(waits).label("wait_sum"),
        func.percentile_cont(0.5).within_group(Call.wait_seconds).filter(waits).label("wait_median"),
        func.percentile_disc(0.9).within_group(Call.wait_seconds).filter(waits).label("wait_p90"),
        func.sum(Call.talk_seconds).filter(talks).label("talk_sum"),
        func.percentile_cont(0.5).within_group(Call.talk_seconds).filter(talks).label("talk_median"),
        func.percentile_disc(0.9).within_group(Call.talk_seconds).filter(talks).label("talk_p90"),
        func.sum(Call.wait_seconds).filter(gone).label("abandon_sum"),
    ]


def _conditions(question: Asked) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        OWN, Call.arrived_at >= day_start(question.first), Call.arrived_at < day_end(question.last),
    ]  # fmt: skip
    if question.dnis is not None:
        found.append(Call.dnis == question.dnis)
    if question.source is not None:
        found.append(Call.source == question.source)
    if question.as_of is not None:
        found.append(Call.first_heard_at <= question.as_of)
    return found


async def _require_kept(work: Work, question: Asked) -> None:
    """Raise Invalid ``as_of.future``, and ``as_of.not_kept`` where a call that may have been of the period then was changed since."""
    if question.as_of is None:
        return
    if question.as_of > work.now:
        raise Invalid("as_of.future", "`as_of` lies in the future: nobody knows what will be known then.")
    changed = exists().where(
        Call.first_heard_at <= question.as_of,
        Call.updated_at > question.as_of,
        func.least(Call.arrived_at, Call.first_heard_at) < day_end(question.last),
        func.greatest(Call.ended_at, Call.arrived_at, Call.first_heard_at) >= day_start(question.first),
    )
    if await work.session.scalar(select(changed)):
        raise _not_kept("Calls of these days were changed since, and what they were is not kept. Ask for a later instant, or fewer days.")


async def _repeats_kept(work: Work, question: Asked) -> bool:
    """Tell whether `called_before` says what it said then: no call that was heard of later came before one of these."""
    if question.as_of is None:
        return True
    late = aliased(Call)
    since = Call.arrived_at - func.make_interval(0, 0, 0, REPEAT_DAYS)
    before = exists().where(
        late.first_heard_at > question.as_of,
        late.direction == "inbound",
        late.paper_id.is_not(None),
        late.arrived_at.between(since, Call.arrived_at),
    )
    return not await work.session.scalar(select(exists().where(*_conditions(question), MEANING["repeated"], before)))


def _not_kept(told: str) -> Invalid:
    return Invalid("as_of.not_kept", told)


async def sums_by_row(work: Work, question: Asked) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Return the sums of each row by its key, in order, and of all calls together. By agent only for whoever may see the calls.

    Raises Invalid ``as_of.future`` and ``as_of.not_kept``. `repeated` is None where it is not kept what it was.
    """
    if question.by == "agent":
        require(work.actor, "call.read")
    await _require_kept(work, question)
    columns, conditions = _columns(), _conditions(question)
    total = (await work.session.execute(select(*columns).where(*conditions))).one()._asdict()
    rows: dict[str, dict[str, Any]] = {}
    if question.by is not None:
        key = _KEYS[question.by].label("key")
        for row in await work.session.execute(select(key, *columns).where(*conditions).group_by("key").order_by("key")):
            found = row._asdict()
            rows[str(found.pop("key"))] = found
    if not await _repeats_kept(work, question):
        for sums in (total, *rows.values()):
            sums["repeated"] = None
    return rows, total


async def counted_calls(
    work: Work,
    question: Asked,
    metric: HotlineMetric,
    part: Part,
    key: str | None,
    after: Place | None,
    limit: int,
    total: int | None = None,
) -> tuple[int, Sequence[Call], Place | None]:
    """Return how many calls `part` of a figure (of its row `key`) counted, a page of exactly these, and where the next one begins.

    `total`: where a page before, of the same snapshot, told it.
    """
    counter = metric.numerator if part == "numerator" else metric.denominator
    if not counter:
        raise Invalid("part.unknown", "This metric is a count: it has a numerator only.")
    await _require_kept(work, question)
    if counter == "repeated" and not await _repeats_kept(work, question):
        raise _not_kept("Calls that came before these were heard of since: which of them were repeated calls then is not kept.")
    conditions = [*_conditions(question), MEANING[counter]]
    if key is not None:
        if question.by is None:
            raise Invalid("key.without_rows", "`key` picks a row; say with `by` which rows are meant.")
        conditions.append(_KEYS[question.by] == key)
    if total is None:
        total = await work.session.scalar(select(func.count()).select_from(Call).where(*conditions))
    order = (Call.arrived_at, Call.id)
    query = select(Call).where(*conditions).order_by(*order).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(*order) > after)
    found = list(await work.session.scalars(query))
    page = found[:limit]
    return total or 0, page, (page[-1].arrived_at, page[-1].id) if len(found) > limit else None
