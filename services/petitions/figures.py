"""Petitions in figures: how many, of groups, brought again, beside earlier periods; and the townships without any.

How many there are comes from the sums that all reports are answered from; what only the petition desk knows, from its receptions. Both go
by the same conditions on the same tickets, and so do the lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select, tuple_

from services.complaints.models import Complaint
from services.petitions.figure_views import (
    ChangeView,
    CountedPetition,
    CountedPetitions,
    PetitionFigure,
    PetitionReport,
    PetitionRow,
    ZeroPetitions,
)
from services.petitions.metrics import GROUP_AT_LEAST, LISTED, METRICS, NOTHING, change, metric_named, share_text
from services.petitions.models import Reception
from services.platform.clock import local_day
from services.platform.unit_of_work import Work
from services.reports.comparing import period_before, year_before
from services.reports.drilldown import ticket_view
from services.reports.facts import PLACES
from services.reports.figures import both_sums, first_day, known_of, named, one_snapshot
from services.reports.grouping import NONE_KEY, Folding, require_key, rows_of
from services.reports.known import Known
from services.reports.questions import Asked, Question, understand
from services.reports.selecting import counted_facts
from services.reports.views import PeriodView, UnitName

CHANNELS = ("petition", "letter")
By = Literal["unit:county", "unit:township", "unit:village", "month"]
Place = tuple[datetime, UUID]
TOTAL = "\0"
Sums = dict[str, dict[str, int]]
"""By figure, then by the key of the row; the total under ``TOTAL``."""
_GROUP = and_(Reception.form == "visit", Reception.people >= GROUP_AT_LEAST)
_OF: Mapping[str, ColumnElement[bool]] = {
    "group_petitions": _GROUP,
    "group_petition_people": _GROUP,
    "repeat_petitions": Reception.repeated.is_(True),
}


@dataclass(frozen=True)
class AskedPetitions:
    """What is asked: days, both included, a place with all below, rows, and as of when."""

    first: date | None = None
    last: date | None = None
    unit: str | None = None
    by: By | None = None
    as_of: datetime | None = None


async def petition_report(work: Work, asked: AskedPetitions) -> PetitionReport:
    """Return the figures; raise what the report of any metric raises."""
    await one_snapshot(work.session)
    question = await _question(work, asked)
    known = await known_of(work, question)
    began = await first_day(work, known)
    periods = {"now": question.period, "previous": period_before(question.period), "year_before": year_before(question.period)}
    sums: dict[str, Sums | None] = {}
    for name, period in periods.items():
        touched = period is not None and began is not None and period.touches(began, question.today)
        sums[name] = await _sums(work, replace(question, period=period), known) if touched and period is not None else None
    found = {key for told in sums.values() if told for rows in told.values() for key in rows if key != TOTAL}
    views = {name: PeriodView(first=period.first, last=period.last) if period else None for name, period in periods.items()}
    this = views.pop("now")
    assert this is not None
    return PetitionReport(
        as_of=known.as_of,
        period=this,
        unit=named(question.unit),
        by=question.by,
        whole=question.whole,
        total=_figures(sums, TOTAL),
        rows=[
            PetitionRow(key=key, name=name, figures=_figures(_in_order(sums, question, key), key))
            for key, name, _ in rows_of(question.by, question.period, found, question.shown)
        ],
        zero=await _zero(work, question, known, recorded=sums["now"] is not None),
        **views,
    )


async def counted_petitions(
    work: Work,
    asked: AskedPetitions,
    metric: str,
    *,
    key: str | None,
    after: Place | None,
    limit: int,
    told: tuple[int, int] | None = None,
) -> tuple[CountedPetitions, Place | None]:
    """Return a page of exactly the petitions a figure (of its row `key`, where given) counted, the oldest first.

    `told`: how many there are and the figure, where a page before told them.
    """
    await one_snapshot(work.session)
    definition = metric_named(metric)
    question = await _question(work, asked)
    if key is not None:
        require_key(question.by, key, question.period, question.shown)
    facts = (await known_of(work, question)).facts
    conditions = counted_facts(question, ("received",), key, facts=facts)
    received = _received(_OF.get(definition.id)).subquery()
    joined = select(facts).join(received, received.c.ticket_id == facts.c.ticket_id, isouter=definition.id not in _OF).where(*conditions)
    query = joined.add_columns(received.c.form, received.c.people, received.c.repeated)
    if told is None:
        count, people = (await work.session.execute(joined.with_only_columns(func.count(), func.sum(received.c.people)))).one()
        told = count, int(people or 0) if METRICS[definition.id].kind == "sum" else count
    order = (facts.c.received_at, facts.c.ticket_id)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    rows = (await work.session.execute(query.order_by(*order).limit(limit + 1))).all()
    page = rows[:limit]
    items = [
        CountedPetition(ticket=ticket_view(row, question.tree), form=row.form, people=row.people, repeated=row.repeated) for row in page
    ]
    following = (page[-1].received_at, page[-1].ticket_id) if len(rows) > limit else None
    return CountedPetitions(metric=definition.key, total=told[1], count=told[0], items=items), following


async def _question(work: Work, asked: AskedPetitions) -> Question:
    """Return the question behind all of it: tickets received by a visit or a letter."""
    question = await understand(work, Asked("received", asked.first, asked.last, asked.unit, by=asked.by, as_of=asked.as_of))
    return replace(question, wanted=question.wanted.model_copy(update={"channel": list(CHANNELS)}))


async def _sums(work: Work, question: Question, known: Known) -> Sums:
    rows = (await both_sums(work.session, question, known=known))["kept"]
    petitions = {key: sums["received"] for key, sums in rows.items() if sums.get("received")}
    if question.by is None:
        petitions = {}
    total = sum(sums.get("received", 0) for sums in rows.values())
    sums: Sums = {"petitions": {TOTAL: total} | petitions}
    for name in LISTED[1:]:
        sums[name] = await _of_receptions(work, question, known, name)
    return sums


async def _of_receptions(work: Work, question: Question, known: Known, name: str) -> dict[str, int]:
    """Count the petitions that are of a group or brought again; there are few, so each is folded into its row here."""
    facts, received = known.facts, _received(_OF[name]).subquery()
    query = select(facts.c.area_path, facts.c.received_at, received.c.people)
    query = query.join(received, received.c.ticket_id == facts.c.ticket_id).where(
        *counted_facts(question, ("received",), None, facts=facts)
    )
    fold, counts = Folding(question.by, question.tree), {TOTAL: 0}
    for area, received_at, people in await work.session.execute(query):
        amount = people if METRICS[name].kind == "sum" else 1
        counts[TOTAL] += amount
        if question.by is not None:
            key = fold(area if question.tier else local_day(received_at))
            counts[key] = counts.get(key, 0) + amount
    return counts


def _received(which: ColumnElement[bool] | None) -> Select[Any]:
    """Return the receptions that `which` picks, each with its ticket: a petition is filed as one complaint, and that as one ticket."""
    query: Any = select(Complaint.ticket_id, Reception.form, Reception.people, Reception.repeated)
    query = query.join(Complaint, Complaint.id == Reception.complaint_id)
    found: Select[Any] = query if which is None else query.where(which)
    return found


def _in_order(sums: Mapping[str, Sums | None], question: Question, key: str) -> dict[str, Sums | None]:
    """Return the sums with those of earlier months under the key of the row they are compared with: the first with the first."""
    if question.by != "month":
        return dict(sums)
    nth = [str(month) for month in question.period.months()].index(key)
    periods = {"previous": period_before(question.period), "year_before": year_before(question.period)}
    found: dict[str, Sums | None] = {"now": sums["now"]}
    for name, period in periods.items():
        months = [str(month) for month in period.months()] if period is not None else []
        told, then = sums[name], months[nth] if nth < len(months) else None
        found[name] = None if told is None or then is None else {figure: {key: rows.get(then, 0)} for figure, rows in told.items()}
    return found


def _figures(sums: Mapping[str, Sums | None], key: str) -> list[PetitionFigure]:
    figures = []
    for name in LISTED:
        metric, values = METRICS[name], {then: told[name].get(key, 0) if told else None for then, told in sums.items()}
        now = values["now"]
        changes = {then: ChangeView(**vars(change(now, values[then]))) for then in ("previous", "year_before")}
        shown = NOTHING if now is None else str(now)
        figures.append(PetitionFigure(metric=metric.key, name=metric.name, unit=metric.unit, value=now, shown=shown, **changes))
    return figures


async def _zero(work: Work, question: Question, known: Known, *, recorded: bool) -> ZeroPetitions:
    """Return the townships without a petition, of those the reader sees the whole of."""
    rows = (await both_sums(work.session, replace(question, by="unit:township"), known=known))["kept"] if recorded else {}
    having = {key for key, sums in rows.items() if sums.get("received")}
    prefixes = ("/",) if question.scope.everything else question.scope.prefixes
    area = question.unit.path if question.unit else "/"
    townships = [
        unit
        for unit in question.tree.by_code.values()
        if unit.active and unit.tier == "township" and unit.kind in PLACES and unit.path.startswith(area) and unit.path.startswith(prefixes)
    ]
    none = sorted((unit for unit in townships if recorded and unit.code not in having), key=lambda unit: unit.path)
    known_at_all = recorded and bool(townships)
    return ZeroPetitions(
        count=len(none) if known_at_all else None,
        of=len(townships),
        shown=f"{len(none)}/{len(townships)}" if known_at_all else NOTHING,
        rate=share_text(len(none), len(townships)) if known_at_all else NOTHING,
        townships=[UnitName(code=unit.code, name=unit.name) for unit in none],
        unplaced=rows.get(NONE_KEY, {}).get("received", 0),
    )
