"""Files of help items and mediations: tied to the step, session or end they belong to, and given to whoever may know of that."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select

from services.assistance.help_queries import find_item
from services.assistance.mediation_queries import find_case, may_see
from services.assistance.models import HelpClosing, HelpStep, MediationEnding, MediationSession
from services.attachments.expecting import arrived_ones, expect
from services.attachments.linking import DEFAULT_ROLE, link
from services.attachments.models import Attachment, AttachmentLink
from services.identity.permissions import require
from services.platform.errors import Forbidden, NotFound
from services.platform.unit_of_work import Work

HELP, MEDIATION = "help_item", "mediation"


async def keep_files(
    work: Work, kind: str, subject_id: UUID, attachment_ids: Sequence[UUID], upload_ids: Iterable[UUID] = (), *, role: str = DEFAULT_ROLE
) -> None:
    """Tie files to what they show, now, or when the phone has sent them. Raises Invalid ``attachment.unknown``."""
    wanted = list(dict.fromkeys(upload_ids))
    here = await arrived_ones(work, wanted)
    given = list(dict.fromkeys([*attachment_ids, *here.values()]))
    await link(work, given, kind, subject_id, dict.fromkeys(given, role))
    to_come = [upload_id for upload_id in wanted if upload_id not in here]
    await expect(work, dict.fromkeys(to_come, role), kind, subject_id)


async def help_file(work: Work, item_id: UUID, attachment_id: UUID) -> Attachment:
    """Return a file of an item one may know of; raise NotFound ``help.unknown``, ``attachment.unknown``, ``attachment.erased``."""
    require(work.actor, "help.read")
    await find_item(work, item_id)
    steps = select(HelpStep.id).where(HelpStep.item_id == item_id)
    closed = select(HelpClosing.item_id).where(HelpClosing.item_id == item_id)
    found, _ = await _file(work, attachment_id, HELP, AttachmentLink.subject_id.in_(steps.union_all(closed)))
    return found


async def mediation_file(work: Work, mediation_id: UUID, attachment_id: UUID) -> Attachment:
    """Return a file of a mediation one may know of; raise what :func:`help_file` does.

    What one side showed alone is for who may know that side, else 403 ``mediation.other_side``; so is an agreement, which names both.
    """
    require(work.actor, "mediation.read")
    case = await find_case(work, mediation_id)
    sessions = select(MediationSession.id).where(MediationSession.mediation_id == mediation_id)
    endings = select(MediationEnding.id).where(MediationEnding.mediation_id == mediation_id)
    found, subject_id = await _file(work, attachment_id, MEDIATION, AttachmentLink.subject_id.in_(sessions.union_all(endings)))
    present = await work.session.scalar(select(MediationSession.present).where(MediationSession.id == subject_id))
    if not may_see(case, present or "both"):
        raise Forbidden("mediation.other_side", "You look after the other party; what this one showed, you do not see here.")
    return found


async def _file(work: Work, attachment_id: UUID, kind: str, theirs: ColumnElement[bool]) -> tuple[Attachment, UUID]:
    query = select(Attachment, AttachmentLink.subject_id).join(AttachmentLink, AttachmentLink.attachment_id == Attachment.id)
    query = query.where(Attachment.id == attachment_id, AttachmentLink.subject_kind == kind, theirs)
    row = (await work.session.execute(query.limit(1))).one_or_none()
    if row is None:
        raise NotFound("attachment.unknown", "There is no file with this id here.")
    if not row.Attachment.store_key:
        raise NotFound("attachment.erased", "This file was erased, with the personal data of whoever sent it.")
    return row.Attachment, row.subject_id
