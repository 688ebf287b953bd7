"""The canal over HTTP: 挂号 by another, gapless numbers, three levels, helpers, follow-ups that never came, milestones, sites, money."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from asyncpg import CheckViolationError, InsufficientPrivilegeError

from services.platform import clock
from services.platform.clock import local_day, now
from services.platform.database import INTAKE
from services.platform.ids import new_id
from tests.attachments.samples import JPEG
from tests.county import COUNTY, PENGZHAI, ROADS, SHUIKOU, WATER, YANGMING
from tests.matters.world import World


async def test_a_focus_issue_is_registered_by_somebody_else_and_numbers_have_no_gap(world: World) -> None:
    first = await world.determined()
    await world.refused("matter.not_yours", "pengzhai", first["id"], "register", lead=WATER, words="列入。")
    own = await world.determined("county", title="县里自己定的")
    await world.refused("matter.own_decision", "county", own["id"], "register", lead=WATER, words="列入。")
    await world.refused("matter.not_in_state", "pengzhai", first["id"], "set_task", unit=WATER, title="测量", due_on="2030-01-01")
    await world.refused("version.changed", "county", first["id"], "register", lead=WATER, words="列入。", version=7)
    unknown = await world.try_("yangming", first["id"], "set_tension", tension=5, words="x")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "matter.unknown")
    more = [await world.determined(title=f"事项{n}") for n in range(3)]
    done = await asyncio.gather(
        *(world.try_("county", one["id"], "register", lead=WATER, words="列入台账。") for one in (first, *more)),
        world.try_("county", more[0]["id"], "decline", words="不列入。"),
    )
    assert sorted(one.status_code for one in done) == [200] * 4 + [409], "one of the two decided first"
    registered = [one.json() for one in done[:-1] if one.status_code == 200]
    year = local_day(now()).year
    assert sorted(one["number"] or "" for one in registered) == [f"挂号〔{year}〕第{n:04}号" for n in range(1, len(registered) + 1)]
    assert registered[0]["lead"] == {"code": WATER, "name": "和平县水利局"}
    owner = world.county.owner
    county = await world.county.value("SELECT id FROM accounts WHERE login = 'county'")
    with pytest.raises(CheckViolationError):
        await owner.execute("UPDATE matters SET state = 'declined', decided_at = now(), decided_by_account_id = $1 WHERE id = $2", county,
                            UUID(own["id"]))  # fmt: skip
    declined = await world.determined(title="省管堤防", tickets=[await world.tell("堤防裂了", "13800000009")])
    gone = await world.act("county", declined["id"], "decline", words="属省管工程,已转报。")
    assert (gone["state"], gone["number"], gone["tickets"]) == ("declined", None, [])
    again = await world.determined(tickets=declined["tickets"])
    taken = await world.post("pengzhai", "/v1/matters", {**_body(), "tickets": declined["tickets"]})
    assert (len(again["tickets"]), taken.json()["code"]) == (1, "matter.ticket_taken")


def _body() -> dict[str, object]:
    return {
        "unit": SHUIKOU, "title": "又一件", "category": "water.canal", "urgency": "normal", "tension": 1, "origin_on": "2020-01-01",
        "because": "另有反映。",
    }  # fmt: skip


async def test_three_levels_supervise_by_name_and_each_leaves_notes_of_its_own(world: World) -> None:
    matter = await world.registered()
    people = {level: await world.member(login) for level, login in (("county", "county"), ("township", "pengzhai"), ("village", "shuikou"))}
    await world.refused("matter.not_of_level", "county", matter, "name_supervisor", level="village", member_id=people["county"])
    outside = await world.member("yangming")
    await world.refused("matter.not_of_level", "county", matter, "name_supervisor", level="township", member_id=outside)
    await world.refused("matter.not_yours", "pengzhai", matter, "name_supervisor", level="township", member_id=people["township"])
    for level, member in people.items():
        await world.act("county", matter, "name_supervisor", level=level, member_id=member)
    same = await world.act("county", matter, "name_supervisor", level="village", member_id=people["village"])
    assert same["version"] == (await world.act("shuikou", matter, "supervise", happened_on=_day(), words="现场看过。"))["version"] - 1
    await world.refused("matter.day_ahead", "pengzhai", matter, "supervise", happened_on=_day(1), words="明天去。")
    phone = await world.try_("pengzhai", matter, "supervise", happened_on=_day(), words="请找13800000123")
    assert phone.status_code == 422, "words name nobody"
    before = clock.now()
    replaced = await world.member("water")
    shown = await world.act("county", matter, "name_supervisor", level="county", member_id=replaced)
    seen = [(one["level"], one["until"] is None, len(one["notes"]), one["looks_at"]) for one in shown["supervisors"]]
    assert seen == [
        ("county", False, 0, "township"), ("township", True, 0, "village"), ("village", True, 1, "work"), ("county", True, 0, "township"),
    ]  # fmt: skip
    then = (await world.doors.get("county", f"/v1/matters/{matter}", as_of=before.isoformat())).json()
    assert [one["level"] for one in then["supervisors"] if one["until"] is None] == ["county", "township", "village"]


def _day(days: int = 0) -> str:
    return str(local_day(now()) + timedelta(days=days))


async def test_helpers_report_and_another_accepts(world: World) -> None:
    matter = await world.registered()
    assert (await world.try_("roads", matter, "follow_up")).status_code in {404, 422}
    seen = await world.act("pengzhai", matter, "set_task", unit=ROADS, title="修好运料路", due_on=_day(30))
    [task] = seen["task_list"]
    assert (task["state"], task["overdue"], task["unit"]["code"]) == ("open", False, ROADS)
    await world.refused("task.not_reported", "pengzhai", matter, "decide_task", task_id=task["id"], accepted=True, words="好。")
    told = await world.told()
    assert sorted(unit for unit, _ in told) == sorted([WATER, ROADS])
    assert await world.told() == told, "each thing once"
    assert f"期限{_day(30)}" in dict(told)[ROADS]
    said = {"task_id": task["id"], "done_on": _day(), "words": "路已修好。"}
    assert (await world.try_("shuikou", matter, "report_task", **said)).json()["code"] == "matter.not_yours"
    photo = await _photo(world, "roads")
    await world.act("roads", matter, "report_task", **said, attachment_ids=[photo])
    await world.refused("task.waits", "roads", matter, "report_task", **said)
    await world.act("pengzhai", matter, "decide_task", task_id=task["id"], accepted=False, words="路肩未夯实。")
    await world.act("water", matter, "report_task", **said)
    await world.refused("task.own_work", "water", matter, "decide_task", task_id=task["id"], accepted=True, words="好。")
    done = await world.act("pengzhai", matter, "decide_task", task_id=task["id"], accepted=True, words="属实。")
    assert (done["task_list"][0]["state"], done["tasks"], done["tasks_accepted"]) == ("accepted", 1, 1)
    assert [one["accepted"] for one in done["task_list"][0]["reports"]] == [False, True]
    for login, status in (("shuikou", 200), ("yangming", 404)):
        seen_by = await world.client.get(f"/v1/attachments/{photo}", headers=await world.as_(login))
        assert seen_by.status_code == status, "whoever may know of the matter sees its pictures"


async def _photo(world: World, login: str) -> str:
    headers = {**await world.as_(login), "Content-Type": "application/octet-stream"}
    answer = await world.client.post("/v1/attachments", content=JPEG, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_month_without_the_paired_member_alarms_three_levels_once(world: World) -> None:
    matter = await world.registered()
    secretary = await world.member("shuikou")
    for level, login in (("county", "county"), ("township", "pengzhai")):
        await world.act("county", matter, "name_supervisor", level=level, member_id=await world.member(login))
    await world.refused("matter.not_paired", "pengzhai", matter, "attach_follower", member_id=secretary, rhythm_days=30)
    await world.did("county", "/v1/pairings", {"kind": "secretary_village", "member_id": secretary, "unit": SHUIKOU})
    await world.act("pengzhai", matter, "attach_follower", member_id=secretary, rhythm_days=30)
    await world.refused("matter.not_yours", "pengzhai", matter, "follow_up", follow_up_id=str(new_id()), happened_on=_day(), words="x")
    report = {"follow_up_id": str(new_id()), "happened_on": _day(), "words": "渠首已开工。"}
    first = await world.act("shuikou", matter, "follow_up", **report)
    assert (await world.act("shuikou", matter, "follow_up", **report))["version"] == first["version"], "the same is the same"
    await world.refused("matter.id_taken", "shuikou", matter, "follow_up", **{**report, "words": "又一次。"})
    await world.alarm()
    assert await world.county.value("SELECT count(*) FROM messages WHERE template = 'matter_follow_up'") == 0
    await world.county.owner.execute("UPDATE matter_followers SET since = since - 100")
    await world.county.owner.execute("UPDATE follow_ups SET happened_on = happened_on - 62")
    await world.alarm(3)
    await world.alarm()
    assert await world.county.value("SELECT count(*) FROM follow_up_alarms") == 2, "two months over"
    told = await world.county.fetch(
        "SELECT u.code, m.words FROM messages m JOIN units u ON u.id = m.unit_id WHERE template = 'matter_follow_up'"
    )
    assert sorted(row["code"] for row in told) == sorted([COUNTY, PENGZHAI])
    assert "已缺2次" in told[0]["words"]
    seen = (await world.doors.get("pengzhai", "/v1/matters", unit=SHUIKOU)).json()["items"]
    assert [one["stale"] for one in seen] == [True]


async def test_milestones_slip_visibly_and_sites_are_shown_and_inspected(world: World) -> None:
    matter = await world.registered()
    seen = await world.act("water", matter, "set_milestone", title="渠首段完工", planned_on=_day(10))
    milestone = seen["milestones"][0]["id"]
    moved = await world.act("water", matter, "move_milestone", milestone_id=milestone, planned_on=_day(40), words="连续降雨。")
    assert [(one["slip_days"], one["late"], len(one["plans"])) for one in moved["milestones"]] == [(30, False, 2)]
    photo = await _photo(world, "water")
    await world.refused("attachment.unknown", "pengzhai", matter, "finish_milestone", milestone_id=milestone, done_on=_day(), words="x",
                        attachment_ids=[photo])  # fmt: skip
    done = await world.act(
        "water", matter, "finish_milestone", milestone_id=milestone, done_on=_day(), words="通水。", attachment_ids=[photo]
    )
    assert (done["milestones"][0]["slip_days"], done["milestones"][0]["attachment_ids"]) == (-10, [photo])
    await world.refused("milestone.done", "water", matter, "move_milestone", milestone_id=milestone, planned_on=_day(50), words="x")
    site = (await world.act("shuikou", matter, "add_site", name="水口村渠段", from_m=118_000, to_m=121_500))["sites"][0]["id"]
    await world.refused("site.there", "shuikou", matter, "add_site", name="水口村渠段")
    before = await _photo(world, "shuikou")
    await world.act("shuikou", matter, "show_site", site_id=site, shown="before", happened_on=_day(-3), attachment_ids=[before])
    await world.refused("matter.not_yours", "water", matter, "inspect_site", site_id=site, happened_on=_day(), passed=True, words="x")
    shown = await world.act("pengzhai", matter, "inspect_site", site_id=site, happened_on=_day(), passed=False, words="尾段渗漏。")
    assert (shown["sites"][0]["before"], shown["sites"][0]["after"]) == ([before], [])
    assert [one["passed"] for one in shown["sites"][0]["inspections"]] == [False]


async def test_what_blocks_what_is_dated_and_told_as_it_was_known(world: World) -> None:
    matter = await world.registered()
    await world.act("pengzhai", matter, "block", code="funding", since=_day(-80), words="缺口四十万元。")
    await world.act("shuikou", matter, "block", code="no_consensus", since=_day(-10), words="两组意见不一。")
    await world.refused("blocker.there", "pengzhai", matter, "block", code="funding", since=_day(), words="x")
    before = clock.now()
    await world.refused("blocker.not_begun", "pengzhai", matter, "unblock", code="funding", on=_day(-90), words="x")
    seen = await world.act("pengzhai", matter, "unblock", code="funding", on=_day(), words="资金到位。")
    assert (seen["blockers"], [one["days"] for one in seen["blocker_list"]]) == (["no_consensus"], [80, 10])
    await world.refused("blocker.not_there", "pengzhai", matter, "unblock", code="funding", on=_day(), words="x")
    now_, then = [
        (await world.doors.get("county", "/v1/reports/blockers", **more)).json()["items"] for more in ({}, {"as_of": before.isoformat()})
    ]
    assert [one["code"] for one in now_] == ["no_consensus"]
    assert [(one["code"], one["matters"], one["longest_days"]) for one in then] == [("funding", 1, 80), ("no_consensus", 1, 10)]
    assert (await world.doors.get("yangming", "/v1/reports/blockers")).json()["items"] == []


async def test_money_and_labour_add_up_and_are_counted_once_in_the_countys_ledger(world: World) -> None:
    matter = await world.registered()
    day = {"happened_on": _day(), "words": "首期款。"}
    pledge, receive, spend, labour = (str(new_id()) for _ in range(4))
    money = {"source": "finance", **day}
    await world.act("water", matter, "enter_money", entry_id=pledge, deed="pledge", amount_fen=400, **money)
    received = {"entry_id": receive, "deed": "receive", "amount_fen": 300, **money}
    first = await world.act("water", matter, "enter_money", **received)
    assert (await world.act("water", matter, "enter_money", **received))["version"] == first["version"]
    await world.refused("ledger.id_taken", "water", matter, "enter_money", **{**received, "amount_fen": 301})
    await world.refused("ledger.not_held", "water", matter, "enter_money", entry_id=spend, deed="spend", amount_fen=301, **money)
    seen = await world.act("shuikou", matter, "enter_labour", entry_id=labour, deed="receive", source="villagers", half_days=37, **day)
    fen, half_days = seen["ledger"]["sums"]
    assert (fen["pledged"], fen["received"], fen["held"], fen["due"], fen["settled"]) == (400, 300, 300, 100, False)
    assert (half_days["spent"], half_days["settled"]) == (37, True)
    counted = await world.county.fetch("SELECT kind, stage, amount FROM activities WHERE withdrawn_at IS NULL ORDER BY amount")
    assert [tuple(row) for row in counted] == [("labour", None, 37), ("funds", "received", 300), ("funds", "pledged", 400)]
    await world.refused("ledger.built_upon", "water", matter, "reverse_entry", entry_id=str(new_id()), reverses_id=pledge, words="错。")
    undo = {"entry_id": str(new_id()), "reverses_id": receive, "words": "重复录入。"}
    undone = await world.act("water", matter, "reverse_entry", **undo)
    assert (await world.act("water", matter, "reverse_entry", **undo))["version"] == undone["version"]
    assert (undone["ledger"]["sums"][0]["held"], undone["ledger"]["sums"][0]["due"]) == (0, 400)
    assert await world.county.value("SELECT count(*) FROM activities WHERE withdrawn_at IS NULL AND kind = 'funds'") == 1


async def test_the_database_refuses_an_entry_that_does_not_add_up_and_words_that_change(world: World) -> None:
    matter = UUID(await world.registered())
    account = await world.county.value("SELECT id FROM accounts WHERE login = 'water'")
    owner, entry = world.county.owner, new_id()
    insert = (
        "INSERT INTO matter_entries (id, matter_id, deed, source, happened_on, words, lines, recorded_at, recorded_by_account_id)"
        " VALUES ($1, $2, 'receive', 'finance', current_date, 'x', 2, now(), $3)"
    )
    line = "INSERT INTO matter_postings (entry_id, account, unit, amount) VALUES ($1, $2, $3, $4)"

    async def write(lines: Sequence[tuple[str, str, int]], *, whole: bool = True) -> None:
        async with owner.transaction():
            if whole:
                await owner.execute(insert, entry, matter, account)
            for one in lines:
                await owner.execute(line, entry, *one)

    for lines in ([], [("held", "fen", 5)], [("held", "fen", 5), ("source:finance", "half_day", -5)]):
        with pytest.raises(CheckViolationError):
            await write(lines)
    await write([("held", "fen", 5), ("source:finance", "fen", -5)])
    with pytest.raises(CheckViolationError):
        await write([("spent", "fen", 5), ("due:finance", "fen", -5)], whole=False)
    async with owner.transaction():
        await owner.execute(f"SET LOCAL ROLE {INTAKE}")
        for statement in ("UPDATE matter_postings SET amount = 6", "DELETE FROM matter_entries", "UPDATE matters SET counted = '{}'",
                          "UPDATE milestone_plans SET planned_on = now()"):  # fmt: skip
            with pytest.raises(InsufficientPrivilegeError):
                async with owner.transaction():
                    await owner.execute(statement)


async def test_a_problem_village_is_flagged_once_and_its_problems_are_told_together(world: World) -> None:
    flag = {"unit": SHUIKOU, "level": "city", "since": "2012-03-01", "because": "省市备案整顿的问题突出村。"}
    entry = await world.did("county", "/v1/problem-villages", flag)
    assert (await world.did("county", "/v1/problem-villages", flag))["id"] == entry["id"]
    other = await world.post("county", "/v1/problem-villages", {**flag, "because": "另一个理由。"})
    assert other.json()["code"] == "village.flagged"
    assert (await world.post("county", "/v1/problem-villages", {**flag, "unit": YANGMING})).json()["code"] == "unit.not_a_village"
    assert (await world.post("pengzhai", "/v1/problem-villages", flag)).status_code == 403
    await world.tell("水渠断了", "13800000001")
    matter = await world.registered()
    await world.county.settle()
    told = (await world.doors.get("shuikou", f"/v1/reports/villages/{SHUIKOU}/problems")).json()
    assert (told["tickets"], told["states"]) == ({"total": 1, "open": 1}, {"registered": 1})
    assert ([one["id"] for one in told["matters"]], [one["level"] for one in told["flags"]]) == ([matter], ["city"])
    before = clock.now()
    address = f"/v1/problem-villages/{entry['id']}/end"
    ended = await world.did("county", address, {"until": "2014-12-31", "because": "验收合格。"})
    assert (await world.did("county", address, {"until": "2014-12-31", "because": "验收合格。"})) == ended
    assert (await world.doors.get("pengzhai", "/v1/problem-villages")).json()["items"] == []
    then = (await world.doors.get("pengzhai", "/v1/problem-villages", as_of=before.isoformat())).json()["items"]
    assert [(one["since"], one["until"]) for one in then] == [("2012-03-01", None)]
    assert (await world.doors.get("yangming", f"/v1/reports/villages/{SHUIKOU}/problems")).status_code == 403
