"""Who sees the pictures of a matter: whoever may know of the matter they belong to."""

from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select

from services.attachments.models import AttachmentLink
from services.matters.holding import visible
from services.matters.models import FollowUp, Matter, MatterFollower
from services.matters.work_models import MatterSite, MatterTask, Milestone, SiteShown, TaskReport
from services.platform.actor import Actor


def shown_of_matters(actor: Actor, attachment_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a file belongs to a matter `actor` may know of."""
    subjects = select(AttachmentLink.subject_id).where(
        AttachmentLink.attachment_id == attachment_id, AttachmentLink.subject_kind == "matter"
    )
    reports = select(MatterTask.matter_id).join(TaskReport, TaskReport.task_id == MatterTask.id).where(TaskReport.id.in_(subjects))
    shown = select(MatterSite.matter_id).join(SiteShown, SiteShown.site_id == MatterSite.id).where(SiteShown.id.in_(subjects))
    told = select(MatterFollower.matter_id).join(FollowUp, FollowUp.follower_id == MatterFollower.id).where(FollowUp.id.in_(subjects))
    reached = select(Milestone.matter_id).where(Milestone.id.in_(subjects))
    belongs = or_(*(Matter.id.in_(found) for found in (reports, shown, told, reached)))
    return exists(select(Matter.id).where(belongs, visible(actor)))
