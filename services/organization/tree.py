"""The units as one immutable tree, for decisions that must not ask the database. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from uuid import UUID


@dataclass(frozen=True, slots=True)
class UnitNode:
    """A unit as rules see it. `staffed_roles` are the roles held there on the tree's day; a unit with none is blank.

    `origin_id` is the first of the units it follows one after the other; None of one that follows none. See :attr:`origin`.
    """

    id: UUID
    code: str
    kind: str
    tier: str
    name: str
    aliases: tuple[str, ...]
    parent_id: UUID | None
    path: str
    function: str | None
    lat: float | None
    lon: float | None
    active: bool
    staffed_roles: frozenset[str] = field(default=frozenset())
    origin_id: UUID | None = None

    @property
    def origin(self) -> UUID:
        """What a unit goes by under every number it ever gets: the id it had under its first."""
        return self.origin_id or self.id


@dataclass(frozen=True, slots=True)
class PostNode:
    """A post: somebody in a role in a unit, from `valid_from` until the day before `valid_to`."""

    id: UUID
    member_id: UUID
    unit_id: UUID
    role: str
    valid_from: date
    valid_to: date | None

    def holds(self, day: date) -> bool:
        """Tell whether the post is held on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class UnitTree:
    """All units of one jurisdiction and the posts in them, as they were on `day`. Units that have ended are found but are no children."""

    def __init__(self, units: Iterable[UnitNode], posts: Iterable[PostNode], day: date, root_code: str) -> None:
        self.day = day
        self.root_code = root_code
        self.by_id: Mapping[UUID, UnitNode] = {unit.id: unit for unit in units}
        self.by_code: Mapping[str, UnitNode] = {unit.code: unit for unit in self.by_id.values()}
        self._posts: dict[UUID, list[PostNode]] = {}
        for post in posts:
            self._posts.setdefault(post.unit_id, []).append(post)
        self._children: dict[UUID | None, list[UnitNode]] = {}
        for unit in sorted(self.by_id.values(), key=lambda unit: unit.code):
            if unit.active:
                self._children.setdefault(unit.parent_id, []).append(unit)

    @cached_property
    def root(self) -> UnitNode | None:
        """The unit of the jurisdiction itself; None before any units are loaded."""
        return self.by_code.get(self.root_code)

    def children(self, unit: UnitNode | UUID) -> Sequence[UnitNode]:
        """Return the active units directly below, by code."""
        return tuple(self._children.get(unit if isinstance(unit, UUID) else unit.id, ()))

    def ancestors(self, unit: UnitNode | UUID) -> list[UnitNode]:
        """Return the units above, nearest first, up to the top."""
        here = self.by_id.get(unit) if isinstance(unit, UUID) else unit
        found: list[UnitNode] = []
        while here is not None and here.parent_id is not None and len(found) <= len(self.by_id):
            here = self.by_id.get(here.parent_id)
            if here is not None:
                found.append(here)
        return found

    def under(self, unit: UnitNode) -> list[UnitNode]:
        """Return the active units below at any depth, by path."""
        inside = (other for other in self.by_id.values() if other.active and other.path.startswith(unit.path) and other.id != unit.id)
        return sorted(inside, key=lambda other: other.path)

    def active_posts(self, unit_id: UUID, day: date | None = None) -> tuple[PostNode, ...]:
        """Return the posts held in a unit on `day` (the tree's day where not given)."""
        return tuple(post for post in self._posts.get(unit_id, ()) if post.holds(day or self.day))

    def staffed(self, unit_id: UUID, roles: Collection[str] = (), day: date | None = None) -> bool:
        """Tell whether somebody holds a post in a unit on `day`, in one of `roles` where given. A unit that has ended is not staffed."""
        unit = self.by_id.get(unit_id)
        if unit is None or not unit.active:
            return False
        return any(not roles or post.role in roles for post in self.active_posts(unit_id, day))

    def with_function(self, function: str, path: str) -> UnitNode | None:
        """Return the department of a functional line that serves `path`: the nearest one upwards."""
        for area in (*reversed(_areas(path)), ""):
            for unit in self._functional.get(function, ()):
                if unit.path.rpartition("/")[0].rpartition("/")[0] + "/" == area:
                    return unit
        return None

    @cached_property
    def _functional(self) -> dict[str, list[UnitNode]]:
        found: dict[str, list[UnitNode]] = {}
        for unit in sorted(self.by_id.values(), key=lambda unit: unit.code):
            if unit.active and unit.function:
                found.setdefault(unit.function, []).append(unit)
        return found


def _areas(path: str) -> list[str]:
    """Return the prefixes of a path that are paths: ``/a/b/`` → ``/a/``, ``/a/b/``."""
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[: count + 1]) + "/" for count in range(len(parts))]


def origins(predecessors: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    """Return of each unit that follows another (unit → predecessor) the first of those before it.

    Of several that follow one (a unit that was split) the one that was there first goes on with it; any other begins anew. So an origin
    never changes afterwards.
    """
    heirs: dict[UUID, UUID] = {}
    for unit, before in predecessors.items():
        heirs[before] = min(heirs.get(before, unit), unit)
    found = {}
    for unit in predecessors:
        here = unit
        while (older := predecessors.get(here)) is not None and heirs[older] == here:
            here = older
        if here != unit:
            found[unit] = here
    return found


def heirs_of(predecessors: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    """Return the last of the units that follow each ended one alone. Nobody follows one that was split: there people decide."""
    following: dict[UUID, list[UUID]] = {}
    for unit, before in predecessors.items():
        following.setdefault(before, []).append(unit)
    alone = {before: units[0] for before, units in following.items() if len(units) == 1}
    found = {}
    for before, last in alone.items():
        newest = last
        while newest in alone:
            newest = alone[newest]
        found[before] = newest
    return found
