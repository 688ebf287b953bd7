"""举报: the accused unit asks everything, where somebody reported it and where nobody did, and cannot tell the two worlds apart.

The addresses are found by asking the doors, so that a new one is asked by itself. What differs between any two moments is laid aside before
answers are compared: names of traces, and the mark of my work, which moves with every transaction of the whole database. The clock stands.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from httpx import Response

from dispatch_worker.jobs.matters import matter_candidates
from dispatch_worker.station import Station
from services.notifications.senders import Senders
from services.platform import clock
from services.platform.database import WORKER, use_database
from services.platform.ids import new_id
from tests.county import PENGZHAI, SHUIKOU, STAFFED_GRID
from tests.hostile.barrage import Barrage
from tests.hostile.operations import Operation
from tests.hostile.test_who_may_ask import ALL, QUERIES
from tests.journeys.people import PICTURE, Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCUSED = ("pengzhai", "shuikou", "grid")
"""The unit that is reported, and everybody below it."""
BESIDE = ("yangming",)
"""Nobody gave it to them, and it is not about them."""
WORDS, PHONE, NAME = "彭寨镇收了砂石场的好处费放任夜里挖河", "13955512345", "举报人欧阳某"
ASKED_BY_POST = {
    "POST /v1/complaints/similar": {"words": WORDS, "phone": PHONE, "place": {"unit_code": SHUIKOU}, "category": "water.pipe_burst"},
    "POST /v1/hotline/callers": {"phone": PHONE},
    "POST /v1/hotline/phone-tasks/{task_id}/number": {"purpose": "回访"},
}
NOWHERE = {"number": "20261122-999999-9", "complaint_id": str(new_id()), "attachment_id": str(new_id())}
ORDINARY = {"GET /v1/tickets", "GET /v1/tickets/count", "GET /v1/me/work", "POST /v1/complaints/similar"}
"""Where they learn of an ordinary matter, so that the comparison sees what there is to see."""
OWN_STATE = ("/metrics", "/v1/sessions", "/readyz")
"""What tells of the machine or of one's own devices, and differs at any two moments."""
_LAID_ASIDE = re.compile(r'urn:trace:[0-9a-f]+|"since":"[^"]*"')


@dataclass
class World:
    """The county, and whoever asks in it."""

    county: Any
    barrage: Barrage

    async def ask(self, operation: Operation, login: str, known: dict[str, str]) -> Response:
        """Ask as somebody."""
        use_database(self.barrage.databases[operation.door])
        headers = {"Tus-Resumable": "1.0.0", **self.barrage.headers[login]}
        url = operation.address(known) + QUERIES.get(operation.path, "")
        body = ASKED_BY_POST.get(str(operation))
        return await self.barrage.clients[operation.door].request(operation.method, url, headers=headers, json=body)

    async def names(self, number: str) -> dict[str, str]:
        """Return what a reported matter and its parts go by."""
        row = (
            await self.county.fetch(
                "SELECT c.id AS complaint_id, (SELECT attachment_id FROM attachment_links WHERE subject_id = c.id LIMIT 1) AS attachment_id"
                " FROM complaints c JOIN tickets t ON t.id = c.ticket_id WHERE t.number = $1",
                number,
            )
        )[0]
        return {"number": number} | {name: str(value) for name, value in row.items() if value is not None}

    async def looked_for_candidates(self) -> None:
        """Have the worker look for what many households tell."""
        async with self.county.as_role(WORKER):
            await matter_candidates(Station(handlers={}, senders=Senders(), batch=1))

    async def seen(
        self, logins: tuple[str, ...], known: dict[str, str], asking: list[Operation] | None = None
    ) -> dict[tuple[str, str], str]:
        """Return what each of them is told at every address."""
        await self.looked_for_candidates()
        found = {}
        for operation in asking or ASKING:
            for login in logins:
                answer = await self.ask(operation, login, known)
                found[str(operation), login] = self.plain(answer)
        return found

    def plain(self, answer: Response) -> str:
        """Return status, headers and body of an answer without what differs at any two moments."""
        text = _LAID_ASIDE.sub("", answer.text)
        kept = ("link", "content-type", "location", *(("content-length", "etag") if text == answer.text else ()))
        return json.dumps([answer.status_code, {name: answer.headers.get(name) for name in kept}, text], ensure_ascii=False)


def told_apart(one: dict[tuple[str, str], str], other: dict[tuple[str, str], str]) -> list[str]:
    """Return where two worlds differ, and how from the first character on."""
    found = []
    for key, said in other.items():
        if one[key] != said:
            at = next(place for place, (a, b) in enumerate(zip(one[key] + "\0", said + "\0", strict=False)) if a != b)
            found.append(f"{key}: …{one[key][max(at - 60, 0) : at + 60]} | {said[max(at - 60, 0) : at + 60]}…")
    return found


ASKING = [
    found
    for found in ALL
    if (found.method in ("GET", "HEAD") or str(found) in ASKED_BY_POST) and not found.path.startswith(OWN_STATE) and not found.is_callback
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(opened) -> Any:
    county, barrage = opened
    use_database(barrage.databases["intake"])
    await county.settle()
    stands = clock.now()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: stands)
        yield World(county, barrage)


async def _reported(world: World) -> list[str]:
    """Have the accused township reported in every way there is; return the numbers."""
    client, headers = world.barrage.clients["intake"], world.barrage.headers
    use_database(world.barrage.databases["intake"])
    files = []
    for content, kind in ((PICTURE + new_id().bytes, "image/png"), (b"#!AMR\n" + new_id().bytes, "audio/amr")):
        sent = await client.post("/v1/attachments", content=content, headers={**headers["hotline"], "Content-Type": kind})
        files.append(sent.json()["id"])
    told = {
        "words": WORDS,
        "category": "water.pipe_burst",
        "place": {"unit_code": SHUIKOU, "lat": 24.4, "lon": 114.9, "coordinate_system": "WGS-84"},
    }
    told |= {"contact": {"name": NAME, "phone": PHONE}, "accused": {"units": [PENGZHAI]}, "attachment_ids": files}
    ways = [
        ("hotline", "/v1/hotline/complaints", told | {"call_id": "1795312699.0"}),
        ("county", "/v1/petitions", told | {"filing_id": str(new_id()), "attachment_ids": []}),
        ("hotline", "/v1/hotline/complaints", told | {"call_id": str(new_id()), "attachment_ids": [], "words": WORDS + "，有人要跳楼"}),
        ("grid", "/v1/field-reports", told | {"report_id": str(new_id()), "attachment_ids": [], "place": {"unit_code": STAFFED_GRID}}),
    ]
    numbers = []
    for login, address, body in ways:
        answer = await client.post(address, json=body, headers={**headers[login], "Idempotency-Key": str(new_id())})
        assert answer.status_code == 201, answer.text
        numbers.append(answer.json()["number"])
    said = {"kind": "ticket", "outcome_id": str(new_id()), "happened_at": clock.now().isoformat(), "ticket": numbers[0]}
    joined = await client.post(f"/v1/opinions/{world.barrage.known['opinion_id']}/outcomes", json=said, headers=headers["county"])
    assert joined.status_code == 201, joined.text
    matter = f"/v1/matters/{world.barrage.known['matter_id']}/actions"
    part = await client.post(matter, json={"action": "join", "tickets": [numbers[0]]}, headers=headers["county"])
    assert part.json()["code"] == "matter.in_confidence"
    return numbers


async def _work_goes_on(world: World, number: str) -> None:
    """Have the desk work on it to its end, with all that is written on the way."""
    use_database(world.barrage.databases["intake"])
    desk = Desk(world.barrage.clients["intake"], world.county, dict(world.barrage.headers))
    await desk.does("county", number, "accept")
    await desk.does("county", number, "log_work", words="已约谈", contacted=True)
    await desk.does("county", number, "supervise", words="抓紧")
    await desk.does("county", number, "join", unit="441624-D-JTJ", task="核对砂石运输")
    await desk.does("roads", number, "finish_task", words="已核对")


@pytest.mark.timeout(600)  # everybody below it asks everything, six times
async def test_the_accused_unit_cannot_tell_whether_it_was_reported(world):
    before = await world.seen(ACCUSED + BESIDE, world.barrage.known)
    numbers = await _reported(world)
    await world.county.settle()
    after = await world.seen(ACCUSED + BESIDE, world.barrage.known)
    assert "\n".join(told_apart(before, after)) == ""
    await _work_goes_on(world, numbers[0])
    later = await world.seen(ACCUSED, world.barrage.known)
    assert "\n".join(told_apart(before, later)) == ""
    for number in numbers:
        known = await world.names(number)
        for operation in (found for found in ASKING if any(f"{{{name}}}" in found.path for name in known)):
            for login in ACCUSED:
                there = await world.ask(operation, login, {**world.barrage.known, **known})
                nowhere = await world.ask(operation, login, {**world.barrage.known, **NOWHERE})
                assert world.plain(there) == world.plain(nowhere), (str(operation), login)
    use_database(world.barrage.databases["intake"])
    desk = Desk(world.barrage.clients["intake"], world.county, dict(world.barrage.headers))
    await desk.file(WORDS, place={"unit_code": SHUIKOU})
    seen = await world.seen(ACCUSED, world.barrage.known)
    assert {address for (address, login), said in seen.items() if said != later[address, login]} >= ORDINARY
