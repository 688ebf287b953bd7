"""From tickets to the public page: frozen, corrected, searched, and nobody in it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from httpx import ASGITransport, AsyncClient, Response

from dispatch_worker.jobs.notices import notices
from dispatch_worker.station import Station
from reporting_api.app import build
from services.notifications.senders import Senders
from services.platform.actor import SYSTEM
from services.platform.database import REPORTING, WORKER
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.reports.counting import count
from tests import county as heping
from tests.conftest import TestDatabase
from tests.reports import ground

OCTOBER = datetime(2026, 10, 12, 4, tzinfo=UTC)
SHUIKOU = f"/{heping.COUNTY}/{heping.PENGZHAI}/{heping.SHUIKOU}/"
OTHER = f"/{heping.COUNTY}/{heping.PENGZHAI}/441624108201/"
THIRD = f"/{heping.COUNTY}/{heping.PENGZHAI}/441624108202/"
YANGMING = f"/{heping.COUNTY}/{heping.YANGMING}/"
CANARIES = ("金丝雀", "13800138000", "oCanaryOpenid", "王举报")


async def _put(owner: asyncpg.Connection, how_many: int, household: str = "", **values: Any) -> list[UUID]:
    """Write closed tickets of October, each told by a household of its own, or all by one."""
    found = []
    for nth in range(how_many):
        closed = OCTOBER + timedelta(days=3)
        row = {
            "received_at": OCTOBER,
            "status": "closed",
            "resolved_at": closed,
            "closed_at": closed,
            "category_code": "water.outage",
        } | values
        ticket = await ground.put(owner, due=OCTOBER + timedelta(days=2 if nth == 0 else 9), **row)
        found.append(ticket)
        if row.get("source") == "discovered":
            continue
        complaint = new_id()
        await owner.execute(
            "INSERT INTO complaints"
            " (id, ticket_id, channel, channel_message_id, words, confidential, wants_answer, happened_at, received_at)"
            " VALUES ($1, $2, 'hotline', $3, $4, false, true, $5, $5)",
            complaint, ticket, str(complaint), "金丝雀说王举报的电话是13800138000", OCTOBER,
        )  # fmt: skip
        await owner.execute(
            "INSERT INTO complainants (complaint_id, sealed, row_key, phone_index, openid_index, recorded_at)"
            " VALUES ($1, $2, $2, $3, NULL, $4)",
            complaint, b"sealed", (household or f"{ticket}").encode(), OCTOBER,
        )  # fmt: skip
        await owner.execute(
            "INSERT INTO call_backs (id, ticket_id, round, called_at, reached, contacted, solved, satisfied)"
            " VALUES ($1, $2, 1, $3, true, true, $4, $5)",
            new_id(), ticket, closed + timedelta(days=1), nth % 7 != 0, nth % 3 != 0,
        )  # fmt: skip
    return found


async def _count(county: TestDatabase, tickets: list[UUID]) -> None:
    async with county.as_role(WORKER):
        await ground.tell(tickets)
        async with unit_of_work(SYSTEM) as work:
            await count(work, tickets)


@pytest.fixture
async def october(county: TestDatabase) -> TestDatabase:
    """A county with an October: two villages with plenty, one with few, one with many tickets of one household, and what is not public."""
    owner = county.owner
    kept = await _put(owner, 30, area_path=SHUIKOU)
    kept += await _put(owner, 20, area_path=OTHER, category_code="roads.damage")
    kept += await _put(owner, 3, area_path=THIRD)
    kept += await _put(owner, 25, area_path=YANGMING)
    kept += await _put(owner, 9, household="one", area_path=f"/{heping.COUNTY}/441624101/441624101001/")
    kept += await _put(owner, 12, area_path=SHUIKOU, category_code="conduct.cadre", privacy="confidential")
    kept += await _put(owner, 8, area_path=SHUIKOU, source="discovered", channel="field")
    september = OCTOBER - timedelta(days=30)
    kept += await _put(owner, 9, area_path=YANGMING, received_at=september, resolved_at=september, closed_at=september)
    await _count(county, kept)
    return county


@asynccontextmanager
async def _door(county: TestDatabase) -> AsyncIterator[AsyncClient]:
    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(build()), base_url="http://door") as client:
        yield client


async def _publish(county: TestDatabase) -> None:
    async with county.as_role(WORKER):
        await notices(Station(handlers={}, senders=Senders(), batch=200))


async def _read(door: AsyncClient, address: str, status: int = 200, **query: str) -> Any:
    answer = await door.get(address, params=query)
    assert answer.status_code == status, answer.text
    assert not any(canary in answer.text for canary in CANARIES)
    return answer.json() if "json" in answer.headers["content-type"] else answer.text


async def test_a_month_is_published_once_and_tells_nothing_small(october: TestDatabase) -> None:
    await _publish(october)
    rows = await october.fetch("SELECT period, area_code, version, content::text, sha256 FROM notices")
    await _publish(october)
    assert await october.value("SELECT count(*) FROM notices") == len(rows)
    assert {row["version"] for row in rows} == {1}
    assert "2026-10" in {row["period"] for row in rows}
    async with _door(october) as door:
        periods = await _read(door, "/v1/notice/periods")
        assert periods["items"][0]["code"] == "2026-10"
        assert [period["code"] for period in periods["items"]] == ["2026-10", "2026-09", "2026-Q3"]
        quarter = await _read(door, "/v1/notice/results", period="2026-Q3")
        assert (quarter["months"], quarter["figures"]["received"]["shown"]) == (["2026-09"], "9")
        whole = await _read(door, "/v1/notice/results")
        assert whole["figures"]["received"] == {"state": "exact", "value": 99, "low": None, "high": None, "shown": "99"}
        assert whole["figures"]["discovered"]["value"] == 8
        assert whole["figures"]["satisfaction_rate"]["state"] == "exact"
        shown = {row["code"]: row["figures"]["received"]["shown"] for row in whole["places"]["rows"]}
        assert shown["441624108"] == "65"
        assert "441624101" not in shown  # nine tickets of one household
        # of the households that nobody knows nothing follows: what is left stands for at least k
        assert whole["places"]["rest"]["received"] is None or whole["places"]["rest"]["received"] >= 5
        assert "村务与作风" in whole["categories"]["merged"]
        town = await _read(door, "/v1/notice/results", period="2026-10", area="441624108")
        villages = {row["code"]: row["figures"]["received"]["shown"] for row in town["places"]["rows"]}
        assert villages[heping.SHUIKOU] == "42"
        assert "441624108202" not in villages
        await _assert_matters(town)
        village = await _read(door, "/v1/notice/results", area=heping.SHUIKOU)
        assert village["parent"]["code"] == "441624108"
        assert village["figures"]["received"]["shown"] == "42"
        assert village["matters"]
        missing = await _read(door, "/v1/notice/results", 404, area="441624108202")
        assert missing["code"] == "notice.unknown"
        assert (await _read(door, "/v1/notice/results", 404, area="nowhere"))["code"] == "unit.unknown"
        assert (await _read(door, "/v1/notice/results", 422, period="2026-13"))["code"] == "notice.period_invalid"
        await _assert_pages(door)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _as_reporting(october, "SELECT basis FROM notices")


async def _assert_pages(door: AsyncClient) -> None:
    """Pages are read by people without script, and kept by whoever passes them on."""
    page = await door.get("/notice", params={"period": "2026-10"})
    assert page.headers["cache-control"] == "public, max-age=300"
    assert (await door.get("/notice", params={"period": "2026-10"}, headers={"If-None-Match": page.headers["etag"]})).status_code == 304
    assert "2026年10月" in page.text
    assert "received@1" in page.text
    assert "<script" not in page.text
    assert not any(canary in page.text for canary in CANARIES)
    for address in ("/notice", "/notice?area=441624108", "/notice?period=2026-Q3", "/notice/directory", "/notice/directory?q=水口"):
        assert (await door.get(address)).status_code == 200
    attack = '"><script>alert(1)</script>'
    assert "<script" not in (await door.get("/notice/directory", params={"q": attack})).text
    for address in ("/notice?period=x", "/notice?period=2026", f"/notice?area={attack}", "/notice/directory/nowhere"):
        missing = await door.get(address, headers={"Accept": "text/html,*/*"})
        assert missing.status_code == 404
        assert "没有这一期或这个地方" in missing.text
        assert (await door.get(address)).headers["content-type"] == "application/problem+json"
        assert "<script" not in missing.text


async def _as_reporting(county: TestDatabase, query: str) -> None:
    async with county.owner.transaction():
        await county.owner.execute(f"SET LOCAL ROLE {REPORTING}")
        await county.owner.execute(query)


async def _assert_matters(town: dict[str, Any]) -> None:
    kinds = {(matter["place"], matter["category"]) for matter in town["matters"]}
    assert len(town["matters"]) == 5 * len(kinds)
    assert "干部作风与举报" not in {category for _place, category in kinds}
    assert all(matter["days"] == 3 for matter in town["matters"])


async def test_nothing_published_is_said_in_words(county: TestDatabase) -> None:
    async with _door(county) as door:
        assert "还没有公布的结果" in (await door.get("/notice")).text
        assert (await door.get("/v1/notice/periods")).json() == {"items": []}


async def test_corrections_are_ordered_told_where_they_are_large_and_shown(october: TestDatabase, intake: AsyncClient) -> None:
    await _publish(october)
    admin, analyst = await heping.sign_in(intake, "admin"), await heping.sign_in(intake, "analyst")
    order = {"period": "2026-10", "act": "recount", "reason": "late_records"}
    assert (await _order(intake, analyst, order)).status_code == 403
    assert (await _order(intake, admin, order | {"period": "2025-01"})).json()["code"] == "notice.unknown"
    assert (await _order(intake, admin, order | {"reason": "金丝雀"})).status_code == 422
    # one late ticket is too little to be told
    await _count(october, await _put(october.owner, 1, area_path=SHUIKOU))
    assert await _followed(october, intake, admin, order) == "too_small"
    assert await october.value("SELECT max(version) FROM notices WHERE period = '2026-10'") == 1
    # ten more are told, on the page of the month and on those made of it
    await _count(october, await _put(october.owner, 10, area_path=SHUIKOU))
    assert await _followed(october, intake, admin, order) == "corrected"
    async with _door(october) as door:
        whole = await _read(door, "/v1/notice/results", period="2026-10")
        assert whole["version"] == 2
        assert whole["figures"]["received"]["shown"] == "110"
        assert {"metric": "received", "before": "99", "after": "110"} in whole["corrections"][0]["changed"]
        assert "更正" in await _read(door, "/notice", period="2026-10")
    assert await _followed(october, intake, admin, order) == "too_small"  # four more who are dissatisfied: never told
    assert await _followed(october, intake, admin, order | {"act": "withdraw", "reason": "not_public"}) == "withdrawn"
    async with _door(october) as door:
        whole = await _read(door, "/v1/notice/results", period="2026-10")
        assert whole["withdrawn"]["words"] == "不宜公开"
        assert {figure["state"] for figure in whole["figures"].values()} == {"merged"}
        assert "撤回" in await _read(door, "/notice", period="2026-10")
    events = await october.fetch("SELECT DISTINCT type FROM events WHERE type LIKE 'notice.%'")
    assert {row["type"] for row in events} == {"notice.published", "notice.corrected", "notice.correction_ordered"}


async def _order(intake: AsyncClient, headers: dict[str, str], body: dict[str, str]) -> Response:
    return await intake.post("/v1/notices/corrections", json=body, headers=headers | {"Idempotency-Key": str(new_id())})


async def _followed(county: TestDatabase, intake: AsyncClient, headers: dict[str, str], body: dict[str, str]) -> str:
    answer = await _order(intake, headers, body)
    assert answer.status_code == 201, answer.text
    assert (await _order(intake, headers, body)).json()["code"] == "notice.order_waiting"
    await _publish(county)
    found = (await intake.get(answer.headers["location"], headers=headers)).json()
    return str(found["outcome"])


async def test_names_are_shown_only_where_an_administrator_said_so(county: TestDatabase, intake: AsyncClient) -> None:
    admin = await heping.sign_in(intake, "admin")
    address = f"/v1/notice/places/{heping.STAFFED_GRID}"
    async with _door(county) as door:
        before = await _read(door, address)
        assert [rung["code"] for rung in before["rungs"]] == [heping.STAFFED_GRID, heping.SHUIKOU, heping.PENGZHAI, heping.COUNTY]
        assert all(not seat["names"] for rung in before["rungs"] for seat in rung["seats"])
        blank = await _read(door, f"/v1/notice/places/{heping.BLANK_GRID}")
        assert blank["rungs"][0]["blank"] is True
        assert blank["rungs"][0]["answered_by"].startswith("水口村") or "水口村" in blank["rungs"][0]["answered_by"]
        found = await _read(door, "/v1/notice/places", q="水口村")
        assert heping.SHUIKOU in {place["code"] for place in found["items"]}
        assert (await _read(door, "/v1/notice/places", q="没有这个地方"))["items"] == []
        assert (await door.get(f"/v1/notice/places/{heping.WATER}")).status_code == 404
    wanted = {"unit_code": heping.SHUIKOU, "roles": ["village_secretary", "grid_worker"], "below": True, "published": True}
    assert (await intake.post("/v1/notices/posts", json=wanted, headers=await heping.sign_in(intake, "county"))).status_code == 403
    assert (await intake.post("/v1/notices/posts", json=wanted, headers=admin)).json() == {"changed": 2}
    assert (await intake.post("/v1/notices/posts", json=wanted, headers=admin)).json() == {"changed": 0}
    async with _door(county) as door:
        after = await _read(door, address)
        assert after["rungs"][0]["seats"][0]["names"] == ["网格员辛"]
        assert after["rungs"][1]["seats"][0]["names"] == ["书记庚"]
        assert not any(seat["names"] for rung in after["rungs"][2:] for seat in rung["seats"])
        assert "网格员辛" in (await door.get(f"/notice/directory/{heping.STAFFED_GRID}")).text
    assert (await intake.post("/v1/notices/posts", json=wanted | {"published": False}, headers=admin)).json() == {"changed": 2}
    async with _door(county) as door:
        assert not any(seat["names"] for rung in (await _read(door, address))["rungs"] for seat in rung["seats"])
    told = await county.fetch("SELECT type, data::text FROM events WHERE type LIKE 'unit.posts_%' ORDER BY recorded_at")
    assert [row["type"] for row in told] == ["unit.posts_published", "unit.posts_unpublished"]
    assert "网格员辛" not in json.dumps([row["data"] for row in told], ensure_ascii=False)
