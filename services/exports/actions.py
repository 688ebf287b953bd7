"""Asking for an export, and calling it off."""

from uuid import UUID

from sqlalchemy import func, select

from services.exports.commands import AskExport
from services.exports.models import Export
from services.exports.sources import check_question, source_named
from services.identity.permissions import require
from services.journal.noting import note
from services.platform.clock import SHANGHAI
from services.platform.errors import Conflict, NotFound, TooMany
from services.platform.ids import new_id
from services.platform.secrets import fingerprint
from services.platform.settings import settings
from services.platform.unit_of_work import Work

_WAITING = ("queued", "running")


async def ask_export(work: Work, command: AskExport) -> Export:
    """Queue an export; who asked for what stands in the journal.

    Raises NotFound ``export.source_unknown``, Forbidden, what the question itself raises, and TooMany ``export.too_many_open``.
    """
    source = source_named(command.source)
    require(work.actor, source.permission)
    await check_question(work, source, command.question)
    account_id = account_of(work)
    await _require_room(work, account_id)
    row = Export(
        id=new_id(),
        account_id=account_id,
        source=source.code,
        format=command.format,
        name=f"{source.code}-{work.now.astimezone(SHANGHAI):%Y%m%d-%H%M%S}.{command.format}",
        question=dict(command.question),
        state="queued",
        attempt=0,
        rows_done=0,
        created_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    await note(work, "export", row.id, "export.asked", {"source": row.source, "format": row.format, "question": row.question})
    return row


async def call_off(work: Work, export_id: UUID) -> Export:
    """Call an export of one's own off; a file that is there already is deleted. Doing so again changes nothing.

    Raises NotFound ``export.unknown`` and Conflict ``export.ended`` for one that failed or whose time is over.
    """
    query = select(Export).where(Export.id == export_id, Export.account_id == account_of(work)).with_for_update()
    row = await work.session.scalar(query)
    if row is None:
        raise unknown()
    if row.state == "cancelled":
        return row
    if row.state not in (*_WAITING, "ready"):
        raise Conflict("export.ended", "This export has ended already; there is nothing to call off.")
    row.state, row.ended_at = "cancelled", work.now
    await work.session.flush()
    await note(work, "export", row.id, "export.cancelled", {})
    return row


def account_of(work: Work) -> UUID:
    """Return the account that acts; raise NotFound where nobody signed in does."""
    if work.actor.account_id is None:
        raise unknown()
    return work.actor.account_id


def unknown() -> NotFound:
    """Return what is said of an export that does not exist or is somebody else's: the same."""
    return NotFound("export.unknown", "You have no export with this id; GET /v1/exports lists those you have.")


async def _require_room(work: Work, account_id: UUID) -> None:
    """Have one door at a time look how many exports an account has waiting."""
    number = int.from_bytes(fingerprint(b"exports", account_id.bytes)[:8], "big", signed=True)
    await work.session.execute(select(func.pg_advisory_xact_lock(number)))
    waiting = select(func.count()).select_from(Export).where(Export.account_id == account_id, Export.state.in_(_WAITING))
    most = settings().exports_open
    if (await work.session.scalar(waiting) or 0) >= most:
        raise TooMany(
            "export.too_many_open",
            f"You have {most} exports under way; wait for one or call it off.",
            headers={"Retry-After": "30"},
        )
