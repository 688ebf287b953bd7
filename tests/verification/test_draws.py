"""Draws over HTTP: promised, drawn, called, opened, repeated by anybody; and S11: three calls never look like three hundred."""

import hashlib
import hmac
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
from httpx import ASGITransport, AsyncClient

from reporting_api.app import build
from services.hotline.phone_desk import void_overtaken
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.database import REPORTING, WORKER
from services.platform.unit_of_work import unit_of_work
from tests.command.test_status import run
from tests.conftest import Running, TestDatabase
from tests.county import SHUIKOU, WATER
from tests.journeys.people import Desk
from tests.reports.signing import signed_in_as
from tests.verification.matters import answered, filed, get, hire, post, told, work_on


@pytest.fixture
async def desk(intake: Any, county: TestDatabase) -> Desk:
    return Desk(intake, county)


async def announced(desk: Desk, **more: Any) -> dict[str, Any]:
    """Promise a draw over today, of everything."""
    today = str(clock.local_day(clock.now()))
    body = {"first": today, "last": today, "per_mille": 1000, "minimum": 1} | more
    found: dict[str, Any] = told(await post(desk, "hotline", "/v1/draws", **body), 201)
    return found


async def call(desk: Desk, number: str, **outcome: Any) -> None:
    """Make the call about a ticket that waits."""
    await desk.county.owner.execute("UPDATE phone_tasks SET not_before = now() - interval '1 minute'")
    (task,) = [one for one in await get(desk, "hotline", "/v1/hotline/phone-tasks") if one["ticket"] == number]
    told(await post(desk, "hotline", f"/v1/hotline/phone-tasks/{task['id']}/outcome", **outcome), 200)
    await desk.county.settle()


async def figure(county: TestDatabase, metric: str, **query: Any) -> Any:
    """Ask the reporting door for a figure of 水口村 today."""
    today = str(clock.local_day(clock.now()))
    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(build()), base_url="http://reports") as door:
        wanted = {"from": today, "to": today, "by": "unit:village"} | query
        answer = await door.get(f"/v1/reports/{metric}", params=wanted, headers=await signed_in_as("analyst"))
        assert answer.status_code == 200, answer.text
        return next(row for row in answer.json()["rows"] if row["key"] == SHUIKOU)


async def four_answered(desk: Desk) -> list[str]:
    """Three matters of 水口村 and one of the water bureau, which is closed; and one that was cancelled."""
    mine = [(await answered(desk, contact={"phone": f"1390000000{nth}"}))[0] for nth in range(3)]
    theirs, _ = await filed(desk, contact={"phone": "13900000009"})
    await desk.does("county", theirs, "transfer", unit=WATER, words="请水利局办理", designate=True)
    await work_on(desk, theirs, "water")
    await desk.does("county", theirs, "close", verified_by="site_check", words="已查看")
    gone, _ = await filed(desk, contact={"phone": "13900000008"})
    await desk.does("pengzhai", gone, "cancel", reason="withdrawn", words="来电撤回")
    async with desk.county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        assert await void_overtaken(work) == 1, "the call-back of the closed one"
    return [*mine, theirs]


async def everybody_called(desk: Desk, numbers: list[str]) -> None:
    await call(desk, numbers[0], outcome="reached", contacted=True, solved=True, satisfied=True)
    await call(desk, numbers[1], outcome="reached", contacted=True, solved=True, satisfied=False, words="来得太慢")
    for _ in range(3):
        await call(desk, numbers[2], outcome="unreachable")
    await call(desk, numbers[3], outcome="reached", solved=False, satisfied=False)
    assert (await desk.read(numbers[3]))["round"] == 2, "after closing too"


async def test_a_draw_is_promised_drawn_called_opened_and_repeated_by_anybody(desk: Desk, servers: Running) -> None:
    county, numbers = desk.county, await four_answered(desk)
    promised = await announced(desk)
    draw = f"/v1/draws/{promised['id']}"
    assert (promised["state"], promised["seed"], promised["candidates"], promised["sequence"]) == ("announced", None, None, 1)
    told(await post(desk, "county", f"{draw}/opening"), 409, "draw.not_drawn")
    made = told(await post(desk, "county", f"{draw}/drawing"), 200)
    assert (made["state"], made["seed"], made["candidates"], made["chosen"]) == ("drawn", None, 4, 4)
    assert made["left_out"] == {"merged": 0, "rejected": 0, "cancelled": 1}
    told(await post(desk, "county", f"{draw}/drawing"), 409, "draw.drawn")
    await nobody_knows(desk, draw, numbers)
    told(await post(desk, "county", f"{draw}/opening"), 409, "draw.calls_left")
    before, then = await get(desk, "hotline", f"{draw}/coverage"), quote(clock.now().isoformat())
    await everybody_called(desk, numbers)
    await coverage_is_told_with_its_numbers(desk, draw)
    assert await get(desk, "hotline", f"{draw}/coverage?as_of={then}") == before, "what was said later changes later answers only"
    early = await desk.client.get(f"{draw}/coverage?as_of=2020-01-01T00:00:00Z", headers=await desk.as_("hotline"))
    told(early, 422, "draw.not_drawn_then")
    opened = told(await post(desk, "county", f"{draw}/opening"), 200)
    told(await post(desk, "county", f"{draw}/opening"), 409, "draw.opened")
    await repeated_by_anybody(desk, opened)
    assert (await run(county, servers, "verify-draw", opened["id"]))[0] == 0
    await county.owner.execute("UPDATE drawn_tickets SET chosen = false WHERE number = $1", numbers[0])
    code, said = await run(county, servers, "verify-draw", opened["id"])
    assert (code, f"{numbers[0]}#1 was not chosen and should have been" in said) == (1, True), said
    with pytest.raises(asyncpg.CheckViolationError, match="the_promised_seed"):
        await county.owner.execute("UPDATE draws SET seed = sha256(seed)")
    events = [row["type"] for row in await county.fetch("SELECT type FROM events WHERE subject_kind = 'draw' ORDER BY seq")]
    assert events == ["draw.announced", "draw.drawn", "draw.opened"]


async def nobody_knows(desk: Desk, draw: str, numbers: list[str]) -> None:
    """Before a draw is opened, only who calls learns what was drawn, and nobody of their own unit."""
    told(await desk.client.get(f"{draw}/candidates"), 409, "draw.not_open")
    assert (await get(desk, None, draw))["seed"] is None
    for login in ("shuikou", "pengzhai", "water"):
        for part in ("calls", "coverage"):
            told(await desk.client.get(f"{draw}/{part}", headers=await desk.as_(login)), 403, "permission.denied")
    calls = await get(desk, "county", f"{draw}/calls")
    assert {(one["number"], one["state"]) for one in calls} == {(number, "to_call") for number in numbers}
    await hire(desk.county, "judge-of-water", "county_supervisor", WATER)
    assert numbers[3] not in str(await get(desk, "judge-of-water", f"{draw}/calls")), "who did the work does not learn what was drawn"


async def coverage_is_told_with_its_numbers(desk: Desk, draw: str) -> None:
    found = await get(desk, "hotline", f"{draw}/coverage")
    village = next(one for one in found["units"] if one["unit"] == SHUIKOU)
    counts = {"candidates": 3, "drawn": 3, "reached": 2, "no_answer": 1, "not_called": 0}
    assert {name: village[name] for name in counts} == counts
    assert village["satisfied"] == {"yes": 1, "n": 2, "percent": "50.00"}
    assert village["solved"] == {"yes": 2, "n": 2, "percent": "100.00"}
    bureau = next(one for one in found["units"] if one["unit"] == WATER)
    assert (bureau["contacted"], bureau["solved"]) == ({"yes": 0, "n": 0, "percent": None}, {"yes": 0, "n": 1, "percent": "0.00"})
    assert (found["total"]["drawn"], found["total"]["satisfied"]["n"]) == (4, 3)


async def repeated_by_anybody(desk: Desk, opened: dict[str, Any]) -> None:
    """Repeat a draw page by page, with nothing but what nobody needs to sign in for, and not a line of ours."""
    address, items = f"/v1/draws/{opened['id']}/candidates?limit=3", []
    while address:
        answer = await desk.client.get(address)
        items += told(answer, 200)["items"]
        address = answer.links.get("next", {}).get("url")
    seed = bytes.fromhex(opened["seed"])
    assert hashlib.sha256(seed).hexdigest() == opened["seed_hash"]
    lines = "".join(f"{one['unit']} {one['number']}#{one['round']}\n" for one in items)
    assert hashlib.sha256(lines.encode()).hexdigest() == opened["candidates_hash"]
    for unit in {one["unit"] for one in items}:
        rows = [one for one in items if one["unit"] == unit]
        rows.sort(key=lambda one: hmac.new(seed, f"{one['number']}#{one['round']}".encode(), hashlib.sha256).digest())
        wanted = max(opened["minimum"], -(-len(rows) * opened["per_mille"] // 1000))
        assert [one["chosen"] for one in rows] == [nth < wanted for nth in range(len(rows))]


async def test_a_further_draw_says_why_and_a_draw_waits_for_its_days(desk: Desk) -> None:
    first = await announced(desk)
    today = clock.local_day(clock.now())
    further = await announced(
        desk, words="首次抽查未覆盖夜间诉求", first=str(today - timedelta(days=3)), last=str(today + timedelta(days=1))
    )
    assert further["sequence"] == 2
    assert first["seed_hash"] != further["seed_hash"]
    told(await post(desk, "hotline", f"/v1/draws/{further['id']}/drawing"), 409, "draw.too_early")
    for first_day, last_day in (
        (today, today - timedelta(days=1)),
        (today - timedelta(days=92), today),
        (today, today + timedelta(days=93)),
    ):
        body = {"first": str(first_day), "last": str(last_day), "words": "再抽"}
        told(await post(desk, "hotline", "/v1/draws", **body), 422, "draw.days")
    empty = told(await post(desk, "hotline", f"/v1/draws/{first['id']}/drawing"), 200)
    assert (empty["candidates"], empty["chosen"]) == (0, 0)
    assert told(await post(desk, "hotline", f"/v1/draws/{first['id']}/opening"), 200)["state"] == "opened"
    assert [one["sequence"] for one in await get(desk, None, "/v1/draws")] == [2, 1]
    told(await desk.client.get("/v1/draws/019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d44"), 404, "draw.unknown")
    kept = await desk.county.fetch("SELECT seed, sealed_seed, seed_hash FROM draws WHERE id = $1::uuid", further["id"])
    assert kept[0]["seed"] is None
    assert hashlib.sha256(kept[0]["sealed_seed"]).digest() != kept[0]["seed_hash"], "the seed lies sealed"


async def test_neither_a_code_nor_who_tells_it_again_keeps_a_round_from_being_called(desk: Desk) -> None:
    number, code = await answered(desk)
    word = {"code": code, "contacted": True, "solved": True, "satisfied": True}
    told(await post(desk, None, f"/v1/complaints/{number}/confirmations", **word), 200)
    await desk.county.owner.execute("UPDATE answers SET answered_at = answered_at - interval '20 days'")
    said = {"channel_message_id": "m-1", "words": "路灯又说一次", "contact": {"name": "黄某", "phone": "13900000456"}}
    assert told(await post(desk, "hotline", f"/v1/tickets/{number}/repeats", **said), 201)["told"] == "answer"
    today = clock.local_day(clock.now())
    for days, candidates in ((20, 1), (0, 0)):
        day = str(today - timedelta(days=days))
        made = await announced(desk, first=day, last=day)
        assert told(await post(desk, "hotline", f"/v1/draws/{made['id']}/drawing"), 200)["candidates"] == candidates, days
        state = [one["state"] for one in await get(desk, "county", f"/v1/draws/{made['id']}/calls")]
        assert state == ["to_call"] * candidates, "whoever filed it holds the code"
        total = (await get(desk, "county", f"/v1/draws/{made['id']}/coverage"))["total"]
        assert (total["not_called"], total["satisfied"]["n"]) == (candidates, 0)
    (task, _) = [one for one in await get(desk, "hotline", "/v1/hotline/phone-tasks") if one["ticket"] == number]
    told(await post(desk, "hotline", f"/v1/hotline/phone-tasks/{task['id']}/outcome", outcome="reached", solved=True, satisfied=True), 200)


async def test_a_small_unit_with_one_dissatisfied_caller_is_told_with_its_numbers(desk: Desk) -> None:
    """S11, as far as figures go: 3 tickets, 2 reached, 1 satisfied; before and after the removal of one, which is its own number."""
    county = desk.county
    numbers = [(await answered(desk, contact={"phone": f"1390000000{nth}"}))[0] for nth in range(3)]
    await call(desk, numbers[0], outcome="reached", contacted=True, solved=True, satisfied=True)
    await call(desk, numbers[1], outcome="reached", contacted=True, solved=True, satisfied=False)
    await call(desk, numbers[2], outcome="unreachable")
    satisfied = await figure(county, "satisfaction_rate")
    assert (satisfied["numerator"], satisfied["denominator"], satisfied["shown"]) == (1, 2, "50.00%")
    assert (await figure(county, "called"))["value"] == 3
    assert (await figure(county, "no_answer"))["value"] == 1
    assert (await figure(county, "reach_rate"))["value"] == "2/3"
    assert (await figure(county, "resolution_rate"))["value"] == "1/1"
    told(await post(desk, "pengzhai", f"/v1/tickets/{numbers[1]}/exclusion", reason="beyond_policy", words="要求超出政策"), 201)
    told(await post(desk, "county", f"/v1/tickets/{numbers[1]}/exclusion/decision", granted=True, words="同意"), 200)
    await county.settle()
    twice = await figure(county, "satisfaction_rate")
    assert (twice["shown"], twice["before_removal"]["shown"], twice["after_removal"]["shown"]) == ("50.00%", "50.00%", "100.00%")
    assert (twice["after_removal"]["denominator"], twice["taken_out"]) == (1, {"numerator": 0, "denominator": 1})
    removed = await figure(county, "satisfaction_rate", exclusions="removed")
    assert (removed["shown"], removed["before_removal"]["denominator"], removed["denominator"]) == ("100.00%", 2, 1)
    await desk.does("county", numbers[0], "close", verified_by="call_back", words="回访确认")
    assert (await figure(county, "first_time_fix_rate"))["value"] == "1/1"
    await desk.does("hotline", numbers[0], "reopen", words="又不亮了")
    assert (await figure(county, "first_time_fix_rate"))["no_data"], "reopened: closed in no round any more"
