"""A list is counted once, with its first page: whatever the cursor brings back is told again, and no page after it counts."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, timedelta

import orjson
import pytest
from httpx import ASGITransport, AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from reporting_api.app import build
from reporting_api.places import read_counted, read_counted_twice, write_counted
from services.platform.actor import SYSTEM
from services.platform.clock import now
from services.platform.database import REPORTING, WORKER
from services.platform.errors import Problem
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.reports.counting import count
from tests.conftest import TestDatabase
from tests.county import SHUIKOU
from tests.reports import ground
from tests.reports.signing import signed_in_as

LISTS = {
    "/v1/tickets": {}, "/v1/reports/received/tickets": {}, "/v1/reports/close_time/tickets": {"part": "measured"},
    "/v1/reports/queue-fairness/tickets": {}, "/v1/reports/petitions/tickets": {}, "/v1/reports/hand-offs/tickets": {"part": "received"},
    "/v1/reports/coverage/silent_grids": {"weeks": "104"}, "/v1/reports/coverage/blank_grids": {},
}  # fmt: skip


@pytest.fixture
async def door(county: TestDatabase) -> AsyncIterator[AsyncClient]:
    """The reporting door over a dozen petitions that are done, in a village."""
    await county.owner.execute("UPDATE units SET valid_from = '2020-01-01', version = version + 1")
    village = await county.owner.fetchrow("SELECT id, path FROM units WHERE code = $1", SHUIKOU)
    ended = now() - timedelta(minutes=1)
    done = {"status": "closed", "received_at": ended, "recorded_at": ended, "accepted_at": ended, "resolved_at": ended, "closed_at": ended}
    held = {"place_unit_id": village["id"], "lead_unit_id": village["id"], "area_path": village["path"], "channel": "petition"}
    tickets = [await ground.put(county.owner, **done, **held) for _ in range(12)]
    for ticket in tickets:
        await county.owner.execute(
            "INSERT INTO assignments (id, ticket_id, round, sequence, part, unit_id, assigned_at, why)"
            " VALUES ($1, $2, 1, 1, 'lead', $3, $4, '{}')",
            new_id(), ticket, village["id"], ended,
        )  # fmt: skip
    async with county.as_role(WORKER):
        await ground.tell(tickets)
        async with unit_of_work(SYSTEM) as work:
            await count(work, tickets)
    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(build()), base_url="http://door") as client:
        yield client


async def test_every_page_tells_what_the_first_counted(door: AsyncClient) -> None:
    headers = await signed_in_as("analyst")
    for address, query in LISTS.items():
        first = (await door.get(address, params={**query, "limit": "5"}, headers=headers)).json()
        assert first["total"] >= 12, address
        whole = (await door.get(address, params={**query, "limit": "200"}, headers=headers)).json()["items"]
        items, cursor = list(first["items"]), first["next"]
        while cursor and len(items) < 15:
            answer = await door.get(address, params={**query, "limit": "5", "cursor": cursor}, headers=headers)
            page = answer.json()
            assert (page["total"], int(answer.headers["x-total-count"])) == (first["total"], first["total"]), address
            items, cursor = items + page["items"], page["next"]
        assert items == whole[: len(items)], address
        told = orjson.loads(base64.urlsafe_b64decode(first["next"] + "=="))
        places, counts = [part for part in told if isinstance(part, str)], [part for part in told if isinstance(part, int)]
        again = base64.urlsafe_b64encode(orjson.dumps([*places, *(77 for _ in counts)])).decode().rstrip("=")
        page = (await door.get(address, params={**query, "cursor": again}, headers=headers)).json()
        assert page["total"] == 77, f"{address} counts again"
        for wrong in ([*places, *(-1 for _ in counts)], places, [*places, *("12" for _ in counts)]):
            text = base64.urlsafe_b64encode(orjson.dumps(wrong)).decode().rstrip("=")
            refused = await door.get(address, params={**query, "cursor": text}, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (400, "cursor.malformed"), (address, wrong)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids(), st.integers(0, 10**15), st.integers(0, 10**15))
def test_a_cursor_brings_back_place_and_counts(instant, one, first, second):  # type: ignore[no-untyped-def]
    assert read_counted(write_counted((instant, one), first)) == ((instant, one), first)
    assert read_counted_twice(write_counted((instant, one), first, second)) == ((instant, one), (first, second))
    with pytest.raises(Problem):
        read_counted(write_counted((instant, one), -1 - first))
    assert write_counted(None, first) is None
    assert read_counted(None) == read_counted_twice(None) == (None, None)
