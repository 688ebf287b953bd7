"""The front of every door: hostile bodies, limits, problems, HEAD, traces, figures."""

import asyncio
import json
from typing import Annotated

import httpx
import pytest
import structlog
from fastapi import File, UploadFile
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel, Field
from sqlalchemy import text
from starlette.responses import StreamingResponse

from services.platform.database import INTAKE, database
from services.platform.errors import Conflict, Fault
from services.platform.settings import settings
from services.platform.text import Words
from services.web import front, metrics
from services.web.app import create_app
from services.web.front import takes_body_of
from services.web.routes import door_router

router = door_router("/t", tags=["test"])


class Inner(BaseModel):
    phone: int = Field(ge=0)


class Body(BaseModel):
    words: Words
    number: float = 0
    inner: list[Inner] = []
    free: dict[str, object] = {}


@router.post("/echo")
async def echo(body: Body) -> Body:
    return body


@router.get("/things/{name}")
async def thing(name: str, limit: Annotated[int, Field(ge=1)] = 1) -> dict[str, object]:
    return {"name": name, "limit": limit}


@router.post("/things/{name}")
async def post_thing(name: str) -> None:
    raise Conflict(
        "thing.taken", "Somebody has it.", errors=[Fault("/a", "b")], extra={"status": 200, "who": "x"}, headers={"Retry-After": "9"}
    )


@router.post("/upload")
@takes_body_of(300_000)
async def upload(file: Annotated[UploadFile, File()]) -> dict[str, int]:
    return {"size": len(await file.read())}


@router.get("/broken")
async def broken() -> None:
    raise ZeroDivisionError("13800138000 called")


@router.get("/breaks-off")
async def breaks_off() -> StreamingResponse:
    async def parts():
        yield b"first"
        raise ZeroDivisionError

    return StreamingResponse(parts())


@router.get("/query")
async def query(number: int) -> dict[str, object]:
    async with database().transaction() as session:
        return {"found": await session.scalar(text("SELECT CAST(:number AS integer)"), {"number": number})}


@router.get("/slow")
async def slow() -> None:
    async with database().transaction() as session:
        await session.execute(text("SET LOCAL statement_timeout = '20ms'"))
        await session.execute(text("SELECT pg_sleep(5)"))


@pytest.fixture
async def client():
    app = create_app(title="test", role=INTAKE, routers=[router])
    async with AsyncClient(transport=ASGITransport(app), base_url="http://door") as client:
        yield client


def _is_problem(answer: httpx.Response, status: int, code: str) -> dict:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:daguanjia:problem:{code}"
    assert body["title"]
    assert body["detail"]
    return body


JSON = {"content-type": "application/json"}
HOSTILE = {
    "NaN": (b'{"words":"a","number":NaN}', 400, "request.not_json"),
    "1e400": (b'{"words":"a","number":1e400}', 400, "request.not_json"),
    "-Infinity": (b'{"words":"a","number":-Infinity}', 400, "request.not_json"),
    "lone surrogate": (b'{"words":"\\ud800"}', 400, "request.not_json"),
    "U+0000 in a value": (b'{"words":"a\\u0000b"}', 422, "request.nul"),
    "U+0000 in a key": (b'{"words":"a","free":{"\\u0000":1}}', 422, "request.nul"),
    "U+0000 deep": (b'{"words":"a","free":{"x":[[{"y":"\\u0000"}]]}}', 422, "request.nul"),
    "raw NUL": (b'{"words":"a\x00b"}', 400, "request.not_json"),
    "invalid UTF-8": (b'{"words":"\xff\xfe"}', 400, "request.not_json"),
    "GBK": ('{"words":"水渠"}'.encode("gbk"), 400, "request.not_json"),
    "UTF-16": ('{"words":"a"}'.encode("utf-16"), 400, "request.not_json"),
    "cut off": (b'{"words":', 400, "request.not_json"),
    "nested too deep": (b'{"words":"a","free":{"x":' + b"[" * 5000 + b"]" * 5000 + b"}}", 400, "request.not_json"),
    "empty": (b"", 422, "request.invalid"),
    "null": (b"null", 422, "request.invalid"),
    "list": (b"[]", 422, "request.invalid"),
    "text": (b'"words"', 422, "request.invalid"),
    "blank words": (b'{"words":"  "}', 422, "request.invalid"),
    "huge integer": (b'{"words":"a","inner":[{"phone":' + b"9" * 5000 + b"}]}", 400, "request.not_json"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_bodies_are_problems_with_stable_codes(client, name):
    body, status, code = HOSTILE[name]
    _is_problem(await client.post("/t/echo", content=body, headers=JSON), status, code)


async def test_backslash_u0000_as_plain_text_is_no_nul(client):
    answer = await client.post("/t/echo", content=b'{"words":"\\\\u0000"}', headers=JSON)
    assert answer.status_code == 200
    assert answer.json()["words"] == "\\u0000"


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/xml", "application/json; charset=gbk", "application/x-www-form-urlencoded", "", "application/jsonx", None],
)
async def test_bodies_of_another_kind_are_415(client, kind):
    headers = {} if kind is None else {"content-type": kind}
    answer = await client.post("/t/echo", content=b'{"words":"a"}', headers=headers)
    _is_problem(answer, 415, "request.media_type")
    assert answer.headers["accept"] == "application/json"


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=UTF-8", "application/merge-patch+json"])
async def test_json_under_its_names_is_taken(client, kind):
    assert (await client.post("/t/echo", content=b'{"words":"\xe6\xb0\xb4"}', headers={"content-type": kind})).status_code == 200


async def test_faults_point_into_the_body_and_repeat_nothing(client):
    secret = "13800138000"
    answer = await client.post("/t/echo", json={"words": 5, "inner": [{"phone": 1}, {"phone": secret + "x"}, {}]})
    body = _is_problem(answer, 422, "request.invalid")
    assert [fault["pointer"] for fault in body["errors"]] == ["/words", "/inner/1/phone", "/inner/2/phone"]
    assert secret not in answer.text


async def test_faults_outside_the_body_name_their_place(client):
    body = _is_problem(await client.get("/t/things/x?limit=0"), 422, "request.invalid")
    assert [fault["pointer"] for fault in body["errors"]] == ["query/limit"]


async def test_a_room_s_problem_keeps_its_members_and_cannot_be_overwritten(client):
    answer = await client.post("/t/things/x")
    body = _is_problem(answer, 409, "thing.taken")
    assert (body["who"], body["errors"], answer.headers["retry-after"]) == ("x", [{"pointer": "/a", "detail": "b"}], "9")


async def test_too_large_is_413_also_when_chunked_or_on_another_route(client):
    limit = settings().body_limit
    large = b'{"words":"' + b"a" * limit + b'"}'
    assert _is_problem(await client.post("/t/echo", content=large, headers=JSON), 413, "request.too_large")["limit"] == limit

    async def chunks():
        for _ in range(limit // 1000 + 2):
            yield b"a" * 1000

    _is_problem(await client.post("/t/echo", content=chunks(), headers=JSON), 413, "request.too_large")


async def test_an_upload_has_its_own_limit(client):
    fits, too_large = b"a" * 290_000, b"a" * 300_001
    assert len(fits) > settings().body_limit
    assert (await client.post("/t/upload", files={"file": ("a.bin", fits)})).json() == {"size": 290_000}
    _is_problem(await client.post("/t/upload", files={"file": ("a.bin", too_large)}), 413, "request.too_large")
    _is_problem(
        await client.post("/t/upload", content=b"--x\r\nrubbish", headers={"content-type": "multipart/form-data; boundary=x"}),
        422,
        "request.invalid",
    )


@pytest.mark.parametrize("address", ["/t/things/a%00b", "/t/things/a?x=%00", "/t/things/a?%00=1", "/%00"])
async def test_nul_in_the_address_is_400(client, address):
    _is_problem(await client.get(address), 400, "request.nul")


async def test_unknown_addresses_and_methods_are_problems(client):
    _is_problem(await client.get("/nowhere"), 404, "request.no_such_address")
    _is_problem(await client.get("/t/echo/"), 404, "request.no_such_address")
    answer = await client.request("PROPFIND", "/t/things/x")
    _is_problem(answer, 405, "request.method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"


async def test_head_is_get_without_its_body(client):
    got, head = await client.get("/t/things/x"), await client.head("/t/things/x")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", got.headers["content-length"])
    assert (await client.head("/t/echo")).status_code == 405


@pytest.fixture
def lines(monkeypatch):
    """The log lines of the front, whatever logging other tests have set up before."""
    monkeypatch.setattr(front, "log", structlog.get_logger())
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as captured:
        yield captured


async def test_what_nobody_foresaw_is_500_without_its_words(client, lines):
    answer = await client.get("/t/broken")
    _is_problem(answer, 500, "internal")
    assert "13800138000" not in answer.text
    failed = next(line for line in lines if line["event"] == "request.failed")
    assert failed["route"] == "/t/broken"
    assert "13800138000" not in json.dumps(failed, default=str)


async def test_an_answer_that_fails_half_way_is_not_taken_for_whole(client):
    with pytest.raises(ConnectionAbortedError):
        await client.get("/t/breaks-off")


async def test_numbers_the_database_cannot_keep_are_422(client, empty):
    _is_problem(await client.get(f"/t/query?number={2**40}"), 422, "request.unstorable")
    _is_problem(await client.get(f"/t/query?number={10**30}"), 422, "request.unstorable")


async def test_a_database_that_is_too_slow_is_503(client, empty):
    answer = await client.get("/t/slow")
    _is_problem(answer, 503, "database.busy")
    assert answer.headers["retry-after"] == "1"


async def test_killed_connections_are_503_or_unnoticed_and_come_back(client, empty):
    assert (await client.get("/t/query?number=1")).status_code == 200
    await empty.owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await asyncio.sleep(0.05)
    first = await client.get("/t/query?number=1")
    if first.status_code != 200:
        _is_problem(first, 503, "database.away")
        assert first.headers["retry-after"] == "2"
    assert (await client.get("/t/query?number=1")).status_code == 200


async def test_the_caller_s_trace_goes_on_and_a_bad_one_starts_anew(client):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = await client.get("/nowhere", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.json()["instance"] == f"urn:trace:{trace}"
    for bad in (
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        "rubbish",
        f"ff-{trace}-00f067aa0ba902b7-01",
        f"00-{trace}-{'0' * 16}-01",
        f"00-{trace}-00f067aa0ba902b7-01-x",
    ):
        told = (await client.get("/nowhere", headers={"traceparent": bad})).json()["instance"]
        assert told != f"urn:trace:{trace}"
        assert len(told) == len("urn:trace:") + 32


async def test_a_later_version_of_the_trace_header_is_read_as_far_as_known(client):
    answer = await client.get("/nowhere", headers={"traceparent": "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"})
    assert answer.json()["instance"] == "urn:trace:4bf92f3577b34da6a3ce929d0e0e4736"


async def test_the_access_line_names_the_route_and_never_what_was_asked(client, lines):
    await client.get("/t/things/黄小明?limit=2&phone=13800138000")
    line = next(line for line in lines if line["event"] == "request")
    assert (line["method"], line["route"], line["status"]) == ("GET", "/t/things/{name}", 200)
    assert len(line["trace_id"]) == 32
    assert "13800138000" not in json.dumps(lines)
    assert "黄小明" not in json.dumps(lines, ensure_ascii=False)


async def test_figures_count_requests_by_route_and_show_what_a_door_watches(client):
    async def seven() -> float:
        return 7

    async def broken_figure() -> float:
        raise ConnectionError

    metrics.watch("test_depth", "A depth.", seven)
    metrics.watch("test_broken", "A figure that cannot be read.", broken_figure)
    await client.get("/t/things/x")
    await client.request("BREW", "/t/things/x")
    shown = (await client.get("/metrics")).text
    assert 'daguanjia_requests_total{method="GET",route="/t/things/{name}",status="200"}' in shown
    assert 'method="(other)"' in shown
    assert "daguanjia_request_seconds_bucket" in shown
    assert "daguanjia_test_depth 7.0" in shown
    assert "daguanjia_test_broken NaN" in shown


async def test_every_operation_documents_its_problems(client):
    document = (await client.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert "503" in operation["responses"], path
            assert "application/problem+json" in operation["responses"]["default"]["content"]
    echo = document["paths"]["/t/echo"]["post"]["responses"]
    assert {"200", "400", "413", "415", "422"} <= echo.keys()
    assert "HTTPValidationError" not in json.dumps(document)


async def test_a_caller_who_hangs_up_is_no_error_of_ours(lines):
    app = create_app(title="test", role=INTAKE, routers=[router])
    sent = []
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive():
        return next(messages)

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/t/echo",
        "raw_path": b"/t/echo", "query_string": b"", "root_path": "", "headers": [(b"content-type", b"application/json")],
    }  # fmt: skip
    await app(scope, receive, send)
    assert sent == []
    assert [(line["event"], line["status"]) for line in lines] == [("request", 499)]
