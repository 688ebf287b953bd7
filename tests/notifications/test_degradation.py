"""From a queued message to whoever is told, by which way: the degradation table over a real database and a real HTTP server."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from services.complaints.commands import Contact, FileComplaint, Place, Telling
from services.complaints.filing_desk import file_complaint
from services.connections.wechat_people import forget_person, note_consent, note_interaction, note_template_result
from services.notifications.queries import mail
from services.notifications.senders import open_senders
from services.notifications.sending import requeue, send_due
from services.platform.actor import SYSTEM
from services.platform.database import WORKER
from services.platform.ids import new_id
from services.platform.papers import OPENID
from services.platform.sealed_words import seal_words
from services.platform.secrets import blind_index
from services.platform.unit_of_work import Work, unit_of_work
from tests.conftest import TestDatabase
from tests.county import SHUIKOU
from tests.notifications.platform import Asked, Platform, Said
from tests.notifications.test_sending import settings_for
from tests.told import words_in

OPENID_1, PHONE_1 = "oPerson0001", "13805550123"
PERSON = blind_index(OPENID, OPENID_1)
CUSTOMER, TEMPLATE, SUBSCRIBE = "/cgi-bin/message/custom/send", "/cgi-bin/message/template/send", "/cgi-bin/message/subscribe/bizsend"
TEMPLATES = json.dumps(
    {
        occasion: {
            "template": {"template_id": "T1", "fields": {"character_string1": "number", "thing2": "words", "thing3": "unit"}},
            "subscription": {"template_id": "S1", "fields": {"thing1": "words", "thing2": "category"}},
        }
        for occasion in ("received", "answered")
    }
)


@dataclass
class Desk:
    """A ticket of one complainant with one message waiting, everything else done."""

    database: TestDatabase
    platform: Platform
    says: dict[str, list[int]] = field(default_factory=dict)
    sms: int = 200
    settings: dict[str, object] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Said:
        """Play WeChat and the gateway; each path has its errcodes, then 0."""
        if asked.path == "/cgi-bin/stable_token":
            return Said(body={"access_token": "t", "expires_in": 7200})
        if asked.path == "/sms":
            return Said(self.sms)
        left = self.says.get(asked.path, [])
        code = left.pop(0) if left else 0
        return Said(body={"errcode": code, "errmsg": "", **({"msgid": 100 + len(self.platform.asked)} if asked.path == TEMPLATE else {})})

    async def file(self, channel: str = "wechat", *, occasion: str = "answered", **contact: Any) -> None:
        """File a complaint and leave one message of `occasion` to its complainant."""
        given = {"openid": OPENID_1, "phone": PHONE_1, **contact}
        confidential = given.pop("confidential", False)
        urgent = given.pop("urgent", False)
        telling = Telling(
            words="邻居家排污",
            category="water.pipe_burst" if urgent else None,
            place=Place(unit_code=SHUIKOU),
            contact=Contact(**given),
            confidential=confidential,
        )
        await file_complaint(FileComplaint(channel, str(new_id()), telling), SYSTEM)
        await self.database.settle()
        await self.database.owner.execute("DELETE FROM messages WHERE audience = 'unit' OR template <> 'received'")
        if occasion != "received":
            words = "您的诉求的办理结果：水利局已责令停止排污。"
            message = await self.database.value("SELECT id FROM messages")
            row = seal_words(message, words)
            anew = "UPDATE messages SET template = $1, row_key = $2, sealed_words = $3"
            await self.database.owner.execute(anew, occasion, row["row_key"], row["sealed_words"])

    async def send(self) -> None:
        """Do one turn of the duty, under the worker's role."""
        async with (
            self.database.as_role(WORKER),
            open_senders(settings_for(self.platform, wechat_templates=TEMPLATES, **self.settings)) as all_,
        ):
            await send_due(all_, 50)

    async def again(self) -> None:
        """Let the waiting time pass, and send."""
        await self.database.owner.execute("UPDATE messages SET next_try_at = now()")
        await self.send()

    async def again_as_new(self) -> None:
        """Send the message once more, as if it were another one."""
        await self.database.owner.execute("UPDATE messages SET state = 'queued', tries = 0, ways = '[]'")
        await self.again()

    async def note(self, noting: Callable[[Work], Any]) -> None:
        """Do what the channel does when a push arrives, under the intake role."""
        async with unit_of_work(SYSTEM) as work:
            await noting(work)

    async def wrote(self, ago: timedelta = timedelta(hours=1)) -> None:
        """The person wrote to the account."""
        await self.note(lambda work: note_interaction(work, PERSON, "message", work.now - ago))

    async def message(self) -> tuple[str, str | None, str | None]:
        """State, carrier and error of the message."""
        (row,) = await self.database.fetch("SELECT state, carrier, last_error FROM messages")
        return row["state"], row["carrier"], row["last_error"]

    def paths(self) -> list[str]:
        """Where requests went, without those for tokens."""
        return [asked.path for asked in self.platform.asked if asked.path != "/cgi-bin/stable_token"]


@pytest.fixture
async def desk(county: TestDatabase, platform: Platform) -> Desk:
    """A county with the platform beside it."""
    made = Desk(county, platform)
    platform.answer = made.answer
    return made


async def test_a_message_degrades_from_way_to_way_down_to_the_telephone(desk: Desk) -> None:
    await desk.file()
    await desk.wrote()
    await desk.note(lambda work: note_consent(work, PERSON, "S1", "accept"))
    desk.says = {CUSTOMER: [45015], TEMPLATE: [47003], SUBSCRIBE: [43101]}
    desk.sms = 422
    await desk.send()
    assert desk.paths() == [CUSTOMER, TEMPLATE, SUBSCRIBE, "/sms"]
    assert await desk.message() == ("sent", "phone", None)
    (task,) = await desk.database.fetch("SELECT * FROM phone_tasks")
    (message,) = await desk.database.fetch("SELECT * FROM messages")
    assert (task["message_id"], task["ticket_id"], task["complaint_id"]) == (message["id"], message["ticket_id"], message["complaint_id"])
    assert (task["purpose"], task["state"], words_in(task), task["tries"]) == ("tell", "open", words_in(message), 0)
    assert [(way["way"], way["error"]) for way in json.loads(message["ways"])] == [
        ("wechat", "wechat_45015"), ("wechat_template", "wechat_47003"), ("wechat_subscription", "wechat_43101"), ("sms", "http_422"),
    ]  # fmt: skip
    assert await desk.database.value("SELECT consents FROM wechat_people") == "{}"
    await desk.again()
    assert await desk.database.value("SELECT count(*) FROM phone_tasks") == 1


@pytest.mark.parametrize(
    ("errcode", "second", "state"),
    [
        (45015, TEMPLATE, "sent"),
        (45047, TEMPLATE, "sent"),
        (48002, TEMPLATE, "sent"),
        (45009, TEMPLATE, "sent"),
        (47001, TEMPLATE, "sent"),
        (48001, TEMPLATE, "sent"),
        (48004, TEMPLATE, "sent"),
        (43004, "/sms", "sent"),
        (43019, "/sms", "sent"),
        (40003, "/sms", "sent"),
        (50002, "/sms", "sent"),
        (40013, "/sms", "sent"),
        (40164, "/sms", "sent"),
        (-1, None, "queued"),
        (45011, None, "queued"),
        (99999, None, "queued"),
    ],
)
async def test_each_errcode_of_a_customer_message_leads_on_as_its_row_says(
    desk: Desk, errcode: int, second: str | None, state: str
) -> None:
    await desk.file()
    await desk.wrote()
    desk.says = {CUSTOMER: [errcode]}
    await desk.send()
    assert desk.paths() == [CUSTOMER, *([second] if second else [])]
    assert (await desk.message())[0] == state
    if state == "queued":
        await desk.again()
        assert desk.paths() == [CUSTOMER, CUSTOMER]
        assert await desk.message() == ("sent", "wechat", None)


@pytest.mark.parametrize("errcode", [40037, 47003, 45009, 48001, 48004])
async def test_a_template_message_that_cannot_be_gives_way_to_the_subscription(desk: Desk, errcode: int) -> None:
    await desk.file()
    await desk.wrote(timedelta(days=3))
    await desk.note(lambda work: note_consent(work, PERSON, "S1", "accept"))
    desk.says = {TEMPLATE: [errcode]}
    await desk.send()
    assert desk.paths() == [TEMPLATE, SUBSCRIBE]
    assert await desk.message() == ("sent", "wechat_subscription", None)
    assert await desk.database.value("SELECT consents ->> 'S1' FROM wechat_people") == "0"


async def test_a_repeat_that_wechat_recognises_is_sent(desk: Desk) -> None:
    await desk.file()
    await desk.wrote(timedelta(days=3))
    desk.says = {TEMPLATE: [45065]}
    await desk.send()
    assert await desk.message() == ("sent", "wechat_template", None)


async def test_the_windows_are_counted_and_opened_again_by_the_person(desk: Desk) -> None:
    await desk.file()
    await desk.wrote()
    await desk.database.owner.execute("UPDATE wechat_people SET message_sends = 4")
    await desk.send()
    assert await desk.database.value("SELECT message_sends FROM wechat_people") == 5
    await desk.again_as_new()
    assert desk.paths() == [CUSTOMER, TEMPLATE]
    await desk.note(lambda work: note_interaction(work, PERSON, "click", work.now))
    for _ in range(4):
        await desk.again_as_new()
    assert desk.paths()[2:] == [CUSTOMER, CUSTOMER, CUSTOMER, TEMPLATE]
    await desk.wrote(timedelta(0))
    await desk.again_as_new()
    assert desk.paths()[6:] == [CUSTOMER]
    assert await desk.database.value("SELECT message_sends FROM wechat_people") == 1


async def test_a_retry_does_not_begin_again_with_a_closed_way(desk: Desk) -> None:
    await desk.file()
    desk.says = {CUSTOMER: [45015], TEMPLATE: [48002]}
    desk.sms = 500
    await desk.send()
    await desk.again()
    desk.sms = 200
    await desk.again()
    assert desk.paths() == [CUSTOMER, TEMPLATE, "/sms", "/sms", "/sms"]
    assert await desk.message() == ("sent", "sms", None)


async def test_an_urgent_matter_goes_on_at_once_where_others_wait(desk: Desk) -> None:
    await desk.file(urgent=True)
    await desk.wrote()
    desk.says = {CUSTOMER: [45011], TEMPLATE: [-1]}
    await desk.send()
    assert desk.paths() == [CUSTOMER, TEMPLATE, "/sms"]
    assert (await desk.message())[:2] == ("sent", "sms")


async def test_a_minutes_quota_is_waited_for_a_minute(desk: Desk) -> None:
    await desk.file()
    await desk.wrote()
    desk.says = {CUSTOMER: [45011]}
    await desk.send()
    wait = await desk.database.value("SELECT extract(epoch FROM next_try_at - now())::float FROM messages")
    assert 55 <= wait <= 61


async def test_a_ban_spares_everybody_the_way_until_it_is_over_or_somebody_asks_again(desk: Desk) -> None:
    await desk.file(occasion="received")
    await desk.file(occasion="received")
    desk.says = {CUSTOMER: [50002]}
    desk.settings = {"sms_url": ""}
    await desk.database.owner.execute("UPDATE messages SET template = 'closed', next_try_at = now() - interval '1 s'")
    async with desk.database.as_role(WORKER), open_senders(settings_for(desk.platform, sms_url="")) as senders:
        await send_due(senders, 1)
        await send_due(senders, 1)
    assert desk.paths() == [CUSTOMER]
    rows = await desk.database.fetch("SELECT state, last_error, next_try_at > now() + interval '59 min' AS waits FROM messages ORDER BY 2")
    assert [(row["state"], row["last_error"], row["waits"]) for row in rows] == [
        ("queued", "paused", True), ("queued", "wechat_50002", True),
    ]  # fmt: skip
    async with desk.database.database.transaction() as session:
        assert (await mail(session)).paused_ways == 3
    async with desk.database.as_role(WORKER), unit_of_work(SYSTEM) as work:
        assert await requeue(work) == 0  # nothing was given up; only what is closed is opened
    await desk.again()
    assert desk.paths() == [CUSTOMER, CUSTOMER, CUSTOMER]
    async with desk.database.database.transaction() as session:
        found = await mail(session)
    assert (found.sent, found.queued, found.paused_ways) == (2, 0, 0)


async def test_what_wechat_could_not_deliver_after_all_goes_the_next_way(desk: Desk) -> None:
    await desk.file()
    await desk.wrote(timedelta(days=3))
    await desk.send()
    assert await desk.message() == ("sent", "wechat_template", None)
    reference = await desk.database.value("SELECT provider_reference FROM messages")
    await desk.note(lambda work: note_template_result(work, PERSON, "success", message_id=str(reference)))
    await desk.send()
    assert (await desk.message())[0] == "sent"
    await desk.note(lambda work: note_template_result(work, PERSON, "failed:user block", message_id=str(reference)))
    async with desk.database.as_role(WORKER), open_senders(settings_for(desk.platform, wechat_templates=TEMPLATES)) as senders:
        await asyncio.gather(send_due(senders, 50), send_due(senders, 50))
    assert desk.paths() == [TEMPLATE, "/sms"]
    assert await desk.message() == ("sent", "sms", None)
    assert await desk.database.value("SELECT ways -> 0 ->> 'error' FROM messages") == "failed:userblock"
    assert await desk.database.value("SELECT count(*) FROM wechat_failures") == 0


async def test_a_late_word_may_come_before_the_sending_was_written_down(desk: Desk) -> None:
    await desk.file()
    await desk.wrote(timedelta(days=3))
    await desk.note(lambda work: note_template_result(work, PERSON, "failed: system failed", message_id="102"))
    await desk.send()
    assert desk.paths() == [TEMPLATE]
    reference = await desk.database.value("SELECT provider_reference FROM messages")
    await desk.database.owner.execute("UPDATE wechat_failures SET message_id = $1", reference)
    await desk.send()
    assert await desk.message() == ("sent", "sms", None)
    await desk.note(lambda work: note_template_result(work, PERSON, "failed:user block", message_id="nobody's"))
    await desk.database.owner.execute("UPDATE wechat_failures SET recorded_at = now() - interval '3 days'")
    await desk.send()
    assert await desk.database.value("SELECT count(*) FROM wechat_failures") == 0


async def test_a_subscription_message_that_did_not_arrive_is_found_by_person_and_template(desk: Desk) -> None:
    await desk.file()
    await desk.wrote(timedelta(days=3))
    await desk.note(lambda work: note_consent(work, PERSON, "S1", "accept"))
    desk.says = {TEMPLATE: [48002]}
    await desk.send()
    await desk.note(lambda work: note_template_result(work, PERSON, "0", template_id="S1"))
    await desk.note(lambda work: note_template_result(work, blind_index(OPENID, "oOther"), "20001", template_id="S1"))
    await desk.send()
    assert await desk.message() == ("sent", "wechat_subscription", None)
    await desk.note(lambda work: note_template_result(work, PERSON, "20001", message_id="1700827132819554304", template_id="S1"))
    await desk.send()
    assert await desk.message() == ("sent", "sms", None)


@pytest.mark.parametrize(
    ("channel", "contact", "carrier"),
    [
        ("wechat", {}, "wechat"),
        ("hotline", {}, "sms"),
        ("hotline", {"openid": None}, "sms"),
        ("petition", {}, "phone"),
        ("letter", {"openid": None}, "phone"),
        ("open311", {"openid": None}, "sms"),
        ("wechat", {"phone": None}, "wechat"),
    ],
)
async def test_who_complained_is_answered_where_they_came_from(desk: Desk, channel: str, contact: dict[str, Any], carrier: str) -> None:
    await desk.file(channel, **contact)
    await desk.send()
    assert await desk.message() == ("sent", carrier, None)


async def test_of_a_confidential_matter_sms_and_templates_carry_the_number_only(desk: Desk) -> None:
    await desk.file(confidential=True)
    await desk.wrote(timedelta(days=3))
    await desk.note(lambda work: note_consent(work, PERSON, "S1", "accept"))
    desk.says = {TEMPLATE: [48002], SUBSCRIBE: [43101]}
    await desk.send()
    assert desk.paths() == [TEMPLATE, SUBSCRIBE, "/sms"]
    number = str(await desk.database.value("SELECT number FROM tickets"))
    for asked in desk.platform.asked[1:]:
        text = asked.body.decode()
        assert number in text or asked.path == SUBSCRIBE
        for betrays in ("排污", "水利", "水口", "停止"):
            assert betrays not in text
    desk.platform.asked.clear()
    await desk.wrote()
    await desk.again_as_new()
    assert "停止排污" in desk.platform.at(CUSTOMER)[0].body.decode(), "to the person's own account it is told in full"


async def test_who_unfollows_is_forgotten(desk: Desk) -> None:
    await desk.wrote()
    await desk.note(lambda work: note_template_result(work, PERSON, "failed:user block", message_id="1"))
    await desk.note(lambda work: forget_person(work, PERSON))
    assert await desk.database.value("SELECT (SELECT count(*) FROM wechat_people) + (SELECT count(*) FROM wechat_failures)") == 0


async def test_pushes_that_come_late_or_twice_change_nothing(desk: Desk) -> None:
    await desk.wrote(timedelta(hours=1))
    before = await desk.database.fetch("SELECT * FROM wechat_people")
    await desk.database.owner.execute("UPDATE wechat_people SET message_sends = 3")
    await desk.wrote(timedelta(hours=2))
    await desk.note(lambda work: note_interaction(work, PERSON, "message", before[0]["last_message_at"]))
    (after,) = await desk.database.fetch("SELECT * FROM wechat_people")
    assert (after["last_message_at"], after["message_sends"]) == (before[0]["last_message_at"], 3)


async def test_consents_are_counted_one_by_one(desk: Desk) -> None:
    for status in ("accept", "accept", "accept"):
        await desk.note(lambda work, status=status: note_consent(work, PERSON, "S1", status))
    assert await desk.database.value("SELECT consents ->> 'S1' FROM wechat_people") == "3"
    await desk.note(lambda work: note_consent(work, PERSON, "S1", "reject"))
    await desk.note(lambda work: note_consent(work, blind_index(OPENID, "oNobody"), "S1", "reject"))
    assert await desk.database.value("SELECT string_agg(consents::text, '') FROM wechat_people") == "{}"


async def test_without_a_telephone_and_without_wechat_there_is_no_carrier(desk: Desk) -> None:
    await desk.file(phone=None)
    desk.settings = {"wechat_app_id": ""}
    await desk.send()
    assert await desk.message() == ("no_carrier", None, "no_carrier")


async def test_where_all_ways_refuse_the_last_ones_word_is_kept(desk: Desk) -> None:
    await desk.file(occasion="received")
    desk.says = {CUSTOMER: [45015], TEMPLATE: [43004]}
    desk.sms = 422
    await desk.send()
    assert await desk.message() == ("given_up", "sms", "http_422")
