"""What everybody may read of deliberations: proposal, numbers and decision, after somebody else has read that nobody is named."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import and_, or_, select

from services.assistance.deliberation_views import FORM_NAMES, VERDICT_NAMES
from services.assistance.models import Deliberation, DeliberationMeeting
from services.organization.models import Unit
from services.platform.errors import Invalid
from services.platform.unit_of_work import Work

_MEETING: dict[str, Any] = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2fa011", "unit": "441624108213", "unit_name": "水口村", "title": "集资修水渠3.5公里",
    "proposed_on": "2026-11-02", "form_name": "村民代表会议", "held_on": "2026-11-05", "place": "水口村委会", "eligible": 45, "present": 40,
    "votes_for": 36, "votes_against": 1, "abstained": 3, "verdict": "adopted", "verdict_name": "通过",
    "decision": "同意每户投工两天，村集体出资一半。", "published_at": "2026-11-06T01:00:00Z",
}  # fmt: skip


class PublicMeeting(BaseModel):
    """A meeting as everybody may read it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MEETING]})

    id: UUID
    unit: str
    unit_name: str
    title: str
    proposed_on: date
    form_name: str
    held_on: date
    place: str
    eligible: int
    present: int
    votes_for: int
    votes_against: int
    abstained: int
    verdict: str
    verdict_name: str
    decision: str | None
    published_at: datetime


class PublicMeetings(BaseModel):
    """A page of published meetings, the newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_MEETING], "next": None}]})

    items: list[PublicMeeting]
    next: str | None = None


async def published_meetings(
    work: Work, *, under: str | None, as_of: datetime | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[PublicMeeting]:
    """Return up to `limit` meetings shown to everybody, after a place in the list. Raises 422 ``as_of.future``."""
    if as_of is not None and as_of > work.now:
        raise Invalid("as_of.future", "Ask as of an instant that has come.")
    moment = as_of or work.now
    taken_back = and_(DeliberationMeeting.withdrawn_at.is_not(None), DeliberationMeeting.withdrawn_at <= moment)
    query = (
        select(DeliberationMeeting, Deliberation.title, Deliberation.proposed_on, Unit.code, Unit.name)
        .join(Deliberation, Deliberation.id == DeliberationMeeting.deliberation_id)
        .join(Unit, Unit.id == Deliberation.unit_id)
        .where(DeliberationMeeting.published_at <= moment, or_(DeliberationMeeting.withdrawn_at.is_(None), ~taken_back))
        .order_by(DeliberationMeeting.published_at.desc(), DeliberationMeeting.id.desc())
        .limit(limit)
    )
    if under is not None:
        query = query.where(Unit.path.startswith(under, autoescape=True))
    if after is not None:
        earlier = DeliberationMeeting.published_at < after[0]
        query = query.where(or_(earlier, and_(DeliberationMeeting.published_at == after[0], DeliberationMeeting.id < after[1])))
    return [_shown(row) for row in await work.session.execute(query)]


def _shown(row: Any) -> PublicMeeting:
    found: DeliberationMeeting = row.DeliberationMeeting
    told = {
        "unit": row.code, "unit_name": row.name, "title": row.title, "proposed_on": row.proposed_on, "form_name": FORM_NAMES[found.form],
        "verdict_name": VERDICT_NAMES[found.verdict],
    }  # fmt: skip
    return PublicMeeting(**{name: getattr(found, name) for name in PublicMeeting.model_fields if name not in told}, **told)
