"""What is open now: whatever is counted, swept, owed or given up, it is what tickets and clocks say at the instant somebody asks."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.identity.permissions import scope_of
from services.organization.queries import forget_unit_tree
from services.platform.actor import SYSTEM, Actor, Seat
from services.platform.database import REPORTING, WORKER, Database, database, use_database
from services.platform.ids import new_id
from services.platform.unit_of_work import Work, unit_of_work
from services.reports import known
from services.reports.backlog import overdue, workload, workload_page
from services.reports.backlog_mending import mend
from services.reports.backlog_sums import refill, sweep
from services.reports.counting import count
from services.reports.late import late
from services.reports.rebuilding import rebuild
from services.tickets.lifecycle import OPEN
from tests.conftest import TestDatabase
from tests.reports import ground

STAGES = ("accept", "answer", "verify", "contain")
INSTANTS = [ground.NOON + timedelta(days=day) for day in (-20, 0, 3, 25, 60)]


@pytest.fixture
async def county(empty: TestDatabase) -> AsyncIterator[TestDatabase]:
    """An empty county, open under the worker's role."""
    forget_unit_tree()
    keeper = Database(empty.url, WORKER)
    use_database(keeper)
    yield empty
    await keeper.close()


def sits(unit_id: UUID, path: str, kind: str, role: str, function: str | None = None) -> Actor:
    """Return somebody in a seat."""
    code = path.strip("/").rpartition("/")[2]
    return Actor("member", new_id(), new_id(), seats=(Seat(role, unit_id, code, path, "county", kind, function),))


def readers(units: dict[str, UUID]) -> list[tuple[Actor, tuple[str, ...]]]:
    """Return everything, an area, a part of one, lines with what they were given, and which areas each may ask for."""
    return [
        (SYSTEM, ("T1", "T2", "T2V2")),
        (sits(units["T1"], ground.path("T1"), "township", "township_dispatcher"), ("T1", "T1V1")),
        (sits(units["T1V1"], ground.path("T1", "T1V1"), "village", "village_secretary"), ("T1V1",)),
        (sits(units["D-WATER"], ground.path("D-WATER"), "department", "department_officer", "water"), ("T1", "T3")),
        (sits(units["T1-WATER"], ground.path("T1", "T1-WATER"), "station", "department_officer", "water"), ("T1",)),
    ]


@dataclass
class Truth:
    """Tickets, clocks and who was given what, read by the owner and looked at in Python."""

    tickets: dict[UUID, asyncpg.Record]
    dues: dict[UUID, list[tuple[datetime, str]]]
    assigned: dict[UUID, set[UUID]]
    given: dict[UUID, set[UUID]]
    functions: dict[UUID, tuple[str | None, str]]

    def seen(self, actor: Actor, place: str | None) -> list[asyncpg.Record]:
        """The open tickets of a place that somebody may know of."""
        scope = scope_of(actor)
        found = []
        for ticket_id, ticket in self.tickets.items():
            path, line = ticket["area_path"], self.assigned.get(ticket_id, set())
            mine = (
                scope.everything
                or path.startswith(scope.prefixes or ("-",))
                or bool(set(scope.unit_ids) & self.given.get(ticket_id, set()))
            )
            mine = mine or any(
                self.functions[unit][0] == function and self.functions[unit][1].startswith(area)
                for unit in line
                for function, area in scope.functions
            )
            if mine and ticket["status"] in OPEN and path.startswith(place or "/"):
                found.append(ticket)
        return found

    def late(self, tickets: list[asyncpg.Record], at: datetime) -> list[tuple[datetime, UUID, list[str]]]:
        """Those that are late at an instant, the longest late first, with the stages."""
        past = [(ticket["id"], [one for one in self.dues.get(ticket["id"], []) if one[0] < at]) for ticket in tickets]
        return sorted((dues[0][0], ticket_id, [stage for _due, stage in dues]) for ticket_id, dues in past if dues)


async def truth(owner: asyncpg.Connection) -> Truth:
    dues: dict[UUID, list[tuple[datetime, str]]] = {}
    for row in await owner.fetch("SELECT ticket_id, due_at, stage FROM clocks WHERE state = 'running' ORDER BY due_at, stage"):
        dues.setdefault(row["ticket_id"], []).append((row["due_at"], row["stage"]))
    assigned: dict[UUID, set[UUID]] = {}
    for row in await owner.fetch("SELECT ticket_id, unit_id FROM assignments"):
        assigned.setdefault(row["ticket_id"], set()).add(row["unit_id"])
    given = {ticket_id: set(units) for ticket_id, units in assigned.items()}
    for row in await owner.fetch("SELECT ticket_id, to_unit_id FROM directives WHERE kind = 'instruct' AND to_unit_id IS NOT NULL"):
        given.setdefault(row["ticket_id"], set()).add(row["to_unit_id"])
    functions = {row["id"]: (row["function"], row["path"]) for row in await owner.fetch("SELECT id, function, path FROM units")}
    tickets = {row["id"]: row for row in await owner.fetch("SELECT * FROM tickets")}
    return Truth(tickets, dues, assigned, given, functions)


async def answers_are_true(county: TestDatabase, units: dict[str, UUID]) -> None:
    """What everybody is told at every instant is what tickets and clocks say; what is counted is listed."""
    told = await truth(county.owner)
    paths = {code: told.functions[unit][1] for code, unit in units.items()}
    for actor, codes in readers(units):
        for code in (None, *codes):
            for at in INSTANTS:
                async with database().transaction() as session:
                    await one_answer_is_true(Work(actor, at, session), told, code, paths.get(code or ""))


async def one_answer_is_true(work: Work, told: Truth, code: str | None, place: str | None) -> None:
    seen = told.seen(work.actor, place)
    expected = told.late(seen, work.now)
    items: list[Any] = []
    after = None
    while True:
        page = await overdue(work, unit=code, holder=None, after=after, limit=7)
        items += page.body.items
        after = page.following
        if after is None:
            break
    numbers = {ticket["id"]: ticket["number"] for ticket in seen}
    assert [(item.due_at, item.number, item.stages) for item in items] == [(due, numbers[one], stages) for due, one, stages in expected]
    assert page.body.total == len(items)
    assert {unit.unit.code if unit.unit else None: unit.overdue for unit in page.body.units} == _by_holder(
        told, [one for _d, one, _s in expected]
    )
    short = await late(work, unit=code, how_many=5)
    assert (short.total, [row.number for row in short.oldest]) == (len(items), [item.number for item in items[:5]])
    load = await workload(work, unit=code, holder=None)
    assert {unit.unit.code if unit.unit else None: unit.open for unit in load.units} == _by_holder(told, [ticket["id"] for ticket in seen])
    assert sum((Counter(unit.statuses) for unit in load.units), Counter()) == Counter(ticket["status"] for ticket in seen)
    assert sum(unit.overdue for unit in load.units) == len(items)
    assert load.stale_seconds == short.stale_seconds == page.body.stale_seconds == 0


def _by_holder(told: Truth, ids: list[UUID]) -> dict[str | None, int]:
    codes = {unit: path.strip("/").rpartition("/")[2] for unit, (_function, path) in told.functions.items()}
    return dict(Counter(codes.get(told.tickets[one]["lead_unit_id"]) for one in ids))


async def toss(owner: asyncpg.Connection, dice: random.Random, tickets: list[UUID], units: dict[str, UUID]) -> None:
    """Start, stop and move other clocks, and give tickets to seats, as deeds would."""
    for ticket_id in tickets:
        due = ground.NOON + timedelta(minutes=dice.randrange(-50_000, 50_000))
        await owner.execute(
            "INSERT INTO clocks (id, ticket_id, round, stage, turn, state, started_at, first_due_at, due_at, limit_amount, limit_unit,"
            " provisional) VALUES ($1, $2, 1, $3, 1, $4, $5, $6, $6, 1, 'days', false)"
            " ON CONFLICT (ticket_id, round, stage, turn) DO UPDATE SET due_at = excluded.due_at, state = excluded.state",
            new_id(), ticket_id, dice.choice(STAGES), dice.choice(("running", "running", "paused", "cancelled")), ground.NOON, due,
        )  # fmt: skip
        if dice.random() < 0.4:
            await owner.execute(
                "INSERT INTO assignments (id, ticket_id, round, sequence, part, unit_id, assigned_at, why)"
                " SELECT $1, $2, 1, count(*) + 1, 'co', $3, $4, '{}' FROM assignments WHERE ticket_id = $2",
                new_id(), ticket_id, units[dice.choice(("D-WATER", "T1-WATER", "T2", "T3"))], ground.NOON,
            )  # fmt: skip
        if dice.random() < 0.1:
            await owner.execute(
                "INSERT INTO directives (id, ticket_id, kind, to_unit_id, words, given_at) VALUES ($1, $2, 'instruct', $3, '', $4)",
                new_id(), ticket_id, units[dice.choice(("D-WATER", "T1-WATER", "T1"))], ground.NOON,
            )  # fmt: skip


async def counted(ids: list[UUID]) -> None:
    async with unit_of_work(SYSTEM) as work:
        await count(work, ids)


async def swept(at: datetime) -> None:
    async with database().transaction() as session:
        await sweep(Work(SYSTEM, at, session))


async def kept(owner: asyncpg.Connection) -> tuple[list[Any], list[Any]]:
    """Every row and every sum, in order."""
    rows = await owner.fetch("SELECT * FROM open_matters ORDER BY ticket_id")
    return [tuple(row) for row in rows], [tuple(row) for row in await owner.fetch("SELECT * FROM backlog_cells ORDER BY 1, 2, 3")]


async def refilled() -> None:
    async with unit_of_work(SYSTEM) as work:
        await refill(work)


async def test_every_answer_is_true_whatever_happened_and_wherever_the_line_is(
    county: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(11)
    units = await ground.plant(county.owner)
    tickets = await ground.scatter(county.owner, dice, 150, units)
    await toss(county.owner, dice, dice.sample(tickets, 90), units)
    await counted(tickets)
    for at in (INSTANTS[1], INSTANTS[4], INSTANTS[2]):  # on, and back where a worker's clock is behind another's
        moved = dice.sample(tickets, 60)
        await ground.stir(county.owner, dice, moved)
        await toss(county.owner, dice, moved[:40], units)
        await counted(moved)
        await swept(at)
        now = await kept(county.owner)
        await refilled()
        assert await kept(county.owner) == now, "sums are those of a recount"
    reader, worker = Database(county.url, REPORTING), database()
    use_database(reader)
    await answers_are_true(county, units)
    use_database(worker)
    moved = dice.sample(tickets, 40)
    await ground.stir(county.owner, dice, moved)
    await toss(county.owner, dice, moved, units)
    await ground.tell(moved)
    await county.owner.execute("UPDATE deliveries SET parked_at = now() WHERE subject_id = ANY($1)", moved[:5])
    use_database(reader)
    await answers_are_true(county, units)  # the worker has counted none of it, and gave some of it up
    monkeypatch.setattr(known, "MOST", 10)
    async with database().transaction() as session:
        work = Work(SYSTEM, INSTANTS[4], session)
        stale = await workload(work, unit=None, holder=None)
        assert stale.stale_seconds == (await overdue(work, unit=None, holder=None, after=None, limit=1)).body.stale_seconds > 0
    await reader.close()


async def test_counting_sweeping_and_rebuilding_at_once_keep_the_sums(county: TestDatabase) -> None:
    dice = random.Random(12)
    units = await ground.plant(county.owner)
    tickets = await ground.scatter(county.owner, dice, 120, units)

    async def keeps(seed: int) -> None:
        own = random.Random(seed)
        for _ in range(8):
            await counted(own.sample(tickets, 40))

    async def moves() -> None:
        for _ in range(8):
            moved = dice.sample(tickets, 20)
            await ground.stir(county.owner, dice, moved)
            await toss(county.owner, dice, moved, units)

    async def sweeps(seed: int) -> None:
        own = random.Random(seed)
        for _ in range(12):
            await swept(own.choice(INSTANTS))

    async def makes_anew() -> None:
        for _ in range(2):
            async with unit_of_work(SYSTEM) as work:
                await rebuild(work)

    await asyncio.gather(moves(), makes_anew(), *(keeps(seed) for seed in range(3)), *(sweeps(seed) for seed in range(2)))
    await counted(tickets)
    now = await kept(county.owner)
    assert now[0]
    await refilled()
    assert await kept(county.owner) == now
    async with unit_of_work(SYSTEM) as work:
        await rebuild(work)
    assert await kept(county.owner) == now


async def test_what_was_missed_is_found_and_counted(county: TestDatabase) -> None:
    dice = random.Random(13)
    units = await ground.plant(county.owner)
    tickets = await ground.scatter(county.owner, dice, 60, units)
    await counted(tickets[:40])
    await ground.stir(county.owner, dice, tickets[:10])
    while True:
        async with unit_of_work(SYSTEM) as work:
            if not await mend(work, 15):
                break
    now = await kept(county.owner)
    await refilled()
    assert await kept(county.owner) == now


async def test_pages_of_loads_have_every_unit_once_and_the_same_totals(county: TestDatabase) -> None:
    dice = random.Random(14)
    units = await ground.plant(county.owner)
    await counted(await ground.scatter(county.owner, dice, 150, units))
    async with unit_of_work(SYSTEM) as work:
        everything = await workload(work, unit=None, holder=None)
        found, after = [], None
        while True:
            page = await workload_page(work, unit=None, holder=None, after=after, limit=3)
            assert len(page.body.units) <= 3
            assert page.body.model_copy(update={"units": []}) == everything.model_copy(update={"units": []})
            found += page.body.units
            after = page.following
            if after is None:
                break
        assert found == everything.units
        assert len(found) == everything.all_units > 6
        held = await workload(work, unit=None, holder="T1")
        below = {code for code in units if code.startswith("T1")}
        assert held.units == [load for load in everything.units if load.unit and load.unit.code in below]
