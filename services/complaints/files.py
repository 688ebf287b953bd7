"""Who may see a file: whoever uploaded it, and whoever may see a ticket it belongs to."""

from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.attachments.models import Attachment, AttachmentLink
from services.complaints.models import Complaint
from services.identity.permissions import scope_of
from services.platform.actor import Actor
from services.platform.errors import NotFound
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.models import Ticket, WorkLog


async def visible_file(session: AsyncSession, actor: Actor, attachment_id: UUID) -> Attachment:
    """Return the row of a file `actor` may see; raise the same NotFound for every other id."""
    subjects = select(AttachmentLink.subject_id).where(AttachmentLink.attachment_id == attachment_id)
    belongs = or_(
        Ticket.id.in_(select(Complaint.ticket_id).where(Complaint.id.in_(subjects))),
        Ticket.id.in_(select(WorkLog.ticket_id).where(WorkLog.id.in_(subjects))),
    )
    in_scope = exists(select(Ticket.id).where(belongs, compile_scope(scope_of(actor), TICKETS)))
    query = select(Attachment).where(Attachment.id == attachment_id, or_(Attachment.uploaded_by == actor.account_id, in_scope))
    found = await session.scalar(query)
    if found is None:
        raise NotFound("attachment.unknown", "There is no file with this id, or none that you may see.")
    return found
