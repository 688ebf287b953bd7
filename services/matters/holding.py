"""Holding a matter while something is done to it: who may know of it, who may do what, and what is written down of each change."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, or_, select, true
from sqlalchemy.orm import aliased

from services.households.references import VILLAGES
from services.identity.permissions import GRID, may, scope_of
from services.journal.noting import note
from services.matters.models import Matter, MatterFollower, MatterState, MatterSupervisor
from services.matters.standing import People, Relation, relations_of, require_standing
from services.matters.work_models import MatterTask
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.actor import Actor
from services.platform.clock import local_day
from services.platform.errors import Fault, Invalid, NotFound, PreconditionFailed
from services.platform.unit_of_work import Work

SUBJECT = "matter"


@dataclass(frozen=True, slots=True)
class Held:
    """A matter nobody else changes meanwhile, and how the actor stands to it."""

    matter: Matter
    tree: UnitTree
    today: date
    relations: frozenset[Relation]

    @property
    def unit(self) -> UnitNode:
        """Where it is."""
        return self.tree.by_id[self.matter.unit_id]


def visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition, over matters, that `actor` may know of one: by its place, by a seat that leads or helps, or by name."""
    if not may(actor, "matter.read"):
        return false()
    scope = scope_of(actor)
    if scope.everything:
        return true()
    place = aliased(Unit)  # whoever asks may look for units of their own
    here = [place.path.startswith(prefix, autoescape=True) for prefix in scope.prefixes]
    grids = [seat.path for seat in actor.seats if seat.role in GRID and seat.within is None]  # they know the matters of their village
    here += [and_(place.kind.in_(VILLAGES), func.starts_with(literal(path), place.path)) for path in grids]
    found: list[ColumnElement[bool]] = [exists(select(place.id).where(place.id == Matter.unit_id, or_(*here)))] if here else []
    if scope.unit_ids:
        helps = select(MatterTask.id).where(MatterTask.matter_id == Matter.id, MatterTask.unit_id.in_(scope.unit_ids))
        found += [Matter.lead_unit_id.in_(scope.unit_ids), exists(helps)]
    if actor.member_id is not None and actor.lent is None:
        names = [actor.member_id, *(seat.acting.member_id for seat in actor.seats if seat.acting is not None)]
        for row in (MatterSupervisor, MatterFollower):
            mine = select(row.id).where(row.matter_id == Matter.id, row.member_id.in_(names), row.until.is_(None))
            found.append(exists(mine))
    return or_(false(), *found)


def unknown() -> NotFound:
    """Return the same problem for no matter and for one that is none of the reader's."""
    return NotFound("matter.unknown", "There is no matter with this id, or none that you may know of; see GET /v1/matters.")


async def hold(work: Work, matter_id: UUID, action: str, expected_version: int | None) -> Held:
    """Lock a matter for `action`.

    Raises 404 ``matter.unknown``, 412 ``version.changed``, 403 ``matter.not_yours``, 409 ``matter.not_in_state``.
    """
    query = select(Matter).where(Matter.id == matter_id, visible(work.actor)).with_for_update(of=Matter)
    matter = await work.session.scalar(query.execution_options(populate_existing=True))
    if matter is None:
        raise unknown()
    if expected_version is not None and expected_version != matter.version:
        raise PreconditionFailed("version.changed", "Somebody changed this matter meanwhile; read it again.")
    tree = await unit_tree(work.session)
    relations = relations_of(work.actor, await people_of(work, tree, matter))
    require_standing(action, matter.state, relations)
    return Held(matter, tree, local_day(work.now), relations)


async def people_of(work: Work, tree: UnitTree, matter: Matter) -> People:
    """Return who has to do with a matter now."""
    tasks = await work.session.scalars(select(MatterTask.unit_id).where(MatterTask.matter_id == matter.id).distinct())
    named = select(MatterSupervisor.member_id, MatterSupervisor.unit_id).where(
        MatterSupervisor.matter_id == matter.id, MatterSupervisor.until.is_(None)
    )
    supervisors = [(row.member_id, row.unit_id) for row in await work.session.execute(named)]
    followers = select(MatterFollower.member_id).where(MatterFollower.matter_id == matter.id, MatterFollower.until.is_(None))
    return People(
        place=tree.by_id[matter.unit_id].path,
        lead=tree.by_id[matter.lead_unit_id].path if matter.lead_unit_id else None,
        helpers=tuple(tree.by_id[one].path for one in tasks),
        supervisors=frozenset(member for member, _unit in supervisors),
        followers=frozenset(await work.session.scalars(followers)),
        supervise_from=frozenset(supervisors),
    )


async def changed(work: Work, held: Held, type: str, data: dict[str, Any]) -> None:  # noqa: A002  the column's name
    """Write down that a matter changed: its version, what it is from now on, and the event. `data` holds ids, codes and words of ours."""
    held.matter.version += 1
    await work.session.flush()
    keep_state(work, held.matter)
    await work.session.flush()
    await note(work, SUBJECT, held.matter.id, type, data)


def keep_state(work: Work, matter: Matter) -> None:
    """Keep what of a matter can change, as it is from this version on."""
    work.session.add(
        MatterState(
            matter_id=matter.id, version=matter.version, known_at=work.now, state=matter.state, number=matter.number,
            tension=matter.tension, lead_unit_id=matter.lead_unit_id, round=matter.round,
        )
    )  # fmt: skip


def require_past(day: date, today: date, pointer: str) -> None:
    """Raise Invalid ``matter.day_ahead`` for a day to come."""
    if day > today:
        raise Invalid("matter.day_ahead", "Say it when the day has come.", errors=[Fault(pointer, "must not be in the future")])


def unit_of(tree: UnitTree, code: str, pointer: str) -> UnitNode:
    """Return an active unit; raise 404 ``unit.unknown``."""
    unit = tree.by_code.get(code)
    if unit is None or not unit.active:
        raise NotFound("unit.unknown", f"There is no unit with this code at {pointer}; see GET /v1/units.")
    return unit


def who(work: Work) -> dict[str, Any]:
    """Return who records something, and when, as every row says it."""
    return {"recorded_at": work.now, "recorded_by_account_id": work.actor.account_id}
