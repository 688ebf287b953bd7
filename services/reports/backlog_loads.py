"""What units hold, as it is told: per post and person, with the medians to compare with, most first.

A county has thousands of units that hold something. Only those of a page are made into what is told; all others are numbers.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, repeat
from typing import NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import select

from services.organization.models import Unit
from services.organization.tree import PostNode, UnitTree
from services.platform.bulk import one_of
from services.platform.rounding import decimal_text, percent_text
from services.platform.unit_of_work import Work
from services.reports.backlog_known import Held, Holdings, UnitKey
from services.reports.backlog_models import NOBODY
from services.reports.coverage_metrics import median_text
from services.reports.figures import named
from services.reports.views import PostLoad, UnitLoad
from services.tickets.lifecycle import OPEN

LoadPlace = tuple[int, str]
"""Where a page ended: the count of its last unit, and what stands for that unit."""
Ranked = tuple[int, str, UUID]
"""A unit's count, what stands for the unit, and its id."""
_NOBODY = NOBODY.bytes


def most(
    counts: Mapping[UnitKey, int], key: Callable[[UUID], str], after: LoadPlace | None, limit: int
) -> tuple[list[Ranked], LoadPlace | None]:
    """Return up to `limit` of the highest counts after a place, equal ones in order of `key`, and where the next go on.

    Only those that may be among them are asked for their key.
    """
    last = max(counts.values(), default=0) if after is None else after[0]
    amounts = sorted((count for count in counts.values() if count <= last), reverse=True)
    level = amounts.count(last) if after else 0
    least = amounts[min(level + limit, len(amounts) - 1)] if amounts else 0
    ids = ((count, UUID(bytes=packed)) for packed, count in counts.items() if least <= count <= last)
    near = sorted((-count, key(unit_id), unit_id) for count, unit_id in ids)
    if after is not None:
        near = [entry for entry in near if entry[:2] > (-after[0], after[1])]
    page = [(-fewer, code, unit_id) for fewer, code, unit_id in near[:limit]]
    return page, page[-1][:2] if page and len(near) > limit else None


def key_in(tree: UnitTree) -> Callable[[UUID], str]:
    """Return what stands for a unit: its code; its id, where it is not known; nothing for nobody."""

    def key(unit_id: UUID) -> str:
        unit = tree.by_id.get(unit_id)
        return unit.code if unit else "" if unit_id == NOBODY else str(unit_id)

    return key


@dataclass(frozen=True, slots=True)
class Loads:
    """What all units hold: how many open tickets each, and what each person in it."""

    of_units: Mapping[UnitKey, int]
    holdings: Holdings
    tree: UnitTree

    @classmethod
    def of(cls, found: Holdings, tree: UnitTree) -> "Loads":
        """Return the loads of the units that hold any."""
        units: dict[UnitKey, int] = {}
        for holder, count in zip(found.holders, found.counts, strict=True):
            units[holder] = units.get(holder, 0) + count
        return cls(units, found, tree)

    @property
    def total(self) -> int:
        """How many open tickets there are."""
        return sum(self.of_units.values())

    def median_per_post(self) -> str | None:
        """Return the median of open tickets per post over the units that are known and have any."""
        seats = _seats_of(self.tree)
        quotients: Counter[Fraction] = Counter()
        for (count, posts), times in Counter(zip(self.of_units.values(), map(seats.posts.get, self.of_units), strict=True)).items():
            if posts:
                quotients[Fraction(count, posts)] += times
        return _median(quotients)

    def median_per_member(self) -> str | None:
        """Return the median of open tickets over the people of units that are known: whoever holds any, or a post there."""
        seats = _seats_of(self.tree)
        working, idle = [], sum(map(seats.sitting.get, self.of_units, repeat(0)))
        for holder, member, count in zip(*self.holdings, strict=True):
            if member != _NOBODY and holder in seats.people:
                working.append(count)
                idle -= member in seats.people[holder]
        return _median(Counter(working) + Counter({0: idle}))

    def page(self, after: LoadPlace | None, limit: int | None) -> tuple[list[Ranked], LoadPlace | None]:
        """Return the units after a place, most first, and where the next go on; all of the rest where there is no limit."""
        return most(self.of_units, key_in(self.tree), after, limit or len(self.of_units))


async def unit_loads(work: Work, tree: UnitTree, page: Sequence[Ranked], found: Iterable[Held]) -> list[UnitLoad]:
    """Return the units of a page as they are told, of what their people hold."""
    by_unit: dict[UUID, list[Held]] = {}
    for held in found:
        by_unit.setdefault(held.holder, []).append(held)
    query = select(Unit.id, Unit.population).where(one_of(Unit.id, [unit_id for _count, _key, unit_id in page]), Unit.population > 0)
    people = {row.id: row.population for row in await work.session.execute(query)}
    return [_unit_load(tree, unit_id, by_unit[unit_id], people.get(unit_id)) for _count, _key, unit_id in page]


def _unit_load(tree: UnitTree, unit_id: UUID, found: list[Held], people: int | None) -> UnitLoad:
    posts = tree.active_posts(unit_id)
    members: dict[UUID | None, int] = {post.member_id: 0 for post in posts}
    members |= {held.member: sum(held.statuses) for held in found}
    statuses = zip(OPEN, map(sum, zip(*(held.statuses for held in found), strict=True)), strict=True)
    total = sum(members.values())
    return UnitLoad(
        unit=named(tree.by_id.get(unit_id)),
        open=total,
        overdue=sum(held.late for held in found),
        statuses={status: count for status, count in sorted(statuses) if count},
        posts=len(posts),
        per_post=percent_text(total, 100 * len(posts)),
        population=people,
        open_per_1000=decimal_text(1000 * total, people, 2) if people else None,
        members=[_post_load(member, count, posts) for member, count in sorted(members.items(), key=lambda one: (-one[1], str(one[0])))],
    )


def _post_load(member_id: UUID | None, count: int, posts: Sequence[PostNode]) -> PostLoad:
    roles = sorted({post.role for post in posts if post.member_id == member_id})
    return PostLoad(member_id=str(member_id) if member_id else None, roles=roles, open=count)


def _median(times: Mapping[Fraction, int] | Mapping[int, int]) -> str | None:
    """Return the median of values that each come so many times."""
    ordered = sorted((Fraction(value), count) for value, count in times.items())
    ends = list(accumulate(count for _value, count in ordered))
    if not ends:
        return None
    middle = {(ends[-1] - 1) // 2, ends[-1] // 2}
    return median_text([ordered[bisect_right(ends, place)][0] for place in middle])


class _Seats(NamedTuple):
    """Of each unit that is known: how many posts are held in it today (of those with any), who holds them, and how many these are."""

    posts: Mapping[UnitKey, int]
    people: Mapping[UnitKey, frozenset[bytes]]
    sitting: Mapping[UnitKey, int]


def _seats_of(tree: UnitTree) -> _Seats:
    """Return the seats of a tree; looked for once in each."""
    found = _known_seats.get(tree)
    if found is None:
        held = {unit_id.bytes: tree.active_posts(unit_id) for unit_id in tree.by_id}
        people = {unit: frozenset(post.member_id.bytes for post in posts) for unit, posts in held.items()}
        numbers = {unit: len(posts) for unit, posts in held.items() if posts}
        found = _known_seats[tree] = _Seats(numbers, people, {unit: len(some) for unit, some in people.items()})
    return found


_known_seats: WeakKeyDictionary[UnitTree, _Seats] = WeakKeyDictionary()
