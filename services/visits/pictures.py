"""Who sees the photographs of a service day: whoever took the steps, and whoever has a post over where it was."""

from uuid import UUID

from sqlalchemy import ColumnElement, exists, false, or_, select, true

from services.attachments.models import AttachmentLink
from services.identity.permissions import may, scope_of
from services.organization.models import Unit
from services.platform.actor import Actor
from services.visits.models import ServiceStep
from services.visits.stepping import PAPER


def shown_of_steps(actor: Actor, attachment_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a file belongs to a step `actor` may know of."""
    scope = scope_of(actor)
    over: ColumnElement[bool] = false()
    if may(actor, "service.report"):
        over = true() if scope.everything else or_(false(), *(Unit.path.startswith(prefix, autoescape=True) for prefix in scope.prefixes))
    own = ServiceStep.member_id == actor.member_id if actor.member_id is not None else false()
    subjects = select(AttachmentLink.subject_id).where(AttachmentLink.attachment_id == attachment_id, AttachmentLink.subject_kind == PAPER)
    steps = select(ServiceStep.id).join(Unit, Unit.id == ServiceStep.unit_id)
    return exists(steps.where(ServiceStep.id.in_(subjects), or_(own, over)))
