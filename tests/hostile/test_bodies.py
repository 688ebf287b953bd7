"""Bodies, headers, addresses and queries that wish us ill, at every operation of both doors: always a problem, never a failure of ours.

Where there is too much to be said everywhere, some of it is said, chosen by chance and the same every time.
"""

import base64
import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from services.platform.database import use_database
from services.platform.settings import settings
from tests.county import SHUIKOU
from tests.hostile.ammunition import (
    INSTANTS,
    KEYS,
    KINDS,
    NO_JSON,
    OTHER_HEADERS,
    QUERIES,
    REFUSED_TEXTS,
    SEGMENTS,
    SOME_TEXTS,
    TAGS,
    TEXTS,
    TOKENS,
    VALUES,
)
from tests.hostile.barrage import CANARY
from tests.hostile.operations import JSON, Operation, fresh, json_of, operations, some

pytestmark = pytest.mark.asyncio(loop_scope="module")
ALL = operations()
WITH_JSON = [operation for operation in ALL if operation.takes_json]


async def test_bodies_that_are_no_json_are_refused_everywhere(barrage):
    for operation in WITH_JSON:
        for what, body in some(NO_JSON.items(), 16, operation):
            await barrage.fire(operation, what, refused=True, content=body, headers={"Content-Type": JSON})
    assert barrage.filed == 0


async def test_bodies_of_another_kind_are_refused_everywhere(barrage):
    for operation in WITH_JSON:
        body = json_of(operation.bodies()[0])
        for what, kind in some(KINDS.items(), 6, operation):
            answer = await barrage.fire(operation, what, refused=True, content=body, headers={"Content-Type": kind})
            if answer.status_code != 415:
                barrage.wrong.append(f"{operation} · {what}: {answer.status_code}, not 415")


async def test_bodies_past_the_limit_are_refused_however_they_come(barrage):
    limit = settings().body_limit

    async def chunks(size: int) -> Any:
        yield b'{"words":"'
        for _ in range(size // 10_000 + 2):
            yield b"a" * 10_000

    for operation in WITH_JSON:
        large = {"Content-Type": JSON}
        announced = {**large, "Content-Length": "9" * 5000}
        ways = [("at once", b"[" * (limit + 1), large), ("in chunks", chunks(limit), large), ("announced", b"{}", announced)]
        for what, content, headers in some(ways, 2, operation):
            answer = await barrage.fire(operation, f"too large {what}", refused=True, content=content, headers=headers)
            assert answer.status_code == 413, (operation, what)


async def test_unknown_fields_are_refused_and_not_repeated_at_length(barrage):
    for operation in WITH_JSON:
        for example in operation.bodies():
            for name in some(("surplus", "__proto__", "\u202e<b>" + CANARY, "k" * 10_000), 2, operation, list(example)):
                refused = not operation.takes_anything
                answer = await barrage.fire(operation, f"unknown field {name[:9]}", refused=refused, json={**example, name: 1})
                if len(answer.content) > 6000:
                    barrage.wrong.append(f"{operation}: an answer of {len(answer.content)} bytes")


async def test_the_last_of_two_equal_keys_counts_and_never_breaks_anything(barrage):
    for operation in WITH_JSON:
        first = json_of(operation.bodies()[0])
        await barrage.fire(operation, "every key twice", content=first[:-1] + b"," + first[1:], headers={"Content-Type": JSON})


def _places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a value that is no object or list."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(inner, (*here, key))
    elif here:
        yield here


def _with(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    changed = copy.deepcopy(value)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = new
    return changed


async def test_no_text_in_any_field_breaks_anything(barrage):
    for operation in WITH_JSON:
        for example in operation.bodies():
            places = list(_places(example))
            wordy = [place for place in places if place[-1] in ("words", "name", "note", "task")]
            others = [place for place in places if place not in wordy]
            for place in (*some(wordy, 3, operation, places), *some(others, 5, operation, places)):
                texts = some(TEXTS, 9, operation, places, place) if place in wordy else some(SOME_TEXTS, 3, operation, places, place)
                for what in texts:
                    await barrage.fire(operation, f"{what} in {place}", json=_with(fresh(example), place, TEXTS[what]))
    assert barrage.filed > 10


async def test_no_value_and_no_instant_in_any_field_breaks_anything(barrage):
    for operation in WITH_JSON:
        for example in operation.bodies():
            places = list(_places(example))
            for place in some(places, 7, operation, places):
                instants = INSTANTS if str(place[-1]).endswith(("_at", "_from", "_to", "_on")) else ()
                for value in (*some(VALUES, 3, operation, places, place), *some(instants, 4, operation, place)):
                    await barrage.fire(
                        operation,
                        f"{value!r:.30} in {place}",
                        content=json_of(_with(fresh(example), place, value)),
                        headers={"Content-Type": JSON},
                    )


async def test_no_query_breaks_anything(barrage):
    for operation in ALL:
        dates = [instant.replace("+", "%2B") for instant in INSTANTS]
        for name in operation.parameters("query"):
            temporal = dates if re.search("from|to$|since|date", name) else ()
            for value in (*some(QUERIES, 6, operation, name), *some(temporal, 4, operation, name)):
                url = f"{operation.address(barrage.known)}?{name}={value}"
                await barrage.fire(operation, f"{name}={value:.30}", url=url)
            await barrage.fire(operation, f"{name} many times", url=f"{operation.address(barrage.known)}?" + f"{name}=1&" * 500)
        await barrage.fire(operation, "a surplus one", url=f"{operation.address(barrage.known)}?%FF[]=%FF&=&&;&" + "x&" * 500)


async def test_limits_are_between_1_and_200_everywhere(barrage):
    paged = [operation for operation in ALL if "limit" in operation.parameters("query")]
    assert len(paged) >= 5
    for operation in paged:
        for limit in ("0", "-1", "201", "9" * 30, "x", "1.5", ""):
            await barrage.fire(operation, f"limit={limit}", refused=True, url=f"{operation.address(barrage.known)}?limit={limit}")


def _cursors() -> list[str]:
    forged: list[Any] = [
        [], [1], [None], ["x"], [[]], {"a": 1}, "x", 5, [True], ["x", "y", "z"], ["2026-11-22", "x"],
        ["2026-11-22T10:00:00", "00000000-0000-0000-0000-000000000000"], [2**63], ["a\u0000"],
    ]  # fmt: skip
    written = [base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode() for value in forged]
    return [*written, "x", "=", "====", "%FF", "水", "a" * 513, "W10x", "!!", base64.urlsafe_b64encode(b"[" * 300).decode()[:500]]


async def test_forged_cursors_are_refused_everywhere(barrage):
    paged = [operation for operation in ALL if "cursor" in operation.parameters("query")]
    for operation in paged:
        for cursor in some(_cursors(), 12, operation):
            one_text = operation.path.startswith("/v1/units") and base64.urlsafe_b64encode(b'["x"]').rstrip(b"=").decode() == cursor
            await barrage.fire(
                operation, f"cursor {cursor[:40]}", refused=not one_text, url=f"{operation.address(barrage.known)}?cursor={cursor}"
            )
        for instant in some(INSTANTS, 4, operation):
            place = json.dumps([instant, "00000000-0000-0000-0000-000000000000"]).encode()
            cursor = base64.urlsafe_b64encode(place).rstrip(b"=").decode()
            await barrage.fire(operation, f"cursor at {instant}", url=f"{operation.address(barrage.known)}?cursor={cursor}")


async def test_no_segment_of_an_address_breaks_anything(barrage):
    for operation in ALL:
        for name in operation.parameters("path"):
            for segment in some(SEGMENTS, 9, operation, name):
                url = operation.address(barrage.known, **{name: segment})
                body = {"json": operation.bodies()[0]} if operation.takes_json else {}
                await barrage.fire(operation, f"{name} = {segment[:30]!r}", url=url, **body)
            url = operation.address(barrage.known, **{name: "a\x00b"})
            await barrage.fire(operation, "NUL in the address", refused=True, url=url)


async def test_malformed_tags_and_keys_are_refused_everywhere(barrage):
    for operation in ALL:
        names = operation.parameters("header")
        body = {"json": operation.bodies()[0]} if operation.takes_json else {}
        for tag in some(TAGS, 6, operation) if "if-match" in names else ():
            await barrage.fire(operation, f"If-Match {tag[:20]}", refused=True, headers={"If-Match": tag.encode("latin-1")}, **body)
        for key in some(KEYS, 6, operation) if "idempotency-key" in names else ():
            await barrage.fire(operation, f"key {key[:20]}", refused=True, headers={"Idempotency-Key": key.encode("latin-1")}, **body)
    assert barrage.filed == 0


async def test_forged_tokens_are_401_wherever_one_must_be_signed_in(barrage):
    for operation in ALL:
        guarded = bool(operation.document.get("security"))
        body = {"json": operation.bodies()[0]} if operation.takes_json else {}
        for token in some(TOKENS, 6, operation) if guarded else ():
            headers = {"Authorization": token.encode("latin-1")}
            answer = await barrage.fire(operation, f"token {token[:20]}", refused=True, headers=headers, **body)
            if answer.status_code != 401:
                barrage.wrong.append(f"{operation} · {token[:20]}: {answer.status_code}, not 401")
    assert barrage.filed == 0


async def test_no_other_header_breaks_anything(barrage):
    for operation in ALL:
        body = {"json": operation.bodies()[0]} if operation.takes_json else {}
        for value in some(("\xff\xfe", "x" * 30_000, ",,;;q=NaN"), 2, operation):
            headers = {name: value.encode("latin-1") for name in OTHER_HEADERS}
            await barrage.fire(operation, f"{value[:20]!r} in every header", headers=headers, **body)


async def test_words_come_back_exactly_as_they_were_told(barrage):
    intake = barrage.clients["intake"]
    use_database(barrage.databases["intake"])
    for what, told in TEXTS.items():
        if what in REFUSED_TEXTS:
            continue
        body = {"words": told, "call_id": what.replace(" ", "_"), "category": "water.pipe_burst", "place": {"unit_code": SHUIKOU}}
        answer = await intake.post("/v1/hotline/complaints", json=body, headers=barrage.headers["hotline"])
        assert answer.status_code == 201, answer.text
        barrage.filed += 1
        barrage.sent += 1
        read = await intake.get(f"/v1/tickets/{answer.json()['number']}/complaints", headers=barrage.headers["county"])
        assert read.json()[0]["words"] == told, what


async def test_words_are_at_most_4000_characters_and_never_blank(barrage):
    for what in REFUSED_TEXTS:
        operation = next(found for found in WITH_JSON if found.path == "/v1/hotline/complaints")
        answer = await barrage.fire(operation, what, refused=True, json={"words": TEXTS[what], "call_id": "1"})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/words")


async def test_every_operation_that_changes_something_is_attacked() -> None:
    """A new endpoint with a body of another kind than JSON has to be thought of, in test_channels.py."""
    raw: list[Operation] = [found for found in ALL if found.document.get("requestBody") and not found.takes_json]
    known = {"POST /v1/attachments", "POST /v1/uploads", "PATCH /v1/uploads/{upload_id}"}
    known |= {"POST /open311/v2/requests.{fmt}", "POST /open311/v2/servicerequestupdates.{fmt}"}
    known |= {"POST /v1/hotline/calls/{connection}"}
    assert {str(found) for found in raw} <= known
    assert len(ALL) >= 110
    assert len(WITH_JSON) >= 30
