"""Making every fact and sum anew from the tickets: after an import, or to prove that nothing drifted."""

from collections.abc import AsyncIterator, Callable, Sequence

from sqlalchemy import text

from services.platform.unit_of_work import Work
from services.reports.counting import LOCK_ROOM, TICKET_STATE, keep_facts, keep_sums, places_for
from services.reports.facts import Fact, fact_of
from services.reports.measures import Sums, add

_PAGE = 2000
# Upkeep shares this lock while it works; readers take none and go on reading the old figures until the commit.
_KEEP_OUT = text("SELECT pg_advisory_xact_lock(:room, -1)")
_NEXT = text(TICKET_STATE + " WHERE t.id > :after ORDER BY t.id LIMIT :page")
_FIRST = "00000000-0000-0000-0000-000000000000"


async def rebuild(work: Work, progress: Callable[[int], None] = lambda _count: None) -> int:
    """Replace all facts and cells by what the tickets say now; return how many tickets there are.

    `progress` is told after each page how many tickets are done. Deliveries that come meanwhile wait, or are tried again later.
    """
    session = work.session
    await session.execute(text("SET LOCAL statement_timeout = 0"))
    await session.execute(_KEEP_OUT, {"room": LOCK_ROOM})
    await session.execute(text("DELETE FROM report_facts"))
    await session.execute(text("DELETE FROM rollup_cells"))
    sums: Sums = {}
    done = 0
    async for facts in _pages(work):
        await keep_facts(session, facts)
        for fact in facts:
            add(sums, fact, 1)
        done += len(facts)
        progress(done)
    keys = sorted(sums)
    for start in range(0, len(keys), _PAGE):
        await keep_sums(session, {key: sums[key] for key in keys[start : start + _PAGE]})
    return done


async def _pages(work: Work) -> AsyncIterator[Sequence[Fact]]:
    after: object = _FIRST
    while True:
        rows = (await work.session.execute(_NEXT, {"after": after, "page": _PAGE})).mappings().all()
        if not rows:
            return
        places = await places_for(work.session, (row["area_path"] for row in rows))
        facts = [fact_of(dict(row), places) for row in rows]
        yield facts
        after = facts[-1].ticket_id
