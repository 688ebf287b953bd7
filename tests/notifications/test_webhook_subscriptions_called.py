"""What subscribers are sent, on a real local server that plays their side: signed, retried, and in peace when they ask."""

import asyncio
import itertools
from collections import Counter
from datetime import timedelta

import orjson
import pytest
from standardwebhooks.webhooks import Webhook

from services.notifications.webhooks.retrying import LADDER, pause, read_retry_after, verdict
from services.notifications.webhooks.sending import call_due
from services.platform import clock
from services.platform.database import WORKER
from tests.county import BLANK_GRID, PENGZHAI, SHUIKOU, WATER, YANGMING
from tests.notifications.hooks import AT, Hooks
from tests.notifications.platform import Said
from tests.notifications.test_webhook_subscriptions import hooks, private

__all__ = ["hooks", "private"]

PHONE, NAME, WORDS = "13800000123", "黄某", "水管爆了,满地是水"


def told(hooks: Hooks) -> list[str]:
    return [asked.json["type"] for asked in hooks.platform.asked]


async def test_a_ticket_s_whole_life_is_told_signed_and_without_anybody_s_words(hooks, county):
    made = await hooks.subscribe()
    desk = hooks.desk
    number = await desk.file(WORDS)
    await desk.does("shuikou", number, "accept")
    await desk.does("shuikou", number, "resolve", words="已修好", files=await desk.evidence("shuikou"))
    await desk.does("pengzhai", number, "answer", words="已修好并恢复供水")
    await desk.does("pengzhai", number, "close", verified_by="site_check", words="已到现场核实")
    await hooks.work()
    assert sorted(told(hooks)) == sorted(
        ["ticket.received", "ticket.dispatched", "ticket.accepted", "ticket.resolved", "ticket.answered", "ticket.closed"]
    )
    signer = Webhook(made["secret"])
    for asked in hooks.platform.asked:
        body = signer.verify(asked.body, asked.headers)
        assert body["data"]["ticket"]["number"] == number
        assert body["data"]["ticket"]["place"] == BLANK_GRID
        assert not any(word in asked.body.decode() for word in (PHONE, NAME, WORDS, "修好", "核实"))
    last = max(hooks.platform.asked, key=lambda asked: asked.json["data"]["event"]["seq"]).json
    assert (last["type"], last["data"]["ticket"]["status"], last["data"]["ticket"]["holder"]) == ("ticket.closed", "closed", SHUIKOU)
    log = await hooks.log(made)
    assert {(one["state"], one["tries"], one["last_status"], one["ticket"]) for one in log} == {("sent", 1, 200, number)}
    assert {asked.headers["webhook-id"] for asked in hooks.platform.asked} == {one["id"] for one in log}
    assert await hooks.work() == 0


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        ({}, 2),
        ({"unit": "441624"}, 2),
        ({"unit": PENGZHAI}, 2),
        ({"unit": SHUIKOU}, 2),
        ({"unit": YANGMING}, 0),
        ({"unit": WATER}, 0),
        ({"channel": "hotline"}, 2),
        ({"channel": "wechat"}, 0),
        ({"event_types": ["ticket.dispatched"]}, 1),
        ({"event_types": ["ticket.closed"]}, 0),
        ({"event_types": ["ticket.dispatched"], "unit": PENGZHAI, "channel": "hotline"}, 1),
    ],
)
async def test_only_what_was_asked_for_is_told(hooks, narrow, expected):
    await hooks.subscribe(**narrow)
    await hooks.desk.file()
    assert await hooks.work() == expected


async def test_who_holds_a_matter_and_who_loses_it_are_told_wherever_it_is(hooks):
    await hooks.subscribe(unit=WATER, event_types=["ticket.transferred"])
    number = await hooks.desk.file()
    await hooks.desk.does("county", number, "transfer", unit=WATER, words="水利局主办")
    await hooks.desk.does("county", number, "transfer", unit=SHUIKOU, words="仍由村里办理")
    assert await hooks.work() == 2


async def test_whoever_is_entitled_gets_words_and_contact_but_not_of_the_confidential(hooks, county):
    made = await hooks.subscribe(event_types=["ticket.received"])
    await hooks.change(made, "PUT", "/entitlement", "county", entitled=True, reason="按县数据共享协议第7条")
    await hooks.desk.file(WORDS)
    await hooks.desk.file("有人举报", confidential=True, contact={"name": "李某", "phone": "13900000456"})
    await hooks.work()
    heard = [complaint for asked in hooks.platform.asked for complaint in asked.json["data"]["complaints"]]
    open_one, confidential = sorted(heard, key=lambda complaint: complaint["confidential"])  # they may come in either order
    assert (open_one["words"], open_one["contact"]) == (WORDS, {"name": NAME, "phone": PHONE})
    assert (confidential["words"], confidential["contact"], confidential["confidential"]) == ("有人举报", None, True)
    kept = orjson.dumps([dict(row) for row in await county.fetch("SELECT body::text FROM webhook_deliveries")]).decode()
    assert PHONE not in kept
    assert WORDS not in kept


async def test_after_a_rotation_both_secrets_verify_until_the_grace_is_over(hooks, county):
    made = await hooks.subscribe(event_types=["ticket.received"])
    rotated = await hooks.change(made, "POST", "/secrets", grace_hours=2)
    assert rotated.status_code == 201, rotated.text
    fresh = rotated.json()["secret"]
    assert fresh != made["secret"]
    await hooks.desk.file()
    await hooks.work()
    for secret in (made["secret"], fresh):
        Webhook(secret).verify(hooks.platform.asked[0].body, hooks.platform.asked[0].headers)
    await county.owner.execute("UPDATE webhook_subscriptions SET previous_until = now() - interval '1 second'")
    await hooks.desk.file()
    await hooks.work()
    assert len(hooks.platform.asked[1].headers["webhook-signature"].split(" ")) == 1
    Webhook(fresh).verify(hooks.platform.asked[1].body, hooks.platform.asked[1].headers)


@pytest.mark.parametrize("status", [301, 302, 400, 404, 500])
async def test_a_failure_is_tried_again_by_the_ladder_and_its_redirect_not_followed(hooks, county, status):
    hooks.platform.answer = lambda _asked: Said(status, headers={"Location": f"{hooks.platform.url}/inside"})
    made = await hooks.subscribe(event_types=["ticket.received"])
    await hooks.desk.file()
    waits = []
    for _ in range(len(LADDER) + 1):
        assert await hooks.work() == 1
        waits.append(await county.value("SELECT next_try_at - last_try_at FROM webhook_deliveries"))
        await hooks.later()
    for step, wait in zip(LADDER, waits, strict=False):
        assert step * 0.89 <= wait <= step * 1.11
    (one,) = await hooks.log(made)
    assert (one["state"], one["tries"], one["last_status"], one["last_error"]) == ("given_up", 10, status, f"http_{status}")
    assert await hooks.work() == 0
    assert not hooks.platform.at("/inside")
    assert len({asked.headers["webhook-id"] for asked in hooks.platform.asked}) == 1
    assert len({asked.body for asked in hooks.platform.asked}) == 1


async def test_gone_disables_the_subscription_and_stops_what_is_queued(hooks, county):
    made = await hooks.subscribe(event_types=["ticket.received"])
    for _ in range(6):
        await hooks.desk.file()
    hooks.platform.answer = lambda _asked: Said(410)
    await hooks.work()
    found = (await hooks.http.get(f"{AT}/{made['id']}", headers=await hooks.as_())).json()
    assert (found["active"], found["disabled_reason"]) == (False, "http_410")
    assert len(hooks.platform.asked) <= 4, "those that were under way"
    assert {one["state"] for one in await hooks.log(made)} == {"given_up", "stopped"}
    assert await county.value("SELECT actor_kind FROM events WHERE type = 'webhook.disabled'") == "system"


async def test_one_call_in_many_that_fails_is_tried_again_and_holds_nobody_up(hooks, county):
    await hooks.subscribe(event_types=["ticket.received"])
    calls = itertools.count()
    hooks.platform.answer = lambda _asked: Said(503 if next(calls) % 7 == 3 else 204)
    for number in range(20):
        await hooks.desk.file(words=f"路灯不亮{number}")
    await hooks.work()
    states = Counter(row["state"] for row in await county.fetch("SELECT state FROM webhook_deliveries"))
    assert states["sent"] + states["queued"] == 20
    assert states["queued"] == states.total() - states["sent"] <= 4, "every other one went through at once"
    assert await county.value("SELECT busy_until <= now() FROM webhook_subscriptions") is True


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_whoever_asks_for_peace_is_left_in_peace(hooks, county, status):
    made = await hooks.subscribe(event_types=["ticket.received"])
    for _ in range(6):
        await hooks.desk.file()
    hooks.platform.answer = lambda _asked: Said(status, headers={"Retry-After": "600"})
    await hooks.work()
    assert len(hooks.platform.asked) == 4
    rest = await county.value("SELECT busy_until - now() FROM webhook_subscriptions")
    assert timedelta(seconds=590) < rest <= timedelta(seconds=600)
    assert [one["tries"] for one in await hooks.log(made)] == [1, 1, 1, 1, 0, 0]
    hooks.platform.answer = lambda _asked: Said()
    await hooks.later()
    assert await hooks.work() == 6
    assert await county.value("SELECT failures FROM webhook_subscriptions") == 0


async def test_an_answer_nobody_can_read_the_time_of_is_an_answer_like_any_other(hooks):
    strange = await hooks.subscribe(path="/strange", event_types=["ticket.received"])
    other = await hooks.subscribe(path="/other", event_types=["ticket.received"])
    never = {"Retry-After": "Mon, 1 Jan 2026 1:1:1 +" + "9" * 400}
    hooks.platform.answer = lambda asked: Said(503 if asked.path == "/strange" else 200, headers=never)
    await hooks.desk.file()
    await hooks.work()
    assert [(one["state"], one["tries"]) for one in await hooks.log(strange)] == [("queued", 1)]
    assert [(one["state"], one["tries"]) for one in await hooks.log(other)] == [("sent", 1)], "nobody else is called again and again for it"


async def test_one_that_is_away_keeps_nobody_else_waiting(hooks):
    await hooks.subscribe(path="/slow", event_types=["ticket.received"])
    quick = await hooks.subscribe(path="/quick", event_types=["ticket.received"])
    hooks.platform.answer = lambda asked: Said(after=2 if asked.path == "/slow" else 0)
    await hooks.desk.file()
    async with hooks.county.as_role(WORKER):
        slow = asyncio.create_task(call_due(allow_private=True))
        while len(hooks.platform.at("/slow")) < 1:  # noqa: ASYNC110  the other side tells it in no other way
            await asyncio.sleep(0.02)
        await hooks.desk.file()
        await call_due(allow_private=True)
        assert len(hooks.platform.at("/slow")) == 1, "one worker at an endpoint at a time"
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
    assert len(hooks.platform.at("/quick")) >= 1
    assert quick["id"] != ""


async def test_workers_side_by_side_tell_each_event_once_and_no_endpoint_more_than_four_at_a_time(hooks, county):
    await hooks.subscribe(event_types=["ticket.received"])
    for nth in range(20):
        body = {"words": "水管爆了", "call_id": f"c-{nth}"}
        filed = await hooks.http.post("/v1/hotline/complaints", json=body, headers=await hooks.desk.as_("hotline"))
        assert filed.status_code == 201
    await county.settle()
    now, most = 0, 0

    def answer(_asked):
        nonlocal now, most
        now += 1
        most = max(most, now)
        asyncio.get_running_loop().call_later(0.05, leave)
        return Said(after=0.05)

    def leave():
        nonlocal now
        now -= 1

    hooks.platform.answer = answer
    async with county.as_role(WORKER):

        async def one() -> None:
            while len(hooks.platform.asked) < 20:
                await call_due(allow_private=True)
                await asyncio.sleep(0.01)

        async with asyncio.timeout(20):
            await asyncio.gather(one(), one(), one())
    ids = [asked.headers["webhook-id"] for asked in hooks.platform.asked]
    assert len(ids) == len(set(ids)) == 20
    assert most <= 4


async def test_a_worker_that_dies_in_the_middle_leaves_an_endpoint_that_is_taken_up_again(hooks, county):
    await hooks.subscribe(event_types=["ticket.received"])
    await hooks.desk.file()
    hooks.platform.answer = lambda _asked: Said(after=2)
    async with county.as_role(WORKER):
        dying = asyncio.create_task(call_due(allow_private=True))
        while not hooks.platform.asked:  # noqa: ASYNC110  the other side tells it in no other way
            await asyncio.sleep(0.02)
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
    hooks.platform.answer = lambda _asked: Said()
    assert await hooks.work() == 0, "its lease still runs"
    await county.owner.execute("UPDATE webhook_subscriptions SET busy_until = now()")
    assert await hooks.work() == 1
    first, second = hooks.platform.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


async def test_a_private_address_is_not_called_even_where_its_name_was_fine_when_it_was_given(hooks, county):
    made = await hooks.subscribe(event_types=["ticket.received"])
    port = hooks.platform.url.rpartition(":")[2]
    await hooks.change(made, url=f"http://localhost:{port}/hook")
    await hooks.desk.file()
    assert await hooks.work(allow_private=False) == 1
    assert hooks.platform.asked == []
    (one,) = await hooks.log(made)
    assert (one["state"], one["last_status"], one["last_error"]) == ("queued", None, "address_not_public")


async def test_an_event_can_be_told_again_under_the_same_id(hooks):
    made = await hooks.subscribe(event_types=["ticket.received"])
    await hooks.desk.file()
    await hooks.work()
    (one,) = await hooks.log(made, state="sent")
    url = f"{AT}/{made['id']}/deliveries/{one['id']}/redeliver"
    headers = await hooks.as_() | {"Idempotency-Key": "again"}
    first, repeat = [await hooks.http.post(url, headers=headers) for _ in range(2)]
    assert (first.status_code, first.json()["state"], first.json()["tries"]) == (200, "queued", 0)
    assert repeat.headers["idempotency-replayed"] == "true"
    assert await hooks.work() == 1
    assert len({asked.headers["webhook-id"] for asked in hooks.platform.asked}) == 1
    assert len(hooks.platform.asked) == 2
    unknown = await hooks.http.post(f"{AT}/{made['id']}/deliveries/{made['id']}/redeliver", headers=await hooks.as_())
    assert (unknown.status_code, unknown.json()["code"]) == (404, "webhook.delivery_unknown")


async def test_a_trial_is_told_like_an_event_and_the_log_goes_page_by_page(hooks):
    made = await hooks.subscribe()
    for _ in range(3):
        answer = await hooks.http.post(f"{AT}/{made['id']}/test", headers=await hooks.as_())
        assert (answer.status_code, answer.json()["event_type"]) == (201, "webhook.test")
    assert await hooks.work() == 3
    assert set(told(hooks)) == {"webhook.test"}
    Webhook(made["secret"]).verify(hooks.platform.asked[0].body, hooks.platform.asked[0].headers)
    first = await hooks.http.get(f"{AT}/{made['id']}/deliveries", params={"limit": 2}, headers=await hooks.as_())
    second = await hooks.http.get(
        f"{AT}/{made['id']}/deliveries", params={"limit": 2, "cursor": first.json()["next"]}, headers=await hooks.as_()
    )
    assert (len(first.json()["items"]), len(second.json()["items"]), second.json()["next"]) == (2, 1, None)
    assert await hooks.log(made, event_type="ticket.closed") == []


def test_retry_after_is_read_as_seconds_and_as_a_date_and_bounded():
    now = clock.now().replace(microsecond=0)
    assert read_retry_after("120", now) == timedelta(seconds=120)
    assert read_retry_after(clock_text(now + timedelta(minutes=5)), now) == timedelta(minutes=5)
    assert read_retry_after(clock_text(now - timedelta(minutes=5)), now) == timedelta(0)
    assert read_retry_after("99999999999999999999", now) == timedelta(days=1)
    for nonsense in ("", "soon", "-1", "１２０"):
        assert read_retry_after(nonsense, now) is None


def clock_text(at):
    return at.strftime("%a, %d %b %Y %H:%M:%S GMT")


def test_endpoints_are_left_in_peace_longer_and_longer_up_to_five_minutes():
    assert timedelta(seconds=4.4) <= pause(1) <= timedelta(seconds=5.6)
    assert pause(20) <= timedelta(seconds=331)
    assert verdict(None, "timeout", 1, None).slow_down
    assert not verdict(500, "http_500", 1, None).slow_down
    assert verdict(200, None, 3, None).state == verdict(299, None, 3, None).state == "sent"
