"""People who stand in for others, leave, or look past a level: over HTTP."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.platform.clock import local_day, now
from services.platform.ids import new_id
from tests.county import COUNTY, PENGZHAI, ROADS, SHUIKOU, STAFFED_GRID, WATER
from tests.matters.world import World


def _day(days: int = 0) -> str:
    return str(local_day(now()) + timedelta(days=days))


async def _supervised(world: World) -> str:
    matter = await world.registered()
    for level, login in (("county", "county"), ("township", "pengzhai"), ("village", "shuikou")):
        await world.act("county", matter, "name_supervisor", level=level, member_id=await world.member(login))
    return matter


async def test_the_township_is_told_once_of_what_the_county_does_in_a_village(world: World) -> None:
    matter = await _supervised(world)
    said = {"happened_on": _day(), "words": "到村查看。"}
    await world.act("county", matter, "supervise", **said)
    await world.act("county", matter, "supervise", about="township", **said)
    await world.act("pengzhai", matter, "supervise", about="work", **said)
    await world.refused("supervision.not_below", "shuikou", matter, "supervise", about="village", **said)
    assert (await world.act("county", matter, "set_task", unit=ROADS, title="运料", due_on=_day(9)))["bypassed"] == []
    seen = await world.act("county", matter, "supervise", about="village", **said)
    assert [one["about"] for one in seen["supervisors"][0]["notes"]] == ["township", "township", "village"]
    site = (await world.act("pengzhai", matter, "add_site", name="渠首"))["sites"][0]["id"]
    await world.act("pengzhai", matter, "inspect_site", site_id=site, happened_on=_day(), passed=True, words="合格。")
    await world.act("county", matter, "inspect_site", site_id=site, happened_on=_day(), passed=True, words="合格。")
    seen = await world.act("county", matter, "set_task", unit=SHUIKOU, title="组织投工", due_on=_day(9))
    assert [(one["deed"], one["unit"]["code"], one["at"]["code"]) for one in seen["bypassed"]] == [
        ("supervised", PENGZHAI, SHUIKOU), ("inspected", PENGZHAI, SHUIKOU), ("task_set", PENGZHAI, SHUIKOU),
    ]  # fmt: skip
    told = [words for unit, words in await world.told() if unit == PENGZHAI and "越过" in words]
    assert [[deed for deed in ("直接督办", "直接检查", "直接分派任务") if deed in words] for words in told] == [
        ["直接督办"], ["直接检查"], ["直接分派任务"],
    ]  # fmt: skip
    assert [words for unit, words in await world.told() if unit == PENGZHAI and "越过" in words] == told, "each once"
    before = seen["bypassed"][0]["happened_at"]
    then = (await world.doors.get("pengzhai", f"/v1/matters/{matter}", as_of=before)).json()
    assert [one["deed"] for one in then["bypassed"]] == ["supervised"], "as it was known"


async def _leave(world: World, login: str, first: int, over_on: int, deputy: str | None = None) -> dict[str, Any]:
    post = "SELECT p.id FROM posts p JOIN accounts a USING (member_id) WHERE a.login = $1"
    deputies = [{"post_id": str(await world.county.value(post, login)), "deputy_id": await world.member(deputy)}] if deputy else []
    body = {"member_id": await world.member(login), "kind": "annual", "valid_from": _day(first), "valid_to": _day(over_on)}
    return await world.did("county", "/v1/leaves", {**body, "deputies": deputies})


async def _followed(world: World) -> str:
    """A matter whose follower, the secretary, is 32 days over a rhythm of 30."""
    matter = await _supervised(world)
    secretary = await world.member("shuikou")
    await world.did("county", "/v1/pairings", {"kind": "secretary_village", "member_id": secretary, "unit": SHUIKOU})
    await world.act("pengzhai", matter, "attach_follower", member_id=secretary, rhythm_days=30)
    await world.county.owner.execute("UPDATE matter_followers SET since = since - 62")
    return matter


async def test_nothing_is_due_while_the_follower_is_on_leave_and_nobody_acts(world: World) -> None:
    matter = await _followed(world)
    await _leave(world, "shuikou", -40, 5)
    seen = (await world.doors.get("pengzhai", f"/v1/matters/{matter}")).json()
    assert (seen["stale"], seen["followers"][0]["next_due_on"], seen["followers"][0]["away_until"]) == (False, _day(5), _day(5))
    await world.alarm(2)
    assert await world.county.value("SELECT count(*) FROM follow_up_alarms") == 0


async def test_a_deputy_follows_up_and_supervises_for_whom_they_act_and_an_alarm_stands(world: World) -> None:
    matter = await _followed(world)
    report = {"follow_up_id": str(new_id()), "happened_on": _day(), "words": "渠首已开工。"}
    refused = await world.try_("grid", matter, "follow_up", **report)
    assert refused.json()["code"] == "matter.not_yours"
    await _leave(world, "shuikou", -40, 5, "grid")
    await world.alarm()
    assert await world.county.value("SELECT count(*) FROM follow_up_alarms") == 0, "nobody acted before today"
    seen = (await world.doors.get("pengzhai", f"/v1/matters/{matter}")).json()["followers"][0]
    assert (seen["next_due_on"], seen["away_until"]) == (_day(), None), "somebody acts from today on, so it is due today"
    await world.county.owner.execute("UPDATE actings SET valid_from = valid_from - 40")
    await world.alarm(3)
    assert await world.county.value("SELECT count(*) FROM follow_up_alarms") == 2
    world.headers.pop("grid", None)
    seen = await world.act("grid", matter, "follow_up", **report)
    assert (seen["stale"], len(seen["followers"][0]["reports"])) == (False, 1)
    noted = await world.act("grid", matter, "supervise", happened_on=_day(), words="现场看过。")
    assert [len(one["notes"]) for one in noted["supervisors"]] == [0, 0, 1]
    said = "SELECT data -> 'acting_for' FROM events WHERE type = $1"
    for kind in ("matter.followed_up", "matter.supervised"):
        assert await world.county.value(said, kind), "the deed says for whom"
    await world.refused("matter.not_yours", "grid", matter, "name_supervisor", level="village", member_id=await world.member("grid"))


async def test_who_left_or_cannot_sign_in_is_seen_and_told_once_for_somebody_else_to_be_named(world: World) -> None:
    matter = await _followed(world)
    assert [one["gone"] for one in (await world.doors.get("county", f"/v1/matters/{matter}")).json()["supervisors"]] == [False] * 3
    await world.county.owner.execute("UPDATE members SET left_on = current_date - 1 WHERE id = $1", UUID(await world.member("shuikou")))
    await world.county.owner.execute("UPDATE accounts SET disabled_at = now(), disabled_why = NULL WHERE login = 'pengzhai'")
    seen = (await world.doors.get("county", f"/v1/matters/{matter}")).json()
    assert [one["gone"] for one in seen["supervisors"]] == [False, True, True]
    assert seen["followers"][0]["gone"]
    for _ in range(2):
        await world.alarm(2)
    rows = await world.county.fetch(
        "SELECT u.code, m.words FROM messages m JOIN units u ON u.id = m.unit_id WHERE m.unique_key LIKE 'matter_gone:%' ORDER BY m.words"
    )
    assert sorted(row["code"] for row in rows) == sorted([COUNTY, COUNTY, WATER])
    task = (await world.act("county", matter, "set_task", unit=ROADS, title="运料", due_on=_day(9)))["task_list"][0]["id"]
    done = {"task_id": task, "done_on": _day(), "words": "已完成。"}
    await world.act("roads", matter, "report_task", **done)
    await world.county.owner.execute("UPDATE accounts SET disabled_at = now() WHERE login = 'roads'")
    accepted = await world.act("county", matter, "decide_task", task_id=task, accepted=True, words="属实。")
    assert accepted["task_list"][0]["state"] == "accepted", "what somebody did before their account was closed is decided all the same"


async def test_two_decide_on_one_report_and_one_of_them_did(world: World) -> None:
    matter = await world.registered()
    task = (await world.act("water", matter, "set_task", unit=ROADS, title="运料", due_on=_day(9)))["task_list"][0]["id"]
    done = {"task_id": task, "done_on": _day(), "words": "已完成。"}
    said = await asyncio.gather(*(world.try_("roads", matter, "report_task", **done) for _ in range(3)))
    assert sorted(one.json().get("code", "") for one in said) == ["", "task.waits", "task.waits"]
    decide = {"task_id": task, "words": "看过。"}
    both = await asyncio.gather(
        world.try_("county", matter, "decide_task", accepted=True, **decide),
        world.try_("pengzhai", matter, "decide_task", accepted=False, **decide),
    )
    assert sorted(one.json().get("code", "") for one in both) == ["", "task.not_reported"]
    assert await world.county.value("SELECT count(*) FROM matter_task_reports WHERE decided_at IS NOT NULL") == 1


async def test_nothing_told_in_confidence_joins_a_matter(world: World) -> None:
    open_, secret = await world.tell("水渠断了", "13800000001"), await world.tell("修渠的钱被村里拿了", "13911112222", confidential=True)
    accused = await world.tell("修渠的钱被村里拿了", "13911112223", accused={"units": [PENGZHAI]})
    body = {
        "unit": SHUIKOU, "title": "水渠", "category": "water.canal", "urgency": "normal", "tension": 1, "origin_on": "2020-01-01",
        "because": "反映多。",
    }  # fmt: skip
    for number in (secret, accused):
        refused = await world.post("county", "/v1/matters", {**body, "tickets": [open_, number]})
        assert (refused.status_code, refused.json()["code"]) == (409, "matter.in_confidence")
        absent = await world.post("pengzhai", "/v1/matters", {**body, "tickets": [number]})
        assert absent.json()["code"] == ("matter.in_confidence" if number == secret else "ticket.unknown")
    matter = (await world.determined(tickets=[open_]))["id"]
    before = await world.county.value("SELECT version FROM matters")
    for number in (secret, accused):
        await world.refused("matter.in_confidence", "county", matter, "join", tickets=[number])
    same = await world.act("pengzhai", matter, "join", tickets=[open_])
    assert (same["version"], same["tickets"]) == (before, [open_]), "the same again changes nothing"
    await world.county.owner.execute("UPDATE tickets SET privacy = 'confidential' WHERE number = $1", open_)
    assert (await world.doors.get("shuikou", f"/v1/matters/{matter}")).json()["tickets"] == [], "it became so since"


async def test_an_opinion_that_joins_later_became_part_of_the_matter_once(world: World) -> None:
    matter = await world.registered()
    home = await world.did("shuikou", "/v1/households", {"unit": STAFFED_GRID, "number": "3-012", "head": "黄某某"})
    ids = [str(new_id()) for _ in range(3)]
    for opinion in ids:
        said = {"household_id": home["id"], "words": "水渠要修。", "heard_at": (now() - timedelta(hours=1)).isoformat()}
        await world.did("grid", "/v1/opinions", {"opinion_id": opinion, **said})
    await world.refused("opinion.unknown", "pengzhai", matter, "join", opinions=[ids[0], str(new_id())])
    joined = await world.act("pengzhai", matter, "join", opinions=ids[:2])
    assert sorted(joined["opinions"]) == sorted(ids[:2])
    await world.act("pengzhai", matter, "join", opinions=ids)
    again = await world.act("pengzhai", matter, "join", opinions=ids)
    became = await world.county.fetch("SELECT opinion_id::text, kind, matter_id::text FROM opinion_outcomes ORDER BY opinion_id")
    assert [tuple(row) for row in became] == [(one, "matter", matter) for one in sorted(ids)]
    assert again["version"] == joined["version"] + 1
