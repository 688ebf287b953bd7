"""问题村, a village's problems together (B46), and what blocks what (B36): each as it was known at an instant."""

from collections import Counter
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, func, or_, select, true

from services.activities.models import Activity
from services.activities.rules import seat_over
from services.households.references import VILLAGES
from services.identity.permissions import scope_of
from services.journal.noting import note
from services.matters.commands import FlagLevel, FlagVillage, UnflagVillage
from services.matters.holding import require_past, unit_of, visible, who
from services.matters.models import Matter, ProblemVillage
from services.matters.queries import AskedMatters, instant_of, list_matters, path_of
from services.matters.showing import unit_view
from services.matters.story import state_then
from services.matters.views import BLOCKER_NAMES, MatterLine
from services.matters.views import PlaceName as UnitView
from services.matters.work_models import Blocker
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode
from services.platform.bulk import insert_many
from services.platform.clock import local_day
from services.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.text import ShownWords
from services.platform.unit_of_work import Work

SUBJECT = "problem_village"
LISTED_AT_MOST = 200
LEVEL_NAMES = {"province": "省级", "city": "市级", "county": "县级"}
_FLAG: dict[str, Any] = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e05", "unit": {"code": "441624108213", "name": "水口村"}, "level": "city", "level_name": "市级",
    "since": "2012-03-01", "because": "省市备案整顿的问题突出村。", "until": None, "ended_because": None,
}  # fmt: skip
_BLOCKED: dict[str, Any] = {"code": "funding", "name": "资金缺口", "matters": 3, "longest_days": 80, "numbers": ["挂号〔2026〕第0012号"]}


class FlagView(BaseModel):
    """A village on the list of a level, or that was on it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FLAG]})

    id: UUID
    unit: UnitView
    level: FlagLevel
    level_name: str
    since: date
    because: ShownWords
    until: date | None
    ended_because: ShownWords | None


class Flags(BaseModel):
    """Problem villages, as they were known at `as_of`."""

    as_of: datetime
    items: list[FlagView]


class BlockedView(BaseModel):
    """What stands in the way of how many matters, and for how long at most."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BLOCKED]})

    code: str
    name: str
    matters: int
    longest_days: int
    numbers: list[str | None]


class Blocked(BaseModel):
    """What blocks what, the most frequent first."""

    as_of: datetime
    items: list[BlockedView]


class Told(BaseModel):
    """How much was told, and how much of it is open: exactly the tickets that GET /v1/tickets lists for this unit and instant."""

    total: int = Field(examples=[52])
    open: int = Field(examples=[41])


class VillageProblems(BaseModel):
    """村级问题台账: everything told and everything registered of a unit."""

    as_of: datetime
    unit: UnitView
    flags: list[FlagView]
    tickets: Told
    opinions: int = Field(description="条, of the ledger; drill down with GET /v1/reports/activities/entries.", examples=[17])
    matters: list[MatterLine] = Field(description=f"The newest first, {LISTED_AT_MOST} at most.")
    states: dict[str, int] = Field(description="How many matters stand so.", examples=[{"registered": 2}])


async def flag(work: Work, command: FlagVillage) -> UUID:
    """Put a village on a list; on it already with the same words, nothing changes.

    Raises 404 ``unit.unknown``, 403 ``matter.outside_area``, 422 ``unit.not_a_village`` and ``matter.day_ahead``, 409 ``village.flagged``.
    """
    unit = unit_of(await unit_tree(work.session), command.unit, "/unit")
    require_past(command.since, local_day(work.now), "/since")
    if unit.kind not in VILLAGES:
        raise Invalid("unit.not_a_village", "Only villages are on this list.", errors=[Fault("/unit", "must be a village")])
    _require_over(work, unit)
    row = {
        "id": new_id(), "unit_id": unit.id, "level": command.level, "since": command.since, "because": command.because, **who(work),
        "until": None, "ended_because": None, "ended_at": None, "ended_by_account_id": None,
    }  # fmt: skip
    await insert_many(work.session, ProblemVillage, [row], condition="ON CONFLICT DO NOTHING")
    now = (ProblemVillage.unit_id == unit.id, ProblemVillage.level == command.level, ProblemVillage.until.is_(None))
    there = (await work.session.scalars(select(ProblemVillage).where(*now))).one()
    if there.id != row["id"]:
        if (there.since, there.because) != (command.since, command.because):
            raise Conflict("village.flagged", f"This village is on the list of that level since {there.since}.")
        return there.id
    await note(work, SUBJECT, there.id, "village.flagged", {"unit": unit.code, "level": command.level, "since": str(command.since)})
    return there.id


async def unflag(work: Work, flag_id: UUID, command: UnflagVillage) -> None:
    """Take a village off a list. Raises 404 ``village.not_flagged``, 403 ``matter.outside_area``, 409 ``village.unflagged``."""
    require_past(command.until, local_day(work.now), "/until")
    there = await work.session.scalar(select(ProblemVillage).where(ProblemVillage.id == flag_id).with_for_update())
    if there is None:
        raise NotFound("village.not_flagged", "There is no such entry of the list; see GET /v1/problem-villages.")
    _require_over(work, (await unit_tree(work.session)).by_id[there.unit_id])
    if there.until is not None:
        if (there.until, there.ended_because) == (command.until, command.because):
            return
        raise Conflict("village.unflagged", f"This village is off the list since {there.until}.")
    if command.until < there.since:
        raise Invalid("village.not_begun", f"It is on the list since {there.since}.", errors=[Fault("/until", "lies before")])
    there.until, there.ended_because = command.until, command.because
    there.ended_at, there.ended_by_account_id = work.now, work.actor.account_id
    await work.session.flush()
    await note(work, SUBJECT, there.id, "village.unflagged", {"until": str(command.until), "words": command.because})


async def read_flag(work: Work, flag_id: UUID) -> FlagView:
    """Return an entry of the list; raise 404 ``village.not_flagged``."""
    found = await _flags(work, work.now, ProblemVillage.id == flag_id, ended=True)
    if not found:
        raise NotFound("village.not_flagged", "There is no such entry of the list; see GET /v1/problem-villages.")
    return found[0]


async def list_flags(work: Work, *, unit: str | None, ended: bool, as_of: datetime | None) -> Flags:
    """Return the problem villages of the reader's area. Raises 404 ``unit.unknown``, 422 ``as_of.future``."""
    at = instant_of(work, as_of)
    here = Unit.path.startswith(await path_of(work, unit), autoescape=True) if unit else Unit.id.is_not(None)
    return Flags(as_of=at, items=await _flags(work, at, here, ended=ended))


async def blocked(work: Work, *, unit: str | None, as_of: datetime | None) -> Blocked:
    """Return what stood in the way of which matters then. Raises as :func:`list_flags` does."""
    at = instant_of(work, as_of)
    state = state_then(at)
    query = select(Blocker.code, Blocker.since, Matter.number).join(Matter, Matter.id == Blocker.matter_id).join(state, true())
    query = query.where(visible(work.actor), state.state == "registered", Blocker.recorded_at <= at)
    query = query.where(or_(Blocker.ended_at.is_(None), Blocker.ended_at > at))
    if unit is not None:
        query = query.join(Unit, Unit.id == Matter.unit_id).where(Unit.path.startswith(await path_of(work, unit), autoescape=True))
    rows = (await work.session.execute(query.order_by(Matter.number))).all()
    counts = Counter(row.code for row in rows)
    today = local_day(at)
    items = [
        BlockedView(
            code=code, name=BLOCKER_NAMES[code], matters=count,
            longest_days=max((today - row.since).days for row in rows if row.code == code),
            numbers=[row.number for row in rows if row.code == code],
        )
        for code, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    ]  # fmt: skip
    return Blocked(as_of=at, items=items)


async def problems(work: Work, code: str, told: Told, as_of: datetime | None) -> VillageProblems:
    """Return everything of a unit of the reader's area; `told` is what reports know of its tickets.

    Raises 404 ``unit.unknown``, 403 ``unit.outside_scope``, 422 ``as_of.future``.
    """
    at, tree, scope = instant_of(work, as_of), await unit_tree(work.session), scope_of(work.actor)
    unit = tree.by_code.get(code)
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    if not scope.everything and not any(unit.path.startswith(prefix) for prefix in scope.prefixes):
        raise Forbidden("unit.outside_scope", "This unit lies outside of what you may see.")
    matters, _more = await list_matters(work, AskedMatters(unit=code, as_of=as_of), after=None, limit=LISTED_AT_MOST)
    heard = (
        select(func.count())
        .select_from(Activity)
        .join(Unit, Unit.id == Activity.unit_id)
        .where(Activity.kind == "opinion", Activity.recorded_at <= at, Unit.path.startswith(unit.path, autoescape=True))
        .where(or_(Activity.withdrawn_at.is_(None), Activity.withdrawn_at > at))
    )
    here = Unit.path.startswith(unit.path, autoescape=True)
    return VillageProblems(
        as_of=at, unit=UnitView(code=unit.code, name=unit.name), flags=await _flags(work, at, here, ended=True), tickets=told,
        opinions=await work.session.scalar(heard) or 0, matters=matters, states=await _states(work, unit, at),
    )  # fmt: skip


async def _states(work: Work, unit: UnitNode, at: datetime) -> dict[str, int]:
    """Return how many matters of a unit stood how, however many are listed."""
    state = state_then(at)
    query = select(state.state, func.count()).select_from(Matter).join(state, true()).join(Unit, Unit.id == Matter.unit_id)
    query = query.where(visible(work.actor), Matter.determined_at <= at, Unit.path.startswith(unit.path, autoescape=True))
    return {row[0]: row[1] for row in await work.session.execute(query.group_by(state.state).order_by(state.state))}


async def _flags(work: Work, at: datetime, which: ColumnElement[bool], *, ended: bool) -> list[FlagView]:
    tree, scope = await unit_tree(work.session), scope_of(work.actor)
    query = select(ProblemVillage).join(Unit, Unit.id == ProblemVillage.unit_id).where(which, ProblemVillage.recorded_at <= at)
    if not scope.everything:
        query = query.where(or_(*(Unit.path.startswith(prefix, autoescape=True) for prefix in scope.prefixes), Unit.id.in_(scope.unit_ids)))
    if not ended:
        query = query.where(or_(ProblemVillage.ended_at.is_(None), ProblemVillage.ended_at > at))
    found = []
    for row in await work.session.scalars(query.order_by(ProblemVillage.since, ProblemVillage.id)):
        over = row.ended_at is not None and row.ended_at <= at
        found.append(
            FlagView.model_validate(
                {
                    "id": row.id, "unit": unit_view(tree, row.unit_id), "level": row.level, "level_name": LEVEL_NAMES[row.level],
                    "since": row.since, "because": row.because, "until": row.until if over else None,
                    "ended_because": row.ended_because if over else None,
                }
            )
        )  # fmt: skip
    return found


def _require_over(work: Work, unit: UnitNode) -> None:
    if seat_over(work.actor, "village.flag", unit) is None:
        raise Forbidden("matter.outside_area", "This village lies outside of your area; let somebody of that area say it.")
