"""Real worker processes, really killed."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from redis.asyncio import Redis

from daguanjia.servers.processes import ServerUser
from daguanjia.servers.valkey import ValkeyServer
from services.platform.doorbell import Doorbell, use_doorbell
from tests.conftest import Running, TestDatabase
from tests.letterbox import effects, post, shut
from tests.worker.conftest import Start


async def until(happened: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not await happened():
        assert time.monotonic() < limit, "it did not happen in time"
        await asyncio.sleep(0.05)


async def owed(letterbox: TestDatabase) -> int:
    return int(str(await letterbox.value("SELECT count(*) FROM deliveries")))


async def test_a_worker_killed_again_and_again_among_four_has_each_effect_exactly_once(letterbox: TestDatabase, start: Start) -> None:
    workers = [start("--slowly") for _ in range(4)]
    await until(lambda: all_connected(letterbox, 4))
    await post(2000)
    for kill in range(6):
        level = 6000 - 700 * (kill + 1)

        async def far_enough(level: int = level) -> bool:
            return await owed(letterbox) <= level

        await until(far_enough)
        victim = workers.pop(0)
        assert victim.poll() is None
        victim.send_signal(signal.SIGKILL)
        workers.append(start("--slowly"))
    await until(lambda: nothing_owed(letterbox))
    assert await effects(letterbox.owner) == (6000, 6000)


async def all_connected(letterbox: TestDatabase, workers: int) -> bool:
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'daguanjia_worker'"
    return int(str(await letterbox.value(count))) >= workers


async def nothing_owed(letterbox: TestDatabase) -> bool:
    return await owed(letterbox) == 0


async def test_redis_emptied_stopped_and_restarted_empty_loses_nothing_and_no_worker(
    letterbox: TestDatabase, start: Start, tmp_path: Path
) -> None:
    valkey = fresh_valkey(tmp_path / "first")
    port = free_port()
    valkey.start(port)
    try:
        worker = start("--slowly", REDIS_URL=valkey.url)
        redis = Redis.from_url(valkey.url)
        await until(lambda: ringing(redis))
        await post(300)
        await redis.flushall()
        await post(100)
        await until(lambda: nothing_owed(letterbox))
        await redis.aclose()
        valkey.stop()
        await post(100)
        await until(lambda: nothing_owed(letterbox))
        valkey = fresh_valkey(tmp_path / "second")
        valkey.start(port)
        redis = Redis.from_url(valkey.url)
        await post(100)
        await until(lambda: ringing(redis))
        await until(lambda: nothing_owed(letterbox))
        await redis.aclose()
    finally:
        valkey.stop()
    assert worker.poll() is None
    assert await effects(letterbox.owner) == (1800, 1800)


def fresh_valkey(home: Path) -> ValkeyServer:
    home.mkdir()
    server = ValkeyServer(home, ServerUser(os.geteuid(), os.getegid(), "tests"), "secret", durable=False)
    server.make()
    return server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def ringing(redis: "Redis") -> bool:
    return bool(await redis.exists("daguanjia:health-check"))


async def test_a_ring_is_answered_at_once(letterbox: TestDatabase, servers: Running, start: Start) -> None:
    start()
    redis = Redis.from_url(servers.redis_url)
    await redis.flushall()
    await until(lambda: ringing(redis))
    await redis.aclose()
    bell = Doorbell(servers.redis_url)
    use_doorbell(bell)
    waited = []
    for _ in range(9):
        began = time.monotonic()
        await post(1)
        await until(lambda: nothing_owed(letterbox))
        waited.append(time.monotonic() - began)
    await bell.close()
    assert sorted(waited)[4] < 1.5  # without the bell every one would wait two seconds for the own look


async def test_sigterm_finishes_what_is_in_hand_and_exits_with_0(letterbox: TestDatabase, start: Start) -> None:
    await post(400)
    worker = start("--slowly")

    async def begun() -> bool:
        return 0 < await owed(letterbox) < 1200

    await until(begun)
    worker.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(worker.wait, 60) == 0
    done, different = await effects(letterbox.owner)
    assert done == different == 1200 - await owed(letterbox)


async def test_a_worker_without_redis_at_all_does_its_duties_by_its_own_clock(letterbox: TestDatabase, start: Start) -> None:
    worker = start(REDIS_URL="")
    await post(20)
    await until(lambda: nothing_owed(letterbox))
    assert await effects(letterbox.owner) == (60, 60)
    assert worker.poll() is None


async def test_a_database_that_is_away_for_a_while_is_waited_for(letterbox: TestDatabase, start: Start) -> None:
    worker = start()
    await post(50)
    await until(lambda: nothing_owed(letterbox))
    await shut(letterbox.url, closed=True)  # but for our own connection, which is open
    await post(50)
    await asyncio.sleep(1.5)
    assert worker.poll() is None
    await shut(letterbox.url, closed=False)
    await until(lambda: nothing_owed(letterbox))
    assert await effects(letterbox.owner) == (300, 300)


async def test_the_check_tells_a_live_worker_from_none(letterbox: TestDatabase, start: Start) -> None:
    check = start("--check", module="dispatch_worker")
    assert await asyncio.to_thread(check.wait, 15) == 1
    start()

    async def alive() -> bool:
        return await asyncio.to_thread(start("--check", module="dispatch_worker").wait, 15) == 0

    await until(alive)
