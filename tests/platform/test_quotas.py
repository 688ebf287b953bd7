"""Nobody gets more than their quota: of one process, of several that share Redis, and while Redis is away."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from services.platform.quotas import Bucket, Quota, Quotas

STRICT = Quota("strict", 5, seconds=3600, strict=True)
WIDE = Quota("wide", 1000, seconds=36_000)
STEPS = st.lists(st.tuples(st.floats(-5, 90), st.integers(1, 12)), max_size=30)


@given(STEPS, st.integers(1, 50), st.integers(1, 120))
def test_a_bucket_never_gives_more_than_its_size_and_what_filled_in_the_meantime(steps, size, seconds):
    quota, bucket, now, given_out, passed = Quota("q", size, seconds), Bucket(float(size), 0.0), 0.0, 0, 0.0
    for forward, asked in steps:
        now, passed = now + forward, passed + max(0.0, forward)
        for _ in range(asked):
            taken = bucket.take(quota, now)
            given_out += taken.granted
            assert taken.granted or 0 < taken.wait <= seconds / size + 1e-6
            assert 0 <= taken.left < size
    assert given_out <= size + passed * size / seconds + sum(-forward for forward, _ in steps if forward < 0) * size / seconds + 1e-6


def test_whoever_waits_as_long_as_they_were_told_is_served():
    bucket = Bucket(0.0, 0.0)
    refused = bucket.take(WIDE, 1.0)
    assert not refused.granted
    assert bucket.take(WIDE, 1.0 + refused.wait + 1e-6).granted


@pytest.fixture
async def redis(servers):
    opened = Redis.from_url(servers.redis_url)
    yield opened
    for key in await opened.keys("daguanjia:quota:*"):
        await opened.delete(key)
    await opened.aclose()


async def test_processes_that_share_redis_share_the_quota(servers, redis):
    here, there = Quotas(servers.redis_url), Quotas(servers.redis_url)
    taken = await asyncio.gather(*(side.take(STRICT, "address 192.0.2.1") for side in (here, there) for _ in range(10)))
    assert sum(one.granted for one in taken) == STRICT.size
    refused = next(one for one in taken if not one.granted)
    assert 0 < refused.wait <= STRICT.seconds / STRICT.size
    assert (await here.take(STRICT, "address 192.0.2.2")).granted
    taken = await asyncio.gather(*(side.take(WIDE, "account a") for side in (here, there) for _ in range(WIDE.size)))
    assert WIDE.size - WIDE.portion <= sum(one.granted for one in taken) <= WIDE.size
    await here.close()
    await there.close()


async def test_redis_sees_digests_that_end_and_is_asked_once_for_a_portion(servers, redis):
    counted = Quotas(servers.redis_url)
    before = (await redis.info("commandstats")).get("cmdstat_evalsha", {"calls": 0})["calls"]
    for _ in range(WIDE.portion):
        assert (await counted.take(WIDE, "address 203.0.113.9")).granted
    after = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert after - before <= 2  # one, and one more where the script is not known yet
    keys = [key.decode() for key in await redis.keys("daguanjia:quota:*")]
    assert len(keys) == 1
    assert "203" not in keys[0]
    assert 0 < await redis.ttl(keys[0]) <= WIDE.seconds * 2
    await counted.close()


@pytest.mark.parametrize("url", ["", "redis://:x@127.0.0.1:1/0"])
async def test_without_redis_there_is_a_limit_and_no_failure(url):
    alone = Quotas(url)
    taken = [await alone.take(STRICT, "address 192.0.2.1") for _ in range(8)]
    assert [one.granted for one in taken] == [True] * 5 + [False] * 3
    assert taken[-1].wait > 0
    assert (await alone.take(STRICT, "address 192.0.2.2")).granted
    await alone.close()


async def test_redis_that_never_answers_holds_up_one_request_and_no_more():
    silent = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(30), "127.0.0.1", 0)
    counted = Quotas(f"redis://127.0.0.1:{silent.sockets[0].getsockname()[1]}/0")
    async with asyncio.timeout(20):
        taken = await asyncio.gather(*(counted.take(STRICT, "address 192.0.2.1") for _ in range(8)))
    assert sum(one.granted for one in taken) == 5
    await counted.close()
    silent.close()


async def test_callers_made_up_by_the_thousand_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("services.platform.quotas._MOST_CALLERS", 50)
    counted = Quotas("")
    for number in range(500):
        await counted.take(WIDE, f"address {number}")
    assert len(counted._held) == 50
