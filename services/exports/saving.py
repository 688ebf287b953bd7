"""Saving questions, sharing them with a unit, and having them told by schedule."""

from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from services.exports.actions import account_of
from services.exports.commands import SaveReport, ScheduleReport
from services.exports.models import SavedReport
from services.exports.schedules import Schedule, next_after
from services.exports.sources import check_question, source_named
from services.identity.permissions import area_of, require
from services.journal.noting import note
from services.notifications.webhooks.matching import REPORT
from services.notifications.webhooks.models import WebhookSubscription
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound, PreconditionFailed
from services.platform.ids import new_id
from services.platform.secrets import fingerprint
from services.platform.unit_of_work import Work

MOST = 100


async def save_report(work: Work, command: SaveReport) -> SavedReport:
    """Keep a question under a name.

    Raises NotFound ``export.source_unknown`` and ``unit.unknown``, Forbidden ``unit.outside_scope`` for sharing with a unit one's posts do
    not reach, Conflict ``saved_report.too_many``, and what the question itself raises.
    """
    source, account_id = source_named(command.source), account_of(work)
    require(work.actor, source.permission)
    await check_question(work, source, command.question)
    number = int.from_bytes(fingerprint(b"saved-reports", account_id.bytes)[:8], "big", signed=True)
    await work.session.execute(select(func.pg_advisory_xact_lock(number)))
    mine = select(func.count()).select_from(SavedReport).where(SavedReport.account_id == account_id, SavedReport.ended_at.is_(None))
    if (await work.session.scalar(mine) or 0) >= MOST:
        raise Conflict("saved_report.too_many", f"You have {MOST} saved reports; delete one you no longer need.")
    row = SavedReport(
        id=new_id(),
        account_id=account_id,
        name=command.name,
        source=source.code,
        question=dict(command.question),
        unit_id=await _shared_with(work, command.unit),
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    unit_id = str(row.unit_id) if row.unit_id else None
    await note(work, "saved_report", row.id, "saved_report.saved", {"source": row.source, "question": row.question, "unit_id": unit_id})
    return row


async def end_report(work: Work, saved_id: UUID, version: int | None) -> SavedReport:
    """Delete a saved report of one's own, and its schedule with it. Raises NotFound and PreconditionFailed."""
    row = await _own(work, saved_id, version)
    row.ended_at, row.next_at = work.now, None
    await _changed(work, row, "saved_report.ended")
    return row


async def schedule_report(work: Work, saved_id: UUID, command: ScheduleReport, version: int | None) -> SavedReport:
    """Have a report told to a subscription from now on; what was before is replaced.

    Raises NotFound ``webhook.unknown`` for a subscription that is not there, is inactive or does not take reports, and Invalid
    ``saved_report.subscription_narrower`` for one that may only hear of a unit or channel this question goes beyond.
    """
    row = await _own(work, saved_id, version)
    await require_taker(work, command.subscription, row.question)
    schedule = Schedule(command.frequency, command.hour, command.weekday, command.monthday)
    row.frequency, row.hour, row.weekday, row.monthday = command.frequency, command.hour, command.weekday, command.monthday
    row.subscription_id, row.next_at = command.subscription, next_after(schedule, work.now)
    await _changed(work, row, "saved_report.scheduled")
    return row


async def unschedule_report(work: Work, saved_id: UUID, version: int | None) -> SavedReport:
    """Tell a report to nobody any more. Raises NotFound and PreconditionFailed."""
    row = await _own(work, saved_id, version)
    row.frequency = row.hour = row.weekday = row.monthday = row.subscription_id = row.next_at = None
    await _changed(work, row, "saved_report.unscheduled")
    return row


async def shared_unit_code(work: Work, row: SavedReport) -> str | None:
    """Return the code of the unit a report is shared with."""
    return await work.session.scalar(select(Unit.code).where(Unit.id == row.unit_id)) if row.unit_id else None


async def readable(work: Work) -> list[tuple[SavedReport, str | None]]:
    """Return the reports one may run, each with the code of the unit it is shared with: one's own first, the newest first."""
    query = select(SavedReport, Unit.code).join(Unit, Unit.id == SavedReport.unit_id, isouter=True).where(*_mine_or_shared(work))
    own_first = (SavedReport.account_id != account_of(work), SavedReport.id.desc())
    rows = (await work.session.execute(query.order_by(*own_first).limit(2 * MOST))).all()
    return [(row, code) for row, code in rows]


async def readable_report(work: Work, saved_id: UUID) -> SavedReport:
    """Return a report one may run; raise NotFound ``saved_report.unknown``."""
    found = await work.session.scalar(select(SavedReport).where(SavedReport.id == saved_id, *_mine_or_shared(work, joined=False)))
    if found is None:
        raise unknown()
    return found


async def require_taker(work: Work, subscription_id: UUID, question: dict[str, str]) -> None:
    """Raise where a subscription may not hear of a question: when it is scheduled, and each time it is told. It may be narrowed between.

    Raises NotFound ``webhook.unknown`` and Invalid ``saved_report.subscription_narrower``.
    """
    found = await work.session.scalar(select(WebhookSubscription).where(WebhookSubscription.id == subscription_id))
    if found is None or not found.active or REPORT not in found.event_types:
        raise NotFound("webhook.unknown", f"There is no active subscription with this id that takes `{REPORT}`; ask an administrator.")
    if found.unit_id is not None:
        tree = await unit_tree(work.session)
        asked, allowed = tree.by_code.get(question.get("unit", "")), tree.by_id.get(found.unit_id)
        if asked is None or allowed is None or not asked.path.startswith(allowed.path):
            raise _narrower("unit")
    if found.channel is not None and question.get("channel") != found.channel:
        raise _narrower("channel")


def unknown() -> NotFound:
    """Return what is said of a report that does not exist or is not for the asker: the same."""
    return NotFound("saved_report.unknown", "There is no such saved report, or none for you; GET /v1/saved-reports lists them.")


def _mine_or_shared(work: Work, *, joined: bool = True) -> list[ColumnElement[bool]]:
    own = SavedReport.account_id == account_of(work)
    units = {part for seat in work.actor.seats if seat.within is None for part in seat.path.strip("/").split("/")}
    codes = select(Unit.id).where(Unit.code.in_(units))
    shared = Unit.code.in_(units) if joined else SavedReport.unit_id.in_(codes)
    return [SavedReport.ended_at.is_(None), or_(own, shared)]


async def _own(work: Work, saved_id: UUID, version: int | None) -> SavedReport:
    query = select(SavedReport).where(
        SavedReport.id == saved_id, SavedReport.account_id == account_of(work), SavedReport.ended_at.is_(None)
    )
    row = await work.session.scalar(query.with_for_update())
    if row is None:
        raise unknown()
    if version is not None and row.version != version:
        raise PreconditionFailed("saved_report.version_conflict", "It was changed meanwhile; read it again.")
    return row


async def _changed(work: Work, row: SavedReport, what: str) -> None:
    row.version, row.updated_at = row.version + 1, work.now
    await work.session.flush()
    subscription = str(row.subscription_id) if row.subscription_id else None
    await note(work, "saved_report", row.id, what, {"frequency": row.frequency, "subscription_id": subscription})


async def _shared_with(work: Work, code: str | None) -> UUID | None:
    if code is None:
        return None
    unit = (await unit_tree(work.session)).by_code.get(code)
    if unit is None:
        raise NotFound("unit.unknown", f"There is no unit with the code {code}.")
    if not any(unit.path.startswith(area_of(seat)) or unit.id == seat.unit_id for seat in work.actor.seats):
        raise Forbidden("unit.outside_scope", "Your posts do not reach this unit.")
    return unit.id


def _narrower(name: str) -> Invalid:
    detail = f"This subscription may only hear of its own {name}; ask for that {name} or take another subscription."
    return Invalid("saved_report.subscription_narrower", detail, errors=[Fault("/subscription", f"is narrowed to a {name}")])
