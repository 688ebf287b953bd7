"""The county that is attacked: every way in open, one of everything there is, and the keys that let a request past the gate."""

import base64
import hmac
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import orjson
import pytest
import pytest_asyncio
import structlog
from httpx import ASGITransport, AsyncClient

from services.calls.authenticating import form_fields, twilio_signature
from services.connections.directory import forget_connected_systems
from services.connections.signatures import key_of
from services.platform.clock import local_day, now
from services.platform.database import INTAKE, REPORTING, Database, use_database
from services.platform.ids import new_id
from services.platform.settings import settings
from tests.channels.phone import Phone
from tests.conftest import _clone
from tests.county import LOGINS, SHUIKOU, sign_in
from tests.hostile.barrage import Barrage
from tests.hostile.open_channels import OPEN_CHANNELS
from tests.hostile.rooms import Rooms, hired
from tests.hostile.running import apps
from tests.journeys.people import PICTURE, Desk

_SOMEBODY = "SELECT p.member_id, p.id FROM posts p JOIN accounts a USING (member_id) WHERE a.login = 'roads'"
_CALL = {"call_id": "1795312694.0", "source": "pbx-580"}
_ORDER = {"fields": {"order_no": "orderNo", "words": "content", "phone": "reporter.mobile", "name": "reporter.name", "division": "area"}}
_HOOK = {"name": "县数据局", "url": "https://county.example.org/hooks/580", "event_types": ["ticket.*"]}
TUS = {"Tus-Resumable": "1.0.0", "Upload-Length": "1000", "Upload-Offset": "0"}
PEOPLE = (*LOGINS, "linked")
"""Everybody of the county, and a 挂钩党员 of the water bureau."""
Signer = Callable[[bytes], dict[str, str]]


def of_platform(secret: str) -> Signer:
    """Sign as a platform does."""

    def sign(body: bytes) -> dict[str, str]:
        stamp, name = str(int(now().timestamp())), str(new_id())
        digest = hmac.digest(key_of(secret), f"{name}.{stamp}.".encode() + body, "sha256")
        return {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": "v1," + base64.b64encode(digest).decode()}

    return sign


def of_twilio(secret: str, url: str) -> Signer:
    """Sign as Twilio does."""
    return lambda body: {"X-Twilio-Signature": twilio_signature(secret, url, form_fields(body))}


class Ground:
    """Makes one of everything, as the people would. `known`: names for segments of addresses; `signers`: what lets a request in."""

    def __init__(self, client: AsyncClient, county: Any, headers: dict[str, dict[str, str]]) -> None:
        self.client, self.county, self.headers = client, county, headers
        self.known: dict[str, str] = {}
        self.signers: dict[str, Signer] = {}
        self.secrets: dict[str, str] = {}

    async def ask(self, method: str, address: str, who: str | None = None, **more: Any) -> Any:
        """Send a request that must be taken; return its answer."""
        headers = {**(self.headers[who] if who else {}), **more.pop("headers", {})}
        answer = await self.client.request(method, address, headers=headers, **more)
        assert answer.status_code < 300, f"{method} {address}: {answer.text}"
        return answer

    async def connect(self, code: str, kind: str, adapter: str, **options: Any) -> str:
        """Connect a system; return its secret."""
        body = {"code": code, "kind": kind, "adapter": adapter, "name": "x", "options": options}
        self.secrets[code] = (await self.ask("POST", "/v1/connections", "admin", json=body)).json()["secret"]
        forget_connected_systems()
        return self.secrets[code]

    async def lay(self, ticket: str) -> None:
        """Make everything."""
        member, post = (await self.county.fetch(_SOMEBODY))[0]
        self.known = {
            "number": ticket,
            "complaint_id": str(await self.county.value("SELECT id FROM complaints LIMIT 1")),
            "member_id": str(member),
            "post_id": str(post),
            "units.code": "441624108213",
            "places.code": "441624108213",
            "unit_code": "441624108",
            "categories.code": "water.pipe_burst",
            "policies.kind": "ladder",
            "policies.version": "1",
            "open311.code": "water.pipe_burst",
            "notice.code": "441624108213",
            "directory.code": "441624108213",
            "path": "css/dashboard.css",
            "fmt": "json",
            "service_request_id": ticket,
            "token": ticket,
            "metric": "completion_rate_due",
            "figure": "silent_grids",
        }
        await self._connections()
        await self._hotline(ticket)
        await self._files()
        await self._hooks(ticket)
        await self._draw()
        await self._notices()
        await self._ledger()
        self.known |= await Rooms(self.client, self.county, self.headers).lay()
        await self.ask("POST", "/v1/policies/ladder", "admin", json={"definition": {"rules": []}})
        await self.ask("PUT", f"/v1/members/{member}/wecom", "admin", json={"userid": "roads"})
        phone = Phone(Desk(self.client, self.county, self.headers))
        (kept, *_) = await phone.send(phone.action("20261122-999999-9", "log_work", words="x"))
        self.known["command_id"] = kept["command_id"]

    async def _connections(self) -> None:
        exchange = await self.connect("pbx-580", "pbx", "asterisk")
        twilio = await self.connect("twilio-580", "pbx", "twilio")
        platform = await self.connect("heyuan", "platform", "json", **_ORDER)
        await self.connect("open311", "open311", "georeport")
        await self.connect("spare", "pbx", "generic")  # what is changed by attacks
        self.known |= {"hotline.connection": "pbx-580", "platforms.connection": "heyuan", "connections.code": "spare"}
        self.signers["POST /v1/platforms/{connection}/orders"] = of_platform(platform)
        for step in ("", "/start", "/queue", "/answer", "/end", "/rating", "/recording", "/json"):
            self.signers[f"POST /v1/hotline/calls/{{connection}}{step}"] = lambda _body: {"X-Hotline-Token": exchange}
        self.signers["twilio"] = of_twilio(twilio, "http://intake/v1/hotline/calls/twilio-580")
        unread = orjson.dumps({"orderNo": "", "content": "x"})
        headers = {"Content-Type": "application/json", **of_platform(platform)(unread)}
        answer = await self.client.post("/v1/platforms/heyuan/orders", content=unread, headers=headers)
        self.known["push_id"] = answer.json()["push_id"]

    async def _hotline(self, ticket: str) -> None:
        shown = {"X-Hotline-Token": self.secrets["pbx-580"]}
        ended = {"event": "hangup", "call_id": _CALL["call_id"], "caller": "13800000123", "callee": "580", "end": "2026-11-22 01:58:20"}
        for body in (ended, {"event": "?"}):
            await self.ask("POST", "/v1/hotline/calls/pbx-580", data=body, headers=shown)
        call = str(await self.county.value("SELECT id FROM calls LIMIT 1"))
        self.known |= {"call_id": call, "call_uuid": call, "draft_id": str(new_id())}
        unread = await self.county.value("SELECT id FROM call_events WHERE error IS NOT NULL LIMIT 1")
        self.known["event_id"] = str(unread)
        await self.ask("PUT", f"/v1/hotline/drafts/{self.known['draft_id']}", "hotline", json={"content": {"words": "x"}, **_CALL})
        task = await self.county.value(
            "INSERT INTO phone_tasks (id, ticket_id, complaint_id, purpose, words, state, not_before, created_at)"
            " SELECT gen_random_uuid(), ticket_id, id, 'call_back', 'x', 'open', now(), now() FROM complaints LIMIT 1 RETURNING id"
        )
        self.known["task_id"] = str(task)
        assert ticket

    async def _files(self) -> None:
        made = await self.ask("POST", "/v1/uploads", "county", headers={**TUS, "Upload-Metadata": "filename YQ=="})
        sent = await self.ask("POST", "/v1/attachments", "grid", content=PICTURE + new_id().bytes, headers={"Content-Type": "image/png"})
        self.known |= {"upload_id": made.headers["Location"].rpartition("/")[2], "attachment_id": sent.json()["id"]}

    async def _draw(self) -> None:
        today = str(local_day(now()))
        made = await self.ask("POST", "/v1/draws", "county", json={"first": today, "last": today})
        self.known["draw_id"] = made.json()["id"]

    async def _ledger(self) -> None:
        when = {"happened_on": str(local_day(now())), "unit": "441624108213001"}
        entry = {"kind": "visit", "activity_id": str(new_id()), "household": "3-012", **when}
        made = await self.ask("POST", "/v1/activities", "grid", json=entry)
        total = {"declared_id": str(new_id()), "unit": "441624108", "figure": "visits", "amount": 1, "basis": "x"}
        total |= {"first_day": "2013-06-01", "last_day": "2013-12-31"}
        await self.ask("POST", "/v1/activities/declared", "pengzhai", json=total)
        self.known |= {"activity_id": made.json()["id"], "declared_id": total["declared_id"]}

    async def _notices(self) -> None:
        order = await self.county.value(
            "INSERT INTO notice_orders (id, period, act, reason, ordered_at)"
            " VALUES (gen_random_uuid(), '2026-10', 'recount', 'late_records', now()) RETURNING id"
        )
        self.known["order_id"] = str(order)

    async def _hooks(self, ticket: str) -> None:
        made = (await self.ask("POST", "/v1/webhook-subscriptions", "admin", json=_HOOK)).json()
        trial = await self.ask("POST", f"/v1/webhook-subscriptions/{made['id']}/test", "admin")
        self.known |= {"subscription_id": made["id"], "delivery_id": trial.json()["id"]}
        assert ticket


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(servers, county_template, tmp_path_factory) -> Any:
    """Both doors over one county with one of everything, quietly."""
    usual = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    async with AsyncExitStack() as stack:
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        environment.setenv("DAGUANJIA_HOME", str(tmp_path_factory.mktemp("home")))
        for name, value in OPEN_CHANNELS.items():
            environment.setenv(name, value)
        settings.cache_clear()
        stack.callback(settings.cache_clear)
        stack.callback(forget_connected_systems)
        stack.callback(lambda: structlog.configure(**usual))
        county = await stack.enter_async_context(asynccontextmanager(_clone)(servers, county_template, INTAKE))
        reporting = Database(county.url, REPORTING)
        stack.push_async_callback(reporting.close)
        clients = {
            name: await stack.enter_async_context(AsyncClient(transport=ASGITransport(app), base_url=f"http://{name}"))
            for name, app in apps().items()
        }
        await hired(county)
        headers = {login: await sign_in(clients["intake"], login) for login in PEOPLE}
        ticket = await Desk(clients["intake"], county, headers).file(place={"unit_code": SHUIKOU})
        ground = Ground(clients["intake"], county, headers)
        await ground.lay(ticket)
        databases = {"intake": county.database, "reporting": reporting}
        yield county, Barrage(clients, databases, headers, ground.known, ground.signers, ground.secrets)
        use_database(county.database)


@pytest_asyncio.fixture(loop_scope="module")
async def barrage(opened) -> Any:
    """A barrage that has not begun; whatever came back wrong fails the test at its end, and so does a ticket that nobody was told of."""
    county, whole = opened
    tickets = await county.value("SELECT count(*) FROM tickets")
    fired = replace(whole, wrong=[], sent=0, filed=0)
    yield fired
    assert await county.value("SELECT count(*) FROM tickets") == tickets + fired.filed, "a ticket that nobody was told of"
    assert fired.sent
    assert not fired.wrong, f"{len(fired.wrong)} of {fired.sent}:\n" + "\n".join(fired.wrong[:40])
