"""Every row class of every room, so that one metadata object knows the whole schema."""

import services.activities.models
import services.anchors.models
import services.assessment.models
import services.assistance.models
import services.attachments.expecting
import services.attachments.models
import services.bulletins.models
import services.calls.models
import services.catalogue.models
import services.channels.field.models
import services.channels.open311.models
import services.channels.platforms.models
import services.channels.wechat.models
import services.channels.wechat.wire_models
import services.complaints.device_marks
import services.complaints.models
import services.complaints.phone_tasks
import services.complaints.restricting
import services.connections.models
import services.deadlines.models
import services.exports.models
import services.hotline.models
import services.households.models
import services.identity.keys_models
import services.identity.models
import services.journal.models
import services.matters.dossiers_models
import services.matters.models
import services.matters.striking_models
import services.matters.work_models
import services.notices.models
import services.notifications.models
import services.notifications.webhooks.models
import services.organization.leave_models
import services.organization.models
import services.pairing.models
import services.petitions.models
import services.platform.idempotency
import services.platform.key_folder
import services.platform.key_turns
import services.platform.papers
import services.policies.models
import services.privacy.loose
import services.privacy.models
import services.reports.backlog_models
import services.reports.models
import services.shifts.models
import services.tickets.evidence_models
import services.tickets.models
import services.verification.models
import services.visits.models
import services.visits.opinions_models
import services.warnings.brigading_models
import services.warnings.models  # noqa: F401  imported for their effect on the metadata
from services.platform.database import Base

metadata = Base.metadata
