"""Reading deliberations: everybody who signs in reads those of their area; what is sealed is for field posts and desks there."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal, or_, select, true

from services.assistance.deliberation_views import FORM_NAMES, VERDICT_NAMES, DeliberationDetail, DeliberationView, MeetingView
from services.assistance.models import Deliberation, DeliberationMeeting
from services.assistance.places import within
from services.identity.permissions import PLACED, may, scope_of
from services.organization.models import Unit
from services.pairing.views import Where
from services.platform.errors import NotFound
from services.platform.papers import SealedPaper, read_paper
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket

_STATE_NAMES = {**VERDICT_NAMES, "open": "商议中"}


@dataclass(frozen=True, slots=True)
class WantedDeliberations:
    """Which deliberations to list; everything given must hold."""

    under: str | None = None
    state: str = "all"
    ticket_id: UUID | None = None
    matter_id: UUID | None = None


def visible_deliberations(work: Work) -> ColumnElement[bool]:
    """Return the condition, over deliberations joined to their unit, that whoever asks may know of one.

    By their area, as their own, and of every place their own post lies in: a grid worker reads what the village decides.
    """
    scope = scope_of(work.actor)
    if scope.everything:
        return true()
    own = Deliberation.recorded_by_account_id == work.actor.account_id
    above = [literal(seat.path).startswith(Unit.path) for seat in work.actor.seats if seat.role in PLACED]
    return or_(own, *above, *(Unit.path.startswith(prefix, autoescape=True) for prefix in scope.prefixes))


def decided() -> ColumnElement[bool]:
    """Return the join condition of the meeting that decided."""
    stands = (DeliberationMeeting.withdrawn_at.is_(None)) & (DeliberationMeeting.verdict != "no_quorum")
    return (DeliberationMeeting.deliberation_id == Deliberation.id) & stands


async def list_deliberations(work: Work, wanted: WantedDeliberations, after: UUID | None, limit: int) -> list[DeliberationView]:
    """Return up to `limit` deliberations after the id `after`, in order of their ids."""
    query = _query().where(visible_deliberations(work)).order_by(Deliberation.id).limit(limit)
    if wanted.under is not None:
        query = query.where(Unit.path.startswith(wanted.under, autoescape=True))
    if wanted.state == "open":
        query = query.where(DeliberationMeeting.id.is_(None))
    elif wanted.state != "all":
        query = query.where(DeliberationMeeting.verdict == wanted.state)
    for column, value in ((Deliberation.ticket_id, wanted.ticket_id), (Deliberation.matter_id, wanted.matter_id)):
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(Deliberation.id > after)
    return [DeliberationView(**_shown(row)) for row in await work.session.execute(query)]


async def find_deliberation(work: Work, deliberation_id: UUID) -> Any:
    """Return the row of a deliberation one may know of; raise 404 ``deliberation.unknown``."""
    row = (await work.session.execute(_query().where(Deliberation.id == deliberation_id, visible_deliberations(work)))).one_or_none()
    if row is None:
        raise NotFound("deliberation.unknown", "There is no deliberation with this id, or none that you may know of.")
    return row


async def read_deliberation(work: Work, deliberation_id: UUID) -> DeliberationDetail:
    """Return one deliberation with its meetings; raise 404 ``deliberation.unknown``."""
    row = await find_deliberation(work, deliberation_id)
    held = select(DeliberationMeeting).where(DeliberationMeeting.deliberation_id == deliberation_id)
    meetings = await work.session.scalars(held.order_by(DeliberationMeeting.held_on, DeliberationMeeting.id))
    return DeliberationDetail(**_shown(row), words=await _words(work, row), meetings=[_meeting(one) for one in meetings])


def _query() -> Select[Any]:
    found: Any = (
        select(Deliberation, DeliberationMeeting.verdict, Unit.code, Unit.name, Ticket.number)
        .join(Unit, Unit.id == Deliberation.unit_id)
        .outerjoin(Ticket, Ticket.id == Deliberation.ticket_id)
        .outerjoin(DeliberationMeeting, decided())
    )
    return found  # type: ignore[no-any-return]  # a query of several columns


def _shown(row: Any) -> dict[str, Any]:
    found: Deliberation = row.Deliberation
    state = row.verdict or "open"
    same = ("id", "title", "proposed_on", "matter_id", "recorded_at")
    return {
        **{name: getattr(found, name) for name in same}, "unit": Where(code=row.code, name=row.name), "state": state,
        "state_name": _STATE_NAMES[state], "ticket": row.number,
    }  # fmt: skip


def _meeting(one: DeliberationMeeting) -> MeetingView:
    named = {"form_name": FORM_NAMES[one.form], "verdict_name": VERDICT_NAMES[one.verdict]}
    return MeetingView(**{name: getattr(one, name) for name in MeetingView.model_fields if name not in named}, **named)


async def _words(work: Work, row: Any) -> str | None:
    """Return the sealed words for whoever records in that place; None for everybody else."""
    found: Deliberation = row.Deliberation
    if found.paper_id is None or not may(work.actor, "deliberation.record"):
        return None
    inside = select(Unit.id).where(Unit.id == found.unit_id, within(work.actor, "deliberation.record"))
    if await work.session.scalar(inside) is None and found.recorded_by_account_id != work.actor.account_id:
        return None
    paper = (await work.session.execute(select(SealedPaper.row_key, SealedPaper.sealed).where(SealedPaper.id == found.paper_id))).one()
    words: str | None = (read_paper(found.paper_id, paper.row_key, paper.sealed) or {}).get("words")
    return words
