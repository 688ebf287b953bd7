import asyncio
from collections import Counter

import pytest
from sqlalchemy import text

from services.journal.draining import TRIES, Drained, Owed, drain, release_parked, waiting_time
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import Work, unit_of_work
from tests.conftest import TestDatabase
from tests.letterbox import COUNTING, count_up, effects, post, shut


async def test_what_is_owed_happens_once_and_is_then_no_longer_owed(letterbox: TestDatabase) -> None:
    await post(5)
    assert await drain(COUNTING, batch=100) == Drained(taken=15, done=15, failed=0)
    assert await effects(letterbox.owner) == (15, 15)
    assert await letterbox.value("SELECT count(*) FROM deliveries") == 0
    assert await drain(COUNTING, batch=100) == Drained(taken=0, done=0, failed=0)


async def test_a_handler_gets_its_whole_group_at_once_and_in_the_order_of_the_registry(letterbox: TestDatabase) -> None:
    await post(4)
    calls: list[tuple[str, int]] = []

    async def note(_work: Work, owed: list[Owed]) -> None:
        calls.append((owed[0].handler, len(owed)))

    await drain({"route": note, "notify": note, "count": note}, batch=100)
    assert calls == [("route", 4), ("notify", 4), ("count", 4)]


async def test_an_owed_effect_knows_its_event(letterbox: TestDatabase) -> None:
    await post(1)
    seen: list[Owed] = []

    async def note(_work: Work, owed: list[Owed]) -> None:
        seen.extend(owed)

    await drain({"route": note}, batch=10)
    event = (await letterbox.fetch("SELECT * FROM events"))[0]
    assert (seen[0].event_id, seen[0].subject_id, seen[0].type) == (event["id"], event["subject_id"], "ticket.received")
    assert (seen[0].data, seen[0].recorded_at, seen[0].tries) == ({"nth": 0}, event["recorded_at"], 0)
    assert await letterbox.value("SELECT count(*) FROM deliveries WHERE handler <> 'route'") == 2


async def test_the_oldest_come_first(letterbox: TestDatabase) -> None:
    await post(3)
    await letterbox.owner.execute(
        "UPDATE deliveries SET due_at = now() - interval '1 day' WHERE event_id = (SELECT id FROM events ORDER BY id DESC LIMIT 1)"
    )
    assert (await drain(COUNTING, batch=1)).done == 3
    newest = await letterbox.value("SELECT id FROM events ORDER BY id DESC LIMIT 1")
    assert await letterbox.value("SELECT count(*) FROM effects WHERE event_id = $1", newest) == 3


async def test_what_is_due_later_waits(letterbox: TestDatabase) -> None:
    await post(1)
    await letterbox.owner.execute("UPDATE deliveries SET due_at = now() + interval '1 hour'")
    assert (await drain(COUNTING, batch=10)).taken == 0


async def test_a_poisonous_event_is_put_off_alone_and_its_neighbours_are_delivered(letterbox: TestDatabase) -> None:
    await post(6)
    poison = (await letterbox.fetch("SELECT id FROM events ORDER BY id OFFSET 3 LIMIT 1"))[0]["id"]

    async def choke(work: Work, owed: list[Owed]) -> None:
        await count_up(work, owed)
        if any(one.event_id == poison for one in owed):
            raise ValueError("13800000000 must not be written down")

    assert await drain({**COUNTING, "notify": choke}, batch=100) == Drained(taken=18, done=17, failed=1)
    assert await effects(letterbox.owner) == (17, 17)
    (left,) = await letterbox.fetch("SELECT *, due_at - now() AS wait FROM deliveries")
    assert (left["event_id"], left["tries"], left["last_error"], left["parked_at"]) == (poison, 1, "ValueError", None)
    assert 0 < left["wait"].total_seconds() < 1.3


async def test_a_delivery_that_keeps_failing_is_parked_and_can_be_released(letterbox: TestDatabase) -> None:
    await post(1, "ticket.urged")

    async def fail(_work: Work, _owed: list[Owed]) -> None:
        raise KeyError("x")

    for _ in range(TRIES):
        assert (await drain({"notify": fail}, batch=10)).failed == 1
        await letterbox.owner.execute("UPDATE deliveries SET due_at = now()")
    assert await letterbox.value("SELECT parked_at IS NOT NULL AND tries = $1 FROM deliveries", TRIES) is True
    assert (await drain({"notify": fail}, batch=10)).taken == 0
    async with unit_of_work(SYSTEM) as work:
        assert await release_parked(work) == 1
        assert work.rings
    assert (await drain(COUNTING, batch=10)).done == 1


async def test_workers_side_by_side_share_the_work_and_repeat_nothing(letterbox: TestDatabase) -> None:
    await post(300)
    by_worker: Counter[int] = Counter()

    async def work_on(worker: int) -> None:
        while (drained := await drain(COUNTING, batch=40)).taken:
            by_worker[worker] += drained.done

    await asyncio.gather(*(work_on(worker) for worker in range(4)))
    assert await effects(letterbox.owner) == (900, 900)
    assert sum(by_worker.values()) == 900
    assert len(by_worker) > 1


async def test_a_connection_lost_in_the_middle_loses_and_repeats_nothing(letterbox: TestDatabase) -> None:
    await post(10)
    cut = False

    async def cut_off(work: Work, owed: list[Owed]) -> None:
        nonlocal cut
        await count_up(work, owed)
        if not cut:
            cut = True
            backend = await work.session.scalar(text("SELECT pg_backend_pid()"))
            await letterbox.owner.execute("SELECT pg_terminate_backend($1)", backend)
            await work.session.execute(text("SELECT 1"))

    assert await drain({**COUNTING, "notify": cut_off}, batch=100) == Drained(taken=30, done=30, failed=0)
    assert cut
    assert await effects(letterbox.owner) == (30, 30)
    assert await letterbox.value("SELECT count(*) FROM deliveries") == 0


async def test_a_database_that_goes_away_and_stays_away_leaves_the_rest_owed_and_no_try_counted(letterbox: TestDatabase) -> None:
    await post(10)

    async def shut_out(work: Work, owed: list[Owed]) -> None:
        await count_up(work, owed)
        await shut(letterbox.url, closed=True)

    with pytest.raises(Exception, match="not currently accepting connections"):
        await drain({**COUNTING, "notify": shut_out}, batch=100)
    await shut(letterbox.url, closed=False)
    assert await effects(letterbox.owner) == (10, 10)  # route had its turn before
    assert await letterbox.value("SELECT count(*) FROM deliveries WHERE tries = 0 AND handler <> 'route'") == 20


def test_the_waiting_time_doubles_up_to_ten_minutes_with_jitter() -> None:
    assert 0.75 <= waiting_time(1).total_seconds() <= 1.25
    assert 6 <= waiting_time(4).total_seconds() <= 10
    assert all(450 <= waiting_time(tries).total_seconds() <= 750 for tries in (11, 30, 500))
    assert len({waiting_time(5) for _ in range(20)}) > 10
