"""A run's way to being final: published for objection, final with its hash, or withdrawn with the reason."""

import hashlib
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.assessment.making import SUBJECT, scheme_of
from services.assessment.models import AssessmentAppeal, AssessmentRun, AssessmentSheet
from services.assessment.standing import require_maker, require_state, visible_runs
from services.deadlines.calendars import DEFAULT
from services.deadlines.due import TimeUnit, moved_by
from services.deadlines.queries import calendar_book
from services.identity.persons import is_same_person
from services.journal.noting import note
from services.platform.canonical import canonical
from services.platform.errors import Conflict, Forbidden, NotFound
from services.platform.unit_of_work import Work

_FROZEN = ("scheme", "name", "subjects", "first", "last", "policy_version", "rules", "as_of", "published_at", "objections_until")
_SHEET = (
    "id", "unit_code", "unit_name", "member_id", "role", "group_code", "households", "counts", "funnel", "result", "total",
    "place_rank", "best", "worst",
)  # fmt: skip
_APPEAL = ("id", "sheet_id", "item", "state", "words", "tickets", "made_at", "decided_at", "decision", "change")


async def publish(work: Work, run_id: UUID) -> AssessmentRun:
    """Show a draft to those it is about, who may object for as many working days as its rules say."""
    require_maker(work.actor)
    run = await locked_run(work, run_id)
    require_state(run, "draft")
    days = scheme_of(run.rules).objection_working_days
    calendar = (await calendar_book(work.session)).at(work.now).calendar(DEFAULT)
    until = moved_by(work.now, days, TimeUnit.WORKING_DAYS, calendar).at if days else work.now
    run.state, run.published_at, run.published_by_account_id, run.objections_until = "published", work.now, work.actor.account_id, until
    await work.session.flush()
    await note(work, SUBJECT, run.id, "assessment.published", {"objections_until": until.isoformat()})
    return run


async def withdraw(work: Work, run_id: UUID, words: str) -> AssessmentRun:
    """Take a run back that is not final; it stays readable to those who make runs, with the reason."""
    require_maker(work.actor)
    run = await locked_run(work, run_id)
    require_state(run, "asked", "draft", "published")
    run.state, run.withdrawn_at, run.withdrawn_by_account_id, run.withdrawn_because = "withdrawn", work.now, work.actor.account_id, words
    await work.session.flush()
    await note(work, SUBJECT, run.id, "assessment.withdrawn", {"because": words})
    return run


async def make_final(work: Work, run_id: UUID) -> AssessmentRun:
    """Freeze a run for good, with the SHA-256 over all of it.

    Raises 403 ``assessment.own_run`` for whoever asked for it, 409 ``assessment.objections_possible`` while there is time to object, and
    409 ``assessment.objections_open`` while an objection is not decided.
    """
    require_maker(work.actor)
    run = await locked_run(work, run_id)
    require_state(run, "published")
    if await is_same_person(work.session, work.actor.account_id, run.asked_by_account_id):
        raise Forbidden("assessment.own_run", "Whoever asked for a run does not make it final; somebody else must.")
    if run.objections_until is not None and work.now < run.objections_until:
        extra = {"objections_until": run.objections_until.isoformat()}
        raise Conflict("assessment.objections_possible", "There is still time to object; wait until it is over.", extra=extra)
    waiting = select(AssessmentAppeal.id).where(AssessmentAppeal.run_id == run.id, AssessmentAppeal.state == "open").limit(1)
    if await work.session.scalar(waiting) is not None:
        raise Conflict("assessment.objections_open", "An objection is not decided yet; decide it first.")
    run.state, run.finalized_at, run.finalized_by_account_id = "final", work.now, work.actor.account_id
    run.content_hash = await content_hash(work.session, run)
    await work.session.flush()
    await note(work, SUBJECT, run.id, "assessment.final", {"sha256": run.content_hash.hex()})
    return run


async def content_hash(session: AsyncSession, run: AssessmentRun) -> bytes:
    """Return the SHA-256 over the canonical JSON of a run's rules, sheets and objections, as they stand in the database."""
    sheets = await session.execute(
        select(*(getattr(AssessmentSheet, name) for name in _SHEET)).where(AssessmentSheet.run_id == run.id).order_by(AssessmentSheet.id)
    )
    appeals = await session.execute(
        select(*(getattr(AssessmentAppeal, name) for name in _APPEAL))
        .where(AssessmentAppeal.run_id == run.id)
        .order_by(AssessmentAppeal.id)
    )
    content: dict[str, Any] = {
        "run": {name: _written(getattr(run, name)) for name in _FROZEN},
        "sheets": [{name: _written(value) for name, value in zip(_SHEET, row, strict=True)} for row in sheets],
        "appeals": [{name: _written(value) for name, value in zip(_APPEAL, row, strict=True)} for row in appeals],
    }
    return hashlib.sha256(canonical(content)).digest()


def _written(value: Any) -> Any:
    """Return a value with one spelling: instants in UTC, ids as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, date | UUID) else value


async def locked_run(work: Work, run_id: UUID) -> AssessmentRun:
    """Return a run one may know of, locked before anything of it is; raise 404 ``assessment.unknown``."""
    query = select(AssessmentRun).where(AssessmentRun.id == run_id, visible_runs(work.actor)).with_for_update()
    run = await work.session.scalar(query.execution_options(populate_existing=True))
    if run is None:
        raise unknown_run()
    return run


def unknown_run() -> NotFound:
    """Return the problem of a run that is not there, or that somebody may not know of."""
    return NotFound("assessment.unknown", "There is no such assessment, or it is not published.")
