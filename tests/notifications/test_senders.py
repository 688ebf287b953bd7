"""Each carrier against a real HTTP server that plays its other side."""

import asyncio
import hmac
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from services.notifications.senders.file import FileSender
from services.notifications.senders.letter import Letter
from services.notifications.senders.sms import SmsSender
from services.notifications.senders.webhook import WebhookSender
from services.platform.errors import Problem
from tests.notifications.platform import Platform, Said

LETTER = Letter("0199-ref", "oPerson0001", "您的诉求已受理。", "20261122-000017-3", "received")
SECRET = SecretStr("whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


def sms(client: httpx.AsyncClient, platform: Platform) -> SmsSender:
    return SmsSender(client, f"{platform.url}/sms", SecretStr("gateway-secret"))


async def test_sms_is_signed_over_time_and_body(client: httpx.AsyncClient, platform: Platform) -> None:
    platform.answer = lambda _asked: Said(202, {"id": 77})
    result = await sms(client, platform).send(LETTER)
    assert (result.outcome, result.reference) == ("sent", "77")
    (asked,) = platform.asked
    assert asked.json == {"to": "oPerson0001", "text": LETTER.words, "reference": "0199-ref"}
    stamped = asked.headers["x-daguanjia-timestamp"].encode() + b"." + asked.body
    assert asked.headers["x-daguanjia-signature"] == "v1=" + hmac.digest(b"gateway-secret", stamped, "sha256").hex()


@pytest.mark.parametrize(
    ("said", "outcome", "error"),
    [
        (Said(422), "refused", "http_422"),
        (Said(401), "later", "http_401"),
        (Said(503), "later", "http_503"),
        (Said(302, headers={"location": "http://169.254.169.254/"}), "later", "http_302"),
        (Said(after=3), "later", "ReadTimeout"),
        (Said(200, b"fine"), "sent", None),
    ],
)
async def test_the_gateways_status_decides(
    client: httpx.AsyncClient, platform: Platform, said: Said, outcome: str, error: str | None
) -> None:
    platform.answer = lambda _asked: said
    result = await sms(client, platform).send(LETTER)
    assert (result.outcome, result.error) == (outcome, error)
    assert len(platform.asked) == 1


async def test_a_gateway_that_is_not_there_is_tried_later(client: httpx.AsyncClient) -> None:
    result = await SmsSender(client, "http://127.0.0.1:9/sms", SecretStr("s")).send(LETTER)
    assert (result.outcome, result.error) == ("later", "ConnectError")


async def test_a_gateway_that_asks_for_patience_gets_it(client: httpx.AsyncClient, platform: Platform) -> None:
    platform.answer = lambda _asked: Said(429, headers={"retry-after": "90"})
    assert (await sms(client, platform).send(LETTER)).wait == timedelta(seconds=90)


def webhook(client: httpx.AsyncClient, url: str, *, allow_private: bool = True) -> WebhookSender:
    return WebhookSender(client, url, SECRET, allow_private=allow_private)


async def test_a_webhook_verifies_under_standard_webhooks(client: httpx.AsyncClient, platform: Platform) -> None:
    url = platform.url.replace("127.0.0.1", "localhost") + "/hook?x=1"
    result = await webhook(client, url).send(LETTER)
    assert (result.outcome, result.reference) == ("sent", "msg_0199-ref")
    (asked,) = platform.asked
    told = Webhook(SECRET.get_secret_value()).verify(asked.body, asked.headers)
    assert told["type"] == "unit.received"
    assert told["data"] == {"unit": "oPerson0001", "ticket": LETTER.ticket_number, "words": LETTER.words}
    assert (asked.path, asked.query) == ("/hook", {"x": "1"})
    assert asked.headers["host"].startswith("localhost:")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.1.2.3", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "[::1]", "[fd00::1]",
     "[::ffff:127.0.0.1]", "[2002:7f00:1::]", "224.0.0.1"],
)  # fmt: skip
async def test_a_webhook_never_goes_to_an_address_inside(client: httpx.AsyncClient, host: str) -> None:
    result = await webhook(client, f"http://{host}:9/", allow_private=False).send(LETTER)
    assert (result.outcome, result.error) == ("later", "address_not_public")


async def test_a_webhook_of_an_unknown_name_is_tried_later(client: httpx.AsyncClient) -> None:
    result = await webhook(client, "https://no-such-host.invalid/").send(LETTER)
    assert (result.outcome, result.error) == ("later", "name_unknown")


@pytest.mark.parametrize(
    ("status", "outcome"), [(204, "sent"), (301, "later"), (400, "later"), (410, "stopped"), (429, "later"), (500, "later"), (504, "later")]
)
async def test_the_endpoints_status_decides(client: httpx.AsyncClient, platform: Platform, status: int, outcome: str) -> None:
    platform.answer = lambda _asked: Said(status, b"", headers={"location": f"{platform.url}/elsewhere"})
    assert (await webhook(client, f"{platform.url}/hook").send(LETTER)).outcome == outcome
    assert len(platform.asked) == 1


@pytest.mark.parametrize("secret", ["", "whsec_c2hvcnQ=", "whsec_%%%"])
def test_a_webhook_without_a_proper_secret_is_refused_at_the_start(secret: str) -> None:
    with pytest.raises(Problem, match="whsec_"):
        WebhookSender(httpx.AsyncClient(), "https://example.org/", SecretStr(secret), allow_private=False)


@pytest.mark.parametrize("url", ["ftp://example.org/", "https:///x", "https://user:pw@example.org/"])
def test_a_webhook_address_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(Problem, match="DAGUANJIA_WEBHOOK_URL"):
        WebhookSender(httpx.AsyncClient(), url, SECRET, allow_private=False)


async def test_the_file_gets_one_json_line_a_letter(tmp_path: Path) -> None:
    sender = FileSender(str(tmp_path / "deep" / "outbox.jsonl"))
    results = await asyncio.gather(*(sender.send(LETTER) for _ in range(20)))
    assert {result.outcome for result in results} == {"sent"}
    lines = (tmp_path / "deep" / "outbox.jsonl").read_bytes().splitlines()
    assert len(lines) == 20
    assert orjson.loads(lines[0])["words"] == LETTER.words


def test_a_letter_does_not_print_its_address() -> None:
    assert "oPerson0001" not in repr(LETTER)
    assert "受理" not in repr(LETTER)
