"""Reading the register: lists, one matter, candidates; as they are, and as they were known to be at an instant."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, false, func, or_, select, true, tuple_
from sqlalchemy.orm import aliased

from services.complaints.sign_views import SignView, WeightView
from services.identity.permissions import PERMISSIONS, area_of, lends
from services.matters.commands import CANDIDATE_EXAMPLE
from services.matters.flagged import in_problem_village
from services.matters.holding import people_of, unknown, visible
from services.matters.models import CandidateLook, Matter, MatterCandidate, MatterState
from services.matters.showing import line_of, matter_view, unit_view
from services.matters.standing import offered, relations_of
from services.matters.story import state_then, story_of
from services.matters.striking_views import ended_view
from services.matters.views import MatterLine, MatterView
from services.matters.views import PlaceName as UnitView
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.platform.actor import Actor
from services.platform.errors import Invalid, NotFound
from services.platform.unit_of_work import Work

State = Literal["determined", "registered", "declined", "struck_off"]
CandidateState = Literal["open", "taken", "set_aside", "gone"]
Place = tuple[datetime, UUID]
_FIRST = datetime(1, 1, 2, tzinfo=UTC)
_WEIGHT = {"tellings": 52, "households": 40, "anonymous": 3}
_CANDIDATE: dict[str, Any] = {
    "id": CANDIDATE_EXAMPLE, "unit": {"code": "441624108213", "name": "水口村"}, "branch": "water", "segment_id": None, "state": "open",
    "households": 40, "weight": _WEIGHT, "signs": [], "first_told": "2026-06-01T02:10:00Z", "tickets": ["20261122-000123-6"],
    "opinions": 12,
    "opened_at": "2026-09-01T02:10:00Z", "looked_at": "2026-11-22T02:10:00Z",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AskedMatters:
    """Which matters: where (with all below), in which state, only those that somebody should look at."""

    unit: str | None = None
    state: State | None = None
    number: str | None = None
    as_of: datetime | None = None
    problem_villages: bool = False


class MatterCandidateView(BaseModel):
    """A trouble that enough households tell: a proposal, and no more. `signs` are reasons to call back, never to leave it be."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CANDIDATE]})

    id: UUID
    unit: UnitView
    branch: str = Field(description="First part of the category's code; empty where none is decided.")
    segment_id: UUID | None
    state: CandidateState
    households: int = Field(description="户: counted once each, however often they told it.")
    weight: WeightView
    signs: list[SignView]
    first_told: datetime | None
    tickets: list[str]
    opinions: int = Field(description="How many opinions of the handbook are among the tellings.")
    opened_at: datetime
    looked_at: datetime = Field(description="Since when it stands so.")


def instant_of(work: Work, as_of: datetime | None) -> datetime:
    """Return the instant asked for, no earlier than the first there is; now where none is. Raises Invalid ``as_of.future``."""
    if as_of is not None and as_of > work.now:
        raise Invalid("as_of.future", "Ask as of an instant that has come.")
    return max(as_of, _FIRST) if as_of else work.now


async def list_matters(work: Work, asked: AskedMatters, *, after: Place | None, limit: int) -> tuple[list[MatterLine], Place | None]:
    """Return a page of the matters one may know of, the newest first. Raises 404 ``unit.unknown``, 422 ``as_of.future``."""
    at, tree = instant_of(work, asked.as_of), await unit_tree(work.session)
    state = state_then(at)
    query = select(Matter, state).join(state, true()).where(visible(work.actor), Matter.determined_at <= at)
    if asked.unit is not None or asked.problem_villages:
        query = query.join(Unit, Unit.id == Matter.unit_id)
    if asked.unit is not None:
        query = query.where(Unit.path.startswith(await path_of(work, asked.unit), autoescape=True))
    if asked.problem_villages:
        query = query.where(in_problem_village(at))
    if asked.state is not None:
        query = query.where(state.state == asked.state)
    if asked.number is not None:
        query = query.where(Matter.number == asked.number, state.number.is_not(None))
    if after is not None:
        query = query.where(tuple_(Matter.determined_at, Matter.id) < tuple_(*after))
    ordered = query.order_by(Matter.determined_at.desc(), Matter.id.desc()).limit(limit + 1)
    rows = (await work.session.execute(ordered)).all()
    story = await story_of(work, [row[0] for row in rows[:limit]], at)
    lines = [line_of(tree, story, row[0], row[1]) for row in rows[:limit]]
    last = rows[limit - 1][0] if len(rows) > limit else None
    return lines, (last.determined_at, last.id) if last else None


async def read_matter(work: Work, matter_id: UUID, as_of: datetime | None = None) -> MatterView:
    """Return a matter with everything that belongs to it. Raises 404 ``matter.unknown``, 422 ``as_of.future``."""
    at, tree = instant_of(work, as_of), await unit_tree(work.session)
    then = state_then(at)
    query = select(Matter, then).join(then, true()).where(Matter.id == matter_id, visible(work.actor))
    row = (await work.session.execute(query)).one_or_none()
    if row is None:
        raise unknown()
    matter: Matter = row[0]
    state: MatterState = row[1]
    allowed = offered(matter.state, relations_of(work.actor, await people_of(work, tree, matter))) if as_of is None else []
    story = await story_of(work, [matter], at)
    return matter_view(tree, story, matter, state, allowed, await ended_view(work, matter, story, state))


async def list_candidates(
    work: Work, *, unit: str | None, state: CandidateState | None, as_of: datetime | None, after: Place | None, limit: int
) -> tuple[list[MatterCandidateView], Place | None]:
    """Return a page of the candidates in the areas of one's desks, the newest first. Raises as :func:`list_matters` does."""
    at, tree = instant_of(work, as_of), await unit_tree(work.session)
    newest = select(CandidateLook).where(CandidateLook.candidate_id == MatterCandidate.id, CandidateLook.looked_at <= at)
    look = aliased(CandidateLook, newest.order_by(CandidateLook.looked_at.desc()).limit(1).lateral("look"))
    query = select(MatterCandidate, look).join(look, true()).join(Unit, Unit.id == MatterCandidate.unit_id)
    query = query.where(MatterCandidate.opened_at <= at, over_desks(work.actor))
    if unit is not None:
        query = query.where(Unit.path.startswith(await path_of(work, unit), autoescape=True))
    if state is not None:
        query = query.where(look.state == state)
    if after is not None:
        query = query.where(tuple_(MatterCandidate.opened_at, MatterCandidate.id) < tuple_(*after))
    ordered = query.order_by(MatterCandidate.opened_at.desc(), MatterCandidate.id.desc()).limit(limit + 1)
    rows = (await work.session.execute(ordered)).all()
    views = [_candidate(row[0], row[1], unit_view(tree, row[0].unit_id)) for row in rows[:limit]]
    last = rows[limit - 1][0] if len(rows) > limit else None
    return views, (last.opened_at, last.id) if last else None


async def read_candidate(work: Work, candidate_id: UUID) -> MatterCandidateView:
    """Return a candidate as it stands. Raises 404 ``candidate.unknown``."""
    tree = await unit_tree(work.session)
    newest = select(func.max(CandidateLook.looked_at)).where(CandidateLook.candidate_id == candidate_id).scalar_subquery()
    query = select(MatterCandidate, CandidateLook).join(CandidateLook, CandidateLook.candidate_id == MatterCandidate.id)
    query = query.join(Unit, Unit.id == MatterCandidate.unit_id).where(CandidateLook.looked_at == newest, over_desks(work.actor))
    row = (await work.session.execute(query.where(MatterCandidate.id == candidate_id))).one_or_none()
    if row is None:
        raise NotFound("candidate.unknown", "There is no candidate with this id, or none of your area; see GET /v1/matter-candidates.")
    return _candidate(row[0], row[1], unit_view(tree, row[0].unit_id))


def over_desks(actor: Actor) -> ColumnElement[bool]:
    """Return the condition, over units, that one lies in the area of a desk `actor` sits at. No other seat of theirs widens it."""
    seats = actor.seats if lends(actor, "matter.determine") else ()
    areas = {area_of(seat) for seat in seats if seat.role in PERMISSIONS["matter.determine"]}
    return or_(false(), *(Unit.path.startswith(area, autoescape=True) for area in sorted(areas)))


async def path_of(work: Work, code: str) -> str:
    """Return where a unit lies; raise 404 ``unit.unknown``."""
    unit = (await unit_tree(work.session)).by_code.get(code)
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    return unit.path


def _candidate(row: MatterCandidate, look: CandidateLook, unit: UnitView) -> MatterCandidateView:
    figures = look.figures
    return MatterCandidateView.model_validate(
        {
            "id": row.id, "unit": unit, "branch": row.branch, "segment_id": row.segment_id, "state": look.state,
            "households": look.households, "weight": figures["weight"], "signs": figures["signs"], "first_told": figures["first_told"],
            "tickets": [one["number"] for one in figures["sources"] if one["number"]], "opened_at": row.opened_at,
            "opinions": sum(one["kind"] == "opinion" for one in figures["sources"]),
            "looked_at": look.looked_at,
        }
    )  # fmt: skip
