"""A run from asking to being final, at the doors: who may, who sees what, and that nothing changes silently."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import orjson

from services.assessment.publishing import content_hash, locked_run
from services.platform.actor import SYSTEM
from services.platform.database import INTAKE
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests import county as heping
from tests.assessment.sheets import definition, item
from tests.assessment.world import NOON, OCTOBER, PENGZHAI_PATH, YANGMING_PATH, Doors, Tickets, hire, in_force, made
from tests.conftest import TestDatabase

RULES = definition(
    item(minimum=2, weight=60, zero_at=0),
    item("on_time", metric="on_time_rate@1", weight=40, zero_at=50, minimum=5),
    counted=[{"code": "found", "name": "主动发现", "metric": "discovered@1", "points": "0.5", "cap": 1}],
)


async def _world(county: TestDatabase) -> tuple[Doors, Tickets]:
    for login in ("second", "third"):
        await hire(login, "county_supervisor", heping.COUNTY)
    await in_force(RULES)
    tickets = Tickets(county)
    for satisfied in (True, True, False):
        await tickets.closed(PENGZHAI_PATH, satisfied)
    for place in range(12):
        await tickets.closed(YANGMING_PATH, place != 0, days=2 if place < 9 else 6)
    for _ in range(3):
        await tickets.closed(PENGZHAI_PATH, None, source="discovered")
    await tickets.counted()
    await _visited(county)
    return Doors(county), tickets


async def _visited(county: TestDatabase) -> None:
    """Write two visits in 水口村, at one of which something was said."""
    place = await county.value("SELECT id FROM units WHERE code = $1", heping.SHUIKOU)
    who = await county.owner.fetchrow("SELECT id, member_id FROM accounts WHERE login = 'shuikou'")
    for number, kind in enumerate(("visit", "visit", "opinion")):
        told = ("met", bytes([number])) if kind == "visit" else (None, None)
        await county.owner.execute(
            "INSERT INTO activities (id, kind, unit_id, member_id, happened_on, outcome, household, fingerprint, recorded_at,"
            " recorded_by_account_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            new_id(), kind, place, who["member_id"], date(2026, 10, 15), *told, b"", NOON, who["id"],
        )  # fmt: skip


async def _published(doors: Doors, county: TestDatabase) -> dict[str, Any]:
    asked = await doors.post("county", "/v1/assessments", {"scheme": "townships", **OCTOBER}, key="one")
    assert asked.status_code == 201, asked.text
    again = await doors.post("county", "/v1/assessments", {"scheme": "townships", **OCTOBER}, key="one")
    assert again.json() == asked.json()
    assert (await doors.post("county", "/v1/assessments", {"scheme": "townships", **OCTOBER})).json()["code"] == "assessment.exists"
    run = asked.json()
    assert run["state"] == "asked"
    await made(county)
    await made(county)
    assert (await doors.get("pengzhai", f"/v1/assessments/{run['id']}")).status_code == 404, "a draft is not shown to the assessed"
    published = await doors.post("county", f"/v1/assessments/{run['id']}/publication")
    assert published.status_code == 200, published.text
    assert (await doors.post("county", f"/v1/assessments/{run['id']}/publication")).json()["code"] == "assessment.state"
    return published.json()


async def _sheets(doors: Doors, login: str, run: str) -> dict[str, Any]:
    found = await doors.get(login, f"/v1/assessments/{run}/sheets", limit=200)
    assert found.status_code == 200, found.text
    return {sheet["unit"]: sheet for sheet in found.json()["items"]}


async def test_units_are_assessed_object_and_are_final(county: TestDatabase) -> None:
    doors, tickets = await _world(county)
    run = (await _published(doors, county))["id"]
    sheets = await _sheets(doors, "county", run)
    assert len(sheets) == 17, "every township has a sheet"
    await made(county)
    await made(county)
    told = await county.fetch("SELECT words FROM messages WHERE template = 'assessment_published'")
    assert len(told) == 17, "every unit is told once"
    assert "乡镇考核（2026年10月1日至2026年10月31日）已公布，请查看你单位的考核表" in told[0]["words"]
    small, large = sheets[heping.PENGZHAI], sheets[heping.YANGMING]

    # three tickets, one dissatisfied caller: fewer points, but not behind with certainty, and the interval is shown
    assert Decimal(small["total"]) < Decimal(large["total"])
    assert (small["rank"], small["best"], small["worst"]) == (1, 1, 2)
    assert (large["rank"], large["best"], large["worst"]) == (1, 1, 2)
    assert small["funnel"] == {"visits": 2, "opinions": 1, "received": 3, "discovered": 3, "dispatched": 0, "completed": 3}
    nobody = next(sheet for code, sheet in sheets.items() if code not in (heping.PENGZHAI, heping.YANGMING))
    assert (nobody["total"], nobody["rank"]) == (None, None), "of whom nothing is known nothing is said"

    sheet = (await doors.get("pengzhai", f"/v1/assessments/{run}/sheets/{small['id']}")).json()
    satisfied, on_time = sheet["items"]
    assert (satisfied["percent"], satisfied["weight_used"], on_time["why_not"]) == ("66.67", "100.00", "below_minimum")
    assert (satisfied["shares"][0]["lower"], satisfied["shares"][0]["upper"]) == ("20.77", "93.85")
    assert (sheet["counted"][0]["points"], sheet["counted"][0]["capped"]) == ("1.00", True)
    assert sheet["reproduced"] is True

    # every item leads to exactly its tickets
    for share, part, number in ((satisfied["shares"][0], "numerator", 2), (satisfied["shares"][0], "denominator", 3)):
        told = await doors.get("pengzhai", f"{share['tickets']}&part={part}")
        assert (told.status_code, told.json()["total"]) == (200, number), told.text
    assert (await doors.get("pengzhai", sheet["counted"][0]["tickets"])).json()["total"] == 3

    # whose sheet: one's own and those below
    assert set(await _sheets(doors, "pengzhai", run)) == {heping.PENGZHAI}
    assert await _sheets(doors, "water", run) == {}
    assert (await doors.get("yangming", f"/v1/assessments/{run}/sheets/{small['id']}")).json()["code"] == "assessment.sheet_unknown"
    await _objections(doors, tickets, county, run, small["id"], large["id"])


async def _objections(doors: Doors, tickets: Tickets, county: TestDatabase, run: str, small: str, large: str) -> None:
    at, words = f"/v1/assessments/{run}/sheets/{small}/appeals", {"words": "诉求人其实满意。", "item": "satisfied"}
    for login, body, code in (
        ("yangming", words, "assessment.sheet_unknown"),
        ("county", words, "appeal.not_assessed"),
        ("analyst", words, "permission.denied"),
        ("pengzhai", words | {"item": "nothing"}, "appeal.item_unknown"),
        ("pengzhai", words | {"tickets": ["20261012-999999-0"]}, "appeal.ticket_unknown"),
        ("pengzhai", words | {"tickets": [tickets.numbers[5]]}, "appeal.ticket_unknown"),
    ):
        assert (await doors.post(login, at, body)).json()["code"] == code
    made_one = await doors.post("pengzhai", at, words | {"tickets": [tickets.numbers[2]]})
    assert made_one.status_code == 201, made_one.text
    assert (await doors.post("pengzhai", at, words)).json()["code"] == "appeal.exists"
    other = await doors.post("yangming", f"/v1/assessments/{run}/sheets/{large}/appeals", {"words": "整表有误。"})
    assert (await doors.post("second", f"/v1/assessments/{run}/finalization")).json()["code"] == "assessment.objections_possible"

    decision = f"/v1/assessments/{run}/appeals/{made_one.json()['id']}/decision"
    change = {"item": "satisfied", "metric": "satisfaction_rate@1", "numerator": 1}
    granted = {"granted": True, "words": "已核实。", "change": change}
    assert (await doors.post("county", decision, granted)).json()["code"] == "appeal.had_a_part"
    assert (await doors.post("pengzhai", decision, granted)).json()["code"] == "permission.denied"
    for wrong in (
        {"numerator": 2},
        {"numerator": -3},
        {"metric": "on_time_rate@1"},
        {"item": "nothing"},
        {"numerator": 0},
        {"metric": None},
    ):
        answer = await doors.post("second", decision, granted | {"change": change | wrong})
        assert answer.json()["code"] == "appeal.change_wrong", wrong
    assert (await doors.post("second", decision, {"granted": False, "words": "不", "change": change})).status_code == 422
    decided = await doors.post("second", decision, granted)
    assert decided.status_code == 200, decided.text
    kept = decided.json()["change"]
    assert (kept["total_before"], kept["total_after"]) == ("67.67", "101.00")
    assert (await doors.post("third", decision, granted)).json()["code"] == "appeal.decided"
    sheet = (await doors.get("pengzhai", f"/v1/assessments/{run}/sheets/{small}")).json()
    assert (sheet["total"], sheet["items"][0]["percent"], sheet["reproduced"]) == ("101.00", "100.00", True)
    assert [(appeal["state"], appeal["decision"]) for appeal in sheet["appeals"]] == [("granted", "已核实。")]
    frozen = await county.value(
        "SELECT counts -> 'satisfied' ->> 'satisfaction_rate@1' FROM assessment_sheets WHERE id = $1::text::uuid", small
    )
    assert frozen == "[2, 3]", "what the sheet was made from stays as it was"
    await _final(doors, county, run, other.json()["id"], at, words)


async def _final(doors: Doors, county: TestDatabase, run: str, open_one: str, at: str, words: dict[str, Any]) -> None:
    await county.owner.execute("UPDATE assessment_runs SET objections_until = now() - interval '1 minute' WHERE id = $1::text::uuid", run)
    assert (await doors.post("pengzhai", at, words)).json()["code"] == "appeal.too_late"
    final = f"/v1/assessments/{run}/finalization"
    assert (await doors.post("county", final)).json()["code"] == "assessment.own_run"
    assert (await doors.post("second", final)).json()["code"] == "assessment.objections_open"
    refused = await doors.post("third", f"/v1/assessments/{run}/appeals/{open_one}/decision", {"granted": False, "words": "没有依据。"})
    assert refused.json()["state"] == "refused"
    done = await doors.post("second", final)
    assert done.status_code == 200, done.text
    assert (await doors.post("county", f"/v1/assessments/{run}/withdrawal", {"words": "x"})).json()["code"] == "assessment.state"
    async with county.as_role(INTAKE), unit_of_work(SYSTEM) as work:
        assert (await content_hash(work.session, await locked_run(work, done.json()["id"]))).hex() == done.json()["sha256"]
    await county.owner.execute("UPDATE assessment_sheets SET total = '99.99' WHERE unit_code = $1", heping.PENGZHAI)
    async with county.as_role(INTAKE), unit_of_work(SYSTEM) as work:
        changed = await content_hash(work.session, await locked_run(work, done.json()["id"]))
        assert changed.hex() != done.json()["sha256"], "the hash covers every sheet"
    types = [row["type"] for row in await county.fetch("SELECT type FROM events WHERE subject_kind = 'assessment_run' ORDER BY seq")]
    assert types == [
        "assessment.asked", "assessment.made", "assessment.published", "assessment.objected", "assessment.objected",
        "assessment.objection_decided", "assessment.objection_decided", "assessment.final",
    ]  # fmt: skip


async def test_persons_are_assessed_by_what_they_did_and_ranked_nowhere(county: TestDatabase) -> None:
    people = {
        "code": "people", "name": "网格员考核", "subjects": "persons", "kinds": ["grid_worker", "village_secretary", "department_officer"],
        "groups": [{"code": "grid", "name": "网格员", "roles": ["grid_worker"]}, {"code": "rest", "name": "其他"}],
        "items": [item(minimum=1), item("on_time", metric="on_time_rate@1", zero_at=0)], "objection_working_days": 0,
    }  # fmt: skip
    await in_force({"schemes": [people]})
    tickets = Tickets(county)
    for satisfied in (True, False):
        await tickets.closed(PENGZHAI_PATH + heping.STAFFED_GRID + "/", satisfied, by="grid")
    await tickets.closed(PENGZHAI_PATH, True, by="shuikou", days=5)
    await tickets.closed(YANGMING_PATH, True, by="water")
    await tickets.counted()
    doors = Doors(county)
    run = (await doors.post("county", "/v1/assessments", {"scheme": "people", **OCTOBER})).json()["id"]
    await made(county)
    await doors.post("county", f"/v1/assessments/{run}/publication")
    everybody = await _sheets(doors, "county", run)
    assert {code: sheet["role"] for code, sheet in everybody.items()} == {
        heping.STAFFED_GRID: "grid_worker", heping.SHUIKOU: "village_secretary",
        heping.WATER: "department_officer", heping.ROADS: "department_officer",
    }  # fmt: skip
    assert {sheet["rank"] for sheet in everybody.values()} == {None}
    assert everybody[heping.ROADS]["total"] is None
    # one's own; a secretary those of the grids below, and the township all of its villages
    assert set(await _sheets(doors, "grid", run)) == {heping.STAFFED_GRID}
    assert set(await _sheets(doors, "shuikou", run)) == {heping.SHUIKOU, heping.STAFFED_GRID}
    assert set(await _sheets(doors, "pengzhai", run)) == {heping.SHUIKOU, heping.STAFFED_GRID}
    assert set(await _sheets(doors, "water", run)) == {heping.WATER}
    own = everybody[heping.STAFFED_GRID]
    sheet = (await doors.get("grid", f"/v1/assessments/{run}/sheets/{own['id']}")).json()
    share = sheet["items"][0]["shares"][0]
    assert (share["numerator"], share["denominator"], share["percent"], sheet["attributed"]) == (1, 2, "50.00", "resolved_by@1")
    assert Decimal(sheet["lower"]) < Decimal(sheet["total"]) < Decimal(sheet["upper"])
    for part, total in (("numerator", 1), ("denominator", 2)):
        told = await doors.get("grid", f"{share['tickets']}&part={part}")
        assert told.json()["total"] == total, told.text
        assert {found["number"] for found in told.json()["items"]} <= set(tickets.numbers[:2])
    # what was reopened since, and who does it then, changes nothing in what was counted
    await tickets.begun_again(tickets.ids[0], by="grid")
    for part, total in (("numerator", 1), ("denominator", 2)):
        assert (await doors.get("grid", f"{share['tickets']}&part={part}")).json()["total"] == total
    late = (await doors.get("county", f"/v1/assessments/{run}/sheets/{everybody[heping.SHUIKOU]['id']}")).json()["items"][1]
    assert (late["percent"], late["points"]) == ("0.00", "0.00")
    # without days for objections nobody can object any more
    answer = await doors.post("grid", f"/v1/assessments/{run}/sheets/{own['id']}/appeals", {"words": "不对"})
    assert answer.json()["code"] == "appeal.too_late"


async def test_what_cannot_be_assessed_says_why(county: TestDatabase) -> None:
    await in_force(RULES)
    doors = Doors(county)
    for login, body, code in (
        ("county", {"scheme": "nothing", **OCTOBER}, "assessment.scheme_unknown"),
        ("county", {"scheme": "townships", "first": "2026-10-01", "last": "2099-01-01"}, "assessment.period_open"),
        ("pengzhai", {"scheme": "townships", **OCTOBER}, "permission.denied"),
    ):
        assert (await doors.post(login, "/v1/assessments", body)).json()["code"] == code
    run = (await doors.post("county", "/v1/assessments", {"scheme": "townships", **OCTOBER})).json()["id"]
    assert (await doors.post("county", f"/v1/assessments/{run}/publication")).json()["code"] == "assessment.state"
    withdrawn = await doors.post("county", f"/v1/assessments/{run}/withdrawal", {"words": "规则有误"})
    assert withdrawn.json()["withdrawn_because"] == "规则有误"
    await made(county)
    assert await county.value("SELECT count(*) FROM assessment_sheets") == 0, "what was withdrawn is not made"
    body = {"scheme": "townships", **OCTOBER}
    again = await asyncio.gather(*(doors.post("county", "/v1/assessments", body) for _ in range(4)))
    assert sorted(answer.status_code for answer in again) == [201, 409, 409, 409], "another for the same days can be asked for, once"
    assert [run["state"] for run in (await doors.get("county", "/v1/assessments")).json()["items"]] == ["asked", "withdrawn"]
    assert (await doors.get("pengzhai", "/v1/assessments")).json()["items"] == []


async def test_small_places_are_seen_in_the_queue(county: TestDatabase) -> None:
    tickets = Tickets(county)
    await tickets.closed(PENGZHAI_PATH, True, days=20)
    for days in (1, 2, 3):
        await tickets.closed(f"/{heping.COUNTY}/{heping.PENGZHAI}/441624108201/", True, days=days)
    await tickets.counted()
    await county.owner.execute("UPDATE units SET households = 1000 + right(code, 3)::int WHERE tier = 'village'")
    await county.owner.execute("UPDATE units SET households = 244 WHERE code = $1", heping.SHUIKOU)
    doors = Doors(county)
    query = {"from": "2026-10-01", "to": "2026-10-31", "unit": heping.PENGZHAI, "classes": 2}
    told = (await doors.get("analyst", "/v1/reports/queue-fairness", **query)).json()
    small, large = told["classes"]
    assert (small["smallest"], told["total"]) == (244, 4)
    first = small["units"][0]
    day = timedelta(days=1) // timedelta(minutes=1)
    assert (first["unit"], first["waits"]["longest_minutes"], first["waits"]["per_100_households"]) == (heping.SHUIKOU, 20 * day, "0.41")
    assert first["waits"]["longest"] == tickets.numbers[0]
    for size_class in (small, large):
        listed = await doors.get("analyst", "/v1/reports/queue-fairness/tickets", **query, size_class=size_class["size_class"])
        assert listed.json()["total"] == size_class["waits"]["tickets"], listed.text
        waits = sorted(found["wait_minutes"] for found in listed.json()["items"])
        assert not waits or waits[-1] == size_class["waits"]["longest_minutes"]
    by_tickets = (await doors.get("analyst", "/v1/reports/queue-fairness", **query | {"size": "tickets"})).json()
    assert sum(size_class["waits"]["tickets"] for size_class in by_tickets["classes"]) == 4
    none = await doors.get("analyst", "/v1/reports/queue-fairness/tickets", **query, place="nowhere")
    assert none.json()["code"] == "key.unknown"


async def test_the_standard_rules_assess_departments_and_villages(county: TestDatabase) -> None:
    await in_force(orjson.loads((heping.DATA / "assessment.json").read_bytes()))
    tickets = Tickets(county)
    water = await county.value("SELECT id FROM units WHERE code = $1", heping.WATER)
    for number in range(12):
        await tickets.closed(PENGZHAI_PATH, number != 0, days=2 if number < 10 else 6, lead_unit_id=water)
    await tickets.counted()
    doors = Doors(county)
    for scheme, code in (("departments", heping.WATER), ("villages", heping.SHUIKOU)):
        run = (await doors.post("county", "/v1/assessments", {"scheme": scheme, **OCTOBER})).json()["id"]
        await made(county)
        rows, place = [], ""
        while True:
            page = (await doors.get("county", f"/v1/assessments/{run}/sheets{place}")).json()
            rows += page["items"]
            if page["next"] is None:
                break
            place = f"?cursor={page['next']}"
        assert len({row["unit"] for row in rows}) == len(rows)
        (own,) = [row for row in rows if row["unit"] == code]
        assert own["total"] is not None
        assert all(row["total"] is None for row in rows if row["unit"] != code)
        sheet = (await doors.get("county", f"/v1/assessments/{run}/sheets/{own['id']}")).json()
        assert sheet["reproduced"]
        counted = 0
        for share in (share for one in sheet["items"] for share in one["shares"]):
            for part in ("numerator", "denominator"):
                told = await doors.get("county", f"{share['tickets']}&part={part}")
                assert told.json()["total"] == share[part], (share, told.text)
                counted += share[part]
        assert counted > 40
        if scheme == "departments":
            assert [(share["metric"], share["weight"]) for share in sheet["items"][0]["shares"]] == [
                ("response_rate@1", "30.00"), ("resolution_rate@1", "35.00"), ("satisfaction_rate@1", "35.00"),
            ]  # fmt: skip
