"""Random orders of real commands on a real matter: it is struck off exactly where a plain reading of what was done says that it may be."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.matters import deeds, striking_deeds
from services.matters.acting import act
from services.matters.assets import add_asset, add_segment
from services.matters.commands import AddAsset, AddSegment, Determine
from services.matters.registering import determine
from services.matters.striking import strike_off
from services.platform import clock
from services.platform.actor import Actor
from services.platform.clock import local_day
from services.platform.errors import Problem
from services.platform.ids import new_id
from services.platform.settings import settings as installation
from services.platform.unit_of_work import unit_of_work
from services.visits.confirming import confirm
from services.visits.opinions import hear
from services.visits.opinions_commands import ConfirmByWitness, HearOpinion, OpinionWitness
from services.visits.opinions_rules import words_hash
from tests.conftest import TestDatabase
from tests.county import LOGINS, ROADS, SHUIKOU, WATER, actor
from tests.matters.striking import Canal
from tests.matters.test_proving import HOUSEHOLDS, LEVELS, NOTICE_DAYS, SEGMENT, WHOLE, complete

SUPERVISORS = {"county": "county", "township": "pengzhai", "village": "shuikou"}
SCRIPT = [step for step in WHOLE if step[0] != "told"]
MORE = st.sampled_from([
    ("failed", 1), ("passed", 1), ("complete",), ("night",), ("not_solved", 2), ("answer", 2), ("object", 2), ("uphold", 1), ("dismiss", 2),
    ("block", "funding"), ("unblock", "funding"), ("pledge", 2), ("write_off", 2), ("few",), ("task", 2), ("accept", 2), ("notice", 2),
    ("site", 3, 0, 5), ("solved", 2), *(("note", level) for level in LEVELS),
])  # fmt: skip
WORDS = "水渠修好了。"


@dataclass
class Played:
    """One matter, what was done to it, and under which ids."""

    canal: Canal
    people: dict[str, Actor]
    matter: UUID
    photo: UUID
    log: list[tuple[Any, ...]] = field(default_factory=list)
    ids: dict[tuple[str, Any], UUID] = field(default_factory=dict)

    async def play(self, step: tuple[Any, ...]) -> None:
        """Take a step; it happened where nothing refused it."""
        try:
            await self._take(step[0], *step[1:])
        except Problem:
            return
        self.log.append(step)

    async def act(self, login: str, command: Any) -> None:
        """Take an action."""
        async with unit_of_work(self.people[login]) as work:
            await act(work, self.matter, command, None)

    async def _take(self, what: str, about: Any = None, *metres: int) -> None:
        today = local_day(clock.now())
        match what:
            case "night":
                self.canal.later(days=1)
            case "task":
                await self._new("task", about, deeds.SetTask(action="set_task", unit=ROADS, title="修路", due_on=today), "matter_tasks")
            case "accept":
                task = self._id("task", about)
                await self.act("roads", deeds.ReportTask(action="report_task", task_id=task, done_on=today, words="已完成。"))
                await self.act("pengzhai", deeds.DecideTask(action="decide_task", task_id=task, accepted=True, words="属实。"))
            case "milestone":
                await self._new(
                    "milestone", about, deeds.SetMilestone(action="set_milestone", title="通水", planned_on=today), "milestones"
                )
            case "reach":
                done = {"milestone_id": self._id("milestone", about), "done_on": today, "words": "通水。"}
                await self.act("water", deeds.FinishMilestone(action="finish_milestone", **done))
            case "site":
                site = deeds.AddSite(action="add_site", name=f"点位{about}", from_m=metres[0], to_m=metres[1])
                await self._new("site", about, site, "matter_sites")
            case "before" | "after":
                shown = {"site_id": self._id("site", about), "happened_on": today, "attachment_ids": (self.photo,)}
                await self.act("water", deeds.ShowSite(action="show_site", shown=what, **shown))
            case "passed" | "failed":
                site = self._id("site", about)
                look = {"site_id": site, "happened_on": today, "passed": what == "passed", "words": "看过。"}
                await self.act("pengzhai", deeds.InspectSite(action="inspect_site", **look))
            case _:
                await self._lead(what, about, today)

    async def _lead(self, what: str, about: Any, today: Any) -> None:
        money = {"action": "enter_money", "entry_id": new_id(), "source": "finance", "happened_on": today, "words": "款项。"}
        labour = {"action": "enter_labour", "entry_id": new_id(), "source": "villagers", "happened_on": today, "words": "投工。"}
        match what:
            case "pledge" | "receive" | "spend" | "write_off":
                await self.act("water", deeds.EnterMoney(deed=what, amount_fen=about, **money))
            case "promise" | "work":
                deed: Any = {"promise": "pledge", "work": "receive"}[what]
                await self.act("water", deeds.EnterLabour(deed=deed, half_days=about, **labour))
            case "block":
                await self.act("pengzhai", deeds.Block(action="block", code=about, since=today, words="有阻碍。"))
            case "unblock":
                await self.act("pengzhai", deeds.Unblock(action="unblock", code=about, on=today, words="已解除。"))
            case "supervisor":
                member = self.people[SUPERVISORS[about]].member_id
                assert member is not None
                await self.act("county", deeds.NameSupervisor(action="name_supervisor", level=about, member_id=member))
            case "note":
                await self.act(SUPERVISORS[about], deeds.NoteSupervision(action="supervise", happened_on=today, words="看过。"))
            case "complete":
                done = {"completion_id": new_id(), "done_on": today, "words": "完工。"}
                await self.act("water", striking_deeds.ReportComplete(action="report_complete", **done))
            case _:
                await self._villagers(what, about)

    async def _villagers(self, what: str, about: Any) -> None:
        match what:
            case "notice":
                await self.act("pengzhai", striking_deeds.OpenNotice(action="open_notice", notice_id=new_id(), words="公示。"))
            case "solved" | "not_solved":
                said = await self._opinion(about)
                word = striking_deeds.ConfirmHousehold(action="confirm_household", opinion_id=said, solved=what == "solved")
                await self.act("shuikou", word)
                if what == "not_solved":
                    self.ids["refusal", about] = said
            case "answer":
                answer: Any = {"word_id": self._id("refusal", about), "because": "other", "words": "已说明。"}
                await self.act("pengzhai", striking_deeds.AnswerRefusal(action="answer_refusal", **answer))
            case "object":
                objection = striking_deeds.ObjectTo(action="object", objection_id=new_id(), words="还漏水。")
                if ("objection", about) in self.ids:
                    raise Problem("again", "The oracle knows one objection of a number.")
                await self.act("shuikou", objection)
                self.ids["objection", about] = objection.objection_id
            case "dismiss" | "uphold":
                decision = {"objection_id": self._id("objection", about), "upheld": what == "uphold", "words": "已核。"}
                await self.act("pengzhai", striking_deeds.DecideObjection(action="decide_objection", **decision))
            case "few":
                few: Any = {"about": "households", "because": "few_households", "words": "受益户少。"}
                await self.act("pengzhai", striking_deeds.Waive(action="waive", **few))
            case _:
                raise AssertionError(what)

    async def _opinion(self, home: int) -> UUID:
        opinion_id = new_id()
        heard = HearOpinion(opinion_id=opinion_id, household_id=UUID(self.canal.homes[home]), words=WORDS, heard_at=clock.now())
        seen = ConfirmByWitness(
            kind="witness", confirmation_id=new_id(), words_hash=words_hash(WORDS).hex(), happened_at=clock.now(),
            witness=OpinionWitness(name="黄小明"),
        )  # fmt: skip
        async with unit_of_work(self.people["shuikou"]) as work:
            await hear(work, heard)
        async with unit_of_work(self.people["shuikou"]) as work:
            await confirm(work, opinion_id, seen)
        return opinion_id

    async def _new(self, kind: str, about: Any, command: Any, table: str) -> None:
        if (kind, about) in self.ids:
            raise Problem("again", "The oracle knows one of a number.")
        await self.act("pengzhai", command)
        newest = f"SELECT id FROM {table} WHERE matter_id = $1 ORDER BY recorded_at DESC LIMIT 1"
        self.ids[kind, about] = await self.canal.county.value(newest, self.matter)

    def _id(self, kind: str, about: Any) -> UUID:
        if (kind, about) not in self.ids:
            raise Problem("unknown", "There is none of this number.")
        return self.ids[kind, about]


@pytest.fixture
async def ground(intake: Any, county: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> tuple[Canal, UUID, UUID, dict[str, Actor]]:
    """Households, a short canal and a picture, for as many matters as are played on it."""
    real = clock.now
    canal = Canal(intake, county, moved=lambda ahead: monkeypatch.setattr(clock, "now", lambda: real() + ahead))
    monkeypatch.setattr(installation(), "strike_households", HOUSEHOLDS)
    monkeypatch.setattr(installation(), "strike_notice_days", NOTICE_DAYS)
    people = {login: await actor(login) for login in LOGINS}
    await canal.listed(4)
    async with unit_of_work(people["county"]) as work:
        asset = await add_asset(work, AddAsset(code="short", kind="canal", name="短渠", length_m=SEGMENT[1]))
        await add_segment(work, asset, AddSegment(unit=SHUIKOU, from_m=SEGMENT[0], to_m=SEGMENT[1]))
    segment = await county.value("SELECT id FROM asset_segments")
    return canal, segment, UUID(await canal.photo("water")), people


@pytest.mark.slow
@settings(
    max_examples=6,  # each example is some fifty commands on the database
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_random_orders_of_commands_strike_off_exactly_what_is_complete(ground: Any, data: st.DataObject) -> None:
    canal, segment, photo, people = ground
    async with unit_of_work(people["pengzhai"]) as work:
        legacy: dict[str, Any] = {"unit": SHUIKOU, "title": "短渠修复", "category": "water.canal", "urgency": "urgent", "tension": 3}
        command = Determine(**legacy, origin_on="2010-01-01", because="多年未修。", segment_id=segment)
        matter = await determine(work, command)
    played = Played(canal, people, matter, photo)
    await played.act("county", deeds.Register(action="register", lead=WATER, words="列入。"))
    steps = list(SCRIPT)
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(steps) - 1))
        moved = steps.pop(at)
        if data.draw(st.booleans()):
            steps.insert(data.draw(st.integers(0, len(steps))), data.draw(st.sampled_from([moved])) if at % 2 else data.draw(MORE))
    for step in steps:
        await played.play(step)
    refused = None
    try:
        async with unit_of_work(people["county"]) as work:
            await strike_off(work, matter, striking_deeds.StrikeOff(words="准予销号。"), None)
    except Problem as problem:
        refused = problem.code
    struck = refused is None
    assert refused in {None, "matter.incomplete"}
    assert struck == complete(played.log), played.log
    assert await canal.county.value("SELECT state FROM matters WHERE id = $1", matter) == ("struck_off" if struck else "registered")
    canal.later(days=1)
