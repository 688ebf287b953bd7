"""活动: a county's programme with a name, days and units, so that 活动开展以来 is a period and nobody's memory (B4).

A programme is no fact of its own: its figures are those of the ledger, in its units, from its first day on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.activities.models import Programme
from services.identity.permissions import require, scope_of
from services.journal.noting import note
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.text import Code, ShortTextOfNobody, WordsOfNobody
from services.platform.unit_of_work import Work

SUBJECT = "programme"
PairingKind = Literal["leader_township", "secretary_village", "member_household", "unit_village"]
_UNITS_AT_MOST = 50
_PROGRAMME: dict[str, Any] = {
    "code": "sanjin-sanfu", "name": "三进三服务", "starts_on": "2013-06-01", "ends_on": None, "units": ["441624"],
    "pairings": ["leader_township", "secretary_village", "member_household"], "because": "全县开展“三进三服务”主题实践活动。",
}  # fmt: skip


class StartProgramme(BaseModel):
    """Write a programme down. `units` take part with all below them; none lies in another."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_PROGRAMME]})

    code: Code
    name: ShortTextOfNobody
    starts_on: date
    ends_on: date | None = None
    units: Annotated[list[Code], Field(min_length=1, max_length=_UNITS_AT_MOST)]
    pairings: Annotated[list[PairingKind], Field(max_length=4, description="Which kinds of pairing belong to it.")] = []
    because: WordsOfNobody

    @model_validator(mode="after")
    def _in_order(self) -> "StartProgramme":
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise ValueError("ends_on must not be before starts_on")
        return self


class EndProgramme(BaseModel):
    """Say on which day a programme ends, the last that belongs to it. Said again, the later word counts."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"ends_on": "2014-12-31", "because": "活动总结。"}]})

    ends_on: date
    because: WordsOfNobody


class ProgrammeView(BaseModel):
    """A programme, as it was known at an instant."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_PROGRAMME, "recorded_at": "2013-06-01T00:00:00Z"}]})

    code: str
    name: str
    starts_on: date
    ends_on: date | None
    units: list[str]
    pairings: list[str]
    because: str
    recorded_at: datetime


class Programmes(BaseModel):
    """Every programme, the newest first."""

    as_of: datetime
    items: list[ProgrammeView]


@dataclass(frozen=True)
class Reach:
    """Which days and which areas belong to a programme. `paths`: what the area's paths begin with, its units' later numbers too."""

    first: date
    last: date | None
    paths: tuple[str, ...]


async def start_programme(work: Work, command: StartProgramme) -> tuple[ProgrammeView, bool]:
    """Write a programme down; return it and whether it was there before, said alike.

    Raises 404 ``unit.unknown``, 403 ``unit.outside_scope``, 422 ``programme.units_overlap``, 409 ``programme.code_taken``.
    """
    require(work.actor, "programme.change")
    row = {
        "id": new_id(), **command.model_dump(exclude={"units"}), "unit_ids": await _units(work, command.units), "recorded_at": work.now,
        "recorded_by_account_id": work.actor.account_id, "follows_id": None,
    }  # fmt: skip
    if not await _written(work.session, row):
        there = await programme_known(work.session, command.code, work.now)
        if await _said(work, there) != command:
            raise Conflict("programme.code_taken", "Another programme has this code; see GET /v1/programmes.")
        return (await _views(work, [there]))[0], True
    data = {"code": command.code, "starts_on": str(command.starts_on), "ends_on": str(command.ends_on or "")}
    await note(work, SUBJECT, row["id"], "programme.started", data)
    return (await _views(work, [await programme_known(work.session, command.code, work.now)]))[0], False


async def end_programme(work: Work, code: str, command: EndProgramme) -> ProgrammeView:
    """Say when a programme ends. What was said before stays as a row of its own.

    Raises 404 ``programme.unknown``, 403 ``unit.outside_scope``, 422 ``programme.ends_before_start``.
    """
    require(work.actor, "programme.change")
    first_id = await _first_id(work.session, code)
    await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(first_id.bytes[8:], "big", signed=True))))
    there = await programme_known(work.session, code, work.now)
    scope, tree = scope_of(work.actor), await unit_tree(work.session)
    if not scope.everything and not all(tree.by_id[one].path.startswith(scope.prefixes) for one in there.unit_ids):
        raise Forbidden("unit.outside_scope", "Your posts do not reach all of its units.")
    if command.ends_on < there.starts_on:
        fault = Fault("/ends_on", f"must not be before {there.starts_on}")
        raise Invalid("programme.ends_before_start", "A programme ends on its first day or later.", errors=[fault])
    if there.ends_on != command.ends_on:
        same = ("code", "name", "starts_on", "unit_ids", "pairings")
        row = {
            "id": new_id(), **{name: getattr(there, name) for name in same}, "ends_on": command.ends_on, "because": command.because,
            "recorded_at": work.now, "recorded_by_account_id": work.actor.account_id, "follows_id": there.id,
        }  # fmt: skip
        await work.session.execute(insert(Programme).values(row))
        await note(work, SUBJECT, first_id, "programme.ended", {"code": code, "ends_on": str(command.ends_on)})
    return (await _views(work, [await programme_known(work.session, code, work.now)]))[0]


async def list_programmes(work: Work, at: datetime) -> list[ProgrammeView]:
    """Return every programme as it was known at an instant, the newest first."""
    query = select(Programme).where(Programme.recorded_at <= at).order_by(Programme.recorded_at, Programme.id)
    found = {one.code: one for one in await work.session.scalars(query)}.values()
    return await _views(work, sorted(found, key=lambda one: (one.starts_on, one.code), reverse=True))


async def programme_known(session: AsyncSession, code: str, at: datetime) -> Programme:
    """Return a programme as it was known at an instant; raise NotFound ``programme.unknown``."""
    query = select(Programme).where(Programme.code == code, Programme.recorded_at <= at)
    found = await session.scalar(query.order_by(Programme.recorded_at.desc(), Programme.id.desc()).limit(1))
    if found is None:
        raise _unknown()
    return found


async def reach_of(session: AsyncSession, code: str, at: datetime) -> Reach:
    """Return which days and areas a programme has, as known at an instant; raise NotFound ``programme.unknown``."""
    there = await programme_known(session, code, at)
    taking = select(Unit.id, Unit.path).where(Unit.id.in_(there.unit_ids)).cte("taking", recursive=True)
    later = select(Unit.id, Unit.path).join(taking, Unit.predecessor_id == taking.c.id)
    paths = await session.scalars(select(taking.union(later).c.path))
    return Reach(there.starts_on, there.ends_on, tuple(sorted(paths)))


def _unknown() -> NotFound:
    return NotFound("programme.unknown", "There is no programme with this code; see GET /v1/programmes.")


async def _units(work: Work, codes: Sequence[str]) -> list[UUID]:
    tree = await unit_tree(work.session)
    unknown = [place for place, code in enumerate(codes) if code not in tree.by_code]
    if unknown:
        faults = [Fault(f"/units/{place}", "is no unit") for place in unknown]
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.", errors=faults)
    units = [tree.by_code[code] for code in codes]
    scope = scope_of(work.actor)
    if not scope.everything and not all(unit.path.startswith(scope.prefixes) for unit in units):
        raise Forbidden("unit.outside_scope", "Your posts do not reach all of these units.")
    for place, unit in enumerate(units):
        if any(other.path.startswith(unit.path) or unit.path.startswith(other.path) for other in units[:place]):
            fault = Fault(f"/units/{place}", "lies in another of them, or is one")
            raise Invalid("programme.units_overlap", "Name each area once: what lies in a unit takes part with it.", errors=[fault])
    return sorted(unit.id for unit in units)


async def _written(session: AsyncSession, row: dict[str, Any]) -> bool:
    """Write the first row of a programme; tell whether its code was free."""
    return await session.scalar(insert(Programme).values(row).on_conflict_do_nothing().returning(Programme.id)) is not None


async def _first_id(session: AsyncSession, code: str) -> UUID:
    found = await session.scalar(select(Programme.id).where(Programme.code == code, Programme.follows_id.is_(None)))
    if found is None:
        raise _unknown()
    return found


async def _said(work: Work, row: Programme) -> StartProgramme | None:
    """Return the command that would write this row; None where it was changed since."""
    if row.follows_id is not None:
        return None
    codes = (await _views(work, [row]))[0].units
    names = ("code", "name", "starts_on", "ends_on", "pairings", "because")
    return StartProgramme(units=codes, **{name: getattr(row, name) for name in names})


async def _views(work: Work, rows: Sequence[Programme]) -> list[ProgrammeView]:
    tree = await unit_tree(work.session)
    same = ("code", "name", "starts_on", "ends_on", "pairings", "because", "recorded_at")
    return [
        ProgrammeView(**{name: getattr(row, name) for name in same}, units=sorted(tree.by_id[one].code for one in row.unit_ids))
        for row in rows
    ]
