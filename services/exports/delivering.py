"""Telling saved reports by schedule: once for each occurrence, as their owner may see it at that moment.

The rows are read first, in a snapshot under the owner's scope of now. Then, in one transaction, the report is locked, the occurrence
written down, the call queued with the webhooks and the next occurrence set: of two workers that read the same, one finds that the other
was there. After a stop the newest occurrence is told, and names those that nobody told.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import func, select

from services.exports.answering import Answered, answer, table_view
from services.exports.models import ReportDelivery, SavedReport
from services.exports.saving import require_taker
from services.exports.schedules import Due, Schedule, due
from services.exports.sources import source_named
from services.identity.actors import load_actor
from services.identity.permissions import require
from services.notifications.webhooks.matching import REPORT, instant
from services.notifications.webhooks.reports import queue_report
from services.platform.actor import SYSTEM, Actor
from services.platform.errors import Forbidden, Invalid, NotFound, Problem
from services.platform.unit_of_work import Work, unit_of_work

log = structlog.get_logger()

MOST_ROWS = 500
_MOST_MISSED = 31
_BATCH = 20


async def deliver_due() -> int:
    """Tell every report that is due; return how many occurrences were settled."""
    async with unit_of_work(SYSTEM) as work:
        waiting = select(SavedReport.id).where(SavedReport.next_at <= func.now(), SavedReport.ended_at.is_(None))
        found = list(await work.session.scalars(waiting.order_by(SavedReport.next_at, SavedReport.id).limit(_BATCH)))
    return sum([await _deliver(saved_id) for saved_id in found])


async def _deliver(saved_id: UUID) -> bool:
    async with unit_of_work(SYSTEM) as work:
        seen = await work.session.get(SavedReport, saved_id)
        now = work.now
        actor, _epoch = (await load_actor(work.session, seen.account_id)) if seen else (None, 0)
    found = due(schedule_of(seen), seen.next_at, now) if seen and seen.next_at and seen.ended_at is None else None
    if seen is None or found is None:
        return False
    answered, problem = await _answered(seen, actor)
    async with unit_of_work(SYSTEM) as work:
        return await _write_down(work, seen, found, answered, problem)


def schedule_of(row: SavedReport) -> Schedule:
    """Return the schedule of a report that has one."""
    return Schedule(row.frequency or "", row.hour or 0, row.weekday, row.monthday)


async def _answered(row: SavedReport, actor: Actor | None) -> tuple[Answered | None, str | None]:
    """Return the rows as the owner may see them now, or the code of what stands in the way."""
    try:
        if actor is None:
            raise Forbidden("saved_report.owner_gone", "Its owner may not sign in any more.")
        require(actor, "export.read")
        async with unit_of_work(actor) as work:
            return await answer(work, source_named(row.source), dict(row.question), most=MOST_ROWS), None
    except Problem as problem:
        return None, problem.code


async def _write_down(work: Work, seen: SavedReport, found: Due, answered: Answered | None, problem: str | None) -> bool:
    """Settle the occurrence unless somebody else did, or the report was changed, while its rows were read."""
    query = select(SavedReport).where(SavedReport.id == seen.id, SavedReport.version == seen.version, SavedReport.next_at == seen.next_at)
    row = await work.session.scalar(query.with_for_update(skip_locked=True, key_share=True))
    if row is None or row.ended_at is not None or row.subscription_id is None:
        return False
    row.next_at = found.following
    if await work.session.get(ReportDelivery, (row.id, found.occurrence)) is not None:
        return False
    delivery_id = None
    if answered is not None:
        try:
            await require_taker(work, row.subscription_id, row.question)
            delivery_id = await queue_report(work, row.subscription_id, _body(row, found, answered))
        except (NotFound, Invalid) as refused:
            problem = refused.code
    work.session.add(
        ReportDelivery(
            saved_report_id=row.id,
            occurrence_at=found.occurrence,
            state="told" if delivery_id else "refused",
            missed=len(found.missed),
            delivery_id=delivery_id,
            problem_code=problem,
            made_at=work.now,
        )
    )
    log.info("report.delivered", saved_report_id=str(row.id), missed=len(found.missed), problem=problem)
    return True


def _body(row: SavedReport, found: Due, answered: Answered) -> dict[str, Any]:
    """Return what the subscriber gets: the rows by the codes of their columns; when they are of, and what was missed before."""
    view = table_view(answered).model_dump(mode="json", exclude={"question", "as_of"})
    missed: list[datetime] = list(found.missed[-_MOST_MISSED:])
    return {
        "type": REPORT,
        "timestamp": instant(found.occurrence),
        "data": {
            "saved_report": {"id": str(row.id), "name": row.name},
            "occurrence": instant(found.occurrence),
            "missed": [instant(one) for one in missed],
            "missed_count": len(found.missed),
            "as_of": instant(answered.as_of),
            "question": dict(row.question),
            **view,
        },
    }
