"""S4: an opinion goes straight to the county's health bureau. Those below read it and no more; every hop says how long it took."""

from datetime import datetime
from typing import Any, get_args

import pytest

from services.platform import clock
from services.platform.clock import SHANGHAI
from services.platform.ids import new_id
from services.tickets.commands import TicketCommand
from services.tickets.lifecycle import ACTION_NAMES
from tests.channels.phone import Phone
from tests.county import STAFFED_GRID
from tests.journeys.people import Desk, hire
from tests.visits.handbook import PHONE, Round, confirmation
from tests.visits.handbook import now as ago

HEALTH, INSURANCE = "441624-D-WJJ", "441624-D-YBJ"
WORDS = "村卫生站半年没有医生，买药报不了销。"
BELOW = {"pengzhai": "彭寨镇", "shuikou": "水口村", "grid": "第一网格"}
COMMANDS: list[dict[str, Any]] = [one.model_config["json_schema_extra"]["examples"][0] for one in get_args(get_args(TicketCommand)[0])]
"""Everything that can be asked of a ticket, as the interface shows it."""


@pytest.fixture
async def calls(intake, county, monkeypatch):
    """Calls on households of 水口村, whose clock the test moves; it begins on Monday the 12th of October 2026."""
    found = Round(intake, county, Desk(intake, county))

    def move(day: int, hour: int, minute: int = 0) -> None:
        instant = datetime(2026, 10, day, hour, minute, tzinfo=SHANGHAI).astimezone(clock.UTC)
        monkeypatch.setattr(clock, "now", lambda: instant)
        found.desk.headers.clear()

    found.move = move
    move(12, 9)
    await hire(county, "health", HEALTH, "department_officer")
    await hire(county, "insurance", INSURANCE, "department_officer")
    return found


async def test_an_opinion_goes_past_town_and_village_which_see_it_and_change_nothing(calls):
    opinion, number = await said_at_the_door_and_surfaced(calls)
    await all_below_see_it(calls, number, opinion)
    await nothing_they_try_is_taken_and_each_try_is_kept(calls, number)
    await nor_by_a_phone_nor_by_its_words(calls, number, opinion)
    await two_bureaus_work_and_every_hop_is_timed(calls, number)
    await answered_it_is_still_not_theirs(calls, number)


async def said_at_the_door_and_surfaced(calls):
    """The paired member hears it, the villager signs; it is filed to the bureau, from the very ticket on."""
    member = await calls.member("mine")
    listed = {"unit": STAFFED_GRID, "number": "3-012", "head": "黄培荣", "phone": PHONE}
    home = (await calls.post("shuikou", "/v1/households", listed)).json()["id"]
    pair = {"kind": "member_household", "household_id": home, "member_id": member, "since": "2024-01-01"}
    assert (await calls.post("county", "/v1/pairings", pair)).status_code == 201
    said = await calls.hears("mine", home, WORDS)
    signed = confirmation("signature", said["words_hash"], attachment_id=await calls.desk.upload("mine"))
    assert (await calls.post("mine", f"/v1/opinions/{said['id']}/confirmations", signed)).status_code == 201
    calls.move(12, 10)
    file = {"outcome_id": str(new_id()), "happened_at": ago(), "direct_to": HEALTH}
    filed = await calls.post("mine", f"/v1/opinions/{said['id']}/ticket", file)
    assert filed.status_code == 201, filed.text
    await calls.county.settle()
    number = filed.json()["outcomes"][0]["ticket"]
    ticket = await calls.desk.read(number)
    assert (ticket["holder"]["code"], ticket["channel"], ticket["status"]) == (HEALTH, "visit", "dispatched")
    assert ticket["hand_offs"] == 0, "it went through nobody's hands"
    return said, number


async def all_below_see_it(calls, number, opinion):
    for login in BELOW:
        seen = await calls.desk.read(number, login)
        assert (seen["holder"]["code"], seen["allowed_actions"]) == (HEALTH, []), login
        listed = (await calls.get(login, "/v1/tickets"))["items"]
        assert number in {one["number"] for one in listed}, login
        (told,) = await calls.get(login, f"/v1/tickets/{number}/complaints")
        assert told["words"] == WORDS
    (shown,) = (await calls.get("shuikou", f"/v1/opinions?ticket={number}"))["items"]
    assert (shown["id"], shown["confirmed"]) == (opinion["id"], "confirmed")


async def nothing_they_try_is_taken_and_each_try_is_kept(calls, number):
    """Every action there is, by each of them: refused, whatever else might stand against it; each try is written down in order."""
    calls.move(12, 11)
    theirs = await calls.desk.file("卫生站的门坏了", category=None, place={"unit_code": STAFFED_GRID})
    before = await calls.desk.read(number)
    for login in BELOW:
        for shown in COMMANDS:
            command = {**shown, "into": theirs} if shown["action"] == "merge" else shown
            answer = await calls.client.post(
                f"/v1/tickets/{number}/actions", json=command, headers={**await calls.desk.as_(login), "If-Match": f'"{before["version"]}"'}
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "ticket.direct"), (login, command, answer.text)
    assert await calls.desk.read(number) == before, "no status, no holder, no limit and no version moved"
    assert {command["action"] for command in COMMANDS} == set(ACTION_NAMES) - {"supplement"}
    tries = (await calls.get("county", f"/v1/tickets/{number}/tries"))["items"]
    expected = [(unit, command["action"]) for unit in BELOW.values() for command in COMMANDS]
    assert [(one["unit"], one["action"]) for one in tries] == expected
    assert {one["at"] for one in tries} == {"2026-10-12T03:00:00Z"}


async def nor_by_a_phone_nor_by_its_words(calls, number, opinion):
    """Later from a phone that was away, by wording it anew, by taking it out of the ledger: nothing of it stops the ticket."""
    before = await calls.desk.read(number)
    kept = len((await calls.get("county", f"/v1/tickets/{number}/tries"))["items"])
    phone = Phone(calls.desk, "grid")
    (result,) = await phone.send(phone.action(number, "return", reason="not_ours", words="退回"))
    assert (result["status"], result["code"]) == ("refused", "ticket.direct")
    complaint = (await calls.get("pengzhai", f"/v1/tickets/{number}/complaints"))[0]["id"]
    assert await calls.code("pengzhai", f"/v1/complaints/{complaint}/rewordings", {"words": "没有问题。"}) == "ticket.direct"
    tries = (await calls.get("shuikou", f"/v1/tickets/{number}/tries"))["items"][kept:]
    assert [(one["unit"], one["action"]) for one in tries] == [("第一网格", "return"), ("彭寨镇", "reword")]
    again = {"wording_id": str(new_id()), "words": "没有问题。", "because": "clearer", "happened_at": ago()}
    assert await calls.code("shuikou", f"/v1/opinions/{opinion['id']}/wordings", again) == "opinion.not_heard_by_you"
    kept += len(tries)
    for login in BELOW:
        entry = f"/v1/activities/{opinion['id']}"
        assert await calls.code(login, f"{entry}/withdrawal", {"reason": "recorded_twice"}) == "ticket.direct"
        better = {"activity_id": str(new_id()), "kind": "opinion", "unit": STAFFED_GRID, "happened_on": "2026-10-12", "words": "没事。"}
        assert await calls.code(login, f"{entry}/correction", {"reason": "other", "activity": better}) == "ticket.direct"
        ended = await calls.became(login, opinion["id"], "answered", because="explained", words="已解释。")
        assert (ended.status_code, ended.json()["code"]) == (403, "ticket.direct")
    more = {"outcome_id": str(new_id()), "happened_at": ago(), "kind": "answered", "because": "explained", "words": "已解释。"}
    (result,) = await phone.send(phone.command("opinion_outcome", opinion_id=opinion["id"], outcome=more))
    assert (result["status"], result["code"]) == ("refused", "ticket.direct")
    tried = [one["action"] for one in (await calls.get("grid", f"/v1/tickets/{number}/tries"))["items"][kept:]]
    assert tried == ["withdraw_opinion", "correct_opinion", "end_opinion"] * len(BELOW) + ["end_opinion"]
    shown = await calls.get("mine", f"/v1/opinions/{opinion['id']}")
    assert (shown["ended_in"], shown["withdrawn_at"], shown["words"]) == ("ticket", None, WORDS)
    assert await calls.desk.read(number) == before


async def two_bureaus_work_and_every_hop_is_timed(calls, number):
    """The bureau has it four hours and says whose it is; the county's desk one; the other works. Town and village read each hop."""
    calls.move(12, 14)
    more = {"right_unit": INSURANCE}
    await calls.desk.does("health", number, "return", reason="not_ours", words="报销属医保局职责", **more)
    calls.move(12, 15)
    await calls.desk.does("county", number, "dispatch", unit=INSURANCE, words="按建议改派")
    calls.move(13, 9)
    await calls.desk.does("insurance", number, "accept")
    calls.move(14, 10)
    await calls.desk.does("insurance", number, "log_work", words="已到村核对", contacted=True)
    await calls.desk.does("insurance", number, "resolve", words="已开通村级报销", files=await calls.desk.evidence("insurance"))
    for login in (*BELOW, "county", "health"):
        hops = (await calls.get(login, f"/v1/tickets/{number}/hops"))["items"]
        assert [(one["unit"], one["minutes"]) for one in hops] == [
            (None, 90), ("和平县卫生健康局", 240), ("和平县", 60), ("和平县医疗保障局", 2 * 1440 - 5 * 60)
        ], login  # fmt: skip
        assert [one["until"] for one in hops[:-1]] == [one["since"] for one in hops[1:]], "the whole time, without a gap"
        assert hops[-1]["until"] is None


async def answered_it_is_still_not_theirs(calls, number):
    calls.move(14, 11)
    answered = await calls.desk.does("hotline", number, "answer", words="村级报销已开通。")
    assert answered["status"] == "answered"
    for login in BELOW:
        for action, words in (("close", {"verified_by": "site_check"}), ("reopen", {}), ("call_back", {"reached": True, "solved": True})):
            assert await calls.desk.refused(login, number, action, words="了结", **words) == "ticket.direct", (login, action)
    await calls.desk.does("hotline", number, "call_back", reached=True, contacted=True, solved=True, satisfied=True)
    closed = await calls.desk.does("county", number, "close", verified_by="call_back", words="回访确认")
    assert closed["status"] == "closed"
