"""Asking the reports for the year, as an analyst of the county does, and turning to the last page of the list behind every figure."""

import time
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from daguanjia.county.world import read_world
from daguanjia.heping.drawing import MONTHS, months_of
from daguanjia.heping.proportions import MATTERS, PETITIONS, TOWNSHIPS_WITHOUT_PETITION, Proportions
from daguanjia.loading import opened
from services.activities.metrics import DEFINITIONS
from services.matters.models import Matter
from services.petitions.figures import AskedPetitions, counted_petitions, petition_report
from services.platform.actor import Actor
from services.platform.clock import day_start, local_day, now
from services.platform.unit_of_work import Work, unit_of_work
from services.reports.activities import AskedLedger, ledger_entries, ledger_report

_PAGE, _PAGES = 200, 50
"""As many rows a page as a caller gets at most; more where a list would have more pages than so many."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A figure: what the report says, how many rows its list has to the last page, and how long both took."""

    figure: str
    reported: int
    listed: int
    fits: bool
    report_ms: float = 0.0
    list_ms: float = 0.0
    pages: int = 0


def expected(wanted: Proportions) -> dict[str, int]:
    """Return what the reports must say, by figure."""
    (then_one, now_one), (then_two, now_two) = PETITIONS
    return {
        "visits": wanted.visits, "opinions": wanted.opinions, "things_done": wanted.things, "funds_received": wanted.fen,
        "people_helped": wanted.helped, "disputes_settled": wanted.settled, "households_visited": min(wanted.households, wanted.visits),
        "opinions_led_rate": wanted.things, "petitions, year": now_one + now_two, "petitions, year before": then_one + then_two,
        "petitions, half": now_two, "petitions, half a year before": then_two, "townships without petition": TOWNSHIPS_WITHOUT_PETITION,
        "matters": MATTERS,
    }  # fmt: skip


async def ask(first: date) -> list[Answer]:
    """Return every figure of the year from `first`, by the county's supervisor. Reads only."""
    last = months_of(first)[MONTHS] - timedelta(days=1)
    async with opened() as database:
        async with database.transaction() as session:
            actor = await _supervisor(session)
        async with unit_of_work(actor) as work:
            found = await _of_ledger(work, AskedLedger(first, last))
            found += await _of_petitions(work, first, last)
            registered = await work.session.scalar(select(func.count()).select_from(Matter).where(Matter.state == "registered")) or 0
    return [*found, Answer("matters", registered, registered, fits=True)]


async def _supervisor(session: AsyncSession) -> Actor:
    today = local_day(now())
    world = await read_world(session, day_start(today), today)
    return next(actor for actor in world.staff[world.root.id] if actor.has_role("county_supervisor"))


async def _of_ledger(work: Work, asked: AskedLedger) -> list[Answer]:
    began = time.perf_counter()
    report = await ledger_report(work, asked)
    took = (time.perf_counter() - began) * 1000
    values = {figure.metric.partition("@")[0]: figure for figure in report.total}
    found = []
    for metric in DEFINITIONS:
        said = values[metric.id].numerator
        started = time.perf_counter()
        rows, total, pages = await _turned(work, asked, metric.id, max(_PAGE, said // _PAGES))
        fits = said == total and (metric.unit in ("元", "天", "人次") or rows == said)
        found.append(Answer(metric.id, said, rows, fits, took, (time.perf_counter() - started) * 1000, pages))
    return found


async def _turned(work: Work, asked: AskedLedger, metric: str, limit: int) -> tuple[int, int, int]:
    """Return how many rows the list behind a figure has when it is turned to its end, what they come to, and how many pages that is."""
    after, told, rows, total, pages = None, None, 0, 0, 0
    while True:
        page = await ledger_entries(work, asked, metric, "numerator", key=None, after=after, limit=limit, told=told)
        pages, rows = pages + 1, rows + len(page.body.items)
        told, after, total = (page.body.count, page.body.total), page.following, page.body.total
        if after is None:
            if rows != page.body.count:
                raise AssertionError(f"{metric}: the list says {page.body.count} rows and has {rows}")
            return rows, total, pages


async def _of_petitions(work: Work, first: date, last: date) -> list[Answer]:
    halves = months_of(first)[MONTHS // 2]
    found = []
    for name, since in (("year", first), ("half", halves)):
        report = await petition_report(work, AskedPetitions(since, last))
        figure = next(one for one in report.total if one.metric.startswith("petitions@"))
        counted, _ = await counted_petitions(work, AskedPetitions(since, last), "petitions", key=None, after=None, limit=_PAGE)
        said, then = figure.value or 0, figure.year_before.then or 0
        found.append(Answer(f"petitions, {name}", said, len(counted.items), said == len(counted.items)))
        before = "year before" if name == "year" else "half a year before"
        found.append(Answer(f"petitions, {before}", then, then, figure.year_before.percent == "-41.67"))
        if name == "year":
            none, listed = report.zero.count or 0, len(report.zero.townships)
            found.append(Answer("townships without petition", none, listed, none == listed))
    return found
