"""The tickets behind a figure: exactly those it counted, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, func, select, tuple_

from services.organization.tree import UnitTree
from services.platform.errors import Invalid, NotFound
from services.platform.unit_of_work import Work
from services.reports.figures import named, one_snapshot
from services.reports.measures import COUNTERS, EXCLUSIONS
from services.reports.models import ReportFact
from services.reports.questions import Asked, Question, understand
from services.reports.selecting import FACTS, NONE_KEY, counted_facts
from services.reports.views import CountedTicket, UnitName

Part = Literal["numerator", "denominator", "excluded", "taken_out_numerator", "taken_out_denominator"]
Place = tuple[datetime, UUID]


@dataclass(frozen=True)
class Counted:
    """One page: how many there are in all, the tickets, and where the next page goes on."""

    question: Question
    total: int
    items: Sequence[CountedTicket]
    following: Place | None


async def counted_tickets(work: Work, asked: Asked, part: Part, *, key: str | None, after: Place | None, limit: int) -> Counted:
    """Return a page of the tickets that `part` of the figure (of its row `key`, where given) counted.

    They come in the order of the instant they are counted by. Raises as the report does, and where `key` can be no row of it.
    """
    await one_snapshot(work.session)
    question = await understand(work, asked)
    counters = _counters(question, part)
    if key is not None:
        _require_key(question, key)
    order = (FACTS[COUNTERS[counters[0]].basis], FACTS.ticket_id)
    conditions = counted_facts(question, counters, key, taken_out=part.startswith("taken_out"))
    total = await work.session.scalar(select(func.count()).select_from(ReportFact).where(*conditions))
    query = select(ReportFact.__table__, order[0].label("counted_at")).where(*conditions).order_by(*order).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    found = (await work.session.execute(query)).all()
    page = found[:limit]
    following = (page[-1].counted_at, page[-1].ticket_id) if len(found) > limit else None
    return Counted(question, total or 0, [ticket_view(row, question.tree) for row in page], following)


def _counters(question: Question, part: Part) -> tuple[str, ...]:
    if part == "excluded":
        return EXCLUSIONS
    counters = question.metric.numerator if part.endswith("numerator") else question.metric.denominator
    if not counters:
        raise Invalid("part.unknown", "This metric is a count: it has a numerator only.")
    return counters


def _require_key(question: Question, key: str) -> None:
    if question.by is None:
        raise Invalid("key.without_rows", "`key` picks a row; say with `by` which rows are meant.")
    if question.by in ("day", "month"):
        try:
            day = date.fromisoformat(key)
        except ValueError:
            day = None
        rows = {question.period.first.replace(day=1)} if question.by == "month" else set()
        rows |= set(question.period.months() if question.by == "month" else question.period.days())
        known = day in rows
    elif question.tier:
        unit = question.tree.by_code.get(key)
        known = key == NONE_KEY or (unit is not None and unit.tier == question.tier)
    elif question.by == "channel":
        known = key in question.channels
    else:
        known = key == NONE_KEY or question.policies.category(key) is not None
    if not known:
        raise NotFound("key.unknown", "The report has no row with this key.")


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
