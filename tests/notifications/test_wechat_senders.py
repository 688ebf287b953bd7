"""WeChat's three ways against a real HTTP server that plays it: every errcode, in its own words."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from services.notifications.senders.letter import Letter
from services.notifications.senders.wechat import CustomerSender, SubscriptionSender, TemplateSender
from services.notifications.verdicts import WECHAT_VERDICTS, by_errcode
from services.notifications.wechat_templates import read_templates
from services.platform.database import WORKER
from tests.conftest import TestDatabase
from tests.connections.wechat import SEND, TOKEN, account, says
from tests.notifications.platform import Platform, Said

LETTER = Letter("01a20236-886d-7280-83b0-14f9115c0c98", "oPerson0001", "您的诉求已受理。", "20261122-000017-3", "answered",
                {"number": "20261122-000017-3", "words": "您的诉求已受理。", "status": "已反馈"})  # fmt: skip
FORMS = read_templates(
    '{"answered": {"template": {"template_id": "T1", "url": "https://example.org/{number}", "fields": {"thing1": "words"},'
    ' "miniprogram": {"appid": "wxmini", "pagepath": "t?n={number}"}},'
    ' "subscription": {"template_id": "S1", "page": "p", "fields": {"phrase1": "status"}}}}'
)
TEMPLATE_SEND, SUBSCRIBE_SEND = "/cgi-bin/message/template/send", "/cgi-bin/message/subscribe/bizsend"


@pytest.fixture(autouse=True)
async def worker(empty: TestDatabase) -> AsyncIterator[None]:
    """The token lies in the database."""
    async with empty.as_role(WORKER):
        yield


async def test_a_customer_message_is_free_words(platform: Platform) -> None:
    says(platform)
    async with account(platform) as api:
        result = await CustomerSender(api).send(LETTER)
    assert (result.outcome, result.reference) == ("sent", "4711")
    (asked,) = platform.at(SEND)
    assert asked.json == {"touser": "oPerson0001", "msgtype": "text", "text": {"content": LETTER.words}}
    assert "您的诉求".encode() in asked.body
    assert b"\\u" not in asked.body


async def test_a_template_message_fills_its_fields_and_can_be_repeated_without_harm(platform: Platform) -> None:
    says(platform, 0, 45065)
    async with account(platform) as api:
        first, again = [await TemplateSender(api, FORMS).send(LETTER) for _ in range(2)]
    assert (first.outcome, first.reference) == ("sent", "4711")
    assert (again.outcome, again.error) == ("sent", None)
    assert platform.at(TEMPLATE_SEND)[0].body == platform.at(TEMPLATE_SEND)[1].body
    assert platform.at(TEMPLATE_SEND)[0].json == {
        "touser": "oPerson0001",
        "template_id": "T1",
        "client_msg_id": "01a20236886d728083b014f9115c0c98",
        "data": {"thing1": {"value": "您的诉求已受理。"}},
        "url": "https://example.org/20261122-000017-3",
        "miniprogram": {"appid": "wxmini", "pagepath": "t?n=20261122-000017-3"},
    }


async def test_a_subscription_message_is_known_by_its_template(platform: Platform) -> None:
    says(platform)
    async with account(platform) as api:
        result = await SubscriptionSender(api, FORMS).send(LETTER)
    assert (result.outcome, result.reference) == ("sent", "S1")
    (asked,) = platform.at(SUBSCRIBE_SEND)
    assert asked.json == {"touser": "oPerson0001", "template_id": "S1", "data": {"phrase1": {"value": "已反馈"}}, "page": "p"}


async def test_an_occasion_without_a_template_is_refused_here(platform: Platform) -> None:
    says(platform)
    async with account(platform) as api:
        for sender in (TemplateSender(api, FORMS), SubscriptionSender(api, FORMS)):
            result = await sender.send(replace(LETTER, template="closed"))
            assert (result.outcome, result.error) == ("refused", "no_template")
    assert platform.asked == []


@pytest.mark.parametrize("errcode", [*sorted(set(WECHAT_VERDICTS) - {0, 45065, 40001, 40014, 42001}), 12345])
async def test_wechat_answers_200_throughout_and_errcode_decides(platform: Platform, errcode: int) -> None:
    says(platform, errcode)
    async with account(platform) as api:
        result = await CustomerSender(api).send(LETTER)
    later = errcode in (-1, 45011, 12345)
    wait = timedelta(minutes=1) if errcode == 45011 else by_errcode(errcode).wait
    assert (result.outcome, result.error, result.wait) == ("later" if later else "refused", f"wechat_{errcode}", wait)
    assert len(platform.at(SEND)) == 1


@pytest.mark.parametrize("errcode", [40001, 42001, 40014])
async def test_a_refused_token_costs_one_more_call_and_no_third(platform: Platform, errcode: int) -> None:
    says(platform, *([errcode] * 9))
    async with account(platform) as api:
        result = await CustomerSender(api).send(LETTER)
    assert (result.outcome, result.error) == ("later", f"wechat_{errcode}")
    assert (len(platform.at(SEND)), len(platform.at(TOKEN))) == (2, 2)


@pytest.mark.parametrize(("errcode", "outcome"), [(40164, "refused"), (40125, "refused"), (-1, "later"), (45009, "refused")])
async def test_a_token_that_cannot_be_had_says_why_and_tells_no_secret(platform: Platform, errcode: int, outcome: str) -> None:
    platform.answer = lambda _asked: Said(body={"errcode": errcode, "errmsg": "invalid ip, secret app-secret-that-nobody-sees"})
    async with account(platform) as api:
        result = await CustomerSender(api).send(LETTER)
    assert (result.outcome, result.error) == (outcome, f"token_{errcode}")
    assert platform.at(SEND) == []


@pytest.mark.parametrize("said", [Said(502, "<html>"), Said(200, b"not json"), Said(200, [1]), Said(after=3)])
async def test_whatever_else_wechat_says_the_letter_is_tried_later(platform: Platform, said: Said) -> None:
    def answer(asked: object) -> Said:
        return Said(body={"access_token": "t", "expires_in": 7200}) if asked.path == TOKEN else said  # type: ignore[attr-defined]

    platform.answer = answer
    async with account(platform) as api:
        result = await CustomerSender(api).send(LETTER)
    assert result.outcome == "later"
    assert "oPerson" not in str(result)
    assert "access_token" not in str(result)
