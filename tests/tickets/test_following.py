"""A division that is renumbered or moved takes its tickets along: against the real database and the real county."""

from datetime import timedelta

from services.organization.actions import change_unit
from services.organization.commands import ChangeUnit
from services.organization.loading import load_unit_file
from services.organization.queries import forget_unit_tree
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.database import WORKER
from services.platform.unit_of_work import unit_of_work
from services.reports.hand_offs import AskedHandOffs, hand_offs
from services.tickets.rebuilding import check_clocks
from tests.county import PENGZHAI, SHUIKOU, STAFFED_GRID, WATER, YANGMING
from tests.tickets.test_clock_promises import clocks, do, refusal
from tests.tickets.test_dispatch_and_escalation import file, ticket

HEAD = "code,parent_code,name,tier,predecessor_code\n"
NEW_VILLAGE, NEW_TOWN, NEW_WATER = "441624108299", "441624199", "441624-D-SWJ"


async def load(text, head=HEAD):
    async with unit_of_work(SYSTEM) as work:
        await load_unit_file(work, head + text, 0)
    forget_unit_tree()


async def test_renumbered_village_goes_on_with_its_tickets_and_no_clock_knows(county):
    filed = await file(category=None, unit=SHUIKOU)
    await county.settle()
    await do("shuikou", filed.number, "accept")
    before = await county.fetch("SELECT * FROM clocks ORDER BY id")
    await load(f"{NEW_VILLAGE},{PENGZHAI},水口村村民委员会,village,{SHUIKOU}\n")
    await county.settle()
    row = await ticket(county, filed.number)
    assert (row["status"], row["holder"]) == ("accepted", NEW_VILLAGE)
    assert row["area_path"] == f"/441624/{PENGZHAI}/{NEW_VILLAGE}/"
    assert await county.fetch("SELECT * FROM clocks ORDER BY id") == before
    await do("shuikou", filed.number, "resolve")
    assert await county.value("SELECT area_path FROM report_facts") == row["area_path"]
    seats = await county.fetch("SELECT a.\"end\", a.why->>'rule' AS rule FROM assignments a ORDER BY sequence")
    assert [tuple(seat) for seat in seats] == [("renumbered", "lowest"), (None, "renumbered")]


async def test_what_a_unit_was_called_to_and_told_is_done_under_its_new_number(county):
    filed = await file(category=None, unit=STAFFED_GRID)
    await county.settle()
    await do("pengzhai", filed.number, "join", unit=SHUIKOU, task="到场维持秩序")
    await do("county", filed.number, "instruct", unit=SHUIKOU, words="今日到场", report_in_working_days=1)
    meet = clock.now() + timedelta(minutes=30)
    await do("pengzhai", filed.number, "whistle", kind="emergency", units=[WATER], place="水口村", words="请到场", meet_at=meet)
    await load(
        f"{NEW_VILLAGE},{PENGZHAI},水口村村民委员会,village,{SHUIKOU},,\n{NEW_WATER},441624,和平县水务局,county,{WATER},department,water\n",
        head=HEAD.strip() + ",kind,function\n",
    )
    await county.settle()
    of = "SELECT u.code FROM clocks c JOIN units u ON u.id = c.unit_id WHERE c.state = 'running' ORDER BY c.stage"
    assert [row["code"] for row in await county.fetch(of)] == [NEW_VILLAGE, NEW_WATER, NEW_VILLAGE], "instruct, respond, task"
    await do("water", filed.number, "respond", answer="arrived")
    await do("shuikou", filed.number, "report_back", words="已到场")
    await do("shuikou", filed.number, "finish_task", words="秩序良好")
    assert await county.fetch(of) == []
    asked = "SELECT u.code FROM directives d JOIN units u ON u.id = d.asked_unit_id"
    assert await county.value(asked) == SHUIKOU, "whom it was said to stays as it was said"
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        async for checked in check_clocks(work.session):
            assert checked.differences == ()


async def test_what_was_done_under_the_old_number_counts_under_the_new_one(county):
    filed = await file(category=None, unit=SHUIKOU)
    await county.settle()
    await do("shuikou", filed.number, "accept")
    await do("shuikou", filed.number, "log_work", words="已到现场")
    before, told_before = clock.now(), await handed()
    await load(f"{NEW_VILLAGE},{PENGZHAI},水口村村民委员会,village,{SHUIKOU}\n")
    await county.settle()
    followed, told_followed = clock.now(), await handed()
    await do("shuikou", filed.number, "hand_up", reason="needs_funds", words="村里无力承担")
    rows = await handed()
    assert (rows[NEW_VILLAGE].received, rows[NEW_VILLAGE].passed_on, rows[NEW_VILLAGE].idle) == (1, 1, 0)
    assert SHUIKOU not in rows
    assert set(told_before) == {SHUIKOU}
    assert set(told_followed) == {NEW_VILLAGE}
    assert (await handed(before), await handed(followed)) == (told_before, told_followed), "under the number of then"


async def handed(as_of=None):
    async with unit_of_work(SYSTEM) as work:
        told = await hand_offs(work, AskedHandOffs(as_of=as_of))
    return {row.unit.code: row for row in told.units if row.unit}


async def test_renumbered_township_sees_and_watches_and_still_cannot_close_what_it_did(county):
    filed, own = await file(category=None), await file(category=None, unit=PENGZHAI)
    await county.settle()
    await do("pengzhai", own.number, "accept")
    await do("pengzhai", own.number, "resolve")
    await load(f"{NEW_TOWN},441624,彭寨镇,township,{PENGZHAI}\n")
    await county.settle()
    assert (await ticket(county, filed.number))["desk"] == NEW_TOWN
    await do("pengzhai", filed.number, "transfer", unit=SHUIKOU)
    assert (await ticket(county, filed.number))["holder"] == SHUIKOU
    new_id = await county.value("SELECT id FROM units WHERE code = $1", NEW_TOWN)
    assert (await ticket(county, own.number))["resolved_by_unit_id"] == new_id
    await do("hotline", own.number, "answer")
    assert await refusal("pengzhai", own.number, "close", verified_by="site_check") == "ticket.executor_verifies"


async def test_moved_village_is_the_matter_of_its_new_township(county):
    filed = await file(category=None)
    await county.settle()
    async with unit_of_work(SYSTEM) as work:
        await change_unit(work, SHUIKOU, ChangeUnit(parent_code=YANGMING), None)
    forget_unit_tree()
    await county.settle()
    row = await ticket(county, filed.number)
    assert (row["holder"], row["area_path"]) == (STAFFED_GRID, f"/441624/{YANGMING}/{SHUIKOU}/{STAFFED_GRID}/")
    assert row["desk"] == YANGMING
    await do("yangming", filed.number, "transfer", unit=SHUIKOU)
    assert await clocks(county, filed.number) == ["accept", "resolve"]


async def test_what_has_ended_is_found_where_its_place_is_now_and_changes_nothing_else(county):
    filed = await file(category=None)
    await county.settle()
    await do("pengzhai", filed.number, "cancel", reason="withdrawn")
    await county.settle()
    await load(f"{NEW_VILLAGE},{PENGZHAI},水口村村民委员会,village,{SHUIKOU}\n")
    await county.settle()
    row = await ticket(county, filed.number)
    assert (row["status"], row["holder"]) == ("cancelled", STAFFED_GRID)
    assert row["area_path"] == f"/441624/{PENGZHAI}/{NEW_VILLAGE}/{STAFFED_GRID}/"
    version = row["version"]
    await county.settle()
    assert (await ticket(county, filed.number))["version"] == version
