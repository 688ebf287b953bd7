"""The access token: one for all processes, fetched by one of them, replaced once where WeChat refuses it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.connections.wechat_tokens import Fetch, GiveUp, Kept, Token, TokenHolder, Use, Wait, WeChatUnreachable, good_for, next_step
from tests.conftest import TestDatabase

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
GOOD = Kept(Token("t", 3), 3, fetched_at=NOW - HOUR, good_until=NOW + SECOND, expires_at=NOW + 301 * SECOND)
ENDING = replace(GOOD, good_until=NOW - SECOND, expires_at=NOW + 299 * SECOND)
DEAD = replace(GOOD, good_until=NOW - HOUR, expires_at=NOW + 29 * SECOND)
LEASED = {"lease_until": NOW + SECOND}
LEASE_OVER = {"lease_until": NOW - SECOND}
FAILING = {"failure": "token_40164", "failed_until": NOW + SECOND}


@pytest.mark.parametrize(
    ("kept", "refused", "step"),
    [
        (Kept(None), None, Fetch(force=False)),
        (replace(Kept(None), **LEASED), None, Wait()),
        (replace(Kept(None), **FAILING), None, GiveUp("token_40164")),
        (GOOD, None, Use()),
        (replace(GOOD, **LEASED), None, Use()),
        (GOOD, 2, Use()),  # somebody has replaced it already
        (ENDING, None, Fetch(force=False)),
        (replace(ENDING, **LEASED), None, Use()),
        (replace(ENDING, **FAILING), None, Use()),
        (replace(ENDING, **LEASE_OVER), None, Fetch(force=False)),
        (replace(DEAD, **LEASED), None, Wait()),
        (replace(DEAD, **FAILING), None, GiveUp("token_40164")),
        (GOOD, 3, Fetch(force=True)),
        (replace(GOOD, **LEASED), 3, Wait()),
        (replace(GOOD, **FAILING), 3, GiveUp("token_40164")),
        (replace(GOOD, forced_at=NOW - 29 * SECOND), 3, Fetch(force=False)),
        (replace(GOOD, forced_at=NOW - 30 * SECOND), 3, Fetch(force=True)),
        (replace(GOOD, forced_at=NOW - HOUR, forced_today=19), 3, Fetch(force=True)),
        (replace(GOOD, forced_at=NOW - HOUR, forced_today=20), 3, Fetch(force=False)),
        (replace(GOOD, forced_at=NOW - SECOND, fetched_at=NOW - SECOND), 3, GiveUp("token_refused")),
    ],
)
def test_what_somebody_in_need_of_a_token_does(kept: Kept, refused: int | None, step: object) -> None:
    assert next_step(kept, NOW, refused) == step


@pytest.mark.parametrize(("seconds", "fresh"), [(7200, 6900), (600, 300), (400, 200), (60, 30)])
def test_a_token_is_replaced_early(seconds: int, fresh: int) -> None:
    assert good_for(seconds) == timedelta(seconds=fresh)


class Source:
    """Where tokens come from; remembers whether it was forced, and how many asked at once."""

    def __init__(self, *, seconds: int = 7200, fails: str = "") -> None:
        self.forced: list[bool] = []
        self.seconds = seconds
        self.fails = fails
        self.inside = 0
        self.most_inside = 0

    async def ask(self, force: bool) -> tuple[str, int]:
        self.forced.append(force)
        name = f"token-{len(self.forced)}"
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        await asyncio.sleep(0.05)
        self.inside -= 1
        if self.fails:
            raise WeChatUnreachable(self.fails)
        return name, self.seconds


async def test_many_processes_fetch_one_token_together(worker: TestDatabase) -> None:
    source = Source()
    holders = [TokenHolder("wx", source.ask) for _ in range(6)]
    tokens = await asyncio.gather(*(holder.token() for holder in holders for _ in range(10)))
    assert {token.text for token in tokens} == {"token-1"}
    assert source.forced == [False]


async def test_two_accounts_have_two_tokens(worker: TestDatabase) -> None:
    source = Source()
    first, second = await asyncio.gather(TokenHolder("wx-1", source.ask).token(), TokenHolder("wx-2", source.ask).token())
    assert {first.text, second.text} == {"token-1", "token-2"}


async def test_the_token_lies_sealed_in_the_database(worker: TestDatabase) -> None:
    token = await TokenHolder("wx", Source().ask).token()
    (row,) = await worker.fetch("SELECT * FROM wechat_tokens")
    assert token.text.encode() not in row["sealed"]
    assert token.text not in str(dict(row))
    assert token.text not in repr(token)


async def test_a_token_sealed_under_another_secret_is_as_good_as_none(worker: TestDatabase) -> None:
    source = Source()
    await TokenHolder("wx", source.ask).token()
    await worker.owner.execute("UPDATE wechat_tokens SET sealed = '\\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'")
    assert (await TokenHolder("wx", source.ask).token()).text == "token-2"


async def test_while_one_replaces_a_token_that_nears_its_end_the_others_go_on_with_it(worker: TestDatabase) -> None:
    source = Source()
    await TokenHolder("wx", source.ask).token()
    await worker.owner.execute("UPDATE wechat_tokens SET good_until = now(), expires_at = now() + interval '299 seconds'")
    tokens = await asyncio.gather(*(TokenHolder("wx", source.ask).token() for _ in range(6)))
    assert sorted({token.text for token in tokens}) == ["token-1", "token-2"]
    assert source.forced == [False, False]


async def test_nothing_waits_for_the_network_inside_a_transaction(worker: TestDatabase) -> None:
    open_ones: list[object] = []

    async def ask(force: bool) -> tuple[str, int]:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        open_ones.append(await worker.value(query))
        return "t", 7200

    await TokenHolder("wx", ask).token()
    assert open_ones == [0]


async def test_a_process_that_died_while_asking_holds_nobody_up_for_long(worker: TestDatabase) -> None:
    dying, source = Source(), Source()
    task = asyncio.create_task(TokenHolder("wx", dying.ask).token())
    while not dying.forced:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await asyncio.wait_for(TokenHolder("wx", source.ask).token(), 2)).text == "token-1"
    await worker.owner.execute("UPDATE wechat_tokens SET sealed = NULL, lease = gen_random_uuid(), lease_until = now() + interval '0.3 s'")
    assert (await asyncio.wait_for(TokenHolder("wx", source.ask).token(), 2)).text == "token-2"  # one that was killed left its lease


async def test_many_processes_whose_token_is_refused_replace_it_once_by_force(worker: TestDatabase) -> None:
    source = Source()
    holders = [TokenHolder("wx", source.ask) for _ in range(5)]
    refused = await asyncio.gather(*(holder.token() for holder in holders))
    fresh = await asyncio.gather(*(holder.token(refused=token) for holder, token in zip(holders, refused, strict=True) for _ in range(4)))
    assert {token.text for token in fresh} == {"token-2"}
    assert source.forced == [False, True]


async def test_forcing_is_counted_for_everybody_and_ends_at_its_quota(worker: TestDatabase) -> None:
    source = Source()
    for _ in range(25):
        holder = TokenHolder("wx", source.ask)
        await holder.token(refused=await holder.token())
        await worker.owner.execute("UPDATE wechat_tokens SET forced_at = now() - interval '31 s', fetched_at = now() - interval '31 s'")
    assert sum(source.forced) == 20
    assert await worker.value("SELECT forced_today FROM wechat_tokens") == 20
    await worker.owner.execute("UPDATE wechat_tokens SET forced_day = forced_day - 1")
    holder = TokenHolder("wx", source.ask)
    await holder.token(refused=await holder.token())
    assert sum(source.forced) == 21


async def test_a_token_refused_again_within_seconds_is_not_asked_for_again(worker: TestDatabase) -> None:
    source = Source()
    holder, other = TokenHolder("wx", source.ask), TokenHolder("wx", source.ask)
    second = await holder.token(refused=await holder.token())
    for one in (holder, other):
        with pytest.raises(WeChatUnreachable, match="token_refused"):
            await one.token(refused=second)
    assert source.forced == [False, True]


async def test_a_failure_is_everybodys_for_a_while(worker: TestDatabase) -> None:
    source = Source(fails="token_40164")
    for _ in range(3):
        with pytest.raises(WeChatUnreachable, match="token_40164"):
            await TokenHolder("wx", source.ask).token()
    assert len(source.forced) == 1
    await worker.owner.execute("UPDATE wechat_tokens SET failed_until = now()")
    source.fails = ""
    assert (await TokenHolder("wx", source.ask).token()).text == "token-2"
    assert await worker.value("SELECT failure FROM wechat_tokens") is None
