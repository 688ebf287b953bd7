"""The ways in, each as its own other side would use it: what it sends, what counts as acknowledged, and where it must be afterwards."""

import base64
import hashlib
import hmac
import json
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
from standardwebhooks.webhooks import Webhook

from services.channels.wechat.crypto import aes_key, seal_envelope, signature
from services.platform.ids import new_id

TOKEN, APP, KEY = "soaktoken580", "wx5805805805805800", "580580580580580580580580580580580580580580a"
WORDS = "彭寨镇水口村村口的路灯坏了，晚上走路看不见。"
PHONE = "13800580580"
OK = range(200, 300)

Send = Callable[[httpx.AsyncClient], Awaitable[bool]]


@dataclass
class Parcel:
    """One thing that is sent, perhaps several times. `key` is what the ledger knows it by; acknowledged as soon as one delivery was."""

    way: str
    key: str
    send: Send
    tries_at_most: int = 40
    pauses: tuple[float, ...] = (0.2, 0.5, 1, 2, 3, 5)
    acknowledged: bool = False
    deliveries: int = 0
    after: list["Parcel"] = field(default_factory=list)


@dataclass
class People:
    """Who is signed in, and the secrets of connected systems."""

    headers: dict[str, dict[str, str]]
    secrets: dict[str, str]


def json_way(way: str, key: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> Parcel:
    """A parcel posted as JSON."""

    async def send(http: httpx.AsyncClient) -> bool:
        return (await http.post(path, json=body, headers=headers)).status_code in OK

    return Parcel(way, key, send)


def hotline(people: People, number: int) -> Parcel:
    """An operator files a call."""
    call = f"soak.{number}"
    body = {"words": f"{WORDS}（来电{number}）", "call_id": call, "place": {"unit_code": "441624108213"}, "contact": {"phone": PHONE}}
    return json_way("hotline", f"{call}#1", "/v1/hotline/complaints", body, people.headers["hotline"])


def petition(people: People, number: int) -> Parcel:
    """A visitor is received."""
    filing = str(new_id())
    body = {"filing_id": filing, "words": f"{WORDS}（来访{number}）", "people": 2, "representatives": [{"name": "李四", "phone": PHONE}]}
    return json_way("petition", filing, "/v1/petitions", body, people.headers["hotline"])


def wechat(_people: People, number: int) -> Parcel:
    """A villager writes; of three messages of one person, the later two are supplements of the first."""
    message, sender = str(580_000_000_000 + number), f"oSoak{number // 3}"
    kind = "<MsgType>text</MsgType><Content><![CDATA[{}]]></Content>".format(f"{WORDS}（微信{number}）")
    if number % 3 == 1:
        kind = (
            "<MsgType>location</MsgType><Location_X>24.44</Location_X><Location_Y>114.93</Location_Y><Scale>16</Scale><Label>水口村</Label>"
        )
    body = (
        f"<xml><ToUserName>gh_580</ToUserName><FromUserName>{sender}</FromUserName><CreateTime>{int(time.time())}</CreateTime>"
        f"{kind}<MsgId>{message}</MsgId></xml>"
    ).encode()

    async def send(http: httpx.AsyncClient) -> bool:
        stamp, nonce = str(int(time.time())), secrets.token_hex(5)
        sealed = seal_envelope(aes_key(KEY), body, APP)
        query = {"signature": signature(TOKEN, stamp, nonce), "timestamp": stamp, "nonce": nonce, "encrypt_type": "aes"}
        query["msg_signature"] = signature(TOKEN, stamp, nonce, sealed)
        envelope = f"<xml><ToUserName>gh_580</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        answer = await http.post(
            "/v1/wechat/callback", params=query, content=envelope.encode(), headers={"Content-Type": "text/xml"}, timeout=5
        )
        return answer.status_code == 200

    return Parcel("wechat", message, send, tries_at_most=3, pauses=(5,))


def exchange(people: People, number: int) -> Parcel:
    """The exchange tells of a call, event by event; each is a delivery of its own and may overtake the others."""
    call, now = f"pbx.{number}", datetime.now(UTC)
    headers = {"X-Hotline-Token": people.secrets["soak-pbx"]}

    def event(kind: str, **more: Any) -> Parcel:
        body = {"event": kind, "call_id": call, "caller": PHONE, "callee": "580", "at": now.isoformat(), **more}
        return json_way("exchange", f"{call} {kind}", "/v1/hotline/calls/soak-pbx", body, headers)

    first = event("started")
    first.after = [event("queued", queue="hotline"), event("answered", agent="1001", wait_seconds=3), event("ended", talk_seconds=40)]
    return first


def field_report(people: People, number: int) -> Parcel:
    """A grid worker's phone sends a report and what was added to it, in one batch that may come again and again."""
    report, command, more = str(new_id()), str(new_id()), str(new_id())
    now = datetime.now(UTC).isoformat()
    told = {"report_id": report, "words": f"{WORDS}（网格{number}）", "category": "water.pipe_burst"}
    commands = [
        {"kind": "report", "command_id": command, "happened_at": now, "report": told},
        {
            "kind": "supplement",
            "command_id": more,
            "happened_at": now,
            "depends_on": [command],
            "report_id": report,
            "words": "已拉警戒线。",
        },
    ]
    device = str(UUID(int=number % 7 + 1))

    async def send(http: httpx.AsyncClient) -> bool:
        tonight = commands if random.random() < 0.7 else commands[::-1]
        body = {"device_id": device, "sent_at": datetime.now(UTC).isoformat(), "commands": tonight}
        answer = await http.post("/v1/field-reports/sync", json=body, headers=people.headers["grid"])
        if answer.status_code not in OK:
            return False
        return all(one["status"] in ("applied", "replayed", "waiting") for one in answer.json()["results"])

    return Parcel("field", report, send)


def open311(people: People, number: int) -> Parcel:
    """An open client files a request for one of its users."""
    words = f"{WORDS}（开放接口{number}）"
    body = {"service_code": "water.pipe_burst", "description": words, "lat": "24.4402", "long": "114.9312", "device_id": f"soak-{number}"}

    async def send(http: httpx.AsyncClient) -> bool:
        answer = await http.post("/open311/v2/requests.json", data=body | {"api_key": people.secrets["soak-311"]})
        return answer.status_code == 200

    return Parcel("open311", words, send)


def platform(people: People, number: int) -> Parcel:
    """The city's platform sends an order, signed."""
    order = f"HY{number:08}"
    payload = {"no": order, "content": f"{WORDS}（市平台{number}）", "area": "441624108213", "mobile": PHONE}
    body = json.dumps(payload, ensure_ascii=False)

    async def send(http: httpx.AsyncClient) -> bool:
        now, message = datetime.now(UTC), f"msg_{secrets.token_hex(8)}"
        stamp = str(int(now.timestamp()))
        key = people.secrets["soak-city"].encode()
        signed = base64.b64encode(hmac.digest(key, f"{message}.{stamp}.{body}".encode(), hashlib.sha256)).decode()
        headers = {
            "webhook-id": message,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{signed}",
            "Content-Type": "application/json",
        }
        return (await http.post("/v1/platforms/soak-city/orders", content=body.encode(), headers=headers)).status_code in OK

    return Parcel("platform", order, send)


def upload(people: People, number: int) -> Parcel:
    """A phone uploads a voice in pieces and takes up where it broke off."""
    name, size = str(new_id()), 48 * 1024
    data = b"#!AMR\n" + random.Random(number).randbytes(size - 6)
    headers = people.headers["grid"] | {"Tus-Resumable": "1.0.0"}
    metadata = f"upload_id {base64.b64encode(name.encode()).decode()}"

    async def send(http: httpx.AsyncClient) -> bool:
        made = await http.post("/v1/uploads", headers=headers | {"Upload-Length": str(size), "Upload-Metadata": metadata})
        if made.status_code not in OK:
            return False
        address = made.headers["location"]
        for _ in range(8):
            seen = await http.head(address, headers=headers)
            if seen.status_code not in OK:
                return False
            offset = int(seen.headers["upload-offset"])
            if offset == size:
                return True
            piece = data[offset : offset + 20 * 1024]
            patch = headers | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
            await http.patch(address, content=piece, headers=patch)
        return False

    return Parcel("upload", name, send)


WAYS: dict[str, Callable[[People, int], Parcel]] = {
    "hotline": hotline,
    "petition": petition,
    "wechat": wechat,
    "exchange": exchange,
    "field": field_report,
    "open311": open311,
    "platform": platform,
    "upload": upload,
}


def verifier(secret: str) -> Webhook:
    """What the subscriber checks our signatures with."""
    return Webhook(secret)
