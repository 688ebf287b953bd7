"""A corrected category or urgency brings limits forward and gives nobody more time; stages of the work have limits of their own."""

from datetime import timedelta

from services.deadlines.changing import CALENDAR_KIND
from services.platform import clock
from services.platform.unit_of_work import unit_of_work
from services.tickets.clock_story import clock_stories
from tests.county import WATER, actor
from tests.tickets.test_clock_promises import do
from tests.tickets.test_dispatch_and_escalation import file
from tests.tickets.test_rules_change import change


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


async def test_how_long_it_took_is_told_with_the_pause_and_without(county, monkeypatch):
    filed, began = await file(category="water.canal"), clock.now()
    await county.settle()
    await do("grid", filed.number, "accept")
    await do("pengzhai", filed.number, "suspend", reason="force_majeure", review_in_working_days=20)
    monkeypatch.setattr(clock, "now", lambda: began + timedelta(days=7))
    paused = (await stories("grid", filed.number, county))["resolve"]
    assert (paused.state, paused.left, round(paused.gross_minutes / 60)) == ("paused", None, 7 * 24)
    assert paused.net_minutes < 10, "the pause that still goes on is no time of the work"
    await do("grid", filed.number, "resume")
    monkeypatch.setattr(clock, "now", lambda: began + timedelta(days=9))
    found = (await stories("grid", filed.number, county))["resolve"]
    assert (round(found.gross_minutes / 60), round(found.net_minutes / 60)) == (9 * 24, 2 * 24)
    (move,) = found.moves
    assert (move.kind, move.reason, move.due_before, move.due_after) == ("pause", "force_majeure", found.first_due_at, found.due_at)
    assert found.due_at - found.first_due_at == timedelta(days=7), "sixty natural days stood still for seven"


async def test_a_clock_of_a_unit_s_own_goes_by_that_unit_s_calendar(county):
    def always_open(definition):
        definition["calendars"]["guard"] = {"name": "值守", "weekdays": [1, 2, 3, 4, 5, 6, 7], "keeps_holidays": False}
        definition["calendars"]["guard"]["hours"] = [{"from": "01-01", "to": "12-31", "intervals": [["00:00", "24:00"]]}]
        definition["units"] = {WATER: "guard"}

    version = await change(CALENDAR_KIND, always_open)
    filed = await file(category="environment.noise")
    await county.settle()
    await do("grid", filed.number, "join", unit=WATER, task="看看管子")
    found = await stories("grid", filed.number, county)
    assert (found["task"].calendar, found["task"].unit.code) == (f"guard@{version}", WATER)
    assert found["resolve"].calendar == f"default@{version}", "the matter itself goes by the calendar of its place"
    assert found["task"].due_at - found["task"].started_at <= timedelta(days=4), "three working days of somebody who always works"
