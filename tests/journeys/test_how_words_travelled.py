"""A matter through every action, as its complainant reads it: hop by hop, its words, and who looked; nobody else's anything."""

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from services.attachments.store import store
from services.platform import clock
from services.platform.database import OWNER
from services.platform.secrets import tracking_code
from services.platform.settings import settings
from services.privacy.wholly import Wanted, erase_now
from tests.county import LOGINS
from tests.journeys import test_every_action as every
from tests.journeys.people import Desk

BETWEEN_ACTS = timedelta(seconds=95)
BEGAN_AGO = timedelta(hours=2)
"""It began before now, so that the database's own clock is never behind what happens."""
STAFF_WORDS = ("不在本村", "村里无力承担", "主管爆裂", "请抓紧", "暴雨红色预警", "回访确认", "书记已到场")
KINDS = [("original", "诉求人"), ("supplement", "诉求人"), ("answer", "村民大管家580热线"), ("answer", "和平县水利局")]


class Unhurried(Desk):
    """People who take a minute and a half for each act."""

    late = -BEGAN_AGO

    async def does(self, login, number, action, **more):
        """Take an action; then time goes by."""
        done = await super().does(login, number, action, **more)
        type(self).late += BETWEEN_ACTS
        self.headers.clear()  # nobody stays signed in for so long
        return done


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def desk(intake, county, home, monkeypatch):
    real, Unhurried.late = clock.now, -BEGAN_AGO
    monkeypatch.setattr(clock, "now", lambda: real() + Unhurried.late)
    return Unhurried(intake, county)


async def code_of(county, number: str) -> str:
    return tracking_code(await county.value("SELECT id FROM tickets WHERE number = $1", number))


async def journey(desk, number: str, code: str | None = None):
    code = code or await code_of(desk.county, number)
    answer = await desk.client.get(f"/v1/complaints/{number}/journey", headers={"X-Tracking-Code": code})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return answer


async def words_of(desk, number: str, login: str = "county"):
    return (await desk.client.get(f"/v1/tickets/{number}/words", headers=await desk.as_(login))).json()["items"]


async def test_a_matter_is_told_hop_by_hop_through_every_action(desk, county):
    number = await desk.file()
    await every.moves_between_units(desk, number)
    await every.is_worked_on(desk, number)
    await every.is_told_more_of(county, number)
    await every.is_verified_and_comes_back(desk, number)
    await every.ends(desk, number)

    answer = await journey(desk, number)
    told = answer.json()
    hops = told["hops"]
    assert all(one["until"] == following["since"] for one, following in pairwise(hops))
    assert (hops[-1]["until"], told["ended_at"]) == (None, None)
    assert sum(hop["minutes"] for hop in hops) == told["minutes"] > 30
    assert sum(hop["working_minutes"] for hop in hops) == told["working_minutes"]
    assert hops[0]["since"] == told["received_at"]
    await equals_the_orders(county, number, hops)
    steps = [step for hop in hops for step in hop["steps"]]
    did = {step["action"] for step in steps}
    assert did >= {"receive", "dispatch", "return", "accept", "hand_up", "transfer", "join", "suspend", "resume", "resolve", "answer"}
    assert did >= {"close", "reopen", "decide_extension", "whistle", "conclude_whistle", "finish_task"}
    reasons = {step["action"]: step["reason"] for step in steps if step["reason"]}
    assert reasons == {"return": "地点有误", "hand_up": "需要经费", "suspend": "不可抗力"}
    assert [(hop["state"], hop["round"], hop["unit"]) for hop in hops if hop["state"] in ("verifying", "over")] == [
        ("verifying", 1, "彭寨镇"), ("verifying", 2, "彭寨镇"), ("over", 2, None),
    ]  # fmt: skip
    assert [(one["kind"], one["by"]) for one in told["words"]] == KINDS
    changed = {piece["did"]: piece["words"] for piece in told["words"][-1]["difference"]}
    assert "".join(piece["words"] for piece in told["words"][-1]["difference"] if piece["did"] != "removed") == "已换新管,请放心"
    assert changed["removed"], "the second answer against the first"
    for hidden in (*(person.name for person in LOGINS.values()), *STAFF_WORDS, "黄某", "13800000123"):
        assert hidden not in answer.text
    by_body = await desk.client.post(f"/v1/complaints/{number}/journey", json={"code": await code_of(county, number)})
    assert by_body.json()["words"] == told["words"]


async def equals_the_orders(county, number, hops):
    """Hold the hops of work against the rows of dispatch orders, which are no events: begun at the same instants."""
    orders = await county.fetch(
        "SELECT u.id, a.assigned_at, a.round FROM assignments a JOIN units u ON u.id = a.unit_id JOIN tickets t ON t.id = a.ticket_id"
        " WHERE t.number = $1 AND a.part = 'lead' ORDER BY a.sequence",
        number,
    )
    ordered = [order for nth, order in enumerate(orders) if nth == 0 or (order["id"], order["round"]) != tuple(orders[nth - 1])[::2]]
    came_back = next(hop["since"] for hop in hops if hop["state"] == "working")
    assert datetime.fromisoformat(came_back) == orders[0]["assigned_at"]
    working = [hop for hop in hops if hop["state"] == "working"]
    since = {datetime.fromisoformat(hop["since"]) for hop in working}
    assert since >= {order["assigned_at"] for order in ordered}, "each order begins a hop"
    assert since <= {order["assigned_at"] for order in orders}, "nothing else does"


async def test_each_reads_their_own_words_and_who_looked_and_nothing_after_erasure(desk, county):
    number, twin = (
        await desk.file("水管在老水井旁爆了"),
        await desk.file("隔壁的老陈也说漏水", contact={"name": "陈某", "phone": "13900000456"}),
    )
    complaint = str(await county.value("SELECT c.id FROM complaints c JOIN tickets t ON t.id = c.ticket_id WHERE number = $1", number))
    reworded = await desk.client.post(
        f"/v1/complaints/{complaint}/rewordings", json={"words": "水管在村委会门口爆了"}, headers=await desk.as_("pengzhai")
    )
    assert reworded.status_code == 201
    await desk.does("pengzhai", twin, "merge", into=number, words="老王说是同一处")
    await desk.does("shuikou", number, "accept")
    await looked_at(desk, number, complaint)

    mine, theirs = await journey(desk, number), await journey(desk, twin)
    assert [one["kind"] for one in mine.json()["words"]] == ["original", "rewording"]
    over = mine.json()["words"][1]
    assert (over["by"], over["kind_name"]) == ("彭寨镇", "补正")
    assert [(piece["did"], piece["words"]) for piece in over["difference"]] == [
        ("same", "水管在"), ("removed", "老水井旁"), ("added", "村委会门口"), ("same", "爆了"),
    ]  # fmt: skip
    assert [one["words"] for one in theirs.json()["words"]] == ["隔壁的老陈也说漏水"]
    assert "水井" not in theirs.text
    assert "老陈" not in mine.text
    assert number not in theirs.text, "which other matter it was is nobody else's"
    steps = [[step["action"] for step in hop["steps"]] for hop in theirs.json()["hops"]]
    assert steps[-1][-1] == "accept", "they read what became of it where it went on"
    assert sum(hop["minutes"] for hop in theirs.json()["hops"]) == theirs.json()["minutes"]
    assert [(one["office"], one["purpose"]) for one in mine.json()["looked"]] == [("和平县", "处理争议")]
    assert theirs.json()["looked"] == []

    authored = await words_of(desk, number)
    assert [(one["number"], [overlay["author"] for overlay in one["words"]]) for one in authored] == [
        (number, [LOGINS["hotline"].name, LOGINS["pengzhai"].name]), (twin, [LOGINS["hotline"].name]),
    ]  # fmt: skip
    outside = await desk.client.get(f"/v1/tickets/{number}/words", headers=await desk.as_("yangming"))
    assert outside.status_code == 404

    async with county.as_role(OWNER):
        await erase_now(Wanted(ticket=number), store())
    after = await journey(desk, number)
    assert (after.json()["erased"], after.json()["words"]) == (True, [])
    assert [(one["office"], one["purpose"]) for one in after.json()["looked"]] == [("和平县", None)]
    assert after.json()["hops"][:2] == mine.json()["hops"][:2], "the way stays; it holds nothing of a person"
    assert [one["words"] for one in (await journey(desk, twin)).json()["words"]] == ["隔壁的老陈也说漏水"]


async def looked_at(desk, number, complaint):
    """The county restricts the contact and looks at it all the same, for a named purpose."""
    path, county = f"/v1/complaints/{complaint}/restriction", await desk.as_("county")
    assert (await desk.client.put(path, json={"because": "dispute"}, headers=county)).status_code == 200
    assert (await desk.client.post(f"{path}/contact", json={"purpose": "dispute"}, headers=county)).status_code == 200


async def test_whoever_told_it_again_reads_their_own_and_a_confidential_one_too(desk, county):
    number = await desk.file()
    body = {"words": "我家门前也一样", "channel_message_id": "again-1", "contact": {"name": "李某", "phone": "13700000789"}}
    again = await desk.client.post(f"/v1/tickets/{number}/repeats", json=body, headers=await desk.as_("hotline"))
    assert again.status_code in (200, 201), again.text
    theirs = await journey(desk, number, again.json()["tracking_code"])
    assert [one["words"] for one in theirs.json()["words"]] == ["我家门前也一样"]
    assert "满地是水" not in theirs.text
    await desk.does("pengzhai", number, "seal", words="来电人要求保密")
    mine = (await journey(desk, number)).json()
    assert [one["words"] for one in mine["words"]] == ["水管爆了,满地是水"]


async def test_codes_that_are_not_theirs_open_nothing_and_guessing_stops(desk, county):
    number, other = await desk.file(), await desk.file("路灯不亮")
    path = f"/v1/complaints/{number}/journey"
    foreign = await desk.client.get(path, headers={"X-Tracking-Code": await code_of(county, other)})
    unknown = await desk.client.get("/v1/complaints/20261122-000999-0/journey", headers={"X-Tracking-Code": await code_of(county, other)})
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.json()["detail"] == unknown.json()["detail"]
    assert (await desk.client.get(path)).status_code == 422, "no code"
    assert (await desk.client.get(path, headers=await desk.as_("county"))).status_code == 422, "an account is no code"
    assert (await desk.client.get(f"{path}?code={await code_of(county, number)}")).status_code in (400, 422), "never in the address"
    tries = await asyncio.gather(*(desk.client.post(path, json={"code": f"WRONG{nth:03}"}) for nth in range(20)))
    assert [one.status_code for one in tries].count(404) == 9, "one was tried above; together with the progress ten an hour"
    late = await desk.client.get(f"/v1/complaints/{number}", headers={"X-Tracking-Code": await code_of(county, number)})
    assert late.status_code == 429
