"""How often one may ask: which door is counted how, what is answered, and that no push of a platform is ever refused."""

import pytest
from httpx import ASGITransport, AsyncClient

from services.identity.tokens import write_token
from services.platform import clock
from services.platform.database import INTAKE
from services.platform.ids import new_id
from services.platform.quotas import Quotas, use_quotas
from services.platform.settings import settings
from services.web.app import create_app
from services.web.limits import kind_of
from services.web.routes import door_router
from tests.hostile.operations import operations

router = door_router("/v1", tags=["test"])


@router.get("/things")
async def things() -> dict[str, int]:
    return {"found": 0}


@router.post("/sessions")
async def sessions() -> dict[str, int]:
    return {"tried": 1}


@router.post("/wechat/callback")
async def callback() -> dict[str, int]:
    return {"taken": 1}


NEVER = {
    "GET /healthz", "GET /readyz", "GET /metrics",
    "GET /v1/wechat/callback", "POST /v1/wechat/callback", "GET /v1/wecom/callback", "POST /v1/wecom/callback",
    *(f"POST /v1/hotline/calls/{{connection}}{what}" for what in (
        "", "/start", "/queue", "/answer", "/end", "/rating", "/recording", "/json",
    )),
    "POST /v1/platforms/{connection}/orders",
}  # fmt: skip
SIGN_IN = {
    "POST /v1/sessions",
    "POST /v1/single-sign-on",
    "POST /v1/single-sign-on/sessions",
    "POST /v1/single-sign-on/second-factor",
    "POST /v1/me/password",
    "POST /v1/me/second-factor",
    "POST /v1/me/second-factor/confirmation",
    "POST /v1/me/second-factor/recovery-codes",
    "POST /v1/me/second-factor/removal",
}
CODES = {
    "GET /v1/complaints/{number}",
    "POST /v1/complaints/{number}/progress",
    "GET /v1/complaints/{number}/proof",
    "POST /v1/complaints/{number}/confirmations",
    "POST /v1/complaints/{number}/appeals",
    "GET /v1/complaints/{number}/personal-data",
    "GET /v1/complaints/{number}/personal-data/copy",
    "POST /v1/complaints/{number}/personal-data/requests",
}


def test_every_door_is_counted_as_it_was_thought_of():
    found: dict[str | None, set[str]] = {}
    for operation in operations():
        found.setdefault(kind_of(operation.method, operation.path.replace(".{fmt}", ".json")), set()).add(str(operation))
    assert found[None] == NEVER
    assert found["sign-in"] == SIGN_IN
    assert found["codes"] == CODES
    assert {"POST /v1/hotline/complaints", "POST /v1/field-reports/sync", "POST /open311/v2/requests.{fmt}"} <= found["file"]
    assert all(name.startswith(("GET", "HEAD", "OPTIONS")) for name in found["read"])
    assert "POST /v1/sessions/refresh" in found["write"]


@pytest.fixture
async def limited(monkeypatch, servers):
    """A client of a door with small quotas, counted in Redis."""
    for name, value in {"LIMITS": "True", "SIGN_IN": "3", "READ": "5", "WRITE": "4"}.items():
        monkeypatch.setenv(f"DAGUANJIA_RATE_{name}", value)
    settings.cache_clear()
    counted = Quotas(servers.redis_url)
    use_quotas(counted)
    app = create_app(title="test", role=INTAKE, routers=[router])

    def client(address: str, **headers: str) -> AsyncClient:
        return AsyncClient(transport=ASGITransport(app, client=(address, 1)), base_url="http://door", headers=headers)

    yield client
    await counted.close()
    use_quotas(None)
    monkeypatch.undo()
    settings.cache_clear()


def an_address() -> str:
    """One that no other test has used up."""
    number = new_id().int
    return f"10.{number & 255}.{number >> 8 & 255}.{number >> 16 & 255}"


async def test_whoever_asks_too_often_is_told_when_to_come_again_and_nobody_else_is(limited):
    async with limited(an_address()) as fast, limited(an_address()) as other:
        answers = [await fast.get("/v1/things") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert answers[0].headers["ratelimit-policy"] == '"read";q=5;w=60'
        assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=4", "r=3", "r=2", "r=1", "r=0", "r=0"]
        last = answers[-1]
        assert (last.json()["code"], last.headers["content-type"]) == ("request.too_many", "application/problem+json")
        assert 1 <= int(last.headers["retry-after"]) <= 12
        assert last.headers["x-content-type-options"] == "nosniff"
        assert (await other.get("/v1/things")).status_code == 200
        assert (await fast.post("/v1/sessions", json={})).status_code == 200  # another quota


async def test_tries_to_sign_in_are_few_and_no_header_makes_them_more(limited):
    async with limited(an_address()) as guesser:
        statuses = []
        for number in range(6):
            claim = {
                "X-Forwarded-For": f"198.51.100.{number}",
                "Forwarded": f"for=198.51.100.{number}",
                "Authorization": f"Bearer {number}",
            }
            statuses.append((await guesser.post("/v1/sessions", json={}, headers=claim)).status_code)
        assert statuses == [200] * 3 + [429] * 3


async def test_people_behind_one_address_are_counted_each_by_account(limited):
    address = an_address()
    for _ in range(4):
        token, _end = write_token(new_id(), 0, clock.now(), 15)
        async with limited(address, Authorization=f"Bearer {token}") as operator:
            assert [(await operator.get("/v1/things")).status_code for _ in range(5)] == [200] * 5


async def test_no_push_of_a_platform_and_no_probe_is_refused_or_counted(limited):
    async with limited(an_address()) as platform:
        answers = [await platform.post("/v1/wechat/callback", json={}) for _ in range(20)]
        answers += [await platform.get("/healthz") for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("ratelimit" in answer.headers for answer in answers)


async def test_where_redis_is_away_the_limit_holds(limited):
    use_quotas(Quotas("redis://127.0.0.1:1/0"))
    async with limited(an_address()) as fast:
        assert [(await fast.get("/v1/things")).status_code for _ in range(6)] == [200] * 5 + [429]


async def test_behind_a_proxy_that_is_named_callers_are_told_apart_and_cannot_pass_for_others(limited, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_TRUSTED_PROXIES", "10.0.0.0/8")
    settings.cache_clear()
    one, two = (f"2001:db8:{new_id().int & 0xFFFF:x}:{number}::1" for number in (1, 2))
    async with limited("10.0.0.1") as proxy:
        told = [{"X-Forwarded-For": f"198.51.100.{number}, {one}"} for number in range(6)]  # what stands left, the caller made up
        assert [(await proxy.get("/v1/things", headers=headers)).status_code for headers in told] == [200] * 5 + [429]
        assert (await proxy.get("/v1/things", headers={"X-Forwarded-For": two})).status_code == 200
