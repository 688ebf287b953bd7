"""Putting right what is open where a count was missed: a worker of the release before counted while the schema was already of this one.

Nothing else should be found. What is found is counted like anything that is owed.
"""

from sqlalchemy import text

from services.platform.unit_of_work import Work
from services.reports.backlog_sums import OPEN_STATUSES
from services.reports.counting import count

_WRONG = text(
    f"SELECT coalesce(t.id, m.ticket_id) FROM (SELECT id, version FROM tickets WHERE status IN ({OPEN_STATUSES})) AS t"  # noqa: S608
    " FULL JOIN open_matters m ON m.ticket_id = t.id WHERE t.version IS DISTINCT FROM m.version LIMIT :most"
)


async def mend(work: Work, most: int) -> int:
    """Count up to `most` tickets whose row is missing, of another version or too many; return how many there were."""
    ids = list(await work.session.scalars(_WRONG, {"most": most}))
    await count(work, ids)
    return len(ids)
