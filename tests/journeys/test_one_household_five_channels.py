"""S3: one household tells of one culvert by five channels in a week: one trouble, one household, five answers, all see how far it is."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from services.notifications.senders import Letter, Senders, SendResult
from services.notifications.sending import send_due
from services.platform import clock
from services.platform.clock import local_day
from services.platform.database import WORKER
from services.platform.ids import new_id
from services.platform.settings import settings
from tests.channels.platforms import TOKEN, Platform, text_push
from tests.county import BLANK_GRID, SHUIKOU
from tests.journeys.people import Desk
from tests.matters.world import World
from tests.visits.handbook import Round, confirmation
from tests.visits.handbook import now as ago

FATHER, SON, OPENID = "13800000321", "13800000322", "oCulvert000000000000000001"
CHANNELS = ("hotline", "field", "petition", "visit", "wechat")
WORDS = {
    "hotline": "村小学旁边的涵洞塌了，一下雨水就漫到路上",
    "field": "小学旁的涵洞塌了，下雨水漫上路面",
    "petition": "小学旁边涵洞塌了半年，下雨水就漫到路上没人修",
    "visit": "小学边上的涵洞塌了，下雨水漫到路上，孩子过不去",
    "wechat": "彭寨镇水口村小学旁边的涵洞塌了，下雨水就漫到路上",
}
NEIGHBOURS = {"13700000001": "小学旁的涵洞塌了水漫路上", "13700000002": "涵洞塌了，小学旁边下雨水漫到路上"}
TOLD = "complaints c JOIN tickets t ON t.id = c.ticket_id"
ANSWER = "涵洞已清淤重砌，路面恢复通行。"


@dataclass
class Carrier:
    """A carrier that takes everything."""

    carrier: str
    took: list[Letter] = field(default_factory=list)

    async def send(self, letter: Letter) -> SendResult:
        self.took.append(letter)
        return SendResult("sent", reference="1")


@dataclass
class Household:
    """户3-012 of 水口村, and the five doors it knocks at."""

    round: Round
    wechat: Platform
    world: World
    monkeypatch: pytest.MonkeyPatch
    told: dict[str, str] = field(default_factory=dict)
    sms: Carrier = field(default_factory=lambda: Carrier("sms"))
    replies: Carrier = field(default_factory=lambda: Carrier("wechat"))

    @property
    def desk(self) -> Desk:
        """The people at work."""
        return self.round.desk

    def days_ago(self, days: int) -> None:
        """Put the clock back by so many days; it goes on from there."""
        self.monkeypatch.setattr(clock, "now", lambda: REAL() - timedelta(days=days))
        for headers in (self.desk.headers, self.world.headers):
            headers.clear()

    async def tells(self, channel: str) -> None:
        """Tell of the culvert by a channel; the worker does its part."""
        await getattr(self, f"_{channel}")(WORDS[channel])
        await self.desk.county.settle()
        self.told[channel] = str(await self.desk.county.value(f"SELECT t.number FROM {TOLD} WHERE c.channel = $1", channel))

    async def _filed(self, login: str, path: str, body: dict[str, Any]) -> None:
        answer = await self.round.post(login, path, body)
        assert answer.status_code == 201, answer.text

    async def _hotline(self, words: str) -> None:
        contact = {"name": "黄培荣", "phone": FATHER, "openid": OPENID}
        body = {"words": words, "call_id": str(new_id()), "place": {"unit_code": SHUIKOU}, "contact": contact}
        await self._filed("hotline", "/v1/hotline/complaints", body)

    async def _field(self, words: str) -> None:
        contact = {"name": "黄培荣", "phone": FATHER}
        body = {"report_id": str(new_id()), "words": words, "contact": contact, "place": {"unit_code": BLANK_GRID}}
        await self._filed("shuikou", "/v1/field-reports", body)

    async def _petition(self, words: str) -> None:
        body = {"filing_id": str(new_id()), "form": "visit", "words": words, "place": {"unit_code": SHUIKOU}}
        await self._filed("hotline", "/v1/petitions", {**body, "contact": {"name": "黄培荣", "phone": FATHER}})

    async def _visit(self, words: str) -> None:
        """At the door it is the son who says it. He has a telephone of his own, signs, and wants an answer."""
        member = await self.round.member("mine")
        home = await self.round.home("3-012", member, FATHER)
        visit = {"visit_id": str(new_id()), "household_id": home}
        await self._filed("mine", "/v1/visits", visit)
        by = {"name": "黄小荣", "phone": SON}
        said = await self.round.hears("mine", home, words, visit_id=visit["visit_id"], told_by=by, heard_at=ago())
        signed = confirmation("signature", said["words_hash"], attachment_id=await self.desk.upload("mine"))
        await self._filed("mine", f"/v1/opinions/{said['id']}/confirmations", signed)
        await self._filed("mine", f"/v1/opinions/{said['id']}/ticket", {"outcome_id": str(new_id()), "happened_at": ago()})
        self.home, self.opinion = home, said["id"]

    async def _wechat(self, words: str) -> None:
        for nth, text in enumerate(("新问题", words)):
            assert (await self.wechat.plain(text_push(text, 24309345123470000 + nth, OPENID))).status_code == 200

    async def asks_by_wechat(self, number: str, message: int) -> str:
        """Ask in WeChat how far it is; return the reply."""
        return (await self.wechat.plain(text_push(f"进度 {number}", 24309345123480000 + message, OPENID))).text

    async def letters(self) -> None:
        """Let the worker send what is queued."""
        async with self.desk.county.as_role(WORKER):
            while await send_due(Senders(wechat=self.replies, sms=self.sms), 100):
                pass


REAL = clock.now


@pytest.fixture
async def home(intake, county, tmp_path, monkeypatch):
    """A household of 水口村, a week ago."""
    for name, value in (("WECHAT_TOKEN", TOKEN), ("HOME", str(tmp_path))):
        monkeypatch.setenv(f"DAGUANJIA_{name}", value)
    settings.cache_clear()
    yield Household(Round(intake, county, Desk(intake, county)), Platform(intake), World(intake, county), monkeypatch)
    monkeypatch.undo()
    settings.cache_clear()


async def test_one_household_by_five_channels_is_one_trouble_one_household_and_five_answers(home):
    for days, channel in zip((6, 5, 3, 1, 0), CHANNELS, strict=True):
        home.days_ago(days)
        await home.tells(channel)
    assert len(set(home.told.values())) == len(CHANNELS), "five tickets: nothing is merged by itself"
    await one_household_is_no_candidate_and_three_are_one(home)
    await merged_they_are_one_household_and_five_answers_owed(home)
    await all_five_see_how_far_it_is(home)
    await each_gets_the_answer_where_they_told_it(home)


async def one_household_is_no_candidate_and_three_are_one(home):
    """However often a household tells, it is one. With two neighbours the trouble is a candidate, which names every ticket of it."""
    await home.world.look()
    assert await home.world.candidates() == []
    numbers = [await home.world.tell(words, phone, category=None) for phone, words in NEIGHBOURS.items()]
    await home.world.county.settle()
    await home.world.look()
    [found] = await home.world.candidates()
    assert (found["households"], found["weight"]["tellings"], found["weight"]["anonymous"]) == (3, 7, 0)
    assert sorted(found["tickets"]) == sorted([*home.told.values(), *numbers])


async def merged_they_are_one_household_and_five_answers_owed(home):
    first, *others = home.told.values()
    answer = await home.round.get("pengzhai", f"/v1/tickets/{first}/similar")
    assert set(others) <= {one["number"] for one in answer["items"]}, "the desk is shown them"
    for number in others:
        await home.desk.does("pengzhai", number, "merge", into=first, words="同一处涵洞")
    told_by = (await home.desk.read(first))["told_by"]
    assert told_by == {"complaints": 5, "households": 1, "anonymous": 0, "repeats": 0}
    await figures_count_households_too_and_as_they_were_known(home)


async def figures_count_households_too_and_as_they_were_known(home):
    """Three households in the figure. As of an instant before the register was corrected nobody can say any more: then it says so."""
    asked = {"from": str(local_day(REAL() - timedelta(days=7)))}
    before = clock.now()
    path = "/v1/figures/households"
    for more in ({}, {"as_of": before.isoformat()}):
        figure = await home.round.get("county", path, **asked, **more)
        assert (figure["complaints"], figure["households"], figure["anonymous"]) == (7, 3, 0), more
    body = {"unit": SHUIKOU, "head": "黄培荣", "people": 5, "phone": FATHER}
    seen = {**await home.desk.as_("shuikou"), "If-Match": '"1"'}
    changed = await home.round.client.put(f"/v1/households/{home.home}", json=body, headers=seen)
    assert changed.status_code == 200, changed.text
    assert (await home.round.get("county", path, **asked))["households"] == 3
    asked |= {"as_of": before.isoformat()}
    then = await home.round.client.get(path, params=asked, headers=await home.desk.as_("county"))
    assert (then.status_code, then.json()["code"]) == (422, "as_of.not_kept")


async def all_five_see_how_far_it_is(home):
    """With the code each was sent, in WeChat, and in the handbook; all of them see the one that goes on."""
    first = home.told["hotline"]
    await home.desk.does("shuikou", first, "accept")
    await home.letters()
    for channel, number in home.told.items():
        if channel == "wechat":
            assert "承办单位已签收" in await home.asks_by_wechat(number, 1)
            continue
        code = next(letter.facts["code"] for letter in home.sms.took if letter.ticket_number == number and letter.facts["code"])
        seen = await home.round.client.get(f"/v1/complaints/{number}", headers={"X-Tracking-Code": code})
        assert (seen.status_code, seen.json()["number"], seen.json()["status"]) == (200, number, "accepted"), (channel, seen.text)
    shown = await home.round.get("mine", f"/v1/opinions/{home.opinion}")
    assert (shown["ended_in"], shown["outcomes"][0]["ticket"]) == ("ticket", home.told["visit"])


async def each_gets_the_answer_where_they_told_it(home):
    """One answer given, five owed and five brought: by SMS to the father thrice and to the son, and in WeChat."""
    first = home.told["hotline"]
    await home.desk.does("shuikou", first, "log_work", words="已到现场", contacted=True)
    await home.desk.does("shuikou", first, "resolve", words=ANSWER, files=await home.desk.evidence("shuikou"))
    await home.desk.does("hotline", first, "answer", words=ANSWER)
    given = await home.world.county.fetch("SELECT c.channel FROM answers a JOIN complaints c ON c.id = a.complaint_id ORDER BY c.channel")
    assert [row["channel"] for row in given] == sorted(CHANNELS)
    await home.letters()
    carried = await home.world.county.fetch(
        "SELECT c.channel, m.carrier, m.state FROM messages m JOIN complaints c ON c.id = m.complaint_id WHERE m.template = 'answered'"
    )
    assert {row["channel"]: (row["carrier"], row["state"]) for row in carried} == {
        "hotline": ("sms", "sent"), "field": ("sms", "sent"), "petition": ("phone", "sent"), "visit": ("sms", "sent"),
        "wechat": ("wechat", "sent"),
    }  # fmt: skip
    assert sorted(letter.address for letter in home.sms.took if letter.template == "answered") == [FATHER, FATHER, SON]
    assert [letter.address for letter in home.replies.took if letter.template == "answered"] == [OPENID]
    seen = await home.round.get("county", f"/v1/tickets/{first}")
    assert (seen["told_by"]["households"], seen["status"]) == (1, "answered")
