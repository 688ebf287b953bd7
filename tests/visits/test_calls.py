"""Visits that somebody else writes down, about a matter, at a door where nobody lives any more; photographs of steps; how often."""

from datetime import datetime, time, timedelta
from uuid import UUID

from dispatch_worker.jobs.visits import moved_homes
from services.attachments.expecting import arrived
from services.platform import clock
from services.platform.clock import SHANGHAI, local_day
from services.platform.database import WORKER
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.visits.service_days import first_of
from tests.channels.phone import Phone
from tests.county import SHUIKOU, actor
from tests.matters.world import STATION, World
from tests.visits.handbook import now
from tests.visits.test_handbook import round_

__all__ = ["round_"]


def visit(home, **more):
    return {"visit_id": str(new_id()), "household_id": home, "happened_at": now(hours=3), "nothing_said": True, **more}


async def test_a_desk_or_a_colleague_writes_down_who_called_and_nobody_else_does(round_):
    mine, theirs = await round_.member("mine"), await round_.member("theirs")
    home, other = await round_.home("3-012", mine), await round_.home("3-013", theirs)
    told = visit(home, member_id=mine)
    made = await round_.post("theirs", "/v1/visits", told)  # of the same office, told over the telephone
    assert (made.status_code, made.json()["member_id"], made.json()["recorded_by"]) == (201, mine, "theirs"), made.text
    assert (await round_.post("theirs", "/v1/visits", told)).json() == made.json()
    paper = visit(home, member_id=mine, nothing_said=False)
    by_desk = await round_.post("pengzhai", "/v1/visits", paper)
    assert (by_desk.status_code, by_desk.json()["member_id"]) == (201, mine), by_desk.text
    over = await round_.post("mine", f"/v1/visits/{paper['visit_id']}/completion", {})
    assert over.status_code == 200, "whoever called completes it as well as whoever wrote it down"
    assert await round_.code("pengzhai", "/v1/visits", visit(other, member_id=mine)) == "visit.not_theirs"
    assert await round_.code("theirs", "/v1/visits", visit(other, member_id=mine)) == "household.unknown"
    assert await round_.code("pengzhai", "/v1/visits", visit(home, member_id=str(new_id()))) == "member.unknown"
    for stranger in ("yangming", "roads", "grid"):
        answer = await round_.post(stranger, "/v1/visits", visit(home, member_id=mine))
        assert answer.status_code in (403, 404), stranger
    ledger = await round_.county.fetch("SELECT member_id, recorded_by_account_id FROM activities WHERE kind = 'visit'")
    assert {str(row["member_id"]) for row in ledger} == {mine}, "it is who called whose visit it is"
    assert len(ledger) == len({row["recorded_by_account_id"] for row in ledger}) == 2


async def test_the_ledger_corrects_no_visit_but_takes_it_out_and_both_say_so(round_):
    member = await round_.member("mine")
    home = await round_.home("3-012", member)
    said = visit(home)
    assert (await round_.post("mine", "/v1/visits", said)).status_code == 201
    entry = {"kind": "visit", "activity_id": str(new_id()), "unit": SHUIKOU, "household": "3-012", "outcome": "met",
             "happened_on": str(local_day(clock.now()))}  # fmt: skip
    body = {"reason": "typing_error", "activity": entry}
    refused = await round_.post("shuikou", f"/v1/activities/{said['visit_id']}/correction", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "activity.kept_as_visit")
    taken = await round_.post("shuikou", refused.json()["withdrawal"], {"reason": "did_not_happen"})
    assert taken.status_code == 200, taken.text
    assert (await round_.get("mine", f"/v1/visits/{said['visit_id']}"))["withdrawn_at"]
    assert (await round_.post("mine", "/v1/visits", visit(home))).status_code == 201, "it is recorded anew"


async def test_who_keeps_the_register_is_told_once_of_a_household_that_moved(round_):
    county, member = round_.county, await round_.member("mine")
    gone, here, ended = [await round_.home(f"3-01{nth}", member) for nth in range(3)]
    for home in (gone, ended):
        assert (await round_.post("mine", "/v1/visits", visit(home, outcome="moved", nothing_said=False))).status_code == 201
    assert (await round_.post("mine", "/v1/visits", visit(here))).status_code == 201
    await round_.post("shuikou", f"/v1/households/{ended}/end", {"because": "moved_away"})
    for _twice in range(2):
        async with county.as_role(WORKER):
            await moved_homes(STATION)
    query = "SELECT u.code, m.words FROM messages m JOIN units u ON u.id = m.unit_id WHERE m.template = 'household_moved'"
    [told] = await county.fetch(query)
    assert told["code"] == SHUIKOU, "its secretary keeps the register"
    assert "1户已搬走" in told["words"]
    rows = await county.fetch("SELECT subject_id FROM events WHERE type = 'household.found_moved'")
    assert [str(row["subject_id"]) for row in rows] == [gone]


async def test_a_step_shows_its_photographs_though_their_uploads_come_later(round_, monkeypatch):
    await round_.member("mine")
    day = first_of(local_day(clock.now())).replace(day=15)
    at = datetime.combine(day, time(9), SHANGHAI)
    monkeypatch.setattr(clock, "now", lambda: at)
    desk, phone = round_.desk, Phone(round_.desk, "mine")
    monkeypatch.setattr(Phone, "now", lambda _phone: at)
    here, later = await desk.upload("mine"), new_id()
    step = {"step_id": str(new_id()), "month": f"{day:%Y-%m}", "step": "check_in", "unit": SHUIKOU, "attachment_ids": [here]}
    (result,) = await phone.send(phone.command("service_step", service_step={**step, "upload_ids": [str(later)]}))
    assert result["status"] == "applied", result
    shown = (await round_.get("mine", "/v1/me/service-round"))["steps"][0]
    assert shown["attachment_ids"] == [here]
    come = await desk.upload("mine")
    who = await actor("mine")
    async with unit_of_work(who) as work:
        assert await arrived(work, who.account_id, later, UUID(come)) == 1
    shown = (await round_.get("mine", "/v1/me/service-round"))["steps"][0]
    assert sorted(shown["attachment_ids"]) == sorted([here, come])
    for login, status in (("mine", 200), ("shuikou", 200), ("pengzhai", 200), ("yangming", 404), ("roads", 404)):
        answer = await round_.client.get(f"/v1/attachments/{come}/public", headers=await desk.as_(login))
        assert answer.status_code in ((status,) if status == 200 else (403, 404)), (login, answer.text)
    theirs = await round_.post("mine", "/v1/me/service-steps", {**step, "step_id": str(new_id()), "attachment_ids": [str(new_id())]})
    assert theirs.json()["code"] == "attachment.unknown" or theirs.json()["code"] == "service_step.done"


async def test_a_visit_about_a_matter_is_shown_with_it_and_with_nobody_s_household(round_):
    world = World(round_.client, round_.county)
    matter = await world.registered()
    member = await round_.member("mine")
    home = await round_.home("3-012", member)
    before = clock.now()
    assert await round_.code("mine", "/v1/visits", visit(home, matter_id=str(new_id()))) == "matter.unknown"
    made = await round_.post("mine", "/v1/visits", visit(home, matter_id=matter))
    assert made.status_code == 201, made.text
    seen = (await world.doors.get("pengzhai", f"/v1/matters/{matter}")).json()
    [one] = seen["visits"]
    assert (one["id"], one["outcome"], one["unit"]["code"], one["member_name"]) == (made.json()["id"], "met", SHUIKOU, "mine")
    assert home not in str(seen)
    then = (await world.doors.get("pengzhai", f"/v1/matters/{matter}", as_of=before.isoformat())).json()
    assert then["visits"] == []
    await round_.post("shuikou", f"/v1/activities/{one['id']}/withdrawal", {"reason": "did_not_happen"})
    assert (await world.doors.get("pengzhai", f"/v1/matters/{matter}")).json()["visits"] == []


async def test_how_often_and_how_soon_and_who_followed_what(round_):
    world = World(round_.client, round_.county)
    member = await round_.member("mine")
    often, once, never = [await round_.home(f"3-01{nth}", member) for nth in range(3)]
    for home, hours in ((often, 3), (often, 50), (once, 0)):
        assert (await round_.post("mine", "/v1/visits", visit(home, happened_at=now(hours=hours)))).status_code == 201
    assert (await round_.post("mine", "/v1/visits", visit(never, outcome="absent", nothing_said=False))).status_code == 201
    heard = await round_.hears("mine", once)
    first = local_day(clock.now()) - timedelta(days=10)
    told = (await world.doors.get("shuikou", "/v1/reports/visit-frequency", **{"from": str(first)})).json()
    assert (told["households"], told["visited"], told["share"], told["visits"], told["attempts"]) == (3, 2, "66.67", 3, 1)
    assert (told["mean"], told["spread"]) == ("1.00", [1, 1, 1, 0, 0, 0])
    assert {one["household_id"]: one["visits"] for one in told["items"]} == {often: 2, once: 1, never: 0}
    lone = (await world.doors.get("county", "/v1/reports/visit-frequency", most=0, **{"from": str(first)})).json()
    assert ([one["household_id"] for one in lone["items"]], lone["total"]) == ([never], 1)
    elsewhere = (await world.doors.get("yangming", "/v1/reports/visit-frequency")).json()
    assert elsewhere["households"] == 0
    soon = (await world.doors.get("county", "/v1/reports/visit-latency", **{"from": str(first)})).json()["items"]
    by_what = {one["what"]: one for one in soon}
    assert (by_what["visit"]["times"], by_what["visit"]["within_hour"], by_what["visit"]["within_day"]) == (4, "25.00", "75.00")
    assert (by_what["visit"]["median_minutes"], by_what["visit"]["longest_minutes"]) == (180, 3000)
    assert (by_what["opinion"]["times"], by_what["opinion"]["median_minutes"], by_what["ticket"]["times"]) == (1, 30, 0)
    file = {"outcome_id": str(new_id()), "happened_at": now(), "category": "water.canal"}
    filed = await round_.post("mine", f"/v1/opinions/{heard['id']}/ticket", file)
    assert filed.status_code == 201, filed.text
    soon = (await world.doors.get("county", "/v1/reports/visit-latency", **{"from": str(first)})).json()["items"]
    assert soon[2]["times"] == 1
    wrong = await world.doors.get("county", "/v1/reports/visit-frequency", **{"from": "2024-01-01", "to": "2026-01-01"})
    assert wrong.json()["code"] == "period.invalid"


async def test_whoever_follows_a_matter_owes_a_report_a_month(round_):
    world = World(round_.client, round_.county)
    matter = await world.registered()
    secretary = await world.member("shuikou")
    await world.did("county", "/v1/pairings", {"kind": "secretary_village", "member_id": secretary, "unit": SHUIKOU})
    await world.act("pengzhai", matter, "attach_follower", member_id=secretary, rhythm_days=30)
    month = f"{local_day(clock.now()):%Y-%m}"
    told = (await world.doors.get("county", "/v1/reports/obligations/monthly", month=month, state="all")).json()
    [one] = told["items"]
    assert (one["matter_id"], one["member_id"], one["unit_code"]) == (matter, secretary, SHUIKOU)
    assert (one["state"], one["because"]) == ("excused", "new_post"), "who follows since today owes no whole month"
    long_ago = "UPDATE matter_followers SET since = since - 62, recorded_at = recorded_at - interval '62 days'"
    await world.county.owner.execute(long_ago)
    await world.county.owner.execute("UPDATE matter_states SET known_at = known_at - interval '62 days'")
    told = (await world.doors.get("county", "/v1/reports/obligations/monthly", month=month, state="all")).json()
    assert [one["state"] for one in told["items"]] == ["open"]
    before = clock.now()
    report = {"follow_up_id": str(new_id()), "happened_on": str(local_day(clock.now())), "words": "渠首已开工。"}
    await world.act("shuikou", matter, "follow_up", **report)
    told = (await world.doors.get("county", "/v1/reports/obligations/monthly", month=month, state="kept")).json()
    assert (told["total"], told["totals"]["kept"], told["totals"]["rate"]) == (1, 1, "100.00")
    then = (await world.doors.get("county", "/v1/reports/obligations/monthly", month=month, state="kept", as_of=before.isoformat())).json()
    assert then["total"] == 0
    last = first_of(first_of(local_day(clock.now())) - timedelta(days=1))
    missed = (await world.doors.get("county", "/v1/reports/obligations/monthly", month=f"{last:%Y-%m}")).json()
    assert [(one["member_id"], one["state"]) for one in missed["items"]] == [(secretary, "missed")]
    assert missed["over"]
