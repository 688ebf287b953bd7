"""Visits that were made about a registered matter (B39, 动员走访), for the room of matters."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from services.activities.models import Activity
from services.organization.models import Member
from services.platform.bulk import one_of
from services.platform.unit_of_work import Work
from services.visits.models import Visit


async def visits_about(work: Work, matter_ids: Sequence[UUID], as_of: datetime) -> Sequence[Any]:
    """Return the visits and attempts about these matters as known at `as_of`, the oldest first; who may see them is for the caller."""
    columns = (Visit.matter_id, Visit.id, Visit.happened_at, Visit.outcome, Member.name, Activity.unit_id)
    stood = (Visit.recorded_at <= as_of) & or_(Activity.withdrawn_at.is_(None), Activity.withdrawn_at > as_of)
    query = select(*columns).join(Activity, Activity.id == Visit.id).join(Member, Member.id == Visit.member_id)
    return (await work.session.execute(query.where(one_of(Visit.matter_id, matter_ids), stood).order_by(Visit.happened_at, Visit.id))).all()
