"""The county as the simulation sees it: the tree, the rules, the catalogue and the people, read once and never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from daguanjia.county import land
from daguanjia.county import population as p
from services.catalogue.policy import Catalogue, CategoryPolicy
from services.catalogue.queries import catalogue
from services.complaints.models import Channel
from services.deadlines.calendar import WorkCalendar
from services.deadlines.queries import clock_rules
from services.identity.models import Account
from services.organization.models import Member, Post, Unit
from services.organization.queries import read_unit_tree
from services.organization.tree import PostNode, UnitNode, UnitTree
from services.platform.actor import Actor, Seat
from services.reports.facts import Places
from services.tickets.case import Surroundings


@dataclass(frozen=True, slots=True)
class Spot:
    """A grid, the village and the township around it, and how many households live there. `kind`: in which of its seats somebody sits."""

    grid: UnitNode
    village: UnitNode
    township: UnitNode
    households: int
    kind: tuple[bool, bool]

    def units(self) -> tuple[UnitNode, UnitNode, UnitNode]:
        """Return the three units, the deepest first."""
        return self.grid, self.village, self.township


@dataclass(frozen=True)
class World:
    """Everything decisions need. `until` is where the simulation ends: nothing happens at or after it."""

    around: Surroundings
    policies: Catalogue
    channels: frozenset[str]
    staff: Mapping[UUID, Sequence[Actor]]
    until: datetime

    @property
    def tree(self) -> UnitTree:
        """The tree of units, with the made-up people alone in their seats."""
        return self.around.tree

    @cached_property
    def spots(self) -> tuple[Spot, ...]:
        """Every grid, by code."""
        homes = land.households_of(unit.code for unit in self.tree.by_id.values() if unit.tier == "grid")
        found = []
        for grid in sorted((unit for unit in self.tree.by_id.values() if unit.tier == "grid"), key=lambda unit: unit.code):
            village, township = self.tree.ancestors(grid)[:2]
            found.append(Spot(grid, village, township, homes[grid.code], (grid.id in self.staff, village.id in self.staff)))
        return tuple(found)

    @cached_property
    def same_kind(self) -> Mapping[tuple[bool, bool], tuple[int, ...]]:
        """The numbers of the spots of each kind: a matter goes the same way in all of a kind."""
        found: dict[tuple[bool, bool], list[int]] = {}
        for nth, spot in enumerate(self.spots):
            found.setdefault(spot.kind, []).append(nth)
        return {kind: tuple(numbers) for kind, numbers in found.items()}

    @cached_property
    def homes(self) -> tuple[int, ...]:
        """For each household the number of its spot."""
        return tuple(nth for nth, spot in enumerate(self.spots) for _ in range(spot.households))

    @cached_property
    def quality(self) -> Mapping[UUID, p.Quality]:
        """How good each township is at it."""
        return {unit.id: land.quality_of(unit.code) for unit in self.tree.by_id.values() if unit.kind == "township"}

    @cached_property
    def places(self) -> Places:
        """The tiers of units, as reports know them."""
        return Places.of_units(self.tree.by_id.values())

    @cached_property
    def leaves(self) -> tuple[CategoryPolicy, ...]:
        """The categories a matter can have."""
        return tuple(self.policies.leaves())

    @cached_property
    def root(self) -> UnitNode:
        """The county itself."""
        found = self.tree.root
        assert found is not None
        return found

    @cached_property
    def hotline(self) -> Sequence[Actor]:
        """The operators."""
        return next(found for found in self.staff.values() if found[0].has_role("hotline_operator"))

    @cached_property
    def calendar(self) -> WorkCalendar:
        """The ordinary calendar, for who is at work when."""
        calendars = self.around.rules.calendars.at(self.until)
        return calendars.calendar(calendars.code_for(self.root.path))


async def read_world(session: AsyncSession, until: datetime, day: date) -> World:
    """Return the county as it stands in the database; only people of the simulation sit anywhere."""
    found = await read_unit_tree(session)
    ours = list(await session.execute(_staff()))
    posts = [PostNode(row.post_id, row.member_id, row.unit_id, row.role, row.valid_from, None) for row in ours]
    tree = UnitTree(found.by_id.values(), posts, day, found.root_code)
    staff: dict[UUID, list[Actor]] = {}
    for row in ours:
        unit = tree.by_id[row.unit_id]
        seat = Seat(row.role, unit.id, unit.code, unit.path, unit.tier, unit.kind, unit.function)
        staff.setdefault(unit.id, []).append(Actor("member", row.account_id, row.member_id, row.name, (seat,)))
    around = Surroundings(tree, await clock_rules(session))
    channels = frozenset(await session.scalars(select(Channel.code)))
    return World(around, await catalogue(session), channels, staff, until)


def _staff() -> Any:
    return (
        select(
            Post.id.label("post_id"), Post.member_id, Post.unit_id, Post.role, Post.valid_from, Account.id.label("account_id"), Member.name
        )
        .join(Member, Member.id == Post.member_id)
        .join(Account, Account.member_id == Member.id)
        .join(Unit, Unit.id == Post.unit_id)
        .where(Account.login.startswith("demo-"), Post.role != "analyst")
        .order_by(Account.login)
    )
