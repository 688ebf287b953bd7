"""The same matter told again: how often in a period, of how many tickets, and which they are. Read from the repeats themselves.

Several repeats of one person and ticket within an hour are one; how often it was said all the same stands beside it. Repeats are counted
by the day they were written down (Asia/Shanghai), at the place of their ticket, under the reader's scope; report and list are one query.
As of an instant in the past it is the repeats that were written by then, of the tickets as they were known then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Row, Select, func, select, tuple_

from services.catalogue.queries import catalogue
from services.complaints.models import Repeat
from services.identity.permissions import scope_of
from services.organization.queries import unit_tree
from services.platform.clock import day_end, day_start, local_day
from services.platform.unit_of_work import Work
from services.reports.drilldown import place_name
from services.reports.figures import one_snapshot
from services.reports.known import Known, known_when, require_known
from services.reports.planning import Period
from services.reports.questions import find_place
from services.reports.selecting import columns_of, in_area
from services.tickets.filters import TICKETS, Columns, TicketFilter, compile_filter, compile_scope
from services.tickets.lifecycle import STATUS_NAMES

Place = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class AskedRepeats:
    """What is asked: days, both included, a place and a category with all below them."""

    first: date | None = None
    last: date | None = None
    unit: str | None = None
    category: str | None = None
    as_of: datetime | None = None


class RepeatsReport(BaseModel):
    """How often the same matter was told again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "first": "2026-11-01", "last": "2026-11-22", "as_of": "2026-11-22T02:10:00Z", "unit": "441624108",
                    "repeats": 12, "tickets": 7, "said": 15, "answered": 5, "in_progress": 7, "same_person": 9, "others": 3,
                }
            ]
        }
    )  # fmt: skip

    first: date
    last: date
    as_of: datetime
    unit: str | None
    repeats: int = Field(description="重复诉求量: several of one person and ticket within an hour are one.")
    tickets: int = Field(description="Of how many tickets; exactly those that are listed.")
    said: int = Field(description="How often it was said in all.")
    answered: int = Field(description="Of `repeats`: told the answer there was.")
    in_progress: int = Field(description="Of `repeats`: told how far it is.")
    same_person: int = Field(description="Of `repeats`: by somebody who had told it before.")
    others: int = Field(description="Of `repeats`: by somebody new.")


class RepeatedTicket(BaseModel):
    """A ticket whose matter was told again in the period."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": "20261122-000123-6", "status": "accepted", "status_name": "签收", "category": "water.pipe_burst",
                    "category_name": "供水管道破裂", "place": "水口村", "received_at": "2026-11-20T02:10:00Z", "repeats": 3, "said": 4,
                    "last_at": "2026-11-22T02:10:00Z",
                }
            ]
        }
    )  # fmt: skip

    number: str
    status: str
    status_name: str
    category: str | None
    category_name: str | None
    place: str | None = Field(description="Null where nothing is known but the county.")
    received_at: datetime
    repeats: int
    said: int
    last_at: datetime


class RepeatedTickets(BaseModel):
    """A page of the tickets a report of repeats counted; `total` is its `tickets`."""

    total: int = Field(examples=[7])
    items: list[RepeatedTicket]
    next: str | None = Field(default=None, examples=[None])


async def repeats_report(work: Work, asked: AskedRepeats) -> RepeatsReport:
    """Return the figures of a period; raise what `Period` and `find_place` raise, and Invalid ``as_of.future``."""
    known = await _begin(work, asked)
    period, tickets = _period(asked, local_day(asked.as_of or work.now)), _tickets(known)
    counted = Repeat.counted
    query = select(
        func.count().filter(counted).label("repeats"),
        func.count(Repeat.ticket_id.distinct()).label("tickets"),
        func.count().label("said"),
        func.count().filter(counted, Repeat.told == "answer").label("answered"),
        func.count().filter(counted, Repeat.told == "progress").label("in_progress"),
        func.count().filter(counted, Repeat.same_person).label("same_person"),
        func.count().filter(counted, ~Repeat.same_person).label("others"),
    )
    query = query.select_from(Repeat).join(tickets["id"].table, tickets["id"] == Repeat.ticket_id)
    query = query.where(*await _conditions(work, asked, period, tickets))
    sums = (await work.session.execute(query)).one()
    until = known.as_of if known else work.now
    return RepeatsReport(first=period.first, last=period.last, as_of=until, unit=asked.unit, **sums._asdict())


async def repeated_tickets(
    work: Work, asked: AskedRepeats, *, after: Place | None, limit: int, total: int | None = None
) -> tuple[int, list[RepeatedTicket], Place | None]:
    """Return how many tickets the report counted, a page of exactly these, the oldest first, and where the next page begins.

    `total`: where a page before, of the same snapshot, told it.
    """
    columns = _tickets(await _begin(work, asked))
    period = _period(asked, local_day(asked.as_of or work.now))
    tickets = _by_ticket(columns, await _conditions(work, asked, period, columns))
    if total is None:
        total = await work.session.scalar(select(func.count()).select_from(tickets.subquery())) or 0
    order = (columns["received_at"], columns["id"])
    page = tickets.order_by(*order).limit(limit + 1)
    if after is not None:
        page = page.where(tuple_(*order) > tuple_(*after))
    found = (await work.session.execute(page)).all()
    shown = found[:limit]
    following = (shown[-1].received_at, shown[-1].id) if len(found) > limit else None
    return total, await _shown(work, shown), following


async def _begin(work: Work, asked: AskedRepeats) -> Known | None:
    """Return what was known as of the instant asked for, where one is."""
    await one_snapshot(work.session)
    require_known(asked.as_of, work.now)
    return await known_when(work, asked.as_of) if asked.as_of is not None else None


def _tickets(known: Known | None) -> Columns:
    return columns_of(known.facts) if known else TICKETS


def _by_ticket(tickets: Columns, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    names = ("number", "status", "category_code", "area_path", "received_at")
    columns = [tickets["id"].label("id"), *(tickets[name] for name in names)]
    sums = (func.count().filter(Repeat.counted).label("repeats"), func.count().label("said"), func.max(Repeat.recorded_at).label("last_at"))
    query = select(*columns, *sums).select_from(Repeat).join(tickets["id"].table, tickets["id"] == Repeat.ticket_id)
    return query.where(*conditions).group_by(tickets["id"], *columns[1:])


async def _shown(work: Work, rows: Sequence[Row[Any]]) -> list[RepeatedTicket]:
    tree, policies = await unit_tree(work.session), await catalogue(work.session)
    items = []
    for row in rows:
        place = place_name(tree, row.area_path) if tree.root is None or row.area_path != tree.root.path else None
        category = policies.category(row.category_code) if row.category_code else None
        same = {name: getattr(row, name) for name in ("number", "status", "received_at", "repeats", "said", "last_at")}
        named = {
            "category": row.category_code,
            "category_name": category.name if category else None,
            "place": place.name if place else None,
        }
        items.append(RepeatedTicket(status_name=STATUS_NAMES[row.status], **same, **named))
    return items


async def _conditions(work: Work, asked: AskedRepeats, period: Period, tickets: Columns) -> list[ColumnElement[bool]]:
    scope = scope_of(work.actor)
    place = find_place(await unit_tree(work.session), scope, asked.unit)
    wanted = TicketFilter(category=[asked.category] if asked.category else [])
    days = [Repeat.recorded_at >= day_start(period.first), Repeat.recorded_at < day_end(period.last)]
    written = [Repeat.recorded_at <= asked.as_of] if asked.as_of is not None else []
    here = [*compile_filter(wanted, tickets), *in_area(place, tickets, asked.as_of)]
    return [*days, *written, *here, compile_scope(scope, tickets, as_of=asked.as_of)]


def _period(asked: AskedRepeats, today: date) -> Period:
    last = asked.last or (max(today, asked.first) if asked.first else today)
    return Period(asked.first or last.replace(day=1), last)
