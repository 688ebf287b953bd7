"""Foldings that are kept from one count to the next: whichever are there, the facts and what they were before are the same."""

import random
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from services.reports import journals
from services.reports.counting import count
from services.reports.facts import Fact
from services.reports.folding import Folding
from services.reports.journals import Remembered, facts_of, grown
from services.reports.rebuilding import rebuild
from tests.conftest import TestDatabase
from tests.reports import ground


def fact(ticket_id: UUID, version: int) -> Fact:
    """A fact of which nothing matters but whose it is, and which."""
    values = dict.fromkeys(Fact._fields)
    return Fact(**{**values, "ticket_id": ticket_id, "version": version})  # type: ignore[arg-type]  compared, never read


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=40))
def test_a_folding_is_given_only_for_the_fact_it_came_to_and_once(kept):
    remembered, ids = Remembered(most=3), [uuid4() for _ in range(6)]
    last: dict[UUID, tuple[int, Folding]] = {}
    for place, version in kept:
        folding = Folding(ids[place])
        remembered.keep(ids[place], fact(ids[place], version), folding)
        last[ids[place]] = version, folding
    found = 0
    for ticket_id, (version, folding) in last.items():
        got = remembered.taken(ticket_id, fact(ticket_id, version))
        assert got in (folding, None)
        found += got is not None
        assert remembered.taken(ticket_id, fact(ticket_id, version)) is None
    assert found == min(len(last), 3)
    remembered.keep(ids[0], fact(ids[0], 1), Folding(ids[0]))
    assert remembered.taken(ids[0], fact(ids[0], 2)) is None
    remembered.keep(ids[0], fact(ids[0], 1), Folding(ids[0]))
    assert remembered.taken(ids[0], None) is None


async def test_facts_and_history_are_the_same_whatever_is_remembered(worker: TestDatabase, monkeypatch) -> None:
    """Counted with a memory, with one that forgets, and after work that was undone."""
    dice = random.Random(11)
    units = await ground.plant(worker.owner)
    tickets = await ground.scatter(worker.owner, dice, 40, units)
    taken: list[bool] = []
    remember = Remembered.taken

    def watched(self: Remembered, ticket_id: UUID, known: Fact | None) -> Folding | None:
        folding = remember(self, ticket_id, known)
        taken.append(folding is not None)
        return folding

    monkeypatch.setattr(Remembered, "taken", watched)
    for turn in range(8):
        await ground.stir(worker.owner, dice, dice.sample(tickets, 15))
        await ground.tell(tickets)
        async with unit_of_work(SYSTEM) as work:
            facts = await grown(work.session, tickets, await _kept_facts(worker))
            whole = await facts_of(work.session, tickets)
            assert {one: found[-1] for one, found in facts.items()} == {one: found[-1] for one, found in whole.items()}
        if turn % 3 == 0:
            await _undone(tickets)
        if turn % 4 == 3:
            journals._remembered.clear()
        async with unit_of_work(SYSTEM) as work:
            await count(work, tickets)
    assert any(taken)
    assert not all(taken)
    kept = await ground.kept_rows(worker.owner)
    async with unit_of_work(SYSTEM) as work:
        await rebuild(work)
    assert await ground.kept_rows(worker.owner) == kept


async def _undone(tickets: list[UUID]) -> None:
    async def counted_in_vain() -> None:
        async with unit_of_work(SYSTEM) as work:
            await count(work, tickets)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await counted_in_vain()


async def _kept_facts(worker: TestDatabase) -> dict[UUID, Fact]:
    rows = await worker.owner.fetch(f"SELECT {', '.join(Fact._fields)} FROM report_facts")
    found = [Fact._make(tuple(row)) for row in rows]
    assert all(isinstance(one.known_at, datetime) for one in found)
    return {one.ticket_id: one for one in found}
