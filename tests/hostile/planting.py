"""Canaries told at every way in, as the people and systems of each would tell them, to real processes."""

import base64
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson
from httpx import Response
from standardwebhooks.webhooks import Webhook

from services.connections.signatures import key_of
from services.platform.clock import now
from services.platform.ids import new_id
from tests.channels.phone import Phone
from tests.channels.platforms import Platform, xml
from tests.county import SHUIKOU, STAFFED_GRID, WATER
from tests.hostile import canaries as c
from tests.hostile.canaries import found_in
from tests.hostile.open_channels import CORP, WECHAT_AES_KEY, WECHAT_APP, WECHAT_TOKEN, WECOM_AES_KEY, WECOM_TOKEN
from tests.journeys.people import PICTURE, Desk
from tests.notifications.platform import Platform as Listener

CATEGORY = "water.pipe_burst"
CONTACT = {"name": c.NAME, "phone": c.PHONE, "openid": c.OPENID, "email": c.EMAIL}
_ORDER_FIELDS = {
    "order_no": "no",
    "words": "words",
    "name": "who",
    "phone": "phone",
    "address": "where",
    "division": "area",
    "urged": "urge",
}


def telling(**more: Any) -> dict[str, Any]:
    """What somebody tells who says everything."""
    place = {"unit_code": STAFFED_GRID, "words": c.PLACE}
    return {"words": c.WORDS, "category": CATEGORY, "place": place, "contact": CONTACT, **more}


def person(name: str = c.AGENT) -> dict[str, str]:
    """A representative or an agent."""
    return {"name": name, "phone": c.AGENT_PHONE, "address": c.HOME, "id_number": c.AGENT_ID_NUMBER}


@dataclass
class Planter:
    """Tells at every door. `listener` plays every other side; `secrets` are those that were made on the way."""

    desk: Desk
    listener: Listener
    secrets: list[str] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)

    async def ask(self, method: str, address: str, who: str | None = None, want: int = 200, **more: Any) -> Response:
        """Send a request that must be answered with `want`."""
        headers = {**(await self.desk.as_(who) if who else {}), **more.pop("headers", {})}
        answer = await self.desk.client.request(method, address, headers=headers, **more)
        assert answer.status_code == want, f"{method} {address}: {answer.status_code} {answer.text}"
        self.answers.append(answer)
        return answer

    async def file(self, path: str, who: str, **more: Any) -> str:
        """File a complaint twice under one key: the second is a replay. Return the number."""
        keyed = {"Idempotency-Key": str(new_id())}
        for _ in range(2):
            answer = await self.ask("POST", path, who, 201, json=telling(**more), headers=keyed)
        return str(answer.json()["number"])

    async def connect(self, code: str, kind: str, adapter: str, **options: Any) -> str:
        """Connect a system; return its secret."""
        body = {"code": code, "kind": kind, "adapter": adapter, "name": "金丝雀系统", "options": options}
        secret = str((await self.ask("POST", "/v1/connections", "admin", 201, json=body)).json()["secret"])
        self.secrets.append(secret)
        return secret

    async def everywhere(self) -> dict[str, str]:
        """Tell at every way in; return numbers by the way they came."""
        await self.subscribers()
        numbers = {
            "hotline": await self.file("/v1/hotline/complaints", "hotline", call_id="canary-1"),
            "confidential": await self.file("/v1/hotline/complaints", "hotline", call_id="canary-2", confidential=True),
            "field": await self.file("/v1/field-reports", "grid", report_id=str(new_id())),
        }
        await self.desk.county.settle()
        numbers |= await self.petitions()
        await self.wechat(numbers["hotline"])
        await self.wecom(numbers["hotline"])
        await self.exchange()
        await self.desk_work(numbers["hotline"])
        await self.field(numbers["field"])
        await self.uploads()
        await self.open311()
        await self.city()
        return numbers

    async def subscribers(self) -> None:
        """One that is not entitled, one that is, and one that does not answer; each with a secret in its address."""
        for name, address in (("一", "plain"), ("二", "entitled"), ("三", "broken")):
            body = {"name": name, "url": f"{self.listener.url}/{address}?key={c.URL_SECRET}", "event_types": ["ticket.*"]}
            made = (await self.ask("POST", "/v1/webhook-subscriptions", "admin", 201, json=body)).json()
            self.secrets.append(made["secret"])
            if address == "entitled":
                right = {"entitled": True, "reason": "按县数据共享协议第7条"}
                at = f"/v1/webhook-subscriptions/{made['id']}"
                await self.ask("PUT", f"{at}/entitlement", "county", json=right, headers={"If-Match": f'"{made["version"]}"'})

    async def petitions(self) -> dict[str, str]:
        """A group with representatives, a letter, and a matter somebody brings for another."""
        group = {"form": "visit", "people": 12, "representatives": [person(), person(c.NAME)]}
        for_another = {"form": "on_behalf", "agent": person()}
        scan = await self.desk.upload("hotline")
        letter = {"form": "letter", "written_on": "2026-11-01", "postmark": "和平县彭寨镇", "attachment_ids": [scan]}
        told = {"visit": group, "on_behalf": for_another, "letter": letter}
        return {name: await self.file("/v1/petitions", "hotline", filing_id=str(new_id()), **more) for name, more in told.items()}

    async def wechat(self, number: str) -> None:
        """Text, place, voice, scan and more; in clear and sealed."""
        pushes = (
            {"MsgType": "text", "Content": c.WORDS},
            {"MsgType": "text", "Content": f"进度 {number}"},
            {"MsgType": "text", "Content": c.WORDS * 200},
            {"MsgType": "location", "Location_X": "24.44", "Location_Y": "114.94", "Scale": "16", "Label": c.PLACE},
            {"MsgType": "voice", "MediaId": "m1", "Format": "amr", "Recognition": c.WORDS},
            {"MsgType": "image", "MediaId": "m2", "PicUrl": f"http://mmbiz.qpic.cn/{c.OPENID}"},
            {"MsgType": "link", "Title": c.WORDS, "Description": c.PLACE, "Url": "https://example.org/"},
            {"MsgType": "event", "Event": "scancode_waitmsg", "EventKey": "report", "ScanCodeInfo": c.WORDS},
            {"MsgType": "event", "Event": "LOCATION", "Latitude": "24.44", "Longitude": "114.94", "Precision": c.PHONE},
            {"MsgType": "kanarien", "Content": c.WORDS, "Unheard": c.NAME},
        )
        villager = Platform(self.desk.client, token=WECHAT_TOKEN, key=WECHAT_AES_KEY, receiver=WECHAT_APP)
        stamp = int(now().timestamp())
        for nth, push in enumerate(pushes):
            for mode, send in (("1", villager.plain), ("2", villager.sealed)):
                mark = {} if push["MsgType"] == "event" else {"MsgId": f"2430934512345{mode}{nth:03}"}
                body = xml(ToUserName="gh_580", FromUserName=c.OPENID, CreateTime=stamp + nth, **push, **mark)
                answer = await send(body)
                assert answer.status_code == 200, (push, answer.text)

    async def wecom(self, number: str) -> None:
        """A colleague who is bound, and one who is not."""
        member = await self.desk.county.value("SELECT member_id FROM accounts WHERE login = 'shuikou'")
        await self.ask("PUT", f"/v1/members/{member}/wecom", "admin", json={"userid": c.USERID})
        colleague = Platform(self.desk.client, "/v1/wecom/callback", WECOM_TOKEN, WECOM_AES_KEY, CORP, work=True)
        for nth, (sender, words) in enumerate(((c.USERID, "待办"), (c.USERID, number), (c.OPENID, c.WORDS), (c.USERID, c.WORDS))):
            body = xml(ToUserName=CORP, FromUserName=sender, CreateTime="1795311452", MsgType="text", Content=words, MsgId=f"71{nth}")
            assert (await colleague.sealed(body)).status_code == 200

    async def exchange(self) -> None:
        """Calls with numbers, file names of recordings that quote them, records that cannot be read, and calls that are none."""
        recordings = {"base_url": f"{self.listener.url}/recordings?key={c.URL_SECRET}", "path": "{path}", "allow_private": True}
        secret = await self.connect("pbx-580", "pbx", "asterisk", zone="UTC", recordings=recordings)
        call = {"call_id": "1795312694.0", "caller": c.CALLER, "callee": "580", "queue": "hotline"}
        ended = {"start": "2026-11-22 01:58:14", "end": "2026-11-22 01:59:20", "disposition": "ANSWERED", "agent": "8001"}
        posts: tuple[tuple[str, Any], ...] = (
            ("", {"event": "start", **call, "start": "2026-11-22 01:58:14"}),
            ("", {"event": "hangup", **call, **ended, "recording": f"/monitor/{c.CALLER}-20261122.wav", "callername": c.NAME}),
            ("", {"event": c.NAME, "call_id": c.CALLER, "caller": c.CALLER, "callee": c.WORDS, "start": c.PHONE}),
            ("/json", f'{{"Event": "QueueCallerJoin", "CallerIDNum": "{c.CALLER}", "CallerIDName": "{c.NAME}", "Uniqueid"'),
            ("", c.WORDS),
        )
        for step, said in posts:
            form = isinstance(said, dict)
            kind = "application/x-www-form-urlencoded" if form else "application/json"
            headers = {"X-Hotline-Token": secret, "Content-Type": kind}
            body = (urlencode(said) if form else said).encode()
            await self.ask("POST", f"/v1/hotline/calls/pbx-580{step}", content=body, headers=headers)
        await self.ask("POST", "/v1/hotline/calls/pbx-580", want=401, content=c.CALLER.encode(), headers={"X-Hotline-Token": c.URL_SECRET})

    async def desk_work(self, number: str) -> None:
        """Drafts, notes, looking callers up, and what is put aside."""
        for content in ({"words": c.WORDS}, {"words": c.WORDS, "contact": CONTACT, "place": {"words": c.PLACE}}):
            draft = f"/v1/hotline/drafts/{new_id()}"
            await self.ask("PUT", draft, "hotline", json={"content": content, "call_id": "1795312694.0", "source": "pbx-580"})
            await self.ask("GET", draft, "hotline")
        await self.ask("POST", f"{draft}/discarding", "hotline", json={"because": "无声电话"})
        for asked in ({"phone": c.PHONE}, {"call_id": "1795312694.0", "source": "pbx-580"}):
            await self.ask("POST", "/v1/hotline/callers", "hotline", json=asked)
        note = {"call_id": "1795312694.0", "source": "pbx-580", "kind": "three_party", "unit": WATER, "ticket": number, "words": c.NOTE}
        keyed = {"Idempotency-Key": str(new_id())}
        for _ in range(2):
            await self.ask("POST", "/v1/hotline/notes", "hotline", 201, json=note, headers=keyed)
        link = {"call_id": "1795312694.0", "source": "pbx-580", "purpose": "urge"}
        await self.ask("POST", f"/v1/tickets/{number}/calls", "hotline", 201, json=link, headers=keyed)

    async def field(self, number: str) -> None:
        """Commands of a phone: applied, waiting, in conflict and impossible."""
        phone = Phone(self.desk)
        report = phone.report(c.WORDS, contact=CONTACT, place={"unit_code": STAFFED_GRID, "words": c.PLACE})
        work = phone.action(number, "log_work", words=c.NOTE)
        stale = phone.action(number, "resolve", words=c.SAID[0], if_version=1)
        waiting = phone.action("00000000-0000-7000-8000-00000000abcd", "accept")
        waiting["depends_on"] = [str(new_id())]
        never = phone.action("20261122-999999-9", "log_work", words=c.SAID[0])
        refused = phone.action(number, "log_work", words=c.WORDS)
        broken = phone.command("report", report={"report_id": str(new_id()), "words": c.WORDS, "contact": {"phone": c.NAME}})
        results = await phone.send(report, work, stale, waiting, never, refused, broken)
        assert len({one["status"] for one in results}) > 1, results
        assert await phone.send(report, work)
        assert await phone.kept()

    async def uploads(self) -> None:
        """Files whose names say who somebody is, whole and unfinished, by tus and by form."""
        names = {"filename": c.FILE_NAME, "name": c.NAME, "filetype": "image/png"}
        metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in names.items())
        content = PICTURE + new_id().bytes
        for length in (len(content), len(content) + 5):
            tus = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": metadata}
            made = await self.ask("POST", "/v1/uploads", "grid", 201, headers=tus)
            piece = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            await self.ask("PATCH", made.headers["Location"], "grid", 204, content=content, headers=piece)
        form = {"file": (c.FILE_NAME, PICTURE + new_id().bytes, "image/png")}
        await self.ask("POST", "/v1/attachments", "grid", 201, files=form)

    async def open311(self) -> None:
        """A request and an update of it, with everything a client may say of a person."""
        key = await self.connect("kanarien-app", "open311", "georeport")
        who = {
            "first_name": c.NAME,
            "last_name": c.AGENT,
            "email": c.EMAIL,
            "phone": c.PHONE,
            "device_id": c.DEVICE,
            "account_id": c.OPENID,
        }
        wish = {"service_code": CATEGORY, "description": c.WORDS, "address_string": c.PLACE, "address_id": SHUIKOU, **who}
        wish["media_url"] = f"{self.listener.url}/broken.png?key={c.URL_SECRET}"
        asked = await self.ask("POST", "/open311/v2/requests.json", data={"api_key": key, **wish})
        told = {"service_request_id": asked.json()[0]["service_request_id"], "update_id": "u-1", "status": "open"}
        told |= {"updated_datetime": now().isoformat(timespec="seconds"), "description": c.WORDS, **who}
        await self.ask("POST", "/open311/v2/servicerequestupdates.json", data={"api_key": key, **told})
        public = await self.ask("GET", "/open311/v2/requests.json", params={"extensions": "true"})
        assert not found_in(public.content, (*c.CONTACT, c.URL_SECRET)), public.text
        for path in ("requests", "servicerequestupdates"):
            await self.ask("GET", f"/open311/v2/{path}.json", params={"api_key": key, "extensions": "true"})

    async def city(self) -> None:
        """Orders of an upper-level platform: filed, urged, and ones that cannot be read."""
        status = {"url": f"{self.listener.url}/status?key={c.URL_SECRET}"}
        secret = await self.connect("heyuan-12345", "platform", "json", fields=_ORDER_FIELDS, status=status)
        order = {"no": "HY1", "words": c.WORDS, "who": c.NAME, "phone": c.PHONE, "where": c.PLACE, "area": SHUIKOU, "other": c.HOME}
        for said, want in ((order, 201), ({**order, "urge": True}, 200), ({**order, "no": "", "words": c.WORDS}, 422)):
            body = orjson.dumps(said)
            stamp = now()
            signed = {"webhook-id": str(new_id()), "webhook-timestamp": str(int(stamp.timestamp())), "Content-Type": "application/json"}
            signed["webhook-signature"] = Webhook(key_of(secret)).sign(signed["webhook-id"], stamp, body.decode())
            await self.ask("POST", "/v1/platforms/heyuan-12345/orders", want=want, content=body, headers=signed)
        trial = {"payload": order, "options": {"fields": _ORDER_FIELDS}}
        await self.ask("POST", "/v1/platforms/heyuan-12345/try", "admin", json=trial)
        await self.ask("GET", "/v1/platforms/heyuan-12345/pushes", "admin")
