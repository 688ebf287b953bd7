"""Facts out of journals: what tickets were after each of their events, read from the beginning, or on from where this process read last.

A journal only ever grows, so what was folded of it stays folded. `count` comes back to a ticket with each of its events: it keeps the
foldings of the tickets it saw last, and goes on from one where the fact it made is the very fact that is kept. Where it is not (another
worker counted since, a transaction was undone), or is not known here, the journal is read from its beginning. Either way the same facts.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Engine, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.organization.models import Unit
from services.reports.facts import Fact, Places
from services.reports.folding import TELLING, Folding, Seen, follow, steps

REMEMBERED = 10_000
"""Foldings kept in a process, a few kilobytes each: the open tickets of a county that is told half a million matters in two years."""
# Each ticket by the index of its own, whatever the planner thinks of how many there are.
_EVENTS = text(
    "SELECT k.id, e.seq, e.type, e.happened_at, e.recorded_at, CAST(e.data - '{clocks,words,why}'::text[] AS text)"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:after AS int[])) AS k(id, after), LATERAL (SELECT * FROM events"
    " WHERE subject_id = k.id AND seq > k.after AND (data ? 'now' OR type = ANY(CAST(:telling AS text[]))) ORDER BY seq OFFSET 0) AS e"
)


class Remembered:
    """Foldings of the tickets that were counted last, with the fact each came to."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._kept: OrderedDict[UUID, tuple[Fact, Folding]] = OrderedDict()

    def taken(self, ticket_id: UUID, fact: Fact | None) -> Folding | None:
        """Return the folding that came to `fact`, which is not kept any more: whoever has it takes it further. None where there is none."""
        came_to, folding = self._kept.pop(ticket_id, (None, None))
        return folding if came_to is not None and came_to == fact else None

    def keep(self, ticket_id: UUID, fact: Fact, folding: Folding) -> None:
        """Keep it for the next time; the one that was not asked for the longest may go."""
        self._kept[ticket_id] = fact, folding
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


async def facts_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[Fact]]:
    """Return for each ticket what it was after each event that changed it, oldest first; nothing of one whose journal does not tell."""
    events = await _events(session, dict.fromkeys(ids, 0))
    places = await _places_of(session, events.values())
    found = {ticket_id: steps(ticket_id, seen, places) for ticket_id, seen in events.items()}
    return {ticket_id: facts for ticket_id, facts in found.items() if facts}


async def grown(session: AsyncSession, ids: Sequence[UUID], kept: Mapping[UUID, Fact]) -> dict[UUID, list[Fact]]:
    """Return what :func:`facts_of` does, of some tickets only from the fact that is `kept` of them: the same last one, and all since it."""
    remembered = _remembered.setdefault(session.get_bind().engine, Remembered())
    foldings = {ticket_id: remembered.taken(ticket_id, kept.get(ticket_id)) or Folding(ticket_id) for ticket_id in ids}
    events = await _events(session, {ticket_id: folding.version for ticket_id, folding in foldings.items()})
    places = await _places_of(session, events.values())
    found = {}
    for ticket_id, folding in foldings.items():
        facts = [kept[ticket_id]] if folding.version else []
        for event in events.get(ticket_id, ()):
            folding.take(event)
            if folding.told:
                follow(facts, folding.fact(places))
        if facts:
            found[ticket_id] = facts
            remembered.keep(ticket_id, facts[-1], folding)
    return found


async def _events(session: AsyncSession, after: Mapping[UUID, int]) -> dict[UUID, list[Seen]]:
    """Return the events of each ticket that tell something and come after that number, in their order."""
    given = {"ids": list(after), "after": list(after.values()), "telling": TELLING}
    rows = await session.execute(_EVENTS, given)
    return {
        ticket_id: [Seen(seq, kind, happened, recorded, orjson.loads(data)) for _id, seq, kind, happened, recorded, data in some]
        for ticket_id, some in groupby(rows, itemgetter(0))
    }


async def _places_of(session: AsyncSession, journals: Iterable[Sequence[Seen]]) -> Places:
    return await places_for(session, {path for events in journals for seen in events for path in _paths(seen)})


def _paths(seen: Seen) -> Iterator[str]:
    for told in (seen.data, seen.data.get("now") or {}):
        if "area_path" in told:
            yield told["area_path"]


async def places_for(session: AsyncSession, paths: Iterable[str]) -> Places:
    """Return which tier each unit is of, kept in the process; read afresh where a unit on one of `paths` is not known yet."""
    engine = session.get_bind().engine
    places = _known_places.get(engine)
    if places is None or not all(places.knows(path) for path in set(paths)):
        units = await session.execute(select(Unit.code, Unit.kind, Unit.tier))
        places = _known_places[engine] = Places.of_units(units.all())
    return places


_known_places: WeakKeyDictionary[Engine, Places] = WeakKeyDictionary()
_remembered: WeakKeyDictionary[Engine, Remembered] = WeakKeyDictionary()
