"""Where the personal data of one complaint lies: its papers, calls, files, and the passages that name somebody. Reading only."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.attachments.models import Attachment, AttachmentLink
from services.calls.models import Call, CallEvent
from services.channels.open311.models import Open311Medium, Open311Request, Open311Update
from services.channels.platforms.models import PlatformOrder, PlatformPush
from services.channels.wechat.models import WechatMessage
from services.complaints.contacts import OpenedContact, open_contact
from services.complaints.models import Complainant, Complaint
from services.hotline.models import CallDraft, TicketCall
from services.petitions.models import Petitioner
from services.platform.bulk import one_of
from services.platform.papers import SealedPaper, read_paper
from services.privacy.models import PersonRequest
from services.tickets.models import CallBack, Ticket
from services.verification.models import DemandExclusion


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Who complained, as far as it is known still. No `repr`: it cannot slip into a log."""

    contact: OpenedContact | None
    row_key: bytes | None
    phone_index: bytes | None
    openid_index: bytes | None


async def person_of(session: AsyncSession, complaint_id: UUID, *, lock: bool = False) -> Person:
    """Return the complainant of a complaint; all None where there is none, or was erased."""
    query = select(Complainant).where(Complainant.complaint_id == complaint_id)
    row = await session.scalar(query.with_for_update() if lock else query)
    if row is None:
        return Person(None, None, None, None)
    return Person(open_contact(complaint_id, row.row_key, row.sealed), row.row_key, row.phone_index, row.openid_index)


async def calls_of(session: AsyncSession, complaint_id: UUID, person: Person) -> list[Call]:
    """Return the calls a matter was told in, and those about its ticket that came from the same number."""
    told = select(Complaint.call_id).where(Complaint.id == complaint_id, Complaint.call_id.is_not(None))
    wanted: list[ColumnElement[bool]] = [Call.call_id.in_(told), Call.linked_id.in_(told)]
    if person.phone_index is not None:
        about = select(TicketCall.call_id).join(Complaint, Complaint.ticket_id == TicketCall.ticket_id).where(Complaint.id == complaint_id)
        theirs = exists(select(SealedPaper.id).where(SealedPaper.id == Call.paper_id, SealedPaper.phone_index == person.phone_index))
        wanted.append(and_(Call.call_id.in_(about), theirs))
    return list(await session.scalars(select(Call).where(or_(*wanted)).order_by(Call.id)))


def messages_of(complaint_id: UUID) -> Select[UUID]:
    """Return the query for the papers of what came over WeChat about a complaint."""
    return select(WechatMessage.paper_id).where(WechatMessage.complaint_id == complaint_id)


def petitioners_of(complaint_id: UUID) -> Select[UUID]:
    """Return the query for the papers that say who stands behind a petition."""
    return select(Petitioner.paper_id).where(Petitioner.complaint_id == complaint_id)


def papers_of(complaint_id: UUID, calls: Sequence[Call]) -> ColumnElement[bool]:
    """Return the condition of the other papers of a complaint: what systems pushed, calls, drafts, signatures, appeals, what was asked."""
    drafted = or_(CallDraft.ticket_number == Ticket.number, CallDraft.call_id == Complaint.call_id)
    drafts = (
        select(CallDraft.paper_id)
        .join(Complaint, Complaint.id == complaint_id)
        .join(Ticket, Ticket.id == Complaint.ticket_id)
        .where(drafted)
    )
    events = [and_(CallEvent.source == call.source, CallEvent.linked_id == call.linked_id) for call in calls]
    queries = [
        select(Open311Request.paper_id).where(Open311Request.complaint_id == complaint_id),
        select(Open311Update.paper_id).where(Open311Update.complaint_id == complaint_id),
        select(Open311Medium.paper_id).where(Open311Medium.complaint_id == complaint_id),
        select(PlatformPush.paper_id)
        .join(PlatformOrder, PlatformOrder.id == PlatformPush.order_id)
        .where(PlatformOrder.complaint_id == complaint_id),
        select(CallBack.paper_id).where(CallBack.complaint_id == complaint_id),
        select(DemandExclusion.appeal_paper_id)
        .join(Complaint, Complaint.ticket_id == DemandExclusion.ticket_id)
        .where(Complaint.id == complaint_id),
        select(PersonRequest.paper_id).where(PersonRequest.complaint_id == complaint_id, PersonRequest.state != "open"),
        select(CallEvent.paper_id).where(or_(false(), *events)),
        drafts,
    ]
    direct = [paper for call in calls for paper in (call.paper_id, call.recording_paper_id) if paper is not None]
    return or_(one_of(SealedPaper.id, direct), *[SealedPaper.id.in_(query) for query in queries])


async def files_of(session: AsyncSession, complaint_id: UUID) -> list[Attachment]:
    """Return the files of a complaint that belong to nothing else."""
    other = exists(
        select(AttachmentLink.subject_id).where(AttachmentLink.attachment_id == Attachment.id, AttachmentLink.subject_id != complaint_id)
    )
    mine = select(AttachmentLink.attachment_id).where(AttachmentLink.subject_id == complaint_id)
    return list(await session.scalars(select(Attachment).where(Attachment.id.in_(mine), ~other).order_by(Attachment.id).with_for_update()))


async def passages_of(session: AsyncSession, complaint_id: UUID, person: Person) -> list[str]:
    """Return what names the people of a complaint: their names, numbers and addresses, as far as they are known."""
    said: list[str | None] = []
    if person.contact is not None:
        said += [person.contact.name, person.contact.phone, person.contact.openid, person.contact.email]
    papers = await session.scalars(select(SealedPaper).where(SealedPaper.id.in_(petitioners_of(complaint_id))))
    for paper in papers:
        clear = read_paper(paper.id, paper.row_key, paper.sealed) or {}
        said += [value for value in clear.values() if isinstance(value, str)]
    return [one for one in said if one]
