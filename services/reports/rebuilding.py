"""Making every fact and sum anew from the journal, and what is open from the tickets: after an upgrade, or to prove that nothing is off."""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import TypeVar
from uuid import UUID

from sqlalchemy import text

from services.platform.unit_of_work import Work
from services.reports.backlog_sums import refill
from services.reports.counting import LOCK_ROOM, keep_durations, keep_facts, keep_past, keep_sums, past_of
from services.reports.durations import DurationKey, durations_of
from services.reports.facts import Fact
from services.reports.journals import facts_of
from services.reports.made import mark
from services.reports.measures import Sums, add

_PAGE = 2000
# Upkeep shares this lock while it works; readers take none and go on reading the old figures until the commit.
KEEP_OUT = text("SELECT pg_advisory_xact_lock(:room, -1)")
_NEXT = text("SELECT id FROM tickets WHERE id > :after ORDER BY id LIMIT :page")
_FIRST = UUID(int=0)
T = TypeVar("T")
_TABLES = ("report_facts", "report_history", "rollup_cells", "duration_cells")


async def rebuild(work: Work, progress: Callable[[int], None] = lambda _count: None) -> int:
    """Replace all facts, their history and all cells by what the journal says; return how many tickets there are.

    `progress` is told after each page how many tickets are done. Deliveries that come meanwhile wait, or are tried again later.
    """
    session = work.session
    await session.execute(text("SET LOCAL statement_timeout = 0"))
    await session.execute(KEEP_OUT, {"room": LOCK_ROOM})
    for table in _TABLES:
        await session.execute(text(f"DELETE FROM {table}"))  # noqa: S608  names of our own
    sums: Sums = {}
    durations: dict[DurationKey, int] = {}
    done = 0
    async for ids in _pages(work):
        found = (await facts_of(session, ids)).values()
        if found:
            await keep_facts(session, [facts[-1] for facts in found])
            await keep_past(session, [past for facts in found for past in past_of(facts, None)])
            _add(sums, durations, (facts[-1] for facts in found))
        done += len(ids)
        progress(done)
    for keys in _slices(sorted(sums)):
        await keep_sums(session, {key: sums[key] for key in keys})
    for some in _slices(sorted(durations)):
        await keep_durations(session, {key: durations[key] for key in some})
    await refill(work)
    await mark(session)
    return done


def _add(sums: Sums, durations: dict[DurationKey, int], facts: Iterable[Fact]) -> None:
    for fact in facts:
        add(sums, fact, 1)
        for key in durations_of(fact):
            durations[key] = durations.get(key, 0) + 1


def _slices(items: list[T]) -> list[list[T]]:
    return [items[start : start + _PAGE] for start in range(0, len(items), _PAGE)]


async def _pages(work: Work) -> AsyncIterator[list[UUID]]:
    after = _FIRST
    while True:
        ids = [row.id for row in await work.session.execute(_NEXT, {"after": after, "page": _PAGE})]
        if not ids:
            return
        yield ids
        after = ids[-1]
