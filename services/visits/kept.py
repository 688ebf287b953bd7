"""What the ledger may not correct by itself: an entry that is a visit. The two would say different things afterwards."""

from uuid import UUID

from services.platform.errors import Conflict
from services.platform.unit_of_work import Work
from services.visits.models import Visit


async def refuse_correction(work: Work, activity_id: UUID) -> None:
    """Raise Conflict ``activity.kept_as_visit`` where an entry is a visit: it is withdrawn, and recorded anew where visits are."""
    if await work.session.get(Visit, activity_id) is not None:
        detail = "This entry is a visit to a household: withdraw it, and record it anew with POST /v1/visits."
        raise Conflict("activity.kept_as_visit", detail, extra={"withdrawal": f"/v1/activities/{activity_id}/withdrawal"})
