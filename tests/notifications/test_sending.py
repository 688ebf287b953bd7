"""What waits is sent outside any transaction, once where all goes well, and never forgotten."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from pydantic import SecretStr

from dispatch_worker.handlers import HANDLERS
from services.complaints.commands import Contact, FileComplaint, Place, Telling
from services.complaints.filing_desk import file_complaint
from services.journal.draining import drain
from services.notifications.senders import Senders, open_senders
from services.notifications.sending import LADDER, requeue, send_due, waiting_time
from services.platform.actor import SYSTEM
from services.platform.ids import new_id
from services.platform.secrets import tracking_code
from services.platform.settings import Settings
from services.platform.unit_of_work import unit_of_work
from tests.conftest import TestDatabase
from tests.county import SHUIKOU
from tests.letterbox import as_worker
from tests.notifications.platform import Asked, Platform, Said

BOTH = Contact(name="黄某", phone="13805550123", openid="oPerson0001")


@pytest.fixture
async def waiting(county: TestDatabase) -> AsyncIterator[TestDatabase]:
    """A ticket with two messages to the complainant and two to units waiting, under the worker's role."""
    telling = Telling(words="水管爆了", category="water.pipe_burst", place=Place(unit_code=SHUIKOU), contact=BOTH)
    await file_complaint(FileComplaint("wechat", str(new_id()), telling), SYSTEM)
    async with as_worker(county.url):
        while (await drain(HANDLERS, batch=100)).taken:
            pass
        yield county


def settings_for(platform: Platform, **changes: object) -> Settings:
    given = {
        "wechat_api": platform.url,
        "wechat_app_id": "wx",
        "wechat_app_secret": SecretStr("s"),
        "sms_url": f"{platform.url}/sms",
        "sms_secret": SecretStr("s"),
        "wechat_templates": "",
        "webhook_url": f"{platform.url}/hook",
        "webhook_secret": SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        "webhook_allow_private": True,
        **changes,
    }
    return Settings().model_copy(update=given)


def answers(platform: Platform, wechat: int = 0, hook: int = 200, sms: int = 200) -> None:
    def answer(asked: Asked) -> Said:
        if asked.path == "/cgi-bin/stable_token":
            return Said(body={"access_token": "t", "expires_in": 7200})
        return {"/sms": Said(sms), "/hook": Said(hook)}.get(asked.path, Said(body={"errcode": wechat}))

    platform.answer = answer


async def states(county: TestDatabase) -> dict[tuple[str, str, str | None], int]:
    rows = await county.fetch("SELECT audience, state, carrier, count(*) AS n FROM messages GROUP BY 1, 2, 3")
    return {(row["audience"], row["state"], row["carrier"]): row["n"] for row in rows}


async def test_each_message_goes_once_by_the_best_carrier(waiting: TestDatabase, platform: Platform) -> None:
    answers(platform)
    async with open_senders(settings_for(platform)) as senders:
        assert await send_due(senders, 10) == 4
        assert await send_due(senders, 10) == 0
    assert await states(waiting) == {("complainant", "sent", "wechat"): 2, ("unit", "sent", "webhook"): 2}
    texts = [asked.json["text"]["content"] for asked in platform.at("/cgi-bin/message/custom/send")]
    code = tracking_code((await waiting.fetch("SELECT id FROM tickets"))[0]["id"])
    assert sum(code in text for text in texts) == 1
    assert not any("{code}" in text for text in texts)
    assert platform.at("/sms") == []
    assert {asked.json["data"]["unit"] for asked in platform.at("/hook")} == {SHUIKOU, "441624108"}


async def test_who_cannot_be_reached_by_wechat_is_told_by_sms(waiting: TestDatabase, platform: Platform) -> None:
    answers(platform, wechat=45015)
    async with open_senders(settings_for(platform)) as senders:
        await send_due(senders, 10)
    assert (await states(waiting))["complainant", "sent", "sms"] == 2
    assert {asked.json["to"] for asked in platform.at("/sms")} == {"13805550123"}


async def test_what_fails_waits_its_step_of_the_ladder_and_is_given_up_at_its_end(waiting: TestDatabase, platform: Platform) -> None:
    answers(platform, wechat=-1, sms=500, hook=500)
    async with open_senders(settings_for(platform)) as senders:
        for step in LADDER:
            assert await send_due(senders, 10) == 4
            waits = await waiting.fetch("SELECT extract(epoch FROM next_try_at - now())::float AS wait, tries FROM messages")
            assert all(0.85 * step.total_seconds() - 2 <= row["wait"] <= 1.1 * step.total_seconds() for row in waits)
            assert await send_due(senders, 10) == 0
            await waiting.owner.execute("UPDATE messages SET next_try_at = now()")
        await send_due(senders, 10)
    assert await states(waiting) == {("complainant", "given_up", "sms"): 2, ("unit", "given_up", "webhook"): 2}
    assert await waiting.value("SELECT array_agg(DISTINCT last_error) FROM messages") == ["http_500"]
    ways = await waiting.value(
        "SELECT array_agg(DISTINCT w ->> 'way' || ' ' || (w ->> 'error')) FROM messages, jsonb_array_elements(ways) w"
    )
    assert ways == ["sms http_500", "wechat wechat_-1"]


async def test_an_endpoint_that_is_gone_gets_nothing_more_until_somebody_asks_again(waiting: TestDatabase, platform: Platform) -> None:
    answers(platform, hook=410)
    async with open_senders(settings_for(platform)) as senders:
        await send_due(senders, 10)
        hooked = len(platform.at("/hook"))
        await waiting.owner.execute("UPDATE messages SET state = 'queued', tries = 0, next_try_at = now() WHERE audience = 'unit'")
        await send_due(senders, 10)
        assert len(platform.at("/hook")) == hooked
        assert (await states(waiting))["unit", "no_carrier", None] == 2
        answers(platform)
        async with unit_of_work(SYSTEM) as work:
            assert await requeue(work) == 2
        await send_due(senders, 10)
    assert (await states(waiting))["unit", "sent", "webhook"] == 2


async def test_without_any_carrier_a_message_says_so(waiting: TestDatabase) -> None:
    await send_due(Senders(), 10)
    assert await states(waiting) == {("complainant", "no_carrier", None): 2, ("unit", "no_carrier", None): 2}


async def test_the_file_of_a_local_run_gets_all_and_no_address_of_a_person(
    waiting: TestDatabase, platform: Platform, tmp_path: Path
) -> None:
    nothing = {"wechat_app_id": "", "sms_url": "", "webhook_url": "", "outbox_file": str(tmp_path / "outbox.jsonl")}
    async with open_senders(settings_for(platform, **nothing)) as senders:
        await send_due(senders, 10)
    text = (tmp_path / "outbox.jsonl").read_text(encoding="utf-8")
    assert {orjson.loads(line)["to"].split(":")[0] for line in text.splitlines()} == {"complaint", "unit"}
    assert "13805550123" not in text
    assert "oPerson0001" not in text


async def test_senders_side_by_side_never_send_the_same_message(waiting: TestDatabase, platform: Platform) -> None:
    answers(platform)
    async with open_senders(settings_for(platform)) as senders:
        tried = await asyncio.gather(*(send_due(senders, 2) for _ in range(6)))
    assert sum(tried) == 4
    assert len(platform.at("/hook")) + len(platform.at("/cgi-bin/message/custom/send")) == 4


async def test_a_sender_that_dies_while_sending_leaves_the_message_to_others(waiting: TestDatabase, platform: Platform) -> None:
    platform.answer = lambda _asked: Said(after=1)
    async with open_senders(settings_for(platform)) as senders:
        dying = asyncio.create_task(send_due(senders, 10))
        while len(platform.asked) < 3:  # noqa: ASYNC110  two hooks, and one asks for the token that both messages need
            await asyncio.sleep(0.01)
        in_transaction = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        assert await waiting.value(in_transaction) == 0
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        assert await send_due(senders, 10) == 0  # the lease holds
        await waiting.owner.execute("UPDATE messages SET next_try_at = now()")  # and is over
        answers(platform)
        assert await send_due(senders, 10) == 4
    assert {state for _, state, _ in await states(waiting)} == {"sent"}


async def test_an_erased_or_damaged_contact_does_not_stop_the_others(waiting: TestDatabase, platform: Platform) -> None:
    answers(platform)
    await waiting.owner.execute("UPDATE complainants SET sealed = '\\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'")
    async with open_senders(settings_for(platform)) as senders:
        await send_due(senders, 10)
    assert await states(waiting) == {("complainant", "given_up", None): 2, ("unit", "sent", "webhook"): 2}


def test_the_other_sides_wish_for_patience_is_kept_where_it_is_longer() -> None:
    assert waiting_time(1, LADDER[2]) == LADDER[2]
    assert waiting_time(3, LADDER[0]) > LADDER[1]
