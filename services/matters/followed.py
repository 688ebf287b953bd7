"""What the room of matters knows of who followed what in a month: the facts of the monthly obligation."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.platform.clock import local_day
from services.platform.unit_of_work import Work
from services.visits.asking import Within
from services.visits.followed import Following
from services.visits.obligations import Month, Span

_FOLLOWERS = text("""
SELECT f.id, f.matter_id, f.member_id, m.name, a.unit_id, f.since, CASE WHEN f.ended_at <= :as_of THEN f.until END AS until, m.left_on
FROM matter_followers f JOIN matters a ON a.id = f.matter_id JOIN units u ON u.id = a.unit_id JOIN members m ON m.id = f.member_id
WHERE u.path ^@ ANY (CAST(:areas AS text[])) AND f.recorded_at <= :as_of AND f.since < :month_after
  AND (f.until IS NULL OR f.until > :month OR f.ended_at > :as_of)
""")
_STATES = text("""
SELECT matter_id, state, number, known_at FROM matter_states
WHERE matter_id = ANY (CAST(:matters AS uuid[])) AND known_at <= :as_of ORDER BY matter_id, version
""")
_REPORTS = text("""
SELECT follower_id, happened_on FROM follow_ups
WHERE follower_id = ANY (CAST(:followers AS uuid[])) AND recorded_at <= :as_of AND happened_on >= :month AND happened_on < :month_after
""")


async def followed_in(work: Work, inside: Within, month: Month) -> Sequence[Following]:
    """Return who followed a matter of the area in `month`, while it was registered, as known then."""
    given: dict[str, Any] = {"areas": list(inside.areas), "as_of": inside.as_of, "month": month.first, "month_after": month.until}
    rows = (await work.session.execute(_FOLLOWERS, given)).all()
    given |= {"matters": list({row.matter_id for row in rows}), "followers": [row.id for row in rows]}
    states: dict[UUID, list[Any]] = {}
    for state in await work.session.execute(_STATES, given):
        states.setdefault(state.matter_id, []).append(state)
    reports: dict[UUID, list[date]] = {}
    for report in await work.session.execute(_REPORTS, given):
        reports.setdefault(report.follower_id, []).append(report.happened_on)
    found: dict[tuple[UUID, UUID], Following] = {}
    for row in rows:
        held = _while_registered(row, states.get(row.matter_id, ()))
        if not any(first < month.until and (until is None or until > month.first) for first, until in held):
            continue
        before = found.get((row.matter_id, row.member_id))
        found[row.matter_id, row.member_id] = Following(
            row.matter_id, states[row.matter_id][-1].number, row.member_id, row.name, row.unit_id,
            (*(before.held if before else ()), *held), (*(before.reports if before else ()), *reports.get(row.id, ())),
        )  # fmt: skip
    return list(found.values())


def _while_registered(row: Any, states: Sequence[Any]) -> tuple[Span, ...]:
    """Return when somebody followed while the matter was in the register; the day it came into it counts, the day it left does not."""
    ends = [end for end in (row.until, row.left_on) if end is not None]
    last = min(ends) if ends else None
    spans: list[Span] = []
    began: date | None = None
    for state in (*states, None):
        if state is not None and state.state == "registered":
            began = began or local_day(state.known_at)
        elif began is not None:
            spans.append((began, local_day(state.known_at) if state is not None else None))
            began = None
    cut = [(max(first, row.since), min((end for end in (until, last) if end is not None), default=None)) for first, until in spans]
    return tuple((first, until) for first, until in cut if until is None or until > first)
