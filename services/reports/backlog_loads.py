"""What units hold, as it is told: per post and person, with the medians to compare with, most first."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from uuid import UUID

from sqlalchemy import select

from services.organization.models import Unit
from services.organization.tree import PostNode, UnitTree
from services.platform.bulk import one_of
from services.platform.rounding import decimal_text, percent_text
from services.platform.unit_of_work import Work
from services.reports.backlog_known import Held
from services.reports.coverage_metrics import median_text
from services.reports.figures import named
from services.reports.views import PostLoad, UnitLoad

LoadPlace = tuple[int, str]
"""Where a page ended: the open tickets of its last unit, and what stands for that unit."""


@dataclass(slots=True)
class _Load:
    """What one unit holds. `key` is its code; of one we do not know its id, and nothing where nobody holds the tickets."""

    unit_id: UUID | None
    key: str
    known: bool
    posts: tuple[PostNode, ...]
    open: int = 0
    late: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    members: dict[UUID | None, int] = field(default_factory=dict)

    def take(self, held: Held) -> None:
        """Add what one person in it holds."""
        count = held.open
        self.open += count
        self.late += held.late
        self.members[held.member] = self.members.get(held.member, 0) + count
        for status, number in held.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + number

    @property
    def place(self) -> LoadPlace:
        """Where it stands in the order."""
        return -self.open, self.key


@dataclass(frozen=True, slots=True)
class Loads:
    """What all units hold, most first."""

    of_units: list[_Load]
    tree: UnitTree

    @classmethod
    def of(cls, found: Iterable[Held], tree: UnitTree) -> "Loads":
        """Return the loads of the units that hold any."""
        loads: dict[UUID | None, _Load] = {}
        for held in found:
            load = loads.get(held.holder)
            if load is None:
                load = loads[held.holder] = _empty(held.holder, tree)
            load.take(held)
        return cls(sorted(loads.values(), key=lambda load: load.place), tree)

    @property
    def total(self) -> int:
        """How many open tickets there are."""
        return sum(load.open for load in self.of_units)

    @property
    def median_per_post(self) -> str | None:
        """The median of open tickets per post over the units that are known and have any post."""
        return _median([(load.open, len(load.posts)) for load in self.of_units if load.known and load.posts])

    @property
    def median_per_member(self) -> str | None:
        """The median of open tickets over the people of the units that are known."""
        return _median([(count, 1) for load in self.of_units if load.known for member, count in load.members.items() if member])


def ranked(loads: Loads, after: LoadPlace | None, limit: int | None) -> tuple[list[_Load], LoadPlace | None]:
    """Return the page of units after a place, and where the next goes on; all of the rest where there is no limit."""
    found = loads.of_units
    start = 0 if after is None else bisect_right(found, (-after[0], after[1]), key=lambda load: load.place)
    end = len(found) if limit is None else start + limit
    page = found[start:end]
    return page, (page[-1].open, page[-1].key) if page and end < len(found) else None


async def unit_loads(work: Work, loads: Loads, page: Sequence[_Load]) -> list[UnitLoad]:
    """Return the loads of a page as they are told."""
    ids = [load.unit_id for load in page if load.unit_id is not None]
    query = select(Unit.id, Unit.population).where(one_of(Unit.id, ids), Unit.population > 0)
    people = {row.id: row.population for row in await work.session.execute(query)}
    return [_unit_load(loads.tree, load, people.get(load.unit_id)) for load in page]


def _empty(unit_id: UUID | None, tree: UnitTree) -> _Load:
    if unit_id is None:
        return _Load(None, "", known=False, posts=())
    unit, posts = tree.by_id.get(unit_id), tree.active_posts(unit_id)
    members: dict[UUID | None, int] = {post.member_id: 0 for post in posts}
    return _Load(unit_id, unit.code if unit else str(unit_id), known=unit is not None, posts=posts, members=members)


def _unit_load(tree: UnitTree, load: _Load, people: int | None) -> UnitLoad:
    ordered = sorted(load.members.items(), key=lambda item: (-item[1], str(item[0])))
    posts = len(load.posts)
    return UnitLoad(
        unit=named(tree.by_id.get(load.unit_id)) if load.unit_id else None,
        open=load.open,
        overdue=load.late,
        statuses=dict(sorted(load.statuses.items())),
        posts=posts,
        per_post=percent_text(load.open, 100 * posts),
        population=people,
        open_per_1000=decimal_text(1000 * load.open, people, 2) if people else None,
        members=[_post_load(member_id, count, load.posts) for member_id, count in ordered],
    )


def _post_load(member_id: UUID | None, count: int, posts: Sequence[PostNode]) -> PostLoad:
    roles = sorted({post.role for post in posts if post.member_id == member_id})
    return PostLoad(member_id=str(member_id) if member_id else None, roles=roles, open=count)


def _median(values: list[tuple[int, int]]) -> str | None:
    """Return the median of (tickets, posts), as a quotient. Small whole numbers: no two quotients round to one float."""
    ordered, half = sorted(values, key=lambda pair: pair[0] / pair[1]), len(values) // 2
    middle = ordered[half : half + 1] if len(ordered) % 2 else ordered[max(half - 1, 0) : half + 1]
    return median_text([Fraction(*pair) for pair in middle])
