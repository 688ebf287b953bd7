"""Reading the public register of matters: 挂号 and 销号 as anybody may see them, as known when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, func, or_, select, true, tuple_

from services.catalogue.policy import Catalogue
from services.catalogue.queries import catalogue
from services.matters.models import Matter, MatterState
from services.matters.queries import Place, instant_of
from services.matters.story import Story, state_then, story_of
from services.matters.striking_models import MatterCertificate, MatterNotice
from services.matters.views import BLOCKER_NAMES
from services.notices.register import PHASES, WIDE, Phase, Told, band, may_be_listed, phase_of, place_told
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.errors import NotFound
from services.platform.settings import settings
from services.platform.unit_of_work import Work

_LINE: dict[str, Any] = {
    "number": "挂号〔2026〕第0012号", "kind": "水利 / 水渠", "place": "水口村", "asset": "黄峰斗水渠 118000至121500米",
    "households": "30至99户", "since_year": 2004, "registered_on": "2026-11-21", "lead": "和平县水利局", "phase": "notice",
    "phase_name": "销号公示中", "round": 1, "milestones": 5, "milestones_done": 5, "blockers": [], "notice_from": "2027-04-01",
    "notice_until": "2027-04-07", "struck_off_on": None, "certificate": None,
}  # fmt: skip


class PublicMatter(BaseModel):
    """A matter of the register as anybody may read it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LINE]})

    number: str
    kind: str = Field(description="What it is about, by the catalogue.")
    place: str | None = Field(description="The village; the township where few told of it.")
    asset: str | None
    households: str = Field(description="A band, as counted when it became a focus issue.")
    since_year: int = Field(description="Since when people suffer from it.")
    registered_on: date
    lead: str
    phase: Phase
    phase_name: str
    round: int = Field(description="More than 1: it was struck off, and registered again.")
    milestones: int
    milestones_done: int
    blockers: list[str] = Field(description="What stands in the way, by name.")
    notice_from: date | None
    notice_until: date | None = Field(description="Until the end of this day anybody may object.")
    struck_off_on: date | None
    certificate: str | None = Field(description="The content hash of the certificate (销号证书), by which it can be checked.")


class PublicMatters(BaseModel):
    """The public register, the newest first."""

    as_of: datetime
    objections: str = Field(description="How to object while a matter is in its days of notice.", examples=["请在公示期内拨打12345。"])
    items: list[PublicMatter]
    next: str | None = None


def how_to_object() -> str:
    """Return how anybody objects, in words."""
    return f"对公示中的事项有不同意见的，请在公示期内拨打{settings().hotline_number}，或向村委会、网格员、挂钩党员提出；不必说明身份。"


async def public_register(
    work: Work, *, area: str | None, phase: Phase | None, as_of: datetime | None, after: Place | None, limit: int
) -> tuple[PublicMatters, Place | None]:
    """Return a page of what anybody may read. Raises 404 ``unit.unknown``, 422 ``as_of.future``."""
    at, tree = instant_of(work, as_of), await unit_tree(work.session)
    state, today = state_then(at), local_day(at)
    kinds = await catalogue(work.session)
    public = [one.code for one in kinds.all() if may_be_listed(one.privacy)]
    query = select(Matter, state).join(state, true()).where(Matter.category_code.in_(public), state.number.is_not(None))
    if area is not None:
        query = query.join(Unit, Unit.id == Matter.unit_id).where(*_within(_place(tree, area)))
    if phase is not None:
        query = query.where(*_in_phase(phase, state, today, at))
    if after is not None:
        query = query.where(tuple_(Matter.determined_at, Matter.id) < tuple_(*after))
    rows = (await work.session.execute(query.order_by(Matter.determined_at.desc(), Matter.id.desc()).limit(limit + 1))).all()
    page = rows[:limit]
    matters = [row[0] for row in page]
    seen = _Seen(
        tree, kinds, await story_of(work, matters, at), await _registered(work, matters, at), await _notices(work, matters, at),
        await _certificates(work, matters, at),
    )  # fmt: skip
    lines = [_line(seen, row[0], row[1]) for row in page]
    last = page[-1][0] if len(rows) > limit else None
    found = PublicMatters(as_of=at, objections=how_to_object(), items=lines)
    return found, (last.determined_at, last.id) if last else None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What lines are made of: units, the catalogue, what belongs to the matters, and what was registered, published and struck off."""

    tree: UnitTree
    kinds: Catalogue
    story: Story
    since: Mapping[UUID, datetime]
    notices: Mapping[tuple[UUID, int], MatterNotice]
    certificates: Mapping[tuple[UUID, int], MatterCertificate]


def _line(seen: _Seen, matter: Matter, state: MatterState) -> PublicMatter:
    k, story, weight, key = settings().public_k, seen.story, matter.counted["weight"], (matter.id, state.round)
    told, notice, certificate = Told(weight["tellings"], weight["households"]), seen.notices.get(key), seen.certificates.get(key)
    phase = phase_of(state.state, (notice.begins_on, notice.ends_on) if notice else None, local_day(story.at))
    assert phase is not None
    assert state.number is not None  # what is listed has a number
    assert state.lead_unit_id is not None
    noticed, struck = notice if phase == "notice" else None, certificate if phase == "struck_off" else None
    return PublicMatter(
        number=state.number, kind=_kind(seen.kinds, matter.category_code),
        place=place_told(_names(seen.tree, seen.tree.by_id[matter.unit_id]), told, k), asset=_asset(story, matter, told, k),
        households=band(told, k), since_year=matter.origin_on.year, registered_on=local_day(seen.since[matter.id]),
        lead=seen.tree.by_id[state.lead_unit_id].name, phase=phase, phase_name=PHASES[phase], round=state.round,
        milestones=len(story.milestones[matter.id]),
        milestones_done=sum(bool(story.done[one.id]) for one in story.milestones[matter.id]),
        blockers=[] if phase == "struck_off" else [BLOCKER_NAMES[row.code] for row in story.open_blockers(matter.id)],
        notice_from=noticed.begins_on if noticed else None, notice_until=noticed.ends_on if noticed else None,
        struck_off_on=local_day(struck.issued_at) if struck else None, certificate=struck.id if struck else None,
    )  # fmt: skip


def _kind(kinds: Catalogue, code: str) -> str:
    """Return a category by its name, with the branch it hangs on."""
    found = [kinds.category(branch) for branch in kinds.branches(code)]
    return " / ".join(one.name for one in reversed(found) if one is not None) or code


def _asset(story: Story, matter: Matter, told: Told, k: int) -> str | None:
    """Return which metres of which asset it is; not where few told of it, for that would be more than its place."""
    if matter.segment_id is None or told.few(k):
        return None
    return next((f"{asset.name} {segment.from_m}至{segment.to_m}米" for segment, asset in story.segments[matter.segment_id]), None)


def _in_phase(phase: Phase, state: Any, today: date, at: datetime) -> list[Any]:
    noticed = (
        select(MatterNotice.id)
        .where(MatterNotice.matter_id == Matter.id, MatterNotice.round == state.round, MatterNotice.recorded_at <= at)
        .where(MatterNotice.begins_on <= today, MatterNotice.ends_on >= today)
    )
    if phase == "struck_off":
        return [state.state == "struck_off"]
    return [state.state == "registered", noticed.exists() if phase == "notice" else ~noticed.exists()]


async def _notices(work: Work, matters: Iterable[Matter], at: datetime) -> dict[tuple[UUID, int], MatterNotice]:
    """Return the newest notice of each round."""
    query = select(MatterNotice).where(one_of(MatterNotice.matter_id, [one.id for one in matters]), MatterNotice.recorded_at <= at)
    return {(one.matter_id, one.round): one for one in await work.session.scalars(query.order_by(MatterNotice.recorded_at))}


async def _certificates(work: Work, matters: Iterable[Matter], at: datetime) -> dict[tuple[UUID, int], MatterCertificate]:
    """Return the certificate of each round."""
    query = select(MatterCertificate).where(one_of(MatterCertificate.matter_id, [one.id for one in matters]))
    found = await work.session.scalars(query.where(MatterCertificate.issued_at <= at))
    return {(one.matter_id, one.round): one for one in found}


async def _registered(work: Work, matters: Iterable[Matter], at: datetime) -> dict[UUID, datetime]:
    """Return when each matter first was in the register."""
    first = func.min(MatterState.known_at)
    query = select(MatterState.matter_id, first).where(one_of(MatterState.matter_id, [one.id for one in matters]))
    query = query.where(MatterState.number.is_not(None), MatterState.known_at <= at).group_by(MatterState.matter_id)
    return {row[0]: row[1] for row in await work.session.execute(query)}


def _within(unit: UnitNode) -> list[ColumnElement[bool]]:
    """Return the condition that a matter lies in a place, as far as its place is told: asking for a village finds nothing few told of."""
    inside = Unit.path.startswith(unit.path, autoescape=True)
    if unit.tier in WIDE:
        return [inside]
    weight = Matter.counted["weight"]
    told, households = weight["tellings"].as_integer(), weight["households"].as_integer()
    return [inside, or_(told == 0, households >= settings().public_k)]


def _place(tree: UnitTree, code: str) -> UnitNode:
    unit = tree.by_code.get(code)
    if unit is None:
        raise NotFound("unit.unknown", "There is no place with this code.")
    return unit


def _names(tree: UnitTree, unit: UnitNode) -> list[tuple[str, str]]:
    return [(one.tier, one.name) for one in (unit, *tree.ancestors(unit))]
