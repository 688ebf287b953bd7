"""Whatever an exchange (or somebody who has its secret) sends is acknowledged, kept, and breaks nothing."""

import json
from urllib.parse import urlencode

import pytest

from services.calls.adapters import ADAPTERS
from tests.hostile.ammunition import FORMS, NO_JSON, TEXTS, VALUES, XML

FORM = "application/x-www-form-urlencoded"
KINDS = (FORM, "application/json", "text/xml", "multipart/form-data; boundary=x", "nonsense")
FIELDS = ("call_id", "linkedid", "caller", "callee", "agent", "dstchannel", "queue", "recording", "start", "end", "disposition", "event")
UNSIGNED = [name for name, adapter in ADAPTERS.items() if not adapter.signed]


@pytest.mark.parametrize("adapter", UNSIGNED)
async def test_no_bytes_break_an_adapter_behind_the_door(county, pbx, adapter):
    exchange = await pbx.again_as(adapter, f"{adapter}-x")
    wanted = ADAPTERS[adapter].body
    for bodies in (FORMS, NO_JSON, XML):
        for number, (what, body) in enumerate(bodies.items()):
            sent = await exchange.post(body if isinstance(body, bytes) else str(body).encode(), KINDS[number % len(KINDS)])
            assert (sent.status_code, sent.text) == (200, wanted), what
    assert await county.value("SELECT count(*) FROM call_events WHERE call_id IS NULL") > 10


async def test_no_text_and_no_value_in_any_field_breaks_anything(county, pbx, intake, operator):
    usual = {"event": "hangup", "call_id": "1.0", "caller": "13905550001", "callee": "580", "end": "2026-11-22 01:58:20"}
    for number, (what, text) in enumerate(TEXTS.items()):
        for field in FIELDS:
            record = usual | {"call_id": f"{number}.{field}", field: text}
            assert (await pbx.post(urlencode(record, errors="surrogatepass"), FORM)).status_code == 200, (what, field)
    for number, value in enumerate(VALUES):
        for field in FIELDS:
            record = usual | {"call_id": f"v{number}.{field}", field: value}
            assert (await pbx.json(json.dumps(record))).status_code == 200, (value, field)
    assert await county.value("SELECT count(*) FROM calls") > 10
    for first in ("/v1/hotline/calls?limit=200", "/v1/hotline/unreadable-events?limit=200"):
        address = first
        while address:
            page = await intake.get(address, headers=operator)
            assert page.status_code == 200, page.text
            address = page.links.get("next", {}).get("url")


async def test_an_address_nobody_can_read_is_refused_like_any_other_stranger(pbx):
    strangers = await pbx.again_as("twilio", "cloud", "auth-token-of-ours")
    shown = await pbx.again_as("cti", "cti", secret_in_query="key")
    many = "&".join(f"p{nth}=1" for nth in range(200))
    for exchange, wanted in ((strangers, 403), (shown, 401)):
        for host, kind in ((host, kind) for host in ("[", "a:b", "h:99999999", "[::1", "") for kind in KINDS):
            sent = await pbx.client.post(
                f"/v1/hotline/calls/{exchange.code}?{many}", content=b"{}", headers={"Content-Type": kind, "Host": host}
            )
            assert sent.status_code == wanted, (exchange.code, host, kind)
