"""The tickets behind a figure: exactly those it counted, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Row, Select, func, select, tuple_, union_all

from services.organization.tree import UnitTree
from services.platform.errors import Invalid
from services.platform.unit_of_work import Work
from services.reports.figures import added, both_sums, known_of, named, one_snapshot
from services.reports.grouping import require_key
from services.reports.known import Known
from services.reports.measures import COUNTERS, EXCLUSIONS
from services.reports.questions import Asked, Question, Removal, understand
from services.reports.selecting import counted_facts
from services.reports.views import CountedTicket, UnitName

Part = Literal["numerator", "denominator", "remainder", "excluded", "taken_out_numerator", "taken_out_denominator"]
"""`remainder`: what the denominator counts and the numerator does not, such as what was received and is still open."""
Place = tuple[datetime, UUID]


@dataclass(frozen=True)
class Counted:
    """One page: how many there are in all, the tickets, and where the next page goes on."""

    question: Question
    total: int
    items: Sequence[CountedTicket]
    following: Place | None


async def counted_tickets(
    work: Work, asked: Asked, part: Part, *, key: str | None, after: Place | None, limit: int, total: int | None = None
) -> Counted:
    """Return a page of the tickets that `part` of the figure (of its row `key`, where given) counted.

    `total`: the figure, where a page before, of the same snapshot, told it. They come in the order of the instant they are counted by.
    Raises as the report does, and where `key` can be no row of it.
    """
    await one_snapshot(work.session)
    question = await understand(work, asked)
    counters = _counters(question, part)
    if key is not None:
        require_key(question.by, key, question.period, question.shown)
    known = await known_of(work, question)
    facts = known.facts
    less = _less(question, part)
    ways = [counted_facts(one, counters, key, less=less, taken_out=part.startswith("taken_out"), facts=facts) for one in question.parts]
    if total is None:
        total = await _by_sums(work, question, known, part, key)
    return await page_of(work, question, facts, facts.c[COUNTERS[counters[0]].basis], ways, after, limit, total=total)


async def _by_sums(work: Work, question: Question, known: Known, part: Part, key: str | None) -> int | None:
    """Return how many tickets there are, from the sums the figure itself was made of; None where no sums answer."""
    if not question.by_sums or known.past:
        return None
    both = await both_sums(work.session, question, known=known)

    def told(removal: Removal) -> int:
        rows = both[removal]
        sums = rows.get(key, {}) if key is not None else added(rows.values())
        counters = _counters(question, part)
        return sum(sums.get(counter, 0) for counter in counters) - sum(sums.get(counter, 0) for counter in _less(question, part))

    return told("kept") - told("removed") if part.startswith("taken_out") else told(question.exclusions)


async def page_of(
    work: Work,
    question: Question,
    facts: FromClause,
    instant: ColumnElement[Any],
    ways: Sequence[Sequence[ColumnElement[bool]]],
    after: Place | None,
    limit: int,
    *,
    total: int | None = None,
) -> Counted:
    """Return the page after `after` of the facts that meet all conditions of one of the `ways`, in the order of `instant`.

    No fact meets those of two. Each way is read by itself, so that each may use an index of its own. `total` where it is known already.
    """
    order = (instant, facts.c.ticket_id)
    if total is None:
        counts = [select(func.count().label("tickets")).select_from(facts).where(*conditions) for conditions in ways]
        total = await work.session.scalar(select(func.sum(union_all(*counts).subquery().c.tickets)))
    some = []
    for conditions in ways:
        query = select(facts, instant.label("counted_at")).where(*conditions).order_by(*order).limit(limit + 1)
        some.append(query if after is None else query.where(tuple_(*order) > tuple_(*after)))
    found = (await work.session.execute(some[0] if len(some) == 1 else _merged(some, limit))).all()
    page = found[:limit]
    following = (page[-1].counted_at, page[-1].ticket_id) if len(found) > limit else None
    return Counted(question, int(total or 0), [ticket_view(row, question.tree) for row in page], following)


def _merged(queries: Sequence[Select[Any]], limit: int) -> Select[Any]:
    """Return the first rows of all `queries` together, in the order each has of its own."""
    together = union_all(*(select(query.subquery()) for query in queries)).subquery()
    return select(together).order_by(together.c.counted_at, together.c.ticket_id).limit(limit + 1)


def _counters(question: Question, part: Part) -> tuple[str, ...]:
    if part == "excluded":
        return EXCLUSIONS
    counters = question.metric.numerator if part.endswith("numerator") else question.metric.denominator
    if not counters:
        raise Invalid("part.unknown", "This metric is a count: it has a numerator only.")
    if part == "remainder" and question.metric.basis("numerator") != question.metric.basis("denominator"):
        raise Invalid("part.unknown", "Numerator and denominator are not of the same tickets: nothing remains of one without the other.")
    return counters


def _less(question: Question, part: Part) -> tuple[str, ...]:
    """Return the counters whose tickets are left out of a part."""
    if part == "remainder":
        return (*question.metric.numerator, *question.metric.less)
    return question.metric.less if part.endswith("denominator") else ()


def ticket_view(row: Row[Any], tree: UnitTree) -> CountedTicket:
    """Return the view of a row of `report_facts`."""
    return CountedTicket(
        number=row.number,
        status=row.status,
        channel=row.channel,
        source=row.source,
        category=row.category_code,
        place=place_name(tree, row.area_path),
        holder=named(tree.by_id.get(row.lead_unit_id)),
        round=row.round,
        received_at=row.received_at,
        due_at=row.due_at,
        completed_at=row.completed_at,
        on_time=row.on_time,
    )


def place_name(tree: UnitTree, path: str) -> UnitName:
    """Return code and name of the deepest unit of `path`."""
    code = path.strip("/").rpartition("/")[2]
    unit = tree.by_code.get(code)
    return UnitName(code=code, name=unit.name if unit else code)
