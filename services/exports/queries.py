"""Reading exports: one's own, and the file of one of them, as long as one still may have it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from services.exports.actions import account_of, unknown
from services.exports.making import scope_digest
from services.exports.models import Export, ReportDelivery
from services.exports.source import Source
from services.exports.sources import source_named
from services.identity.permissions import require
from services.platform.errors import Conflict, Forbidden, Problem
from services.platform.unit_of_work import Work

_OCCURRENCES = 100


class Gone(Problem):
    """There was such a file, and it is no more."""

    status = 410
    title = "Gone"


async def own_exports(work: Work, *, before: UUID | None, limit: int) -> Sequence[Export]:
    """Return up to `limit` of one's exports, the newest first, from behind `before`."""
    query = select(Export).where(Export.account_id == account_of(work)).order_by(Export.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Export.id < before)
    return (await work.session.scalars(query)).all()


async def own_export(work: Work, export_id: UUID) -> Export:
    """Return one of one's exports. Raises NotFound ``export.unknown``: somebody else's does not exist."""
    row = await work.session.scalar(select(Export).where(Export.id == export_id, Export.account_id == account_of(work)))
    if row is None:
        raise unknown()
    return row


async def ready_export(work: Work, export_id: UUID) -> tuple[Export, Source]:
    """Return an export of one's own whose file one may have now.

    Raises NotFound ``export.unknown``, Conflict ``export.not_ready``, Gone ``export.gone``, and Forbidden ``export.scope_changed`` where
    one's posts reach otherwise than when the file was made.
    """
    row = await own_export(work, export_id)
    if row.state in ("queued", "running"):
        raise Conflict("export.not_ready", "The file is still being made; see how far it is.", headers={"Retry-After": "2"})
    if row.state == "failed":
        raise Conflict("export.failed", "No file could be made; `problem` says why.", extra={"problem": row.problem_code})
    if row.state != "ready" or row.expires_at is None or row.expires_at <= work.now:
        raise Gone("export.gone", "This file is kept no longer; ask for it anew.")
    source = source_named(row.source)
    require(work.actor, source.permission)
    if row.scope != scope_digest(work.actor):
        raise Forbidden("export.scope_changed", "Your posts are other ones than when this file was made; ask for it anew.")
    return row, source


async def deliveries_of(work: Work, saved_id: UUID) -> Sequence[ReportDelivery]:
    """Return the newest occurrences of the schedule of a saved report."""
    query = select(ReportDelivery).where(ReportDelivery.saved_report_id == saved_id)
    return (await work.session.scalars(query.order_by(ReportDelivery.occurrence_at.desc()).limit(_OCCURRENCES))).all()
