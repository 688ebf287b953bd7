"""Tying uploaded files to what they belong to, in the transaction of the filing or the log."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.attachments.models import Attachment, AttachmentLink
from services.platform.actor import Actor
from services.platform.database import database
from services.platform.errors import Fault, Invalid
from services.platform.unit_of_work import Work

DEFAULT_ROLE = "evidence"


async def link(
    work: Work, attachment_ids: Sequence[UUID], subject_kind: str, subject_id: UUID, role_by_id: Mapping[UUID, str] | None = None
) -> None:
    """Tie files to a complaint or a work log, each as what `role_by_id` says (evidence where it says nothing).

    Raises Invalid ``attachment.unknown`` where one does not exist or was uploaded by somebody else.
    """
    if not attachment_ids:
        return
    await require_uploaded(work.session, work.actor, attachment_ids)
    roles = role_by_id or {}
    rows = [
        {
            "attachment_id": attachment_id,
            "subject_id": subject_id,
            "subject_kind": subject_kind,
            "role": roles.get(attachment_id, DEFAULT_ROLE),
            "linked_at": work.now,
        }
        for attachment_id in dict.fromkeys(attachment_ids)
    ]
    await work.session.execute(insert(AttachmentLink), rows)


async def require_own(actor: Actor, attachment_ids: Sequence[UUID]) -> None:
    """Raise Invalid ``attachment.unknown`` unless `actor` uploaded all these files. Files are never deleted, so this stays true."""
    async with database().transaction() as session:
        await require_uploaded(session, actor, attachment_ids)


async def require_uploaded(session: AsyncSession, actor: Actor, attachment_ids: Sequence[UUID]) -> None:
    """As :func:`require_own`, in a transaction that is open already."""
    query = select(Attachment.id).where(Attachment.id.in_(attachment_ids), Attachment.uploaded_by == actor.account_id)
    found = set(await session.scalars(query))
    unknown = [position for position, attachment_id in enumerate(attachment_ids) if attachment_id not in found]
    if unknown:
        faults = [Fault(f"/attachment_ids/{position}", "no file of yours has this id") for position in unknown]
        raise Invalid("attachment.unknown", "Upload the files first, under the same account.", errors=faults)
