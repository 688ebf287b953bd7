"""Reading what a ticket has to show: pictures by role, and flags that still wait for somebody to look."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.attachments.models import Attachment, AttachmentLink, PictureFacts
from services.journal.models import Delivery
from services.journal.subscriptions import INSPECT
from services.platform.bulk import one_of
from services.tickets.case import FlagState, TicketState
from services.tickets.evidence import ACROSS
from services.tickets.evidence_models import EvidenceFlag
from services.tickets.models import Ticket, WorkLog


async def shown_roles(session: AsyncSession, ticket_id: UUID, number: int) -> frozenset[str]:
    """Return the roles of the pictures that work logs of round `number` show. What is no picture, or cannot be opened, shows nothing."""
    query = (
        select(AttachmentLink.role)
        .join(WorkLog, WorkLog.id == AttachmentLink.subject_id)
        .join(Attachment, Attachment.id == AttachmentLink.attachment_id)
        .where(WorkLog.ticket_id == ticket_id, WorkLog.round == number, can_be_seen())
    )
    return frozenset(await session.scalars(query.distinct()))


async def pictures_among(session: AsyncSession, attachment_ids: Collection[UUID], ticket: TicketState) -> frozenset[UUID]:
    """Return those of these files that are pictures somebody can see and that no earlier round of the ticket showed."""
    if not attachment_ids:
        return frozenset()
    shown_before = (
        select(AttachmentLink.attachment_id)
        .join(WorkLog, WorkLog.id == AttachmentLink.subject_id)
        .where(AttachmentLink.attachment_id == Attachment.id, WorkLog.ticket_id == ticket.id, WorkLog.round < ticket.round)
    )
    fresh = select(Attachment.id).where(one_of(Attachment.id, attachment_ids), can_be_seen(), ~exists(shown_before))
    return frozenset(await session.scalars(fresh))


def can_be_seen() -> ColumnElement[bool]:
    """The condition that a file is a picture and not one that was kept although it cannot be opened."""
    broken = select(PictureFacts.attachment_id).where(PictureFacts.attachment_id == Attachment.id, PictureFacts.readable.is_(False))
    return Attachment.media_type.startswith("image/") & ~exists(broken)


async def unreviewed_flags(session: AsyncSession, ticket_id: UUID, number: int) -> tuple[FlagState, ...]:
    """Return the flags of round `number` that nobody reviewed."""
    mine = (EvidenceFlag.ticket_id == ticket_id, EvidenceFlag.round == number, EvidenceFlag.reviewed_at.is_(None))
    query = select(EvidenceFlag.id, EvidenceFlag.kind, EvidenceFlag.attachment_id).where(*mine, stands())
    rows = await session.execute(query.order_by(EvidenceFlag.found_at, EvidenceFlag.id))
    return tuple(FlagState.of(row) for row in rows)


async def is_look_owed(session: AsyncSession, ticket_id: UUID, number: int) -> bool:
    """Tell whether the worker has not looked yet at all that work logs of round `number` showed, or gave it up."""
    logs = select(WorkLog.id).where(WorkLog.ticket_id == ticket_id, WorkLog.round == number)
    of_it = or_(Delivery.subject_id == ticket_id, Delivery.subject_id.in_(logs))
    return bool(await session.scalar(select(exists().where(Delivery.handler == INSPECT, of_it))))


def stands() -> ColumnElement[bool]:
    """The condition that a flag stands: of two tickets that were merged since, it does not, for they are one matter now."""
    flagged, other = aliased(Ticket), aliased(Ticket)
    one_matter = exists(
        select(flagged.id).where(
            flagged.id == EvidenceFlag.ticket_id,
            other.id == EvidenceFlag.other_ticket_id,
            func.coalesce(flagged.merged_into_id, flagged.id) == func.coalesce(other.merged_into_id, other.id),
        )
    )
    return EvidenceFlag.kind.not_in(ACROSS) | ~one_matter
