"""Loading units from a file: all of it or nothing, and the same file twice changes nothing the second time."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, insert, or_, select

from services.journal.noting import note
from services.organization.models import Member, Post, Unit
from services.organization.parsing import UnitDefinition, grids_below, parse_units
from services.platform.clock import local_day
from services.platform.csv_files import LineError
from services.platform.errors import Fault, Invalid
from services.platform.ids import new_id
from services.platform.settings import settings
from services.platform.unit_of_work import Work

ORGANIZATION = uuid5(UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8"), "urn:daguanjia:organization")
"""The journal's subject for loads: the organisation as a whole."""

_GIVEN = ("function", "lat", "lon", "population", "households", "duty_phone")
"""Columns that a file need not have; an empty cell leaves what is known."""


@dataclass
class LoadReport:
    """What a load did: units added, changed (moved ones included), renumbered, and left as they were."""

    added: int = 0
    changed: int = 0
    renumbered: int = 0
    unchanged: int = 0

    @property
    def changes(self) -> int:
        """How many units are different from before."""
        return self.added + self.changed + self.renumbered


def file_wrong(errors: Iterable[LineError]) -> Invalid:
    """Return the problem of a file with mistakes: every one by its line; nothing was loaded."""
    faults = [Fault(f"line {error.line}" + (f", column {error.column}" if error.column else ""), error.message) for error in errors]
    return Invalid("file.wrong", f"The file has {len(faults)} mistake(s); nothing was loaded.", errors=faults)


async def load_unit_file(work: Work, text: str, grids: int = 0) -> LoadReport:
    """Load the units of a file, with `grids` grids below each of its inhabited villages and communities.

    Raises ``file.wrong`` with every mistake; then nothing is loaded.
    """
    known = {row.code: row.kind for row in await work.session.execute(select(Unit.code, Unit.kind))}
    parsed = parse_units(text, known)
    if parsed.errors:
        raise file_wrong(parsed.errors)
    definitions = list(parsed.units)
    if grids:
        inhabited = [unit for unit in parsed.units if unit.kind in ("village", "community") and not unit.virtual]
        definitions += [grid for village in inhabited for grid in grids_below(village, grids)]
    return await load_units(work, definitions)


async def load_units(work: Work, definitions: Sequence[UnitDefinition]) -> LoadReport:
    """Bring the units to what `definitions` say (parents before children). Units that are not mentioned stay.

    A unit with a predecessor takes over its children and posts; the predecessor ends today. Derived definitions (line 0) only add.
    """
    await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(ORGANIZATION.bytes[8:], "big", signed=True))))
    units = {unit.code: unit for unit in await work.session.scalars(select(Unit))}
    load = _Load(work, units)
    load.check(definitions)
    for definition in definitions:
        load.take(definition)
    if load.errors:
        raise file_wrong(load.errors)
    if load.fresh:
        await work.session.execute(insert(Unit), load.fresh)
    await work.session.flush()
    await _hand_over_posts(work, load.successors)
    if load.report.changes:
        await note(work, "organization", ORGANIZATION, "organization.loaded", asdict(load.report))
    if load.successors or load.moved:
        await note(work, "organization", ORGANIZATION, "organization.renumbered", {"units": len(load.successors), "moved": load.moved})
    return load.report


@dataclass
class _Place:
    """Where a unit lies: what its children need to know of it."""

    id: UUID
    path: str


@dataclass
class _Load:
    """One load under way. `fresh` rows are inserted at its end; rows in `units` are changed in place."""

    work: Work
    units: dict[str, Unit]
    report: LoadReport = field(default_factory=LoadReport)
    errors: list[LineError] = field(default_factory=list)
    fresh: list[dict[str, Any]] = field(default_factory=list)
    places: dict[str, _Place] = field(default_factory=dict)
    successors: dict[UUID, UUID] = field(default_factory=dict)
    moved: int = 0

    @property
    def today(self) -> date:
        return local_day(self.work.now)

    def check(self, definitions: Sequence[UnitDefinition]) -> None:
        """Note what a file alone cannot know to be wrong."""
        codes = {definition.code for definition in definitions}
        for definition in definitions:
            if definition.parent_code is None and definition.code != settings().jurisdiction:
                told = f"this installation serves {settings().jurisdiction} (DAGUANJIA_JURISDICTION); only that unit has no parent"
                self.errors.append(LineError(definition.line, "parent_code", told))
            if definition.predecessor_code is None:
                continue
            if definition.predecessor_code in codes:
                self.errors.append(LineError(definition.line, "predecessor_code", f"{definition.predecessor_code} is itself in this file"))
            elif definition.predecessor_code not in self.units:
                self.errors.append(LineError(definition.line, "predecessor_code", f"{definition.predecessor_code} is not known"))

    def take(self, definition: UnitDefinition) -> None:
        """Add or change one unit."""
        parent = self._place(definition.parent_code) if definition.parent_code else None
        if definition.parent_code and parent is None:
            self.errors.append(LineError(definition.line, "parent_code", f"{definition.parent_code} is not known"))
            return
        path = f"{parent.path if parent else '/'}{definition.code}/"
        existing = self.units.get(definition.code)
        if existing is None:
            self._add(definition, parent, path)
        elif definition.line and parent is not None and parent.path.startswith(existing.path):
            self.errors.append(LineError(definition.line, "parent_code", f"{definition.parent_code} lies below {definition.code}"))
        elif definition.line:
            self._change(existing, definition, parent, path)
        else:
            self.report.unchanged += 1

    def _place(self, code: str) -> _Place | None:
        if code in self.places:
            return self.places[code]
        unit = self.units.get(code)
        return _Place(unit.id, unit.path) if unit else None

    def _add(self, definition: UnitDefinition, parent: _Place | None, path: str) -> None:
        row = {
            "id": new_id(),
            "code": definition.code,
            "kind": definition.kind,
            "tier": definition.tier,
            "name": definition.name,
            "aliases": list(definition.aliases),
            "parent_id": parent.id if parent else None,
            "path": path,
            **{column: getattr(definition, column) for column in _GIVEN},
            "valid_from": self.today,
            "valid_to": None,
            "predecessor_id": None,
            "version": 1,
            "created_at": self.work.now,
            "updated_at": self.work.now,
        }
        self.places[definition.code] = _Place(row["id"], path)
        self.fresh.append(row)
        if definition.predecessor_code and definition.predecessor_code in self.units:
            self._succeed(row, self.units[definition.predecessor_code])
            self.report.renumbered += 1
        else:
            self.report.added += 1

    def _succeed(self, row: dict[str, Any], old: Unit) -> None:
        """Let a new unit take the place of an old one: its children move, what only the old one knew is kept, and it ends today."""
        row["predecessor_id"] = old.id
        row["aliases"] = list(dict.fromkeys([*row["aliases"], *old.aliases]))
        for column in _GIVEN:
            row[column] = getattr(old, column) if row[column] is None else row[column]
        self.successors[old.id] = row["id"]
        if old.valid_to is None:
            old.valid_to = self.today
            self._touch(old)
        for child in self.units.values():
            if child.parent_id == old.id:
                child.parent_id = row["id"]
                self._move(child, f"{row['path']}{child.code}/")

    def _change(self, unit: Unit, definition: UnitDefinition, parent: _Place | None, path: str) -> None:
        wanted: dict[str, Any] = {
            "kind": definition.kind,
            "tier": definition.tier,
            "name": definition.name,
            "aliases": list(dict.fromkeys(alias for alias in (*unit.aliases, *definition.aliases) if alias != definition.name)),
            "parent_id": parent.id if parent else None,
            "valid_to": None,
        }
        wanted |= {column: value for column in _GIVEN if (value := getattr(definition, column)) is not None}
        if definition.predecessor_code and definition.predecessor_code in self.units:
            wanted["predecessor_id"] = self.units[definition.predecessor_code].id
        different = {column: value for column, value in wanted.items() if getattr(unit, column) != value}
        if "predecessor_id" in different:
            self.errors.append(LineError(definition.line, "predecessor_code", f"{definition.code} exists already with another predecessor"))
            return
        if not different and unit.path == path:
            self.report.unchanged += 1
            return
        for column, value in different.items():
            setattr(unit, column, value)
        self.report.changed += 1
        if unit.path != path:
            self._move(unit, path)
        else:
            self._touch(unit)

    def _move(self, unit: Unit, path: str) -> None:
        """Give a unit and everything below it their new paths."""
        self.moved += 1
        old = unit.path
        for other in self.units.values():
            if other.path.startswith(old):
                other.path = path + other.path.removeprefix(old)
                self._touch(other)
        for place in self.places.values():
            if place.path.startswith(old):
                place.path = path + place.path.removeprefix(old)
        for row in self.fresh:
            if row["path"].startswith(old):
                row["path"] = path + row["path"].removeprefix(old)

    def _touch(self, unit: Unit) -> None:
        unit.version += 1
        unit.updated_at = self.work.now


async def _hand_over_posts(work: Work, successors: dict[UUID, UUID]) -> None:
    """End the posts in renumbered units today and give them to the same people in the units that follow."""
    if not successors:
        return
    today = local_day(work.now)
    held = select(Post).where(Post.unit_id.in_(successors), or_(Post.valid_to.is_(None), Post.valid_to > today))
    for post in list(await work.session.scalars(held)):
        starts = max(today, post.valid_from)
        work.session.add(
            Post(
                id=new_id(),
                member_id=post.member_id,
                unit_id=successors[post.unit_id],
                role=post.role,
                valid_from=starts,
                valid_to=post.valid_to,
                created_at=work.now,
            )
        )
        post.valid_to = starts
        member = await work.session.get_one(Member, post.member_id)
        member.version += 1
        member.updated_at = work.now
    await work.session.flush()
