"""Writing pages: their entries through the ledger's own door for other rooms, the rest in bulk, the journal chained on."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from daguanjia.heping.rows import ORDER, Page
from services.activities.entering import enter
from services.activities.models import Activity
from services.journal.chain import START
from services.journal.models import Event
from services.journal.recording import new_event, record
from services.platform.bulk import insert_many, one_of
from services.platform.unit_of_work import Work
from services.visits.opinions_models import OpinionWording


async def write(session: AsyncSession, page: Page) -> None:
    """Write a page down, as whoever wrote it and at its instant."""
    work = Work(page.by, page.at, session)
    await enter(work, page.entries)
    await _with_papers(session, page)
    for row_class in ORDER:
        if page.rows.get(row_class):
            await insert_many(session, row_class, page.rows[row_class])
    await _note(work, page)


async def _with_papers(session: AsyncSession, page: Page) -> None:
    """Tell wordings the paper in which the ledger sealed their words."""
    wordings = page.rows.get(OpinionWording, [])
    query = select(Activity.id, Activity.paper_id).where(one_of(Activity.id, [row["opinion_id"] for row in wordings]))
    papers = {row.id: row.paper_id for row in await session.execute(query)}
    for row in wordings:
        row["paper_id"] = papers[row["opinion_id"]]


async def _note(work: Work, page: Page) -> None:
    """Write down what the journal says further, each event chained to its subject's last."""
    last = await _last_of(work.session, {one.id for one in page.noted})
    events: list[dict[str, Any]] = []
    for one in page.noted:
        seq, hashed = last.get(one.id, (0, START))
        event = new_event(
            work.actor, work.now, subject_kind=one.kind, subject_id=one.id, seq=seq + 1, type=one.type, data=one.data, previous_hash=hashed
        )
        last[one.id] = seq + 1, event["hash"]
        events.append(event)
    await record(work, events)


async def _last_of(session: AsyncSession, subjects: Iterable[UUID]) -> dict[UUID, tuple[int, bytes]]:
    query = select(Event.subject_id, Event.seq, Event.hash).where(one_of(Event.subject_id, subjects))
    query = query.ext(distinct_on(Event.subject_id)).order_by(Event.subject_id, Event.seq.desc())
    return {row.subject_id: (row.seq, row.hash) for row in await session.execute(query)}
