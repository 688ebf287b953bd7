"""Subscriptions at the door: who may, what is refused, what is shown once, and from when on events are told."""

import asyncio

import pytest

from services.platform.settings import settings
from tests.county import PENGZHAI
from tests.notifications.hooks import AT, Hooks
from tests.notifications.platform import Platform


@pytest.fixture
def private(monkeypatch):
    """One machine: private addresses may be called."""
    monkeypatch.setenv("DAGUANJIA_WEBHOOK_ALLOW_PRIVATE", "true")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def hooks(intake, county, platform: Platform, private) -> Hooks:
    return Hooks(intake, county, platform)


async def test_a_secret_is_shown_once_and_kept_sealed(hooks, county):
    made = await hooks.subscribe()
    assert made["secret"].startswith("whsec_")
    assert (await hooks.http.get(f"{AT}/{made['id']}", headers=await hooks.as_())).json()["secret"] is None
    (row,) = await county.fetch("SELECT secret FROM webhook_subscriptions")
    assert made["secret"].encode() not in row["secret"]
    (event,) = await county.fetch("SELECT type, data::text FROM events WHERE subject_kind = 'webhook_subscription'")
    assert event["type"] == "webhook.added"
    assert "whsec" not in event["data"]
    assert "/hook" not in event["data"], "an address may hold a token"


async def test_a_repeat_under_the_same_key_subscribes_once_and_shows_no_secret(hooks, county):
    body = {"name": "一", "url": f"{hooks.platform.url}/hook", "event_types": ["ticket.closed"]}
    headers = await hooks.as_() | {"Idempotency-Key": "one"}
    first = await hooks.http.post(AT, json=body, headers=headers)
    again = await hooks.http.post(AT, json=body, headers=headers)
    assert again.json() == first.json() | {"secret": None}
    assert await county.value("SELECT count(*) FROM webhook_subscriptions") == 1
    assert not await county.value("SELECT count(*) FROM idempotency_keys WHERE body::text LIKE '%whsec%'")


@pytest.mark.parametrize("login", ["county", "pengzhai", "hotline", "analyst"])
async def test_only_administrators_subscribe(hooks, login):
    answer = await hooks.try_subscribe(login=login, url=hooks.platform.url)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission.denied")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.9:8443/x",
        "https://localhost/x",
        "https://db.internal/x",
        "https://user:password@hooks.example.org/x",
        "https://:password@hooks.example.org/x",
        "https://hooks.example.org/x#fragment",
        "https://hooks.example.org:99999/x",
        "https:///xyz",
    ],
)
async def test_an_address_that_can_be_seen_to_be_ours_is_refused_at_once(intake, county, platform, url):
    answer = await Hooks(intake, county, platform).try_subscribe(url=url)
    assert (answer.status_code, answer.json()["code"]) == (422, "webhook.url_refused"), answer.text
    assert "password" not in answer.json()["detail"]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"event_types": ["ticket.exploded"]}, "/event_types"),
        ({"event_types": []}, "/event_types"),
        ({"url": "ftp://hooks.example.org/x"}, "/url"),
        ({"entitled": True}, "/entitled"),
        ({"name": " "}, "/name"),
    ],
)
async def test_what_does_not_fit_is_named(hooks, wrong, pointer):
    answer = await hooks.try_subscribe(**{"url": hooks.platform.url, **wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(("wrong", "code"), [({"unit": "999"}, "unit.unknown"), ({"channel": "pigeon"}, "channel.unknown")])
async def test_what_does_not_exist_is_named(hooks, wrong, code):
    answer = await hooks.try_subscribe(url=hooks.platform.url, **wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_where_nobody_subscribed_nothing_is_owed(hooks, county):
    await hooks.desk.as_("hotline")
    await hooks.desk.client.post(
        "/v1/hotline/complaints", json={"words": "水管爆了", "call_id": "c-1"}, headers=await hooks.desk.as_("hotline")
    )
    assert await county.value("SELECT count(*) FROM deliveries WHERE handler = 'publish'") == 0
    assert await county.value("SELECT count(*) FROM deliveries") == 3
    subscription = await hooks.subscribe()
    await hooks.desk.client.post(
        "/v1/hotline/complaints", json={"words": "水管爆了", "call_id": "c-2"}, headers=await hooks.desk.as_("hotline")
    )
    assert await county.value("SELECT count(*) FROM deliveries WHERE handler = 'publish'") == 1, "known in the very next transaction"
    await hooks.change(subscription, "DELETE")
    await hooks.desk.client.post(
        "/v1/hotline/complaints", json={"words": "水管爆了", "call_id": "c-3"}, headers=await hooks.desk.as_("hotline")
    )
    assert await county.value("SELECT count(*) FROM deliveries WHERE handler = 'publish'") == 1


async def test_every_complaint_filed_after_the_answer_is_told_though_others_are_being_filed(hooks, county):
    """Filing goes on all the while; what begins after the subscription's answer has its delivery, with no two seconds of blindness."""
    hotline, stop, before, after = await hooks.desk.as_("hotline"), asyncio.Event(), [], []

    async def keep_filing(name: str) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            bucket = after if subscribed.is_set() else before
            body = {"words": "水管爆了", "call_id": f"{name}-{number}"}
            bucket.append((await hooks.http.post("/v1/hotline/complaints", json=body, headers=hotline)).json()["number"])

    subscribed = asyncio.Event()
    filing = [asyncio.create_task(keep_filing(name)) for name in "abcd"]
    await asyncio.sleep(0.3)
    subscription = await hooks.subscribe(event_types=["ticket.received"])
    subscribed.set()
    await asyncio.sleep(0.5)
    stop.set()
    await asyncio.gather(*filing)
    assert before
    assert after
    await hooks.work()
    told = {asked.json["data"]["ticket"]["number"] for asked in hooks.platform.asked}
    assert set(after) <= told
    assert len(told) == len(hooks.platform.asked), "each once"
    assert await county.value("SELECT count(*) FROM webhook_deliveries WHERE subscription_id = $1", subscription["id"]) == len(told)


async def test_a_change_needs_the_version_it_was_decided_on(hooks):
    made = await hooks.subscribe()
    url, headers = f"{AT}/{made['id']}", await hooks.as_()
    assert (await hooks.http.patch(url, json={"name": "二"}, headers=headers)).status_code == 428
    stale = await hooks.http.patch(url, json={"name": "二"}, headers=headers | {"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "webhook.version_conflict")
    changed = await hooks.change(made, name="二", unit="441624108", channel="hotline")
    assert (changed.json()["name"], changed.json()["unit"], changed.json()["version"]) == ("二", "441624108", 2)
    widened = await hooks.http.patch(url, json={"unit": None}, headers=headers | {"If-Match": '"2"'})
    assert (widened.json()["unit"], widened.json()["channel"]) == (None, "hotline")


async def test_the_right_to_words_is_given_by_name_with_a_reason_and_ends_with_the_address(hooks, county):
    made = await hooks.subscribe()
    why = {"entitled": True, "reason": "按县数据共享协议第7条"}
    assert (await hooks.change(made, "PUT", "/entitlement", "pengzhai", **why)).status_code == 403
    own = await hooks.change(made, "PUT", "/entitlement", "admin", **why)
    assert (own.status_code, own.json()["code"]) == (403, "webhook.own_subscription")
    given = await hooks.change(made, "PUT", "/entitlement", "county", **why)
    assert given.json()["entitled"] is True
    (event,) = await county.fetch("SELECT data, actor_account_id FROM events WHERE type = 'webhook.entitled'")
    assert "第7条" in event["data"]
    assert event["actor_account_id"] is not None
    moved = await hooks.change(made, url=f"{hooks.platform.url}/elsewhere")
    assert moved.json()["entitled"] is False


@pytest.mark.parametrize("wider", [{"unit": None}, {"channel": None}, {"unit": "441624"}])
async def test_whoever_may_have_one_township_s_names_does_not_get_the_county_s_by_a_change(hooks, wider):
    made = await hooks.subscribe(unit=PENGZHAI, channel="hotline")
    why = {"entitled": True, "reason": "按县数据共享协议第7条，仅限彭寨镇热线工单"}
    assert (await hooks.change(made, "PUT", "/entitlement", "county", **why)).json()["entitled"] is True
    same = {"unit": PENGZHAI, "channel": "hotline", "name": "彭寨镇"}
    assert (await hooks.change(made, **same)).json()["entitled"] is True, "saying the same again takes nothing"
    assert (await hooks.change(made, **wider)).json()["entitled"] is False


async def test_a_disabled_subscription_is_told_nothing_and_starts_again_from_then_on(hooks, county):
    made = await hooks.subscribe(event_types=["ticket.received"])
    await hooks.desk.file()
    assert (await hooks.log(made))[0]["state"] == "queued"
    ended = await hooks.change(made, "DELETE")
    assert (ended.status_code, ended.json()["active"], ended.json()["disabled_reason"]) == (200, False, "asked")
    assert [one["state"] for one in await hooks.log(made)] == ["stopped"]
    await hooks.desk.file()
    assert await hooks.work() == 0
    refused = await hooks.http.post(f"{AT}/{made['id']}/test", headers=await hooks.as_())
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook.inactive")
    await county.owner.execute("UPDATE events SET recorded_at = recorded_at - interval '1 hour'")
    assert (await hooks.change(made, active=True)).json()["active"] is True
    number = await hooks.desk.file()
    assert await hooks.work() == 1
    assert hooks.platform.asked[0].json["data"]["ticket"]["number"] == number


async def test_what_is_done_with_is_forgotten_after_thirty_days(hooks, county):
    from dispatch_worker.handlers import HANDLERS
    from dispatch_worker.jobs.purge import purge
    from dispatch_worker.station import Station
    from services.notifications.senders import Senders
    from services.platform.database import WORKER

    made = await hooks.subscribe(event_types=["ticket.received"])
    await hooks.desk.file()
    await hooks.work()
    await hooks.desk.file()
    await county.owner.execute("UPDATE webhook_deliveries SET created_at = created_at - interval '31 days'")
    async with county.as_role(WORKER):
        await purge(Station(HANDLERS, Senders(), 200))
    assert [one["state"] for one in await hooks.log(made)] == ["queued"]
