"""What a person asks about their own data, by tracking code: what is kept, a copy, a correction, a deletion.

The code was told to whoever complained and to nobody else, but it may be lost: a summary is masked, and what shows or changes more is
decided by somebody (`deciding.py`) within `ANSWERED_WITHIN`. PIPL art. 44 to 50; GB/T 35273-2020, 8.7 allows thirty days.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row, func, insert, select

from services.attachments.models import Attachment, AttachmentLink
from services.calls.models import RecordingAccess
from services.complaints.channel_names import channel_names
from services.complaints.contacts import mask
from services.complaints.models import Complaint, Supplement
from services.complaints.restricting import restricted_among
from services.complaints.retention import KIND_NAMES
from services.complaints.tracking import with_code
from services.hotline.models import ContactReveal
from services.journal.noting import note
from services.notifications.models import Message
from services.platform.errors import Conflict, Invalid, TooMany
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, seal_paper
from services.platform.unit_of_work import Work
from services.privacy.commands import AskAboutMyData
from services.privacy.handbook import copy_of, opinions_of
from services.privacy.models import REFUSED_BECAUSE, REQUEST_KINDS, Erasure, PersonRequest
from services.privacy.restricting import put
from services.privacy.tracing import calls_of, person_of
from services.privacy.views import KeptOfMe, Looked, MyCopy, MyRequest

ANSWERED_WITHIN = timedelta(days=15)
PAPER = "person_request"
ASKED_AT_MOST = 5
"""So often somebody may ask the same within `COUNTED`; whoever asks more often speaks with the hotline."""
COUNTED = timedelta(days=30)
STATES = {"open": "办理中", "done": "已办理", "refused": "不予办理"}
_RESTRICTING = ("correction", "deletion")
T = TypeVar("T")


async def kept_of_me(number: str, code: str) -> KeptOfMe:
    """Return what is kept of whoever holds the code, and who looked at it; raises what tracking raises."""
    return await _for_me(number, code, _kept)


async def copy_for_me(number: str, code: str) -> MyCopy:
    """Return the copy that was granted. Raises what tracking raises, and Conflict ``privacy.copy_not_granted``."""

    async def do(work: Work, number: str, complaint_id: UUID) -> MyCopy:
        if not await _granted(work, complaint_id, "copy"):
            raise Conflict("privacy.copy_not_granted", "Ask for a copy first (kind `copy`); it can be fetched once that is granted.")
        return await _copy(work, number, complaint_id)

    return await _for_me(number, code, do)


async def ask(number: str, code: str, command: AskAboutMyData) -> MyRequest:
    """Take what a person asks; while it is open, asking the same again returns it as it is.

    A correction or deletion restricts the contact until it is decided. Raises what tracking raises, Invalid ``privacy.nothing_to_correct``
    where the person was erased or never left anything, and TooMany ``privacy.too_often``.
    """

    async def do(work: Work, _number: str, complaint_id: UUID) -> MyRequest:
        await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(complaint_id.bytes[8:], "big", signed=True))))
        mine = (PersonRequest.complaint_id == complaint_id, PersonRequest.kind == command.kind)
        standing = await work.session.scalar(select(PersonRequest).where(*mine, PersonRequest.state == "open"))
        if standing is not None:
            return shown(standing)
        since = select(func.count()).select_from(PersonRequest).where(*mine, PersonRequest.made_at > work.now - COUNTED)
        if (await work.session.scalar(since) or 0) >= ASKED_AT_MOST:
            raise TooMany("privacy.too_often", "This was asked and answered several times this month. Call the hotline.")
        if command.kind == "correction" and (await person_of(work.session, complaint_id)).contact is None:
            raise Invalid("privacy.nothing_to_correct", "Nothing is kept of you here that could be corrected.")
        return await _taken(work, complaint_id, command)

    return await _for_me(number, code, do)


async def _taken(work: Work, complaint_id: UUID, command: AskAboutMyData) -> MyRequest:
    contact = command.contact.model_dump(exclude_none=True) if command.contact else None
    paper = seal_paper(PAPER, {"words": command.words, "contact": contact}, work.now) if command.words or contact else None
    if paper is not None:
        await work.session.execute(insert(SealedPaper), [paper])
    row = PersonRequest(
        id=new_id(),
        complaint_id=complaint_id,
        ticket_id=await work.session.scalar(select(Complaint.ticket_id).where(Complaint.id == complaint_id)),
        kind=command.kind,
        paper_id=paper["id"] if paper else None,
        made_at=work.now,
        due_at=work.now + ANSWERED_WITHIN,
        state="open",
    )
    work.session.add(row)
    await work.session.flush()
    await note(work, "complaint", complaint_id, "complaint.personal_data_asked", {"request_id": str(row.id), "kind": row.kind})
    if command.kind in _RESTRICTING:
        await put(work, complaint_id, "request", row.id)
    return shown(row)


def shown(row: PersonRequest) -> MyRequest:
    """Return a request as whoever made it sees it."""
    return MyRequest(
        id=row.id,
        kind=row.kind,
        kind_name=REQUEST_KINDS[row.kind],
        state=row.state,
        state_name=STATES[row.state],
        made_at=row.made_at,
        due_at=row.due_at,
        decided_at=row.decided_at,
        reason_name=REFUSED_BECAUSE[row.reason] if row.reason else None,
        words=row.words,
        open_until=row.open_until,
    )


async def _for_me(number: str, code: str, do: Callable[[Work, str, UUID], Awaitable[T]]) -> T:
    async def with_complaint(work: Work, ticket: Row[Any], told_again: UUID | None) -> T:
        first = select(Complaint.id).where(Complaint.ticket_id == ticket.id).order_by(Complaint.received_at, Complaint.id).limit(1)
        complaint_id = told_again or await work.session.scalar(first)
        assert complaint_id is not None, "a ticket that can be tracked was told by somebody"
        return await do(work, ticket.number, complaint_id)

    return await with_code(number, code, with_complaint)


async def _granted(work: Work, complaint_id: UUID, *kinds: str) -> bool:
    mine = (PersonRequest.complaint_id == complaint_id, PersonRequest.kind.in_(kinds), PersonRequest.open_until > work.now)
    return await work.session.scalar(select(PersonRequest.id).where(*mine).limit(1)) is not None


async def _kept(work: Work, number: str, complaint_id: UUID) -> KeptOfMe:
    return KeptOfMe(**await _facts(work, number, complaint_id, in_clear=await _granted(work, complaint_id, "access", "copy")))


async def _facts(work: Work, number: str, complaint_id: UUID, *, in_clear: bool) -> dict[str, Any]:
    session = work.session
    person = await person_of(session, complaint_id)
    masked = mask(person.contact) if person.contact else None
    said: Any = person.contact if in_clear else masked
    requests = await session.scalars(
        select(PersonRequest).where(PersonRequest.complaint_id == complaint_id).order_by(PersonRequest.made_at, PersonRequest.id)
    )
    erased = await session.scalars(select(Erasure.kind).where(Erasure.complaint_id == complaint_id, Erasure.erased_at.is_not(None)))
    calls = await calls_of(session, complaint_id, person)
    files = select(func.count()).select_from(AttachmentLink).where(AttachmentLink.subject_id == complaint_id)
    heard = select(RecordingAccess.accessed_at, RecordingAccess.purpose).where(RecordingAccess.call_id.in_([call.id for call in calls]))
    seen = select(ContactReveal.revealed_at, ContactReveal.purpose).where(ContactReveal.complaint_id == complaint_id)
    looked = [Looked(at=at, what="查看联系电话", purpose=purpose) for at, purpose in await session.execute(seen)]
    looked += [Looked(at=at, what="收听通话录音", purpose=purpose) for at, purpose in await session.execute(heard)]
    return {
        "number": number,
        "in_clear": in_clear,
        "name": said.name if said else None,
        "phone": said.phone if said else None,
        "email": said.email if said else None,
        "wechat": masked.has_openid if masked else False,
        "files": await session.scalar(files) or 0,
        "recordings": sum(1 for call in calls if call.recording_state == "kept"),
        "opinions": len(await opinions_of(work, complaint_id)),
        "restricted": bool(await restricted_among(session, [complaint_id])),
        "looked": tuple(sorted(looked, key=lambda one: one.at)),
        "requests": tuple(shown(row) for row in requests),
        "erased": tuple(KIND_NAMES[kind] for kind in dict.fromkeys(erased)),
    }


async def _copy(work: Work, number: str, complaint_id: UUID) -> MyCopy:
    session = work.session
    told = (await session.scalars(select(Complaint).where(Complaint.id == complaint_id))).one()
    later = select(Supplement).where(Supplement.complaint_id == complaint_id).order_by(Supplement.received_at)
    messages = select(Message).where(Message.complaint_id == complaint_id, Message.audience == "complainant")
    types = (
        select(Attachment.media_type)
        .join(AttachmentLink, AttachmentLink.attachment_id == Attachment.id)
        .where(AttachmentLink.subject_id == complaint_id)
    )
    calls = await calls_of(session, complaint_id, await person_of(session, complaint_id))
    return MyCopy(
        **await _facts(work, number, complaint_id, in_clear=True),
        channel=(await channel_names(session))[told.channel],
        told_at=told.happened_at,
        words=told.said.words,
        place=told.said.place,
        confidential=told.confidential,
        supplements=tuple(more.said.words for more in await session.scalars(later) if more.said.words),
        told_you=tuple(message.said.words for message in await session.scalars(messages.order_by(Message.created_at))),
        file_types=tuple(await session.scalars(types.order_by(Attachment.uploaded_at))),
        calls_at=tuple(call.arrived_at for call in calls),
        handbook=await copy_of(work, complaint_id),
    )
