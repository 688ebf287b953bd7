"""A corrected category or urgency brings limits forward and gives nobody more time; stages of the work have limits of their own."""

from datetime import timedelta

from services.platform.unit_of_work import unit_of_work
from services.tickets.clock_story import clock_stories
from tests.county import actor
from tests.tickets.test_clock_promises import do
from tests.tickets.test_dispatch_and_escalation import file


async def stories(login, number, county):
    ticket_id = await county.value("SELECT id FROM tickets WHERE number = $1", number)
    async with unit_of_work(await actor(login)) as work:
        return {story.stage: story for story in (await clock_stories(work.session, ticket_id, work.now)).items}


async def test_a_matter_found_to_be_urgent_is_due_earlier_and_keeps_its_first_promise_beside(county):
    filed = await file(category="water.canal")
    await county.settle()
    await do("grid", filed.number, "accept")
    before = await stories("grid", filed.number, county)
    assert before["resolve"].limit.amount == 60
    await do("pengzhai", filed.number, "triage", category="water.pipe_burst")
    after = await stories("grid", filed.number, county)
    assert (after["resolve"].limit.amount, after["resolve"].limit.unit) == (5, "working_days")
    assert after["resolve"].due_at < before["resolve"].due_at
    assert after["resolve"].first_due_at == before["resolve"].first_due_at
    assert [move.kind for move in after["resolve"].moves] == ["correction"]
    assert (after["contain"].limit.amount, after["contain"].limit.unit, after["contain"].state) == (180, "minutes", "running")
    assert after["repair"].due_at - after["repair"].started_at == timedelta(hours=8)

    await do("pengzhai", filed.number, "triage", category="water.canal", urgency="normal")
    again = await stories("grid", filed.number, county)
    assert again["resolve"].due_at == after["resolve"].due_at, "a label gives no time back"


async def test_each_stage_of_the_work_has_a_clock_that_its_own_deed_stops(county):
    filed = await file(category="water.pipe_burst")
    await county.settle()
    await do("grid", filed.number, "accept")
    await do("grid", filed.number, "log_work", finished="contain")
    found = await stories("grid", filed.number, county)
    assert (found["contain"].state, found["contain"].on_time, found["contain"].on_first_time) == ("stopped", True, True)
    assert (found["repair"].state, found["resolve"].state, found["first_contact"].state) == ("running", "running", "running")
    assert found["repair"].left is not None
    assert 470 <= found["repair"].left.minutes <= 480
    await do("grid", filed.number, "log_work", finished="contain", contacted=True)
    again = await stories("grid", filed.number, county)
    assert again["contain"].stopped_at == found["contain"].stopped_at, "what ended once stays as it ended"
    assert again["first_contact"].state == "stopped"
