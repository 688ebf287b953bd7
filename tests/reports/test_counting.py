"""Upkeep: whatever order, repetition and company deliveries come in, the sums are those of the tickets as they are."""

import asyncio
import random
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from services.reports.counting import count
from services.reports.rebuilding import rebuild
from tests.conftest import TestDatabase
from tests.reports import ground


async def counted(ticket_ids: list[UUID]) -> None:
    """Have the journal say what the tickets are, and count them."""
    await ground.tell(ticket_ids)
    await recounted(ticket_ids)


async def recounted(ticket_ids: list[UUID]) -> None:
    async with unit_of_work(SYSTEM) as work:
        await count(work, ticket_ids)


async def rebuilt() -> int:
    async with unit_of_work(SYSTEM) as work:
        return await rebuild(work)


async def test_a_rebuild_gives_the_very_rows_that_upkeep_gave(worker: TestDatabase) -> None:
    dice = random.Random(1)
    units = await ground.plant(worker.owner)
    tickets = await ground.scatter(worker.owner, dice, 300, units)
    await counted(tickets)
    for _ in range(3):
        moved = dice.sample(tickets, 120)
        await ground.stir(worker.owner, dice, moved)
        await ground.speak(worker.owner, dice, moved[:60])
        await counted(moved)
    judged = dice.sample(tickets, 80)
    await ground.judge(worker.owner, dice, judged, units["T1"])
    await counted(judged)
    kept = await ground.kept_rows(worker.owner)
    assert len(kept[0]) == 300
    assert await rebuilt() == 300
    assert await ground.kept_rows(worker.owner) == kept


async def test_repeated_and_reordered_deliveries_change_nothing(worker: TestDatabase) -> None:
    dice = random.Random(2)
    units = await ground.plant(worker.owner)
    tickets = await ground.scatter(worker.owner, dice, 60, units)
    await counted(tickets)
    first = await ground.kept_rows(worker.owner)
    for _ in range(4):
        await recounted(dice.choices(tickets, k=50))
    assert await ground.kept_rows(worker.owner) == first


async def test_four_workers_that_share_tickets_keep_the_same_sums_without_a_deadlock(worker: TestDatabase) -> None:
    dice = random.Random(3)
    units = await ground.plant(worker.owner)
    tickets = await ground.scatter(worker.owner, dice, 200, units)

    async def one_worker(seed: int) -> None:
        own = random.Random(seed)
        for _ in range(12):
            await counted(own.sample(tickets, 70))

    async def the_desk() -> None:
        for _ in range(10):
            await ground.stir(worker.owner, dice, dice.sample(tickets, 20))

    await asyncio.gather(the_desk(), *(one_worker(seed) for seed in range(4)))
    await counted(tickets)
    kept = await ground.kept_rows(worker.owner)
    await rebuilt()
    assert await ground.kept_rows(worker.owner) == kept


async def test_upkeep_beside_a_rebuild_waits_and_loses_nothing(worker: TestDatabase) -> None:
    dice = random.Random(4)
    units = await ground.plant(worker.owner)
    tickets = await ground.scatter(worker.owner, dice, 150, units)
    await counted(tickets[:100])

    async def keep_counting() -> None:
        for _ in range(8):
            moved = dice.sample(tickets, 30)
            await ground.stir(worker.owner, dice, moved)
            await counted(moved)

    await asyncio.gather(keep_counting(), rebuilt(), rebuilt())
    await counted(tickets)
    kept = await ground.kept_rows(worker.owner)
    await rebuilt()
    assert await ground.kept_rows(worker.owner) == kept


async def test_a_failed_transaction_leaves_neither_fact_nor_sum(worker: TestDatabase) -> None:
    await ground.plant(worker.owner)
    ticket = await ground.put(worker.owner)
    await ground.tell([ticket])

    async def fail_after_counting() -> None:
        async with unit_of_work(SYSTEM) as work:
            await count(work, [ticket])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_after_counting()
    assert await ground.kept_rows(worker.owner) == ([], [], [], [])


async def test_cells_are_cut_by_the_days_of_shanghai(worker: TestDatabase) -> None:
    await ground.plant(worker.owner)
    last_minute = ground.NOON.replace(day=30, hour=15, minute=59)
    tickets = [await ground.put(worker.owner, received_at=last_minute + timedelta(minutes=n)) for n in (0, 1)]
    await counted(tickets)
    days = await worker.fetch("SELECT day, received FROM rollup_cells WHERE grain = 'month_township' ORDER BY day")
    assert [(str(row["day"]), row["received"]) for row in days] == [("2026-11-01", 1), ("2026-12-01", 1)]


async def test_a_reopened_ticket_is_no_longer_completed_and_its_cells_go(worker: TestDatabase) -> None:
    await ground.plant(worker.owner)
    closed = ground.NOON + timedelta(days=40)
    ticket = await ground.put(worker.owner, status="closed", closed_at=closed, due=closed + timedelta(days=1))
    await counted([ticket])
    assert await worker.value("SELECT sum(closed_on_time) FROM rollup_cells WHERE grain = 'day_village'") == 1
    await worker.owner.execute("UPDATE tickets SET status = 'dispatched', round = 2 WHERE id = $1", ticket)
    await counted([ticket])
    rows = await worker.fetch(
        "SELECT day::text, received, received_completed, closed, settled, settled_reopened FROM rollup_cells"
        " WHERE grain = 'day_village' ORDER BY day"
    )
    settled = str((closed + timedelta(hours=8)).date())
    assert [tuple(row) for row in rows] == [("2026-11-10", 1, 0, 0, 0, 0), (settled, 0, 0, 0, 1, 1)]


async def test_an_unknown_ticket_counts_for_nothing(worker: TestDatabase) -> None:
    await recounted([UUID(int=7)])
    async with unit_of_work(SYSTEM) as work:
        assert await work.session.scalar(text("SELECT count(*) FROM report_facts")) == 0
