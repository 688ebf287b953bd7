"""Reporting a matter complete, publishing the result (公示), and registering it again once it was struck off."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.matters.deed_parts import taken
from services.matters.holding import Held, changed, require_past, who
from services.matters.striking_deeds import OpenNotice, RegisterAgain, ReportComplete
from services.matters.striking_models import MatterCompletion, MatterNotice, MatterRound
from services.platform.errors import Conflict
from services.platform.settings import settings
from services.platform.unit_of_work import Work


async def report_complete(work: Work, held: Held, command: ReportComplete) -> None:
    """Report the whole work complete. The same again is the same; another under its id 409 ``matter.id_taken``."""
    require_past(command.done_on, held.today, "/done_on")
    said = {"matter_id": held.matter.id, "done_on": command.done_on, "words": command.words}
    if await _there(work, MatterCompletion, command.completion_id, said):
        return
    work.session.add(MatterCompletion(id=command.completion_id, round=held.matter.round, **said, **who(work)))
    await changed(work, held, "matter.completed", {"id": str(command.completion_id), "on": str(command.done_on)})


async def open_notice(work: Work, held: Held, command: OpenNotice) -> None:
    """Publish the result from today on; the same again is the same.

    Raises 409 ``matter.not_complete`` before the work of this round was reported complete, ``notice.open`` while one is open.
    """
    said = {"matter_id": held.matter.id, "words": command.words}
    if await _there(work, MatterNotice, command.notice_id, said):
        return
    completed = await require_complete(work, held)
    begins, ends = held.today, held.today + timedelta(days=settings().strike_notice_days)
    open_now = select(MatterNotice.id).where(MatterNotice.matter_id == held.matter.id, MatterNotice.round == held.matter.round)
    if await work.session.scalar(open_now.where(MatterNotice.recorded_at > completed.recorded_at, MatterNotice.ends_on >= begins).limit(1)):
        raise Conflict("notice.open", "A notice of this result is open already.")
    row = MatterNotice(id=command.notice_id, round=held.matter.round, begins_on=begins, ends_on=ends, **said, **who(work))
    work.session.add(row)
    await changed(work, held, "matter.notice_opened", {"id": str(command.notice_id), "ends_on": str(ends)})


async def register_again(work: Work, held: Held, command: RegisterAgain) -> None:
    """Begin another round: number, history and earlier certificates stay."""
    matter = held.matter
    before = matter.certificate_id
    matter.round += 1
    matter.state, matter.struck_off_at, matter.certificate_id = "registered", None, None
    work.session.add(MatterRound(matter_id=matter.id, round=matter.round, words=command.words, **who(work)))
    said = {"round": matter.round, "certificate": before, "words": command.words, "lead": lead_of(held)}
    await changed(work, held, "matter.registered_again", said)


async def require_complete(work: Work, held: Held) -> MatterCompletion:
    """Return the last report of completion of this round. Raises 409 ``matter.not_complete``."""
    query = select(MatterCompletion).where(MatterCompletion.matter_id == held.matter.id, MatterCompletion.round == held.matter.round)
    found = await work.session.scalar(query.order_by(MatterCompletion.recorded_at.desc()).limit(1))
    if found is None:
        raise Conflict("matter.not_complete", "The lead has not reported the work complete in this round (report_complete).")
    return found


def lead_of(held: Held) -> str | None:
    """Return the code of the lead unit, for whoever is to be told."""
    return held.tree.by_id[held.matter.lead_unit_id].code if held.matter.lead_unit_id else None


async def _there(work: Work, row_class: Any, given: UUID, said: dict[str, Any]) -> bool:
    there = await work.session.get(row_class, given)
    if there is None:
        return False
    if any(getattr(there, name) != value for name, value in said.items()):
        raise taken()
    return True
