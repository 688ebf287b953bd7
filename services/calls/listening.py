"""Listening to a recording: a voice tells who somebody is, so every access is written down first, with what it was for."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, select

from services.attachments.models import Attachment
from services.calls.models import RecordingAccess
from services.calls.queries import call_row
from services.platform.errors import Conflict, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that is kept: where its bytes lie and what they are."""

    call_id: UUID
    attachment_id: UUID
    store_key: str
    size: int
    media_type: str
    sha256: bytes


async def recording_of(work: Work, call_id: UUID) -> Recording:
    """Return the recording of a call.

    Raises NotFound ``call.unknown``, ``recording.none`` and ``recording.erased``,
    and Conflict ``recording.awaited`` while it has not been fetched yet.
    """
    call = await call_row(work.session, call_id)
    if call.recording_state == "awaited":
        raise Conflict("recording.awaited", "The recording has not been fetched from the exchange yet; try again in a while.")
    if call.recording_attachment_id is None:
        raise NotFound("recording.none", "There is no recording of this call here.")
    file = (await work.session.scalars(select(Attachment).where(Attachment.id == call.recording_attachment_id))).one()
    if not file.store_key:
        raise NotFound("recording.erased", "This recording was erased, with the personal data of whoever called.")
    return Recording(call.id, file.id, file.store_key, file.size, file.media_type, file.sha256)


async def write_access(work: Work, recording: Recording, span: tuple[int, int] | None, purpose: str) -> None:
    """Write down that the actor gets these bytes (all of them without a `span`) and what for; before the first of them goes out."""
    begin, end = span or (0, recording.size)
    row = {
        "id": new_id(),
        "call_id": recording.call_id,
        "attachment_id": recording.attachment_id,
        "account_id": work.actor.account_id,
        "purpose": purpose,
        "first_byte": begin,
        "last_byte": end - 1,
        "accessed_at": work.now,
    }
    await work.session.execute(insert(RecordingAccess), [row])
