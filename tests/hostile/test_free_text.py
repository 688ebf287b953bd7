"""Whatever anybody writes into whatever field of both doors: numbers of persons go nowhere, and names where colleagues' words are kept.

The fields are found in the documents of the doors. What is written is told to real processes, by whoever may tell it; then everything is
searched: tables, logs, Redis, refusals, webhooks, the reporting door, exports, the analysts' views, and what everybody may read.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pytest

from services.exports.bi import VIEWS, grant_reader, revoke_reader
from services.exports.formats import table_bytes
from services.exports.sources import SOURCES, rows_of
from services.platform.actor import SYSTEM
from services.platform.database import OWNER
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests.conftest import TestDatabase
from tests.county import COUNTY, SHUIKOU, actor
from tests.hostile import canaries as c
from tests.hostile.canaries import found_in
from tests.hostile.fields import Written, bodies, with_text
from tests.hostile.ground import Ground
from tests.hostile.operations import Operation, fresh, operations, turn
from tests.hostile.searching import all_of_redis, everything_reported, leaks_in_tables
from tests.journeys.people import Desk

_TEXTS = (
    f"可联系{c.WRITTEN_PHONE}",
    f"身份证{c.WRITTEN_ID_NUMBER}",
    f"卡号{c.WRITTEN_CARD}",
    f"{c.WRITTEN_NAME}在场",
)
_NEW = ("/v1/activities", "/v1/bulletins", "/v1/assessments", "/v1/warnings", "/v1/exports", "/v1/saved-reports", "/v1/notices")
_OUT_OF_REACH = {
    *(f"POST /v1/activities {name}" for name in ("unit", "ticket")),
    *(f"POST /v1/activities/{{activity_id}}/correction activity/{name}" for name in ("unit", "ticket", "persons/0")),
    *(f"POST /v1/activities/declared {name}" for name in ("unit", "figure")),
    *(f"POST /v1/bulletins {name}" for name in ("unit", "period")),
    "PUT /v1/bulletins/{bulletin_id}/words reason",
    "POST /v1/assessments scheme",
    *(f"POST /v1/assessments/{{run_id}}/sheets/{{sheet_id}}/appeals {name}" for name in ("item", "tickets/0")),
    *(
        f"POST /v1/assessments/{{run_id}}/appeals/{{appeal_id}}/decision {name}"
        for name in ("change/item", "change/metric", "change/points")
    ),
    "POST /v1/assessments/{run_id}/appeals/{appeal_id}/decision words",
    *(f"POST /v1/exports {name}" for name in ("source", "question/by")),
    *(f"POST /v1/saved-reports {name}" for name in ("source", "question/by", "unit")),
    "POST /v1/notices/corrections period",
    "POST /v1/notices/posts unit_code",
}
"""Fields that name something there is, which no text of ours is; the words of a decision, which takes a supervisor without a part in it
(tests/platform/test_text.py has them); and the reason of a correction before there is one."""
_OWN = {
    "activity-entries": {"metric": "visits"},
    "coverage-items": {"metric": "blank_grids"},
    "assistance-entries": {"metric": "help_begun"},
    "hotline-calls": {"metric": "answered"},
    "petition-tickets": {"metric": "petitions"},
    "time-tickets": {"metric": "close_time", "part": "measured"},
    "times": {"metric": "close_time"},
}
_WRITTEN_TO_BE_READ = (
    "/v1/bulletins", "/bulletins", "/v1/warnings", "/v1/assessments", "/v1/saved-reports", "/v1/programmes", "/v1/matters",
    "/v1/problem-villages", "/v1/reports/villages", "/v1/year-end-dossiers",
)  # fmt: skip
_TELLERS = ("county", "analyst", "hotline", "pengzhai", "shuikou", "grid", "water", "admin")
_NOT_THEIRS = frozenset({401, 403, 404, 409})


@dataclass
class Writer:
    """Writes into every field as whoever may; keeps what was refused, and into which fields something went."""

    desk: Desk
    ground: Ground
    refused: list[bytes] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    ways: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)

    async def write(self) -> None:
        """Tell each text in every field it fits into; where no words fit but a number may, a number that passes for a code."""
        for operation in sorted(operations(), key=turn):
            if operation.takes_json:
                for example, least, places in bodies(operation):
                    for place in places:
                        self.tried.add(f"{operation} {place}")
                        for text in _texts(operation, place):
                            if place.takes(text):
                                await self._tell(operation, (example, least), place, text)

    async def _tell(self, operation: Operation, examples: tuple[Any, ...], place: Written, text: str) -> None:
        """Tell it as whoever may, in a full body or the least one; as the same again where that was known before."""
        kind = f"{operation} {sorted(examples[0])}"
        ways = [(login, body) for login in dict.fromkeys((operation.person, *_TELLERS)) for body in examples]
        for login, body in self.ways.get(kind, ways):
            answer = await self._send(operation, login, with_text(fresh(body), place.place, text))
            if answer.status_code < 400:
                self.taken.add(f"{operation} {place}")
                self.ways[kind] = [(login, body)]
                if operation.path.startswith("/v1/activities"):
                    self.ground.known["activity_id"] = answer.json().get("id", self.ground.known["activity_id"])
                return
            self.refused.append(answer.content + str(answer.headers).encode())
        self.ways.setdefault(kind, [(operation.person, body) for body in examples])

    async def _send(self, operation: Operation, login: str, body: object) -> httpx.Response:
        content = orjson.dumps(body)
        proof = self.ground.signers.get(str(operation), lambda _body: {})(content)
        headers = {"If-Match": "*", "Content-Type": "application/json", **await self.desk.as_(login), **proof}
        return await self.desk.client.request(operation.method, operation.address(self.ground.known), content=content, headers=headers)


@pytest.fixture
async def writer(stack, county):
    async with httpx.AsyncClient(base_url=stack.environment["DAGUANJIA_INTAKE_URL"], timeout=30) as client:
        desk = Desk(client, county)
        headers = {login: await desk.as_(login) for login in (*_TELLERS, "yangming", "roads")}
        ground = Ground(client, county, headers)
        await ground.lay(await desk.file(place={"unit_code": SHUIKOU}))
        yield Writer(desk, ground)


def _texts(operation: Operation, place: Written) -> tuple[str, ...]:
    """What is written into a place. What units are called stands on every page: no person's name is given to one."""
    if not place.free:
        return (c.WRITTEN_CODE,)
    return _TEXTS[:-1] if operation.path.startswith("/v1/units") else _TEXTS


async def _settled(desk: Desk) -> None:
    """Wait until the worker has told everybody once."""
    for _ in range(3000):
        if not await desk.county.value("SELECT count(*) FROM deliveries WHERE parked_at IS NULL"):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("something is still owed")


def _allowed(table: str, column: str) -> set[str]:
    """Which canaries a column may hold: colleagues' words as they were written, names where colleagues write, codes."""
    place = (table, column)
    numbers = set(c.WRITTEN_NUMBERS) if place in c.MAY_HOLD_WRITTEN_NUMBERS else set()
    names = {c.WRITTEN_NAME} if numbers or place in c.MAY_HOLD_NOTES | c.MAY_HOLD_WRITTEN_NAMES else set()
    return numbers | names


async def _exported(known: dict[str, str]) -> dict[str, bytes]:
    """Every export the county may have, as CSV."""
    asked = {"run": known["run_id"], "bulletin": known["bulletin_id"], "metric": "received"}
    found = {}
    for source in SOURCES.values():
        question = {name: value for name, value in {**asked, **_OWN.get(source.code, {})}.items() if name in source.parameters}
        async with unit_of_work(await actor("county")) as work:
            rows = [row async for page in rows_of(work, source, question) for row in page.rows]
        found[f"export {source.code}"] = table_bytes("csv", source.columns, rows)
    return found


async def _viewed(county: TestDatabase) -> dict[str, bytes]:
    """All an analyst of the county sees in the views."""
    name = f"t{new_id().hex[:20]}"
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        granted = await grant_reader(work, name, COUNTY)
    try:
        async with county.owner.transaction():
            await county.owner.execute(f"SET LOCAL ROLE {granted.role}")
            rows = {view: await county.owner.fetch(f"SELECT t::text AS line FROM {view} AS t") for view in VIEWS}
    finally:
        async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
            await revoke_reader(work, name)
    assert rows["bi_tickets"]
    return {view: "\n".join(row["line"] for row in found).encode() for view, found in rows.items()}


async def test_numbers_of_persons_go_nowhere_whatever_they_are_written_into(writer, stack, servers, county):
    await writer.write()
    await _settled(writer.desk)
    assert {one for one in writer.tried - writer.taken if one.split()[1].startswith(_NEW)} == _OUT_OF_REACH
    leaks = await leaks_in_tables(writer.desk, (*c.WRITTEN_NUMBERS, c.WRITTEN_NAME), _allowed)
    reporting = stack.environment["DAGUANJIA_REPORTING_URL"]
    said = await everything_reported(writer.desk, reporting, writer.ground.known)
    nobody = {
        "logs": b"".join(path.read_bytes() for path in sorted((stack.home / "logs").glob("*.log"))),
        "Redis": await all_of_redis(servers.redis_url),
        "refusals": b"".join(writer.refused),
        "metrics": (await writer.desk.client.get("/metrics")).content,
        **await _viewed(county),
    }
    assert nobody["logs"].count(b'"event":"request"') > 500
    exported = await _exported(writer.ground.known)
    for place, content in {**nobody, **said, **exported}.items():
        leaks += [f"{found} in {place}" for found in found_in(content, c.WRITTEN_NUMBERS)]
    shown = {place: content for place, content in said.items() if not place.startswith(_WRITTEN_TO_BE_READ)}
    for place, content in {**nobody, **shown, **exported}.items():
        leaks += [f"{c.WRITTEN_NAME} in {place}"] if found_in(content, (c.WRITTEN_NAME,)) and place not in _WRITTEN_TO_BE_READ else []
    assert not leaks, "\n".join(leaks)
