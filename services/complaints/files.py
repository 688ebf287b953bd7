"""Who may see a file: whoever uploaded it, and whoever may see a ticket it belongs to. What betrays who complained is kept from the units.

What somebody sent who asked for confidence, or about a matter that is confidential, is shown to those alone who may know the person: where
and when a picture was taken, a voice, or the author of a document tell as much as a name. The others see the picture's public copy.
"""

from uuid import UUID

from sqlalchemy import exists, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ColumnElement

from services.attachments.models import Attachment, AttachmentLink, PictureFacts
from services.complaints.confidence import open_to
from services.complaints.models import Complaint
from services.complaints.restricting import is_restricted
from services.identity.permissions import scope_of
from services.platform.actor import Actor
from services.platform.errors import Forbidden, NotFound
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.models import Ticket, WorkLog


async def visible_file(session: AsyncSession, actor: Actor, attachment_id: UUID, *further: ColumnElement[bool]) -> tuple[Attachment, bool]:
    """Return the row of a file `actor` may see, and whether that is only its public copy; raise the same NotFound for every other id.

    `further`: conditions under which rooms above let them see it too, as it belongs to something of theirs.
    Raises NotFound ``attachment.erased`` and Forbidden ``attachment.restricted`` for what was erased, and what nobody sees for now.
    """
    subjects = select(AttachmentLink.subject_id).where(AttachmentLink.attachment_id == attachment_id)
    belongs = or_(
        Ticket.id.in_(select(Complaint.ticket_id).where(Complaint.id.in_(subjects))),
        Ticket.id.in_(select(WorkLog.ticket_id).where(WorkLog.id.in_(subjects))),
    )
    in_scope = exists(select(Ticket.id).where(belongs, compile_scope(scope_of(actor), TICKETS)))
    query = select(Attachment, _betrays(actor, attachment_id), _restricted(attachment_id)).where(
        Attachment.id == attachment_id, or_(Attachment.uploaded_by == actor.account_id, in_scope, *further)
    )
    found = (await session.execute(query)).one_or_none()
    if found is None:
        raise NotFound("attachment.unknown", "There is no file with this id, or none that you may see.")
    if not found[0].store_key:
        raise NotFound("attachment.erased", "This file was erased, with the personal data of whoever sent it.")
    if found[2]:
        raise Forbidden("attachment.restricted", "This person's data is restricted for now, and what they sent with it.")
    return found[0], found[1] and found[0].uploaded_by != actor.account_id


async def visible_facts(session: AsyncSession, actor: Actor, attachment_id: UUID, *further: ColumnElement[bool]) -> PictureFacts:
    """Return what a picture says of itself.

    Raises what :func:`visible_file` and :func:`require_original` do, and NotFound ``attachment.no_picture`` for every other file.
    """
    _, copy_only = await visible_file(session, actor, attachment_id, *further)
    require_original(copy_only=copy_only)
    found = await session.get(PictureFacts, attachment_id)
    if found is None:
        raise NotFound("attachment.no_picture", "Only pictures say when and where they were taken.")
    return found


def _restricted(attachment_id: UUID) -> ColumnElement[bool]:
    """The condition that the file belongs to a complaint whose personal data is restricted now."""
    theirs = select(AttachmentLink.subject_id).where(
        AttachmentLink.attachment_id == attachment_id, is_restricted(AttachmentLink.__table__.c.subject_id)
    )
    return exists(theirs)


def require_original(*, copy_only: bool) -> None:
    """Raise Forbidden ``attachment.in_confidence`` for somebody who may see the public copy only."""
    if copy_only:
        raise Forbidden(
            "attachment.in_confidence", "This could betray who complained in confidence; ask the desk that watches over the ticket."
        )


def _betrays(actor: Actor, attachment_id: UUID) -> ColumnElement[bool]:
    """The condition that the file came with something said in confidence that `actor` may not know the author of."""
    theirs = (
        select(Complaint.id)
        .join(Ticket, Ticket.id == Complaint.ticket_id)
        .join(AttachmentLink, AttachmentLink.subject_id == Complaint.id)
        .where(AttachmentLink.attachment_id == attachment_id, open_to(actor).is_not(true()))  # nor where there is no desk yet
    )
    return exists(theirs)
