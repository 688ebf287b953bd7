"""The same rules on every channel: confidence, anonymity, danger to life, the reply where the complaint came from, one person recognised.

Each rule is one test over all channels, told over HTTP as the people and systems at the other end tell it.
"""

import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest
from httpx import Response

from services.notifications.senders import Letter, Senders, SendResult
from services.notifications.sending import send_due
from services.platform.database import WORKER
from services.platform.ids import new_id
from services.platform.settings import settings
from tests.channels import open311_client
from tests.channels.phone import Phone
from tests.channels.platforms import TOKEN, Platform, text_push
from tests.channels.test_platforms import City, connect
from tests.county import PENGZHAI, SHUIKOU, STAFFED_GRID
from tests.journeys.people import Desk
from tests.notifications.hooks import Hooks
from tests.notifications.platform import playing
from tests.visits.handbook import Round
from tests.visits.handbook import now as ago

CHANNELS = ("hotline", "wechat", "field", "field_sync", "petition", "letter", "on_behalf", "open311", "platform", "visit")
UNNAMED = tuple(way for way in CHANNELS if way not in ("wechat", "on_behalf", "visit"))
"""Ways of telling without saying who one is. WeChat knows an openid, whoever files for somebody says for whom, a door is a household's."""
WORDS, PHONE, NAME, OPENID = "彭寨镇水口村路灯不亮", "13800000123", "欧阳张三", "oAcross0000000000000000001"
HOLDERS = {SHUIKOU: "shuikou", STAFFED_GRID: "grid"}
SCAN = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
_message_ids = itertools.count(24309345123470000)


@dataclass
class Ways:
    """Every way in, with a desk behind them."""

    desk: Desk
    wechat: Platform
    open311: open311_client.Open311
    city: City
    said: Response | None = None
    home: str = ""

    async def told(self, way: str, words: str = WORDS, *, named: bool = True, secret: bool = False) -> str:
        """Tell `words` by `way`, as somebody or nobody, in confidence or not; let the worker do its part, and return the number."""
        contact = {"contact": {"name": NAME, "phone": PHONE}} if named else {}
        self.said = await getattr(self, f"_{way}")(words, contact, secret=secret)
        assert self.said.status_code in (200, 201), self.said.text
        await self.desk.county.settle()
        number = str(await self.desk.county.value("SELECT number FROM tickets ORDER BY recorded_at DESC, id DESC LIMIT 1"))
        if way == "wechat" and secret:
            await self.desk.does("hotline", number, "seal", words="来电要求保密")
        return number

    async def answered(self, number: str) -> None:
        """Let whoever holds the ticket do the work, and the hotline answer."""
        holder = HOLDERS[(await self.desk.read(number))["holder"]["code"]]
        await self.desk.does(holder, number, "accept")
        await self.desk.does(holder, number, "resolve", words="已更换灯泡")
        await self.desk.does("hotline", number, "answer", words="路灯已修好。")

    async def _post(self, login: str, path: str, body: dict[str, Any]) -> Response:
        return await self.desk.client.post(path, json=body, headers=await self.desk.as_(login))

    async def _hotline(self, words: str, contact: dict[str, Any], *, secret: bool) -> Response:
        body = {"words": words, "call_id": str(new_id()), "place": {"unit_code": SHUIKOU}, "confidential": secret, **contact}
        return await self._post("hotline", "/v1/hotline/complaints", body)

    async def _wechat(self, words: str, _contact: dict[str, Any], *, secret: bool) -> Response:
        await self.wechat.plain(text_push("新问题", next(_message_ids), OPENID))
        return await self.wechat.plain(text_push(words, next(_message_ids), OPENID))

    async def _field(self, words: str, contact: dict[str, Any], *, secret: bool) -> Response:
        return await self._post(
            "grid", "/v1/field-reports", {"report_id": str(new_id()), "words": words, "confidential": secret, **contact}
        )

    async def _field_sync(self, words: str, contact: dict[str, Any], *, secret: bool) -> Response:
        phone = Phone(self.desk)
        answer = await phone.post(phone.report(words, category=None, confidential=secret, **contact))
        assert answer.json()["results"][0]["status"] == "applied", answer.text
        return answer

    async def _petition(self, words: str, contact: dict[str, Any], *, secret: bool, form: str = "visit", **more: Any) -> Response:
        body = {"filing_id": str(new_id()), "form": form, "words": words, "place": {"unit_code": SHUIKOU}, "confidential": secret}
        return await self._post("hotline", "/v1/petitions", {**body, **contact, **more})

    async def _letter(self, words: str, contact: dict[str, Any], *, secret: bool) -> Response:
        headers = {**await self.desk.as_("hotline"), "Content-Type": "application/pdf"}
        scan = (await self.desk.client.post("/v1/attachments", content=SCAN + new_id().bytes, headers=headers)).json()["id"]
        return await self._petition(words, contact, secret=secret, form="letter", attachment_ids=[scan])

    async def _on_behalf(self, words: str, contact: dict[str, Any], *, secret: bool) -> Response:
        return await self._petition(words, contact, secret=secret, form="on_behalf")

    async def _open311(self, words: str, contact: dict[str, Any], *, secret: bool) -> Response:
        person = {"first_name": NAME, "phone": PHONE} if contact else {}
        confidence = {"attribute[CONFIDENTIAL]": "yes"} if secret else {}
        sent = {"service_code": "consultation.policy", "description": words, "address_id": SHUIKOU}
        return await self.open311.post(**sent, **person, **confidence)

    async def _platform(self, words: str, contact: dict[str, Any], *, secret: bool) -> Response:
        order = {"orderNo": str(new_id()), "title": "诉求", "content": words, "category": None, "level": None, "deadline": None}
        return await self.city.push(**order, secret=secret, **({} if contact else {"reporter": {}}))

    async def _visit(self, words: str, contact: dict[str, Any], *, secret: bool) -> Response:
        calls = Round(self.desk.client, self.desk.county, self.desk)
        self.home = self.home or await calls.home("3-012", await calls.member("caller"))
        said = await calls.hears("caller", self.home, words, told_by=contact["contact"])
        file = {"outcome_id": str(new_id()), "happened_at": ago(), "confidential": secret}
        return await self._post("caller", f"/v1/opinions/{said['id']}/ticket", file)


@pytest.fixture
async def ways(intake, county, tmp_path, monkeypatch):
    for name, value in (("WECHAT_TOKEN", TOKEN), ("WEBHOOK_ALLOW_PRIVATE", "true"), ("HOME", str(tmp_path))):
        monkeypatch.setenv(f"DAGUANJIA_{name}", value)
    settings.cache_clear()
    async with playing() as server:
        city = await connect(Hooks(intake, county, server), server, status={"url": f"{server.url}/status"})
        yield Ways(Desk(intake, county), Platform(intake), await open311_client.connect(intake), city)
    monkeypatch.undo()
    settings.cache_clear()


async def seen(ways: Ways, login: str, number: str, what: str) -> Any:
    answer = await ways.desk.client.get(f"/v1/tickets/{number}/{what}", headers=await ways.desk.as_(login))
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("way", CHANNELS)
async def test_danger_to_life_rings_the_township_at_once(ways, county, way):
    number = await ways.told(way, "彭寨镇水口村小学旁边着火了，快来人！")
    assert (await ways.desk.read(number))["urgency"] == "emergency"
    assert await county.value("SELECT data->>'danger' FROM events WHERE type = 'ticket.received'") == "着火"
    rung = await county.fetch("SELECT u.code FROM messages m JOIN units u ON u.id = m.unit_id WHERE m.template IN ('ring', 'order')")
    assert PENGZHAI in {row["code"] for row in rung}
    if way == "wechat":
        assert "119" in ways.said.text


@pytest.mark.parametrize("way", CHANNELS)
async def test_who_tells_in_confidence_is_known_to_the_hotline_and_the_desk_and_never_to_whoever_handles_it(ways, county, way):
    await ways.told(way)
    number = await ways.told(way, WORDS + "，还有占道", secret=True)
    holder = HOLDERS[(await ways.desk.read(number))["holder"]["code"]]
    assert (await ways.desk.read(number))["privacy"] == "confidential"
    assert (await seen(ways, holder, number, "complaints"))[0]["contact"] is None
    assert await seen(ways, holder, number, "same-person") == []
    for login in ("hotline", "pengzhai"):
        assert (await seen(ways, login, number, "complaints"))[0]["contact"] is not None
        assert len(await seen(ways, login, number, "same-person")) == 1
    await ways.answered(number)
    said = {"reached": True, "solved": True}
    assert await ways.desk.refused("pengzhai", number, "call_back", **said) == "call_back.hotline_only"
    assert "call_back" not in (await ways.desk.read(number, "pengzhai"))["allowed_actions"], "nor is it offered"
    await ways.desk.does("hotline", number, "call_back", **said)
    for (table,) in await county.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        rows = "\n".join(str(row[0]) for row in await county.fetch(f"SELECT row_to_json(t)::text FROM {table} t"))
        assert not any(personal in rows for personal in (PHONE, NAME, OPENID)), table


@pytest.mark.parametrize("way", UNNAMED)
async def test_whoever_stays_anonymous_is_heard_and_called_back_by_the_hotline_only(ways, county, way):
    number = await ways.told(way, named=False)
    assert await county.value("SELECT count(*) FROM complainants") == 0
    assert (await seen(ways, "hotline", number, "complaints"))[0]["contact"] is None
    holder = HOLDERS[(await ways.desk.read(number))["holder"]["code"]]
    await ways.answered(number)
    said = {"reached": True, "solved": True}
    assert await ways.desk.refused("pengzhai", number, "call_back", **said) == "call_back.hotline_only"
    assert 400 <= (await ways.desk.try_(holder, number, "call_back", **said)).status_code < 404
    await ways.desk.does("hotline", number, "call_back", **said)
    await ways.desk.does("hotline", number, "close", verified_by="call_back", words="回访确认")


@dataclass
class Carrier:
    """A carrier that takes everything."""

    carrier: str
    took: list[Letter] = field(default_factory=list)

    async def send(self, letter: Letter) -> SendResult:
        self.took.append(letter)
        return SendResult("sent", reference="1")


REPLIES = dict.fromkeys(CHANNELS, "sms") | {"wechat": "wechat", "petition": "phone", "letter": "phone", "platform": None}


@pytest.mark.parametrize("way", CHANNELS)
async def test_the_answer_goes_where_the_complaint_came_from(ways, county, way):
    number = await ways.told(way)
    await ways.answered(number)
    wechat, sms = Carrier("wechat"), Carrier("sms")
    async with county.as_role(WORKER):
        while await send_due(Senders(wechat=wechat, sms=sms), 100):
            pass
    carried = "SELECT carrier FROM messages WHERE template = 'answered' AND state = 'sent' AND audience = 'complainant'"
    assert [row["carrier"] for row in await county.fetch(carried)] == ([REPLIES[way]] if REPLIES[way] else [])
    if way == "wechat":
        assert (wechat.took[-1].address, sms.took) == (OPENID, [])
    if way == "open311":
        (own,) = await ways.open311.listed("requests.json", key=True, service_request_id=number)
        assert "路灯已修好" in own["status_notes"]
    await ways.city.hooks.work()
    told = [body["data"].get("words") for body in ways.city.told() if body["data"]["step"] == "answered"]
    assert told == (["路灯已修好。"] if way == "platform" else [])


async def test_one_person_is_recognised_on_all_channels_and_nothing_is_merged(ways, county):
    numbers = {await ways.told(way, f"{WORDS}，第{nth}次反映") for nth, way in enumerate(CHANNELS)}
    tie = {"words": WORDS, "call_id": "1.1", "contact": {"phone": "+86 138-0000-0123", "openid": OPENID}}
    tied = await ways.desk.client.post("/v1/hotline/complaints", json=tie, headers=await ways.desk.as_("hotline"))
    numbers.add(tied.json()["number"])
    assert len(numbers) == len(CHANNELS) + 1
    for number in numbers:
        found = {line["number"] for line in await seen(ways, "hotline", number, "same-person")}
        assert found == numbers - {number}
    assert await county.value("SELECT count(*) FROM tickets WHERE merged_into_id IS NOT NULL OR status = 'merged'") == 0
