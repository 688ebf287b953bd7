"""Signed requests: the examples of docs/integrations.md as they stand there, against a real door; and everything that must not pass."""

import asyncio
import base64
import hashlib
import hmac
import os
import re
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from httpx import ASGITransport, AsyncClient

from services.platform import clock
from services.platform.database import INTAKE
from services.platform.ids import new_id
from services.web import api_keys
from tests.county import COUNTY
from tests.hostile.running import apps
from tests.identity.lending import Lending

PAGE = (Path(__file__).parents[2] / "docs" / "integrations.md").read_text(encoding="utf-8")
READ = {"owner": "county", "actions": ["ticket.read", "petition.file", "unit.read"], "signature_needed": True}


@dataclass
class Signer:
    """A client that signs."""

    key: dict[str, Any]

    @property
    def secret(self) -> str:
        """The secret of its key."""
        return self.key["secret"].removeprefix(self.key["prefix"] + "_")

    def headers(
        self, method: str, path: str, query: str = "", body: bytes = b"", otherwise: dict[str, str] | None = None
    ) -> dict[str, str]:
        """Sign; some of it `otherwise` than it is sent."""
        sent = {"nonce": str(new_id()), "timestamp": str(int(clock.now().timestamp()))}
        signed = {"method": method, "path": path, "query": query, "body": hashlib.sha256(body).hexdigest(), **sent, **(otherwise or {})}
        text = "\n".join(signed[name] for name in ("method", "path", "query", "body"))
        mark = hmac.digest(self.secret.encode(), f"{signed['nonce']}.{signed['timestamp']}.{text}".encode(), "sha256")
        return {
            "Authorization": f"Bearer {self.key['prefix']}", "X-Nonce": sent["nonce"], "X-Timestamp": signed["timestamp"],
            "X-Signature": "v1," + base64.b64encode(mark).decode(),
        }  # fmt: skip


@pytest.fixture
async def lending(county):
    async with (
        AsyncClient(transport=ASGITransport(apps()["intake"]), base_url="http://intake") as intake,
        AsyncClient(transport=ASGITransport(apps()["reporting"]), base_url="http://reporting") as reporting,
    ):
        yield Lending(county, {"intake": intake, "reporting": reporting})


@asynccontextmanager
async def served(app: Any) -> Any:
    """Serve a door on a free port of this machine."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="warning"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110  uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


async def _run(*words: str, given: str) -> str:
    environment = {"PATH": os.environ["PATH"], "no_proxy": "*"}
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=environment
    )
    said, _ = await process.communicate(given.encode())
    assert process.returncode == 0, said.decode()
    return said.decode()


@pytest.mark.parametrize(("language", "program"), [("bash", ("bash", "-eu")), ("python", (sys.executable, "-"))])
async def test_the_examples_of_the_page_work_as_they_stand(lending, language, program):
    signer = Signer(await lending.make(**READ))
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    async with lending.county.as_role(INTAKE), served(apps()["intake"]) as address:
        code = found[1].replace("https://580.example.gov.cn", address)
        code = code.replace("dgj_0198f2a07c0070008000000000000042", signer.key["prefix"])
        code = code.replace("5HQ2aJ0cZ0Yl2yQ4m3m1cJmJYb0aQ2v8m6p9n3k1xYs", signer.secret)
        said = await _run(*program, given=code)
    assert re.search(r"[\"']items[\"']: ?\[\]", said), said


async def test_a_signature_covers_everything_that_was_asked(lending):
    signer = Signer(await lending.make(**READ))
    ask, query, body = lending.clients["intake"].request, "limit=5", b'{"words": "x"}'
    good = signer.headers("GET", "/v1/tickets", query)
    assert (await ask("GET", f"/v1/tickets?{query}", headers=good)).status_code == 200
    for changed in ({"method": "POST"}, {"path": "/v1/units"}, {"query": ""}, {"query": "limit=500"}, {"body": "0" * 64}, {"nonce": "x"}):
        answer = await ask("GET", f"/v1/tickets?{query}", headers=signer.headers("GET", "/v1/tickets", query, otherwise=changed))
        assert (answer.status_code, answer.json()["code"]) == (401, "key.signature_wrong"), changed
    sent = {**signer.headers("POST", "/v1/petitions", body=body), "Content-Type": "application/json"}
    assert (await ask("POST", "/v1/petitions", content=body, headers=sent)).status_code == 422, "believed, and looked at"
    sent = {**signer.headers("POST", "/v1/petitions", body=body), "Content-Type": "application/json"}
    assert (await ask("POST", "/v1/petitions", content=body.replace(b"x", b"y"), headers=sent)).json()["code"] == "key.signature_wrong"
    other = Signer(await lending.make(**READ))
    stolen = {**other.headers("GET", "/v1/tickets"), "Authorization": f"Bearer {signer.key['prefix']}"}
    assert (await ask("GET", "/v1/tickets", headers=stolen)).json()["code"] == "key.signature_wrong"


async def test_each_request_is_taken_once_and_soon(lending):
    signer = Signer(await lending.make(**READ))
    ask = lending.clients["intake"].get
    good = signer.headers("GET", "/v1/tickets")
    answers = await asyncio.gather(*(ask("/v1/tickets", headers=good) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 401} == {"key.replayed"}
    for minutes in (-6, 6):
        stamp = str(int((clock.now() + timedelta(minutes=minutes)).timestamp()))
        old = signer.headers("GET", "/v1/tickets", otherwise={"timestamp": stamp})
        assert (await ask("/v1/tickets", headers=old)).json()["code"] == "key.signature_old"
    for name in ("X-Nonce", "X-Timestamp", "X-Signature"):
        left = {key: value for key, value in signer.headers("GET", "/v1/tickets").items() if key != name}
        assert (await ask("/v1/tickets", headers=left)).json()["code"] == "key.signature_missing", name
    for mark in ("v1,", "v1,AAAA", "v2," + good["X-Signature"][3:], "é", "v1," + "A" * 5000):
        wrong = {**signer.headers("GET", "/v1/tickets"), "X-Signature": mark}
        answer = await ask("/v1/tickets", headers=[(key.encode(), value.encode()) for key, value in wrong.items()])
        assert answer.json()["code"] == "key.signature_wrong", mark


async def test_a_key_that_signs_is_refused_whole_and_one_that_does_not_is_refused_without_its_secret(lending):
    signing, plain = await lending.make(**READ), await lending.make(owner="county")
    answer = await lending.ask(signing, "GET", "/v1/tickets")
    assert (answer.status_code, answer.json()["code"]) == (401, "key.signature_needed")
    headers = Signer(plain).headers("GET", "/v1/tickets")
    assert (await lending.clients["intake"].get("/v1/tickets", headers=headers)).json()["code"] == "key.invalid"
    kept = await lending.county.fetch("SELECT id, signing_secret FROM api_keys ORDER BY id")
    assert [row["signing_secret"] is None for row in kept] == [False, True], "only what signs is kept so that it can be used"
    assert Signer(signing).secret.encode() not in kept[0]["signing_secret"]


async def test_the_reporting_door_and_the_quick_way_of_filing_read_signatures_too(lending):
    signer = Signer(await lending.make(**{**READ, "actions": ["ticket.read", "hotline.file"]}))
    answer = await lending.ask("", "GET", "/v1/tickets", door="reporting", headers=signer.headers("GET", "/v1/tickets"))
    assert answer.status_code == 200, answer.text
    body = b'{"words": "\xe6\xb0\xb4\xe7\xae\xa1\xe7\x88\x86\xe4\xba\x86", "call_id": "0198f2a0-7c00-7000-8000-000000000077"}'
    path = "/v1/hotline/complaints"
    headers = {**signer.headers("POST", path, body=body), "Content-Type": "application/json"}
    filed = await lending.clients["intake"].post(path, content=body, headers=headers)
    assert filed.status_code == 201, filed.text
    again = await lending.clients["intake"].post(path, content=body, headers=headers)
    assert again.json()["code"] == "key.replayed"


async def test_what_was_lent_holds_for_signed_requests_too(lending):
    signer = Signer(await lending.make(seat={"role": "analyst", "unit_code": COUNTY}, actions=["unit.read"], signature_needed=True))
    ask = lending.clients["intake"].get
    assert (await ask("/v1/units", headers=signer.headers("GET", "/v1/units"))).status_code == 200
    assert (await ask("/v1/tickets", headers=signer.headers("GET", "/v1/tickets"))).json()["code"] == "permission.denied"
    api_keys.forget_keys()
    await lending.county.owner.execute("UPDATE api_keys SET revoked_at = now()")
    assert (await ask("/v1/units", headers=signer.headers("GET", "/v1/units"))).json()["code"] == "key.revoked"
