"""Keys, tags and cursors: sent again, changed meanwhile, made up."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.responses import JSONResponse

from services.platform.actor import Actor
from services.platform.errors import PreconditionFailed, PreconditionRequired, Problem
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.web.etags import etag, if_match
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once, read_key
from services.web.paging import read_cursor, write_cursor
from services.web.routes import door_router
from tests.web.doors import client_of

ACTOR = Actor("member", new_id(), new_id(), "甲")
OTHER = Actor("member", new_id(), new_id(), "乙")
router = door_router("/t", tags=["test"])
done: list[str] = []
gate = asyncio.Event()  # waited for by one test alone: an event belongs to one loop
started = asyncio.Event()


class Make(BaseModel):
    name: str
    other: bool = False
    slow: bool = False


class Made(BaseModel):
    number: int


@router.post("/things")
async def make(command: Make, key: IdempotencyKeyHeader) -> JSONResponse:
    actor = OTHER if command.other else ACTOR
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, Made]:
            if command.slow:
                started.set()
                await gate.wait()
            if command.name == "refused":
                raise Problem("thing.refused", "No.")
            done.append(command.name)
            return 201, Made(number=len(done))

        return await once(work, actor, "POST /t/things", key, fingerprint_of(command), do, lambda view: {"Location": f"/t/{view.number}"})


@pytest.fixture
async def client(empty):
    done.clear()
    gate.clear()
    async with client_of([router]) as client:
        yield client


async def _make(client, key, **command):
    return await client.post("/t/things", json={"name": "a", **command}, headers={"Idempotency-Key": key} if key else {})


async def test_the_same_key_again_gets_the_first_answer(client):
    first, again, bare = await _make(client, '"k-1"'), await _make(client, '"k-1"'), await _make(client, "k-1")
    assert (first.status_code, first.json()) == (201, {"number": 1})
    for repeat in (again, bare):
        assert (repeat.status_code, repeat.json(), repeat.headers["location"]) == (201, {"number": 1}, "/t/1")
        assert repeat.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert done == ["a"]


async def test_without_a_key_each_request_is_a_new_one(client):
    assert [(await _make(client, None)).json()["number"] for _ in range(2)] == [1, 2]


async def test_the_same_key_with_another_payload_is_refused(client):
    await _make(client, "k")
    answer = await _make(client, "k", name="b")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency.payload_differs")


async def test_keys_of_two_people_are_two_keys(client):
    await _make(client, "k")
    assert (await _make(client, "k", other=True)).json() == {"number": 2}


async def test_a_refused_request_leaves_no_key_behind(client, empty):
    assert (await _make(client, "k", name="refused")).status_code == 400
    assert await empty.value("SELECT count(*) FROM idempotency_keys") == 0
    assert (await _make(client, "k")).status_code == 201


async def test_while_the_first_is_under_way_the_second_is_told_so(client):
    first = asyncio.create_task(_make(client, "k", slow=True))
    async with asyncio.timeout(10):
        await started.wait()
    second = await _make(client, "k", slow=True)
    assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (409, "idempotency.in_progress", "1")
    gate.set()
    assert (await first).status_code == 201
    assert (await _make(client, "k", slow=True)).json() == {"number": 1}
    assert done == ["a"]


MALFORMED = ["", " ", '"', '""', '"open', "a b", "键".encode(), b"\xff", "a" * 129, '"' + "a" * 129 + '"', '"a\\b"', 'a"b']


async def test_malformed_keys_are_400(client):
    for key in MALFORMED:
        answer = await client.post("/t/things", json={"name": "a"}, headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency.key_malformed"), key


def test_a_quoted_key_is_read_as_rfc_8941_says():
    assert read_key('"a \\"b\\" \\\\c"') == 'a "b" \\c'
    assert read_key("8e03978e-40d5-43e8-bc93-6894a57f9324") == "8e03978e-40d5-43e8-bc93-6894a57f9324"
    assert read_key(None) is None


def test_a_tag_comes_back_as_its_version():
    assert if_match()(etag(7)) == 7
    assert if_match()(" * ") is None
    assert if_match(required=False)(None) is None


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (None, PreconditionRequired),
        ('W/"7"', PreconditionFailed),
        ("7", Problem),
        ('"7", "8"', Problem),
        ('"x"', Problem),
        ('"' + "9" * 30 + '"', Problem),
    ],
)
def test_tags_that_cannot_be_compared(header, kind):
    with pytest.raises(Problem) as refused:
        if_match()(header)
    assert type(refused.value) is kind


@given(
    st.lists(
        st.one_of(st.integers(-(2**53), 2**53), st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))), max_size=4
    )
)
def test_a_cursor_comes_back_as_it_went(parts):
    assert read_cursor(write_cursor(*parts), [type(part) for part in parts]) == tuple(parts)


@given(st.text(max_size=60))
def test_cursors_made_up_are_refused_or_of_the_right_kind(text):
    try:
        parts = read_cursor(text, (str, int))
    except Problem as problem:
        assert problem.code == "cursor.malformed"  # noqa: PT017  either outcome is right
    else:
        assert [type(part) for part in parts] == [str, int]
