"""A village gets another code: its matters, who works on them, its segment and its place on a list go on under it, once and for all."""

from dispatch_worker.handlers import follow
from services.matters.following import follow_matters
from services.organization.loading import load_unit_file
from services.organization.queries import forget_unit_tree
from services.platform.actor import SYSTEM
from services.platform.clock import local_day, now
from services.platform.database import OWNER, WORKER
from services.platform.unit_of_work import unit_of_work
from tests.county import PENGZHAI, SHUIKOU, WATER
from tests.matters.world import World

NEW = "441624108299"


async def test_a_village_that_gets_another_code_keeps_its_matters(world: World) -> None:
    matter = await world.registered()
    tasks = [("水利段", SHUIKOU), ("闸门", WATER)]
    for title, unit in tasks:
        await world.act("water", matter, "set_task", unit=unit, title=title, due_on="2030-01-01")
    flagged = {"unit": SHUIKOU, "level": "county", "since": str(local_day(now())), "because": "矛盾突出。"}
    await world.did("county", "/v1/problem-villages", flagged)
    async with world.county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        await load_unit_file(work, f"code,parent_code,name,tier,predecessor_code\n{NEW},{PENGZHAI},水口新村村民委员会,village,{SHUIKOU}\n")
    forget_unit_tree()
    async with world.county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        await follow(work, [])
    async with world.county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        assert await follow_matters(work) == 0, "done again it changes nothing"
    shown = (await world.doors.get("county", f"/v1/matters/{matter}")).json()
    listed = (await world.doors.get("county", "/v1/matters", unit=NEW)).json()
    villages = (await world.doors.get("county", "/v1/problem-villages")).json()
    assert shown["unit"]["code"] == NEW
    assert {(one["title"], one["unit"]["code"]) for one in shown["task_list"]} == {("水利段", NEW), ("闸门", WATER)}
    assert [one["id"] for one in listed["items"]] == [matter]
    assert [one["unit"]["code"] for one in villages["items"]] == [NEW]
