"""帮扶 over HTTP: what reaches a household is in the ledger at once, once, under the step's id; the household confirms the end."""

import asyncio

import pytest
from asyncpg import CheckViolationError

from services.platform.actor import SYSTEM
from services.platform.database import OWNER
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests import county as heping
from tests.assistance.doors import DAY, Desk, fresh
from tests.conftest import TestDatabase
from tests.county import STAFFED_GRID, WATER, Person
from tests.pairing.test_pairing import cadre

pytestmark = pytest.mark.asyncio


def item(household: str, **said: object) -> dict[str, object]:
    """Return an item to be opened."""
    told = {"kind": "production", "goal": "帮黄某某采购小羊", "started_on": DAY, "persons": ["3-012-1", "3-012-2"]}
    return {"item_id": fresh(), "household_id": household, **told, **said}


def step(kind: str, **said: object) -> dict[str, object]:
    """Return a step."""
    return {"step_id": fresh(), "kind": kind, "happened_on": "2026-11-03", **said}


async def test_the_sheep_of_a_poor_household_from_pledge_to_signature(desk: Desk, county: TestDatabase):
    home = await desk.home()
    opened = item(home)
    first = await desk.post("grid", "/help-items", opened, 201)
    assert (first["state"], first["household"]["head"], first["persons"], first["goal"]) == ("open", "黄**", 2, "帮黄某某采购小羊")
    assert await desk.post("grid", "/help-items", opened, 200) == first, "sent again it is the same item"
    assert await desk.refused("grid", "/help-items", {**opened, "goal": "别的"}) == (409, "assistance.id_taken")
    at = f"/help-items/{opened['item_id']}"
    money = {"source": "donation", "amount_fen": 600_000}
    assert await desk.refused("grid", f"{at}/steps", step("handed_over", **money)) == (409, "help.more_than_received")
    for done in (step("pledged", **money), step("received", **money, words="企业捐款"), step("pledged", goods="小羊10只")):
        await desk.post("grid", f"{at}/steps", done, 201)
    handed = step("handed_over", **money, words="购羊款交到本人手中")
    same = await asyncio.gather(*(desk.post("grid", f"{at}/steps", handed) for _ in range(4)))
    assert sorted(answer.status_code for answer in same) == [200, 200, 200, 201], "from several hands at once it is there once"
    for done in (step("handed_over", goods="小羊10只"), step("given", words="讲养殖技术")):
        shown = await desk.post("grid", f"{at}/steps", done, 201)
    money_of = {name: amount for name, amount in shown["money"].items() if name.endswith("_fen") and amount is not None}
    assert money_of == {"pledged_fen": 600_000, "received_fen": 600_000, "handed_over_fen": 600_000, "left_fen": 0}
    assert [one["words"] for one in shown["steps"] if one["words"]] == ["企业捐款", "购羊款交到本人手中", "讲养殖技术"]
    figures = [await desk.ledger(name) for name in ("funds_pledged", "funds_received", "funds_spent", "people_helped")]
    assert figures == [600_000, 600_000, 600_000, 2], "goods are no money, and who was helped three times is one person"
    assert await county.value("SELECT count(*) FROM activities WHERE id = $1", handed["step_id"]) == 1

    close = {"outcome": "achieved", "closed_on": "2026-11-20", "confirmation": "witness", "witness_id": await desk.member("grid")}
    assert await desk.refused("shuikou", f"{at}/closing", close) == (403, "help.helper_witnesses")
    assert await desk.refused("grid", f"{at}/closing", close) == (422, "help.witness")
    other = {**close, "witness_id": await desk.member("shuikou")}
    closed = await desk.post("grid", f"{at}/closing", other, 200)
    assert (closed["state"], closed["closing"]["confirmation_name"], closed["closing"]["money_left_fen"]) == ("closed", "见证人", 0)
    assert (await desk.post("grid", f"{at}/closing", other, 200))["closing"] == closed["closing"]
    assert await desk.refused("grid", f"{at}/closing", {**other, "outcome": "partly"}) == (409, "help.closed")
    late = step("given", happened_on="2026-11-19", words="离线补报")
    assert len((await desk.post("grid", f"{at}/steps", late, 201))["steps"]) == 7, "what was given before may be told late"
    assert await desk.refused("grid", f"{at}/steps", step("received", **money)) == (409, "help.closed")

    everything = str(await county.fetch("SELECT * FROM help_items")) + str(await county.fetch("SELECT data FROM events"))
    kept = everything + str(await county.fetch("SELECT * FROM help_steps")) + str(await county.fetch("SELECT body FROM idempotency_keys"))
    assert "黄某某" not in kept
    assert "3-012" not in kept
    report = await desk.get("county", "/reports/assistance", **{"from": "2026-11-01", "to": "2026-11-30"})
    counted = {one["figure"]: one["value"] for one in report["figures"]}
    assert (counted["help_begun"], counted["help_closed"], counted["help_confirmed"], counted["help_open"]) == (1, 1, 1, 0)
    listed = await desk.get("county", "/reports/assistance/help_confirmed", **{"from": "2026-11-01", "to": "2026-11-30"})
    assert (listed["total"], listed["items"][0]["id"]) == (1, opened["item_id"])
    before = await desk.get("county", "/reports/assistance", **{"from": "2026-11-01", "to": "2026-11-30", "as_of": first["recorded_at"]})
    assert {one["figure"]: one["value"] for one in before["figures"]}["help_closed"] == 0, "as it was known then"


async def test_what_was_written_down_wrongly_is_taken_back_here_or_at_the_ledger(desk: Desk):
    opened = item(await desk.home(), persons=[], people=4)
    await desk.post("grid", "/help-items", opened, 201)
    at = f"/help-items/{opened['item_id']}"
    came, gone = step("received", source="finance", amount_fen=500), step("handed_over", source="finance", amount_fen=300)
    for done in (came, gone):
        await desk.post("grid", f"{at}/steps", done, 201)
    wrong = {"reason": "wrong_amount"}
    assert await desk.refused("grid", f"{at}/steps/{came['step_id']}/withdrawal", wrong) == (409, "help.handed_over")
    for _ in range(2):
        shown = await desk.post("grid", f"{at}/steps/{gone['step_id']}/withdrawal", wrong, 200)
    assert (shown["money"]["left_fen"], [one["stands"] for one in shown["steps"]]) == (500, [True, False])
    assert (await desk.ledger("funds_spent"), await desk.ledger("funds_received")) == (0, 500)
    entry = {"kind": "funds", "activity_id": fresh(), "happened_on": "2026-11-03", "unit": STAFFED_GRID}
    right = {"reason": "wrong_amount", "activity": {**entry, "stage": "received", "source": "finance", "amount_fen": 700}}
    await desk.post("grid", f"/activities/{came['step_id']}/correction", right, 201)
    assert (await desk.get("grid", at))["money"]["received_fen"] == 700, "the ledger is the source: a correction there counts here"
    assert await desk.refused("grid", f"{at}/closing", {"outcome": "declined", "closed_on": DAY, "unconfirmed_because": "refused"}) == (
        422, "help.before_step",
    )  # fmt: skip
    close = {"outcome": "declined", "closed_on": "2026-11-04", "unconfirmed_because": "refused"}
    assert await desk.refused("grid", f"{at}/closing", close) == (409, "help.money_left")
    closed = await desk.post("grid", f"{at}/closing", {**close, "money_left": "退回财政"}, 200)
    assert (closed["closing"]["money_left_fen"], closed["closing"]["confirmation_name"]) == (700, "未确认：不愿确认")
    again = item(opened["household_id"], follows_id=opened["item_id"])
    assert (await desk.post("grid", "/help-items", again, 201))["follows_id"] == opened["item_id"]


async def test_an_item_is_known_to_those_of_the_area_who_help_and_who_are_paired(desk: Desk, county: TestDatabase):
    home = await desk.home()
    assert await desk.refused("water", "/help-items", item(home)) == (404, "household.unknown"), "an office is paired, or knows nothing"
    assert await desk.refused("yangming", "/help-items", item(home)) == (404, "household.unknown")
    pair = {"kind": "member_household", "member_id": await desk.member("water"), "household_id": home}
    await desk.post("county", "/pairings", pair, 201)
    opened = item(home)
    await desk.post("water", "/help-items", opened, 201)
    at = f"/help-items/{opened['item_id']}"
    await desk.post("water", f"{at}/steps", step("given"), 201)
    for login, status in (("grid", 200), ("pengzhai", 200), ("county", 200), ("yangming", 404), ("roads", 404), ("analyst", 403)):
        assert (await desk.ask(login, "GET", at)).status_code == status, login
    assert [one["id"] for one in (await desk.get("water", "/help-items", household=home))["items"]] == [opened["item_id"]]
    assert (await desk.get("roads", "/help-items", household=home))["items"] == [], "a list of a household is for those who may"
    roads, theirs = await desk.member("roads"), step("given")
    await desk.post("water", f"{at}/steps", theirs, 201)
    assert await desk.refused("grid", f"{at}/steps/{theirs['step_id']}/withdrawal", {"reason": "other"}) == (403, "help.not_yours")
    await desk.post("shuikou", f"{at}/steps/{theirs['step_id']}/withdrawal", {"reason": "recorded_twice"}, 200)
    await desk.ask("water", "PUT", f"{at}/helpers", {"helper_ids": [roads]}, 200)
    shown = await desk.ask("water", "PUT", f"{at}/helpers", {"helper_ids": [roads]}, 200)
    assert [one["id"] for one in shown["helpers"]] == [roads]
    assert (await desk.ask("roads", "GET", at)).status_code == 200, "whoever helps sees it"
    assert await county.value("SELECT count(*) FROM help_helpers WHERE ended_at IS NULL") == 1
    stranger = {"helper_ids": [fresh()]}
    assert (await desk.ask("water", "PUT", f"{at}/helpers", stranger)).json()["code"] == "member.unknown"
    assert await desk.refused("grid", f"{at}/steps", step("given", helper_id=fresh())) == (422, "help.no_helper")
    await desk.post("grid", f"{at}/steps", step("given", helper_id=roads), 201)
    assert str(await county.value("SELECT member_id FROM activities ORDER BY recorded_at DESC LIMIT 1")) == roads
    gone = await cadre(county, "C-9", WATER)
    assert (await desk.ask("water", "PUT", f"{at}/helpers", {"helper_ids": [gone]}, 200))["helpers"][0]["id"] == gone


async def test_a_service_member_helps_the_household_they_are_paired_with_and_no_other(desk: Desk, county: TestDatabase):
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        await heping._hire(work, "member", Person("党员壬", "service_member", WATER, party_member=True))
    home, other = await desk.home("3-001"), await desk.home("3-002")
    assert await desk.refused("member", "/help-items", item(home)) == (404, "household.unknown")
    await desk.post(
        "county", "/pairings", {"kind": "member_household", "member_id": await desk.member("member"), "household_id": home}, 201
    )
    opened = item(home)
    await desk.post("member", "/help-items", opened, 201)
    await desk.post("member", f"/help-items/{opened['item_id']}/steps", step("given", words="教养羊"), 201)
    assert await desk.ledger("people_helped") == 2, "counted, though they write nothing into the ledger themselves"
    theirs = item(other)
    await desk.post("grid", "/help-items", theirs, 201)
    assert (await desk.ask("member", "GET", f"/help-items/{theirs['item_id']}")).status_code == 404
    assert [one["id"] for one in (await desk.get("member", "/help-items"))["items"]] == [opened["item_id"]]
    for path in ("/mediations", "/deliberations"):
        assert (await desk.ask("member", "GET", path)).json()["code"] == "permission.denied"


async def test_the_database_keeps_the_witness_apart_and_the_proof_whole(desk: Desk, county: TestDatabase):
    opened = item(await desk.home())
    await desk.post("grid", "/help-items", opened, 201)
    grid = await county.value("SELECT id FROM accounts WHERE login = 'grid'")
    close = (
        "INSERT INTO help_closings (item_id, outcome, closed_on, confirmation, witness_account_id, money_left_fen, fingerprint,"
        " recorded_at, by_account_id) VALUES ($1::uuid, 'achieved', $2::date, 'witness', $3, 0, '\\x', now(), $4)"
    )
    day = (await county.fetch("SELECT date '2026-11-03' AS day"))[0]["day"]
    with pytest.raises(CheckViolationError, match="another_is_witness"):
        await county.owner.execute(close, opened["item_id"], day, grid, grid)
    with pytest.raises(CheckViolationError, match="proof"):
        await county.owner.execute(close, opened["item_id"], day, None, grid)
    unknown = {"outcome": "not_achieved", "closed_on": "2026-11-03", "confirmation": "signature", "attachment_id": str(new_id())}
    assert await desk.refused("grid", f"/help-items/{opened['item_id']}/closing", unknown) == (422, "attachment.unknown")
    assert await desk.refused("grid", "/help-items", item(opened["household_id"], started_on="2127-01-01")) == (
        422,
        "activity.day_in_future",
    )
    assert await desk.refused("grid", "/help-items", item(opened["household_id"], follows_id=opened["item_id"])) == (409, "help.still_open")
