"""Headers of every answer, and the names a door answers under."""

import pytest
from httpx import ASGITransport, AsyncClient

from intake_api import sessions
from intake_api.app import app as intake_app
from reporting_api.app import app as reporting_app
from services.platform.database import INTAKE
from services.platform.ids import new_id
from services.platform.quotas import Quotas, use_quotas
from services.platform.settings import settings
from services.web.app import create_app
from services.web.guards import ALWAYS
from tests.architecture.printing import ROOT

APPS = {"intake": intake_app, "reporting": reporting_app}


@pytest.fixture
def setting(monkeypatch):
    """Set settings for one test."""

    def given(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"DAGUANJIA_{name.upper()}", value)
        settings.cache_clear()

    yield given
    monkeypatch.undo()
    settings.cache_clear()


def client(app, **more) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app), **{"base_url": "http://door", **more})


@pytest.mark.parametrize("door", APPS)
async def test_refusals_carry_every_guard_too(door):
    async with client(APPS[door]) as asking:
        answers = [
            await asking.get("/nowhere"),
            await asking.get("/healthz"),
            await asking.head("/healthz"),
            await asking.delete("/healthz"),
            await asking.get("/v1/tickets"),
            await asking.get("/nowhere%00"),
            await asking.post("/healthz", content=b"x" * 300_000),
        ]
    for answer in answers:
        assert {name.decode() for name, _ in ALWAYS} <= set(answer.headers), answer.request.url
        assert answer.headers.get_list("cache-control") == ["no-store"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert not {"strict-transport-security", "set-cookie", "access-control-allow-origin"} & set(answer.headers)


async def test_browsers_insist_on_tls_only_where_it_is_spoken_and_switched_on(setting):
    app = create_app(title="test", role=INTAKE, routers=[])
    setting(hsts_seconds="31536000")
    async with client(app) as plain, client(app, base_url="https://door") as sealed:
        assert "strict-transport-security" not in (await plain.get("/healthz")).headers
        assert (await sealed.get("/healthz")).headers["strict-transport-security"] == "max-age=31536000"
        forged = await plain.get("/healthz", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"})
        assert "strict-transport-security" not in forged.headers


async def test_other_host_names_are_refused_where_ours_are_listed(setting):
    app = create_app(title="test", role=INTAKE, routers=[])
    async with client(app) as asking:
        assert (await asking.get("/v1/x", headers={"Host": "elsewhere"})).status_code == 404
        setting(hosts="580.example.cn, *.heping.example, [::1]")
        for host, status in {
            "580.example.cn": 404, "580.EXAMPLE.cn:8443": 404, "a.heping.example": 404, "[::1]:8000": 404,
            "heping.example": 421, "evilheping.example": 421, "elsewhere": 421, "": 421, "580.example.cn.evil": 421,
        }.items():  # fmt: skip
            answer = await asking.get("/v1/x", headers={"Host": host})
            assert answer.status_code == status, host
        assert answer.json()["code"] == "request.host"
        assert (await asking.get("/healthz", headers={"Host": "127.0.0.1"})).status_code == 200


async def test_pages_of_another_origin_are_closed_out_by_default():
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for app in APPS.values():
        async with client(app) as asking:
            for answer in (await asking.options("/v1/sessions", headers=headers), await asking.get("/healthz", headers=headers)):
                assert not [name for name in answer.headers if name.startswith("access-control-")]


BOARD = "https://board.example.cn"


@pytest.fixture
async def board(setting, servers):
    """An intake door that a page of another origin may call, with small quotas; the page."""
    setting(page_origins=BOARD, rate_limits="True", rate_read="2", hosts="door")
    counted = Quotas(servers.redis_url)
    use_quotas(counted)
    app = create_app(title="test", role=INTAKE, routers=[sessions.router])
    number = new_id().int
    transport = ASGITransport(app, client=(f"10.{number & 255}.{number >> 8 & 255}.{number >> 16 & 255}", 1))
    async with AsyncClient(transport=transport, base_url="http://door", headers={"Origin": BOARD}) as page:
        yield page
    await counted.close()
    use_quotas(None)


async def test_a_page_that_may_ask_can_read_every_refusal_and_when_to_come_again(board):
    json = {"Content-Type": "application/json"}
    refused = {
        421: await board.get("/v1/me", headers={"Host": "elsewhere"}),
        400: await board.get("/v1/me%00"),
        413: await board.post("/v1/sessions", content=b"[" * 300_000, headers=json),
        422: await board.post("/v1/sessions", json={}),
        404: await board.get("/nowhere"),
        401: await board.get("/v1/sessions"),
        429: await board.get("/v1/sessions"),
    }
    for status, answer in refused.items():
        assert answer.status_code == status, answer.text
        assert answer.headers.get_list("access-control-allow-origin") == [BOARD], status
        assert "Origin" in answer.headers["vary"]
        assert "Retry-After" in answer.headers["access-control-expose-headers"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert int(refused[429].headers["retry-after"]) >= 1
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,if-match"}
    before = [await board.options("/v1/sessions", headers=asking) for _ in range(9)]
    assert {(answer.status_code, answer.headers["access-control-allow-origin"]) for answer in before} == {(200, BOARD)}
    assert before[0].headers["x-content-type-options"] == "nosniff"


async def test_a_page_that_may_not_ask_reads_nothing_of_a_refusal(board):
    for answer in (
        await board.get("/v1/sessions", headers={"Origin": "https://evil.example"}),
        await board.get("/v1/me", headers={"Origin": "https://evil.example", "Host": "elsewhere"}),
        await board.options("/v1/sessions", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}),
    ):
        assert "access-control-allow-origin" not in answer.headers
        assert answer.status_code >= 400


def test_no_server_of_ours_lets_uvicorn_believe_a_header():
    for place in ("docker-compose.yml", "daguanjia/stack.py", "docs/operations.md"):
        text = (ROOT / place).read_text(encoding="utf-8")
        starts = text.count("intake_api.app:app") + text.count("reporting_api.app:app") + text.count("{name}_api.app:app")
        assert starts
        assert text.count("--no-proxy-headers") >= starts, place
