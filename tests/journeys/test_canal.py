"""S1, the canal (水渠) of 水口村, from what is said at four doors to a certificate that anybody can check; the clock is moved.

Three villagers and the secretary say four different things, forty households tell of the canal; it is proposed, decided, registered, led,
blocked, paid for and worked on for five months, refused as incomplete, confirmed, published, struck off; at the year's end nobody is asked.
"""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from daguanjia.stack import REPOSITORY
from services.platform import clock
from services.platform.clock import SHANGHAI
from services.platform.ids import new_id
from tests.county import BLANK_GRID, COUNTY, PENGZHAI, SHUIKOU, STAFFED_GRID, WATER
from tests.journeys.people import hire
from tests.matters.striking import Canal

OFFICE, CIVIL = "441624-D-XZB", "441624-D-MZJ"
"""县政办, which leads; and the bureau whose party member looks after households of 水口村."""
BEGIN, MIDDLE, END = 118_000, 120_000, 121_500
VOICES = ("水渠断了二十年，田里没有水。", "机耕路塌了一段，收割机进不去。", "卫生站没有医生，看病要去镇上。", "村里老人多，缺一个饭堂。")
"""What three villagers and, last, the secretary say on the service day."""
HOUSEHOLDS, ASKED = 40, 26
TOLD = ("水渠断了，稻田没水", "修修水渠吧，秧苗要干死了", "水圳塌了一大段，放不到水", "水渠年年堵，没水灌溉")
PLANNED = {2: "测量设计", 3: "渠首段完工", 4: "中段完工", 5: "渠尾段完工", 6: "全线通水"}
"""Five months, a milestone each."""


LEDGER = {
    "visits@1": 4, "opinions@1": 4 + 20 + ASKED, "funds_pledged@1": 40_000_000, "funds_received@1": 40_000_000, "funds_spent@1": 40_000_000,
    "labour_days@1": 100,
}  # fmt: skip
"""What the county's ledger says of the year: visits, opinions (at four doors, at the meeting, of those who were asked), fen, half-days."""


@dataclass
class Story(Canal):
    """The canal, told by the month: `on` moves the clock, whose hands go on from there."""

    real: Any = clock.now
    monkeypatch: Any = None
    member_id: str = ""
    opinions: list[str] = field(default_factory=list)

    def on(self, month: int, day: int, hour: int = 9, year: int = 2025) -> None:
        """Move the clock to an hour of the year; whoever was signed in signs in again."""
        ahead = datetime(year, month, day, hour, tzinfo=SHANGHAI) - self.real()
        self.monkeypatch.setattr(clock, "now", lambda: self.real() + ahead)
        self.headers.clear()

    def later(self, **span: float) -> None:
        """Let time go by."""
        then = clock.now() + timedelta(**span) - self.real()
        self.monkeypatch.setattr(clock, "now", lambda: self.real() + then)
        self.headers.clear()

    def now(self) -> str:
        """This moment, as it is sent."""
        return clock.now().astimezone(UTC).isoformat()

    async def home(self, number: str, phone: str | None, unit: str = STAFFED_GRID, *, paired: bool = False) -> str:
        """Have the village list a household; the member looks after it where they are `paired`."""
        body = {"unit": unit, "number": number, "head": "黄培荣", "people": 4, "phone": phone}
        home = str((await self.did("shuikou", "/v1/households", body))["id"])
        if paired:
            pair = {"kind": "member_household", "household_id": home, "member_id": self.member_id, "since": "2024-01-01"}
            await self.did("county", "/v1/pairings", pair)
        return home

    async def signs(self, login: str, opinion: dict[str, Any]) -> None:
        """Have a villager put their hand under words."""
        hand = {"kind": "signature", "confirmation_id": str(new_id()), "words_hash": opinion["words_hash"], "happened_at": self.now()}
        signed = await self.did(login, f"/v1/opinions/{opinion['id']}/confirmations", hand | {"attachment_id": await self.photo(login)})
        assert (signed["confirmed"], signed["strength"]) == ("confirmed", 5)

    async def shows(self) -> dict[str, Any]:
        """The matter as the township reads it."""
        found: dict[str, Any] = (await self.doors.get("pengzhai", f"/v1/matters/{self.matter}")).json()
        return found


@pytest.fixture
async def story(intake, county, monkeypatch):
    """水口村 on the morning of the service day of January 2025; the member of the civil affairs bureau is about to call."""
    found = Story(intake, county, real=clock.now, monkeypatch=monkeypatch)
    found.on(1, 15, 8)
    await hire(county, "office", OFFICE, "department_officer", "政府办甲")
    found.member_id = await hire(county, "caller", CIVIL, "service_member", "挂钩党员乙")
    return found


async def test_the_canal_from_four_doors_to_a_certificate(story, tmp_path):
    await four_doors_and_four_troubles(story)
    await forty_households_tell_of_the_canal(story)
    candidate = await it_is_proposed_with_households_and_not_with_messages(story)
    await it_is_decided_by_two(story, candidate)
    await people_answer_by_name_at_three_levels(story)
    await five_months_of_work_one_follow_up_missed(story)
    await it_is_not_struck_off_before_it_is_inspected(story)
    await villagers_confirm(story)
    await notice_is_given_and_it_is_struck_off(story)
    await strangers_check_the_certificate(story, tmp_path)
    await at_the_year_s_end_nobody_is_asked(story)


async def four_doors_and_four_troubles(story):
    """At three doors and the secretary's own somebody says something else. Each signs; no visit ends before."""
    for nth, words in enumerate(VOICES):
        home = await story.home(f"1-{nth:03}", f"1390000000{nth}", paired=True)
        story.homes.append(home)
        visit = {"visit_id": str(new_id()), "household_id": home}
        made = await story.did("caller", "/v1/visits", visit)
        assert made["month"] == "2025-01", "it belongs to the round of the service days"
        said = {"opinion_id": str(new_id()), "household_id": home, "visit_id": visit["visit_id"], "words": words, "heard_at": story.now()}
        opinion = await story.did("caller", "/v1/opinions", said)
        refused = await story.post("caller", f"/v1/visits/{visit['visit_id']}/completion", {})
        assert refused.json()["code"] == "visit.unconfirmed"
        await story.signs("caller", opinion)
        await story.did("caller", f"/v1/visits/{visit['visit_id']}/completion", {})
        story.opinions.append(opinion["id"])


async def forty_households_tell_of_the_canal(story):
    """Some at the village's meeting, some by telephone, some twice and by both: forty households, the first voice among them."""
    body = {"unit": SHUIKOU, "from_m": BEGIN, "to_m": END}
    asset = {"code": "canal-hfd", "kind": "canal", "name": "黄峰斗水渠", "called": ["水渠", "水圳"], "length_m": 320_000}
    asset_id = (await story.did("county", "/v1/assets", asset))["id"]
    await story.did("pengzhai", f"/v1/assets/{asset_id}/segments", body)
    story.on(1, 22)
    for nth in range(1, HOUSEHOLDS):
        phone, words = f"138000001{nth:02}", TOLD[nth % len(TOLD)]
        story.homes.append(await story.home(f"3-{nth:03}", phone, (STAFFED_GRID, BLANK_GRID)[nth % 2]))
        if nth % 2:
            said = {"opinion_id": str(new_id()), "household_id": story.homes[-1], "words": words, "heard_at": story.now()}
            await story.did("shuikou", "/v1/opinions", said)
        if not nth % 2 or nth % 5 == 0:
            await story.tell(words, phone, unit=(STAFFED_GRID, BLANK_GRID)[nth % 2])
    story.homes[1:4] = []  # the other three voices have troubles of their own


async def it_is_proposed_with_households_and_not_with_messages(story):
    """The worker proposes one trouble of forty households; what one household alone said is none."""
    await story.look()
    [found] = await story.candidates()
    assert (found["households"], found["unit"]["code"], found["state"]) == (HOUSEHOLDS, SHUIKOU, "open")
    assert (found["weight"]["tellings"], found["opinions"], len(found["tickets"])) == (44, 21, 23)
    assert found["segment_id"] is not None
    assert await story.candidates("yangming") == []
    return found


async def it_is_decided_by_two(story, candidate):
    """The township's desk makes it a focus issue; only the county, and another person, puts it on the register: 挂号."""
    story.on(1, 26)
    focus = await story.determined(candidate_id=candidate["id"], origin_on="2005-03-01", tension=5)
    story.matter = str(focus["id"])
    assert (focus["state"], focus["households"], focus["number"]) == ("determined", HOUSEHOLDS, None)
    await story.refused("matter.not_yours", "pengzhai", story.matter, "register", lead=OFFICE, words="列入台账。")
    registered = await story.do("county", "register", lead=OFFICE, words="列入县级台账,由县政府办牵头。")
    assert (registered["number"], registered["lead"]["code"]) == ("挂号〔2025〕第0001号", OFFICE)
    first = (await story.client.get(f"/v1/opinions/{story.opinions[0]}", headers=await story.as_("caller"))).json()
    assert (first["ended_in"], first["outcomes"][0]["matter_id"]) == ("matter", story.matter)
    other = (await story.client.get(f"/v1/opinions/{story.opinions[1]}", headers=await story.as_("caller"))).json()
    assert other["ended_in"] == "open", "the road is another matter"
    await story.look()
    assert await story.candidates(state="open") == []


async def people_answer_by_name_at_three_levels(story):
    """County, township and village by name; the bureau of water helps with tasks of its own; what stands in the way is dated."""
    for level, login in (("county", "county"), ("township", "pengzhai"), ("village", "shuikou")):
        await story.do("county", "name_supervisor", level=level, member_id=await story.member(login))
    await story.do("office", "attach_follower", member_id=story.member_id, rhythm_days=31)
    await story.do("office", "set_task", unit=WATER, title="测量设计3.5公里渠段", due_on="2025-02-28")
    await story.do("office", "set_task", unit=WATER, title="渠段清淤衬砌", due_on="2025-06-30")
    for code, since, words in (
        ("funding", "2005-03-01", "启动资金缺口四十万元。"), ("no_responsible_unit", "2010-01-01", "镇村和水利部门三不管。"),
        ("no_consensus", "2025-01-20", "上下游两组意见不一。"),
    ):  # fmt: skip
        await story.do("pengzhai", "block", code=code, since=since, words=words)
    for month, title in PLANNED.items():
        await story.do("office", "set_milestone", title=title, planned_on=f"2025-{month:02}-25")
    for name, begin, end in (("渠首段", BEGIN, MIDDLE), ("渠尾段", MIDDLE, END)):
        await story.do("shuikou", "add_site", name=name, from_m=begin, to_m=end)
    shown = await story.shows()
    assert [(one["level"], one["looks_at"]) for one in shown["supervisors"]] == [
        ("county", "township"), ("township", "village"), ("village", "work")
    ]  # fmt: skip
    assert (len(shown["blockers"]), shown["tasks"], shown["stale"]) == (3, 2, False)
    told = await story.told()
    assert {WATER, OFFICE, COUNTY, PENGZHAI, SHUIKOU} <= {unit for unit, _words in told}


async def five_months_of_work_one_follow_up_missed(story):
    """Each month a milestone, and a word of the member who follows; May is missed, and three levels hear of it. Rain costs three weeks."""
    tasks = [one["id"] for one in (await story.shows())["task_list"]]
    for month, title in PLANNED.items():
        story.on(month, 20)
        if month != 5:
            report = {"follow_up_id": str(new_id()), "happened_on": story.today(), "words": "到渠段看过,按计划推进。"}
            await story.do("caller", "follow_up", **report)
        await _a_month_of_money_and_labour(story, month)
        if month == 3:
            await _before_the_work(story)
        if month == 4:
            await _rain(story)
            continue
        story.on(month, 25)
        await story.alarm()
        await _milestone(story, title)
    await _alarmed_once_at_three_levels(story)
    for task, words in zip(tasks, ("测量完毕。", "清淤衬砌完毕。"), strict=True):
        await story.do("water", "report_task", task_id=task, done_on=story.today(), words=words)
        await story.refused("matter.not_yours", "water", story.matter, "decide_task", task_id=task, accepted=True, words="属实。")
        await story.do("office", "decide_task", task_id=task, accepted=True, words="现场核实。")


async def _a_month_of_money_and_labour(story, month):
    """The bureau's money is promised, comes in parts and is spent; villagers give 20 half-days a month. Three troubles end."""
    ended = {
        2: ("no_responsible_unit", "明确由县政府办牵头。"),
        3: ("funding", "县水利局资金到位。"),
        4: ("no_consensus", "议事会通过轮灌。"),
    }
    if month in ended:
        code, words = ended[month]
        await story.do("pengzhai", "unblock", code=code, on=story.today(), words=words)
    money = {"action": "enter_money", "source": "finance", "happened_on": story.today(), "words": "县水利局专项。"}
    for deed, amount in {2: (("pledge", 40_000_000),), 3: (("receive", 30_000_000),), 5: (("receive", 10_000_000),)}.get(month, ()):
        await story.do("office", **money, deed=deed, amount_fen=amount, entry_id=str(new_id()))
    if month in (4, 5):
        await story.do("office", **money, deed="spend", amount_fen=20_000_000, entry_id=str(new_id()))
    worked = {"deed": "receive", "source": "villagers", "happened_on": story.today(), "words": "村民投工清淤。"}
    await story.do("shuikou", "enter_labour", **worked, half_days=20, entry_id=str(new_id()))


async def _before_the_work(story):
    for site in (await story.shows())["sites"]:
        photo = await story.photo("shuikou")
        await story.do("shuikou", "show_site", site_id=site["id"], shown="before", happened_on=story.today(), attachment_ids=[photo])


async def _rain(story):
    """The milestone of April moves; its first plan stays to be seen, and so does the slip when it is reached in May."""
    (one,) = [one for one in (await story.shows())["milestones"] if one["title"] == PLANNED[4]]
    await story.do("office", "move_milestone", milestone_id=one["id"], planned_on="2025-05-16", words="连续降雨。")
    story.on(5, 16)
    await _milestone(story, PLANNED[4])


async def _milestone(story, title):
    (one,) = [one for one in (await story.shows())["milestones"] if one["title"] == title]
    photo = await story.photo("office")
    done = {"milestone_id": one["id"], "done_on": story.today(), "words": "已完成。", "attachment_ids": [photo]}
    await story.do("office", "finish_milestone", **done)


async def _alarmed_once_at_three_levels(story):
    """The word of May never came: written down and told once, to the units of all three supervisors, however often the worker looks."""
    for _ in range(2):
        await story.alarm(2)
    missed = await story.county.fetch("SELECT due_on FROM follow_up_alarms")
    assert [str(row["due_on"]) for row in missed] == ["2025-05-21"]
    told = await story.county.fetch(
        "SELECT u.code FROM messages m JOIN units u ON u.id = m.unit_id WHERE m.template = 'matter_follow_up' ORDER BY 1"
    )
    assert [row["code"] for row in told] == sorted([COUNTY, PENGZHAI, SHUIKOU])
    then = await story.doors.get("county", "/v1/matters", as_of="2025-06-01T00:00:00Z")
    assert [one["stale"] for one in then.json()["items"]] == [True], "the whole of late May it was stale"
    shown = await story.shows()
    assert (shown["stale"], shown["blockers"]) == (False, [])
    slips = {one["title"]: one["slip_days"] for one in shown["milestones"]}
    assert slips == dict.fromkeys(PLANNED.values(), 0) | {PLANNED[4]: 21}
    fen, half_days = shown["ledger"]["sums"]
    assert (fen["pledged"], fen["received"], fen["spent"], fen["held"], fen["due"]) == (40_000_000, 40_000_000, 40_000_000, 0, 0)
    assert half_days["spent"] == 100


async def it_is_not_struck_off_before_it_is_inspected(story):
    """Reported complete, and looked at by three levels; the 3.5 km are not inspected: refused with everything that lacks, by name."""
    story.on(7, 2)
    early = (await story.doors.get("caller", "/v1/reports/year-end", year=2025)).json()
    assert (early["over"], early["counts"]["open"]) == (False, 1), "today the member would have to answer for it"
    for site in (await story.shows())["sites"]:
        photo = await story.photo("water")
        await story.do("water", "show_site", site_id=site["id"], shown="after", happened_on=story.today(), attachment_ids=[photo])
    await story.do("office", "report_complete", completion_id=str(new_id()), done_on=story.today(), words="3.5公里全线通水。")
    for login in ("county", "pengzhai", "shuikou"):
        await story.do(login, "supervise", happened_on=story.today(), words="到现场查看。")
    lacking = await story.missing()
    assert set(lacking) == {"site.not_inspected", "segment.not_inspected", "teller.unasked", "households.too_few", "notice.none"}
    assert _gap(await story.strike()) == f"{BEGIN}-{END}"
    first, last = [one["id"] for one in (await story.shows())["sites"]]
    await story.refused("matter.not_yours", "water", story.matter, "inspect_site", site_id=first, happened_on=story.today(), passed=True,
                        words="自查合格。")  # fmt: skip
    await story.do("pengzhai", "inspect_site", site_id=first, happened_on=story.today(), passed=True, words="无渗漏。")
    assert _gap(await story.strike()) == f"{MIDDLE}-{END}", "2 km are; 1.5 km are not"
    await story.do("pengzhai", "inspect_site", site_id=last, happened_on=story.today(), passed=False, words="尾段渗漏。")
    assert _gap(await story.strike()) == f"{MIDDLE}-{END}"
    story.on(7, 6)
    await story.do("pengzhai", "inspect_site", site_id=last, happened_on=story.today(), passed=True, words="已返工,无渗漏。")
    assert set(await story.missing()) == {"teller.unasked", "households.too_few", "notice.none"}


def _gap(refused) -> Any:
    assert (refused.status_code, refused.json()["code"]) == (409, "matter.incomplete")
    return next(one["about"] for one in refused.json()["missing"] if one["code"] == "segment.not_inspected")


async def villagers_confirm(story):
    """Whoever told it is asked at the door: the first voice signs, others have a witness; who works far away is left out, with a reason."""
    for home in range(ASKED):
        heard = await story.opinion(home, confirmed=home > 0)
        if home == 0:
            await story.signs("shuikou", heard)
        await story.do("shuikou", "confirm_household", opinion_id=heard["id"], solved=True)
        if home == 4:
            assert "households.too_few" not in await story.missing()
    unasked = [one["id"] for one in (await story.shows())["striking"]["tellers"] if one["state"] == "unasked"]
    assert unasked, "some work far away"
    await story.do("pengzhai", "waive", about="teller", teller_ids=unasked, because="unreachable", words="外出务工,电话不通。")
    assert await story.missing() == ["notice.none"]


async def notice_is_given_and_it_is_struck_off(story):
    """Seven days of 公示; somebody objects, which another decides. Then the same call is taken, once."""
    await story.published()
    objection = {"objection_id": str(new_id()), "household_id": story.homes[5], "words": "我家田头的闸口太小。"}
    await story.do("shuikou", "object", **objection)
    story.later(days=8)
    assert await story.missing() == ["objection.open"]
    decided = {"objection_id": objection["objection_id"], "upheld": False, "words": "闸口按设计口径,水量足够。"}
    await story.refused("matter.not_yours", "water", story.matter, "decide_objection", **decided)
    await story.do("county", "decide_objection", **decided)
    assert (await story.strike("office")).json()["code"] in {"matter.not_yours", "matter.own_work", "permission.denied"}
    struck = await story.strike()
    assert (struck.status_code, struck.json()["state"]) == (200, "struck_off"), struck.text
    assert (await story.strike()).json()["code"] == "matter.not_in_state"
    (ended,) = (await story.doors.get("county", "/v1/matters", state="struck_off")).json()["items"]
    assert (ended["id"], ended["number"]) == (story.matter, "挂号〔2025〕第0001号")


async def strangers_check_the_certificate(story, tmp_path):
    """Signed by the worker, it is checked by a program that has nothing of ours but the file; a changed byte is broken."""
    await story.sign()
    file = await story.certificate("pengzhai")
    told = json.dumps(file, ensure_ascii=False)
    assert not any(person in told for person in ("黄培荣", "黄小明", "1380000", *VOICES, *story.homes)), "nobody is named in it"
    assert _checked(tmp_path, told)[0] == 0
    for old, new in (('"passed": true', '"passed": false'), (str(END), str(END - 1)), (file["signature"][:8], "00000000")):
        assert old in told
        code, says = _checked(tmp_path, told.replace(old, new, 1))
        assert (code, "BROKEN" in says) == (1, True), says
    last = await story.county.fetch("SELECT type, data FROM events WHERE subject_id = $1 ORDER BY seq DESC LIMIT 1", UUID(story.matter))
    assert (last[0]["type"], json.loads(last[0]["data"])["certificate"]) == ("matter.struck_off", file["id"])


def _checked(folder, told):
    path = folder / "certificate.json"
    path.write_text(told, encoding="utf-8")
    tool = [sys.executable, "-I", "-S", str(REPOSITORY / "tools" / "verify_history.py"), str(path)]
    ran = subprocess.run(tool, capture_output=True, check=False, cwd=folder)
    return ran.returncode, ran.stdout.decode()


async def at_the_year_s_end_nobody_is_asked(story):
    """The year is over: one registered, one struck off, none left; the list of the member who followed it is empty."""
    story.on(1, 5, year=2026)
    whole = (await story.doors.get("organization", "/v1/reports/year-end", year=2025, unit=COUNTY)).json()
    counts = whole["counts"]
    assert (whole["over"], counts["registered"], counts["struck_off"], counts["open"], whole["matters"]) == (True, 1, 1, 0, [])
    mine = (await story.doors.get("caller", "/v1/reports/year-end", year=2025)).json()
    assert (mine["matters"], mine["persons"], mine["counts"]["open"]) == ([], [], 0)
    ask = {"year": 2025, "matter_id": story.matter, "member_id": story.member_id, "words": "为何未销号?", "answer_by": "2026-01-20"}
    assert (await story.post("organization", "/v1/year-end/questions", ask)).status_code >= 400, "there is nothing to ask"
    year = {"from": "2025-01-01", "to": "2025-12-31", "unit": SHUIKOU}
    entries = (await story.doors.get("county", "/v1/reports/activities", **year)).json()
    counted = {one["metric"]: one["value"] for one in entries["total"]}
    assert {name: counted[name] for name in LEDGER} == LEDGER, "what was done is counted once, by whatever room it was written"
    heard = {"from": "2025-01-01", "to": "2025-01-31", "unit": SHUIKOU}
    funnel = (await story.doors.get("county", "/v1/reports/funnel", **heard)).json()
    became = {one["metric"].partition("@")[0]: one["value"] for one in funnel["total"]}
    whole = ("opinions_heard", "opinions_to_matters", "opinions_struck_off", "matters_of_opinions_struck_off", "opinions_without_follow_up")
    assert [became[name] for name in whole] == [24, 21, 21, 1, 3], "the canal is done; of the three other voices nothing became"
    forgotten = await story.doors.get("county", "/v1/reports/funnel/entries", **heard, metric="opinions_without_follow_up")
    assert {one["id"] for one in forgotten.json()["items"]} == set(story.opinions[1:])
