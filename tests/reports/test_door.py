"""The reporting door over HTTP: definitions, figures, their tickets, tables, tags, and clear words for what cannot be."""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pytest
from httpx import ASGITransport, AsyncClient
from openpyxl import load_workbook

from reporting_api.app import build
from services.exports.definitions import every_definition
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.database import REPORTING, WORKER, Database, database, use_database
from services.platform.unit_of_work import unit_of_work
from services.policies.actions import activate, draft
from services.reports.composite import KIND as COMPOSITE
from services.reports.composite import forget_weights
from services.reports.counting import count
from services.reports.metrics import METRICS
from tests import county as heping
from tests.conftest import TestDatabase
from tests.reports import ground
from tests.reports.signing import signed_in_as

PLACE = f"/{heping.COUNTY}/{heping.PENGZHAI}/{heping.SHUIKOU}/"
ELSEWHERE = f"/{heping.COUNTY}/{heping.YANGMING}/"
NOVEMBER = {"from": "2026-11-01", "to": "2026-11-30"}


@pytest.fixture
async def door(county: TestDatabase) -> AsyncIterator[AsyncClient]:
    """The reporting door over a county with seven tickets received in November 2026, one of them discovered and one rejected."""
    day = ground.NOON
    due = day + timedelta(days=2)
    ticket = {"area_path": PLACE, "category_code": "water.pipe_burst"}
    kept = [
        await ground.put(county.owner, **ticket, due=due, status="closed", closed_at=day + timedelta(days=1)),
        await ground.put(county.owner, **ticket, due=due, status="closed", closed_at=day + timedelta(days=3), channel="wechat"),
        await ground.put(county.owner, **ticket, due=due),
        await ground.put(county.owner, area_path=ELSEWHERE),
        await ground.put(county.owner, area_path=f"/{heping.COUNTY}/"),
        await ground.put(county.owner, **ticket, source="discovered", channel="field"),
        await ground.put(county.owner, **ticket, status="rejected"),
    ]
    keeper, reader = Database(county.url, WORKER), Database(county.url, REPORTING)
    use_database(keeper)
    await ground.tell(kept)
    async with unit_of_work(SYSTEM) as work:
        await count(work, kept)
    use_database(reader)
    async with client() as found:
        yield found
    await keeper.close()
    await reader.close()


@asynccontextmanager
async def client() -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(build()), base_url="http://door") as found:
        yield found


async def get(door: AsyncClient, address: str, login: str = "analyst", *, status: int = 200, **query: Any) -> Any:
    answer = await door.get(address, params=query, headers=await signed_in_as(login))
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_every_metric_is_listed_with_its_definition(door: AsyncClient) -> None:
    items = (await get(door, "/v1/metrics"))["items"]
    assert [item["id"] for item in items if item["family"] == "tickets"] == list(METRICS)
    assert [item["metric"] for item in items] == [definition.key for definition in every_definition()]
    assert all(item["name"] and item["numerator"] for item in items)
    assert [item["denominator"] for item in items if item["id"] == "completion_rate_due"] == ["本期到期的工单,含以前各期受理的"]


def metrics_in(body: Any) -> set[str]:
    """Return every `metric` anywhere in an answer."""
    if isinstance(body, list):
        return set().union(*map(metrics_in, body))
    if not isinstance(body, dict):
        return set()
    own = {body["metric"]} if isinstance(body.get("metric"), str) else set()
    return own.union(*map(metrics_in, body.values()))


async def test_each_published_figure_is_answered_at_its_address_under_its_version(door: AsyncClient) -> None:
    answers: dict[str, Any] = {}
    for item in (await get(door, "/v1/metrics"))["items"]:
        if item["ask"].startswith("/v1/figures/"):  # at the intake door: tests/reports/test_households.py, test_satisfied_households.py
            continue
        if item["ask"] not in answers:
            answers[item["ask"]] = await get(door, item["ask"])
        found = answers[item["ask"]]
        if not item["field"]:
            assert item["metric"] in metrics_in(found), item["id"]
            continue
        for name in item["field"].split("."):
            found = found[0] if isinstance(found, list) else found
            assert name in found, item["id"]
            found = found[name]


async def test_times_have_median_and_p90_and_lead_to_the_slowest_tickets(door: AsyncClient) -> None:
    told = await get(door, "/v1/reports/close_time", **NOVEMBER, by="unit:township")
    total = told["total"]
    assert (told["metric"], total["tickets"], total["median"], total["p90"]) == ("close_time@1", 2, 1400, 4300)
    assert (total["median_shown"], total["p90_shown"]) == ("23小时20分", "2天23小时40分")
    assert [row["median"] for row in told["rows"] if row["key"] == heping.PENGZHAI] == [1400]
    address = "/v1/reports/close_time/tickets"
    slowest, measured = await get(door, address, **NOVEMBER), await get(door, address, **NOVEMBER, part="measured")
    assert (slowest["total"], slowest["part"], measured["total"]) == (1, "slowest", 2)
    assert slowest["items"][0]["channel"] == "wechat"
    here = {"by": "unit:township", "key": heping.PENGZHAI}
    assert (await get(door, address, **NOVEMBER, **here))["items"] == slowest["items"]
    refused = await get(door, address, status=422, **NOVEMBER, part="numerator")
    assert refused["code"] == (await get(door, "/v1/reports/received/tickets", status=422, **NOVEMBER, part="slowest"))["code"]
    assert refused["code"] == "part.unknown"


async def test_the_three_rates_are_one_score_and_lack_of_data_is_told(door: AsyncClient) -> None:
    told = await get(door, "/v1/reports/three_rates", **NOVEMBER, by="unit:township")
    assert told["weights"] == {"version": 0, "parts": {"response_rate@1": 30, "resolution_rate@1": 35, "satisfaction_rate@1": 35}}
    assert (told["total"]["shown"], told["total"]["missing"]) == ("—", ["response_rate@1", "resolution_rate@1", "satisfaction_rate@1"])
    assert (await get(door, "/v1/reports/three_rates/tickets", status=422, **NOVEMBER))["code"] == "metric.composite"
    headers = await signed_in_as("analyst")
    for metric, heading in {"three_rates": "权重版本", "close_time": "九成位"}.items():
        asked = {**NOVEMBER, "by": "unit:township", "compare": "both"}
        table = await door.get(f"/v1/reports/{metric}.csv", params=asked, headers=headers)
        rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
        assert heading in rows[0]
        assert {len(row) for row in rows} == {len(rows[0])}
        assert rows[-1][-1] == "—"
        assert rows[-1][4] == "合计"


async def test_new_weights_of_the_three_rates_change_no_period_that_is_over(door: AsyncClient, county: TestDatabase) -> None:
    weights = {"response_rate": 20, "resolution_rate_called": 40, "satisfaction_rate": 40}
    reader, keeper = database(), Database(county.url, WORKER)
    use_database(keeper)
    async with unit_of_work(SYSTEM) as work:
        drafted = await draft(work, "composite", {"parts": [{"metric": name, "weight": weight} for name, weight in weights.items()]})
        await activate(work, COMPOSITE, drafted.version)
    use_database(reader)
    forget_weights()
    told = await get(door, "/v1/reports/three_rates")
    assert told["weights"] == {"version": 1, "parts": {f"{name}@1": weight for name, weight in weights.items()}}
    over = await get(door, "/v1/reports/three_rates", **{"from": "2026-10-01", "to": "2026-10-31"})
    assert over["weights"]["version"] == 0
    for metric, shown in {"three_rates": "change_shown", "close_time": "median_change_shown"}.items():
        beside = await get(door, f"/v1/reports/{metric}", compare="both", by="week", **NOVEMBER)
        assert beside["compared"]["previous"]["first"] == "2026-10-01"
        for figure in (beside["total"], *beside["rows"]):
            assert figure["previous"][shown] == figure["year_before"][shown] == "—", "nothing was recorded then"
    await keeper.close()


async def test_three_definitions_of_the_completion_rate_give_three_figures_that_name_themselves(door: AsyncClient) -> None:
    shown = {}
    for metric in ("completion_rate_received", "completion_rate_due", "on_time_rate", "on_time_rate_due"):
        told = await get(door, f"/v1/reports/{metric}", **NOVEMBER)
        shown[told["metric"]] = told["total"]["shown"]
    assert shown == {
        "completion_rate_received@1": "40.00%",
        "completion_rate_due@1": "66.67%",
        "on_time_rate@1": "50.00%",
        "on_time_rate_due@1": "33.33%",
    }


async def test_discovered_matters_are_counted_apart_and_exclusions_are_stated(door: AsyncClient) -> None:
    told = await get(door, "/v1/reports/received", **NOVEMBER)
    assert told["total"]["value"] == 5
    assert told["exclusions"] == {"rejected": 1, "cancelled": 0, "merged": 0, "total": 1}
    assert (await get(door, "/v1/reports/discovered", **NOVEMBER))["total"]["value"] == 1
    assert (await get(door, "/v1/reports/received", source="all", **NOVEMBER))["total"]["value"] == 6


async def test_each_row_drills_down_to_its_tickets_page_by_page(door: AsyncClient) -> None:
    query = {**NOVEMBER, "by": "unit:township"}
    told = await get(door, "/v1/reports/received", **query)
    rows = {row["key"]: row["numerator"] for row in told["rows"] if row["numerator"]}
    assert rows == {heping.PENGZHAI: 3, heping.YANGMING: 1, "-": 1}
    assert len(told["rows"]) == 18
    headers = await signed_in_as("analyst")
    address = f"/v1/reports/received/tickets?from=2026-11-01&to=2026-11-30&by=unit:township&key={heping.PENGZHAI}&limit=2"
    numbers: list[str] = []
    while address:
        answer = await door.get(address, headers=headers)
        assert answer.headers["X-Total-Count"] == "3"
        assert answer.json()["total"] == 3
        numbers += [item["number"] for item in answer.json()["items"]]
        address = answer.headers.get("Link", "").partition(";")[0].strip("<>")
    assert len(numbers) == len(set(numbers)) == 3


async def test_a_table_opens_in_excel_with_its_chinese_and_without_formulas(door: AsyncClient) -> None:
    headers = await signed_in_as("analyst")
    query = "from=2026-11-01&to=2026-11-30&by=unit:township"
    told = [
        await door.get(f"/v1/reports/received.csv?{query}", headers=headers),
        await door.get(f"/v1/reports/received?{query}&format=csv", headers=headers),
        await door.get(f"/v1/reports/received?{query}", headers={**headers, "Accept": "text/csv, */*;q=0.1"}),
    ]
    assert {answer.content for answer in told} == {told[0].content}
    assert told[0].content.startswith(b"\xef\xbb\xbf")
    assert told[0].headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(told[0].content.decode("utf-8-sig"))))
    assert rows[0][4] == "名称"
    assert [
        "received@1",
        "2026-11-01",
        "2026-11-30",
        heping.PENGZHAI,
        "彭寨镇",
        "3",
        "",
        "",
        "3",
        "3",
        "3",
        "0",
        "",
        "60.00",
        "60.00",
    ] in rows
    assert rows[0][13:] == ["占比", "占比(四舍五入)"]
    assert rows[-1][4:6] == ["合计", "5"]
    tickets = await door.get(f"/v1/reports/on_time_rate/tickets?{query}&format=csv", headers=headers)
    table = list(csv.reader(io.StringIO(tickets.content.decode("utf-8-sig"))))
    assert table[1][1:4] == ["办结", "热线", "群众诉求"]
    assert table[1][9] == "2026年11月10日 12:00"


async def test_a_table_is_had_as_a_workbook_and_as_a_parquet_file(door: AsyncClient, tmp_path: Path) -> None:
    headers = await signed_in_as("analyst")
    query = "from=2026-11-01&to=2026-11-30&by=unit:township&compare=previous"
    book = await door.get(f"/v1/reports/received.xlsx?{query}", headers=headers)
    sheet = load_workbook(io.BytesIO(book.content)).worksheets[0]
    lines = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert lines[0][-2:] == ["上期", "环比"]
    (pengzhai,) = [line for line in lines if heping.PENGZHAI in line]
    assert (pengzhai[4], pengzhai[5], pengzhai[-2:]) == ("彭寨镇", 3, ["—", "—"])
    file = tmp_path / "received.parquet"
    file.write_bytes((await door.get(f"/v1/reports/received?{query}&format=parquet", headers=headers)).content)
    found = duckdb.sql(f"SELECT numerator, share FROM '{file}' WHERE key = '{heping.PENGZHAI}'").fetchall()
    assert found == [(3, 60.0)]


async def test_filters_instants_and_comparison_are_asked_in_the_address(door: AsyncClient) -> None:
    told = await get(door, "/v1/reports/received", **NOVEMBER, compare="both", by="month")
    assert told["compared"]["previous"] == {"first": "2026-10-01", "last": "2026-10-31", "since": None, "until": None}
    assert told["compared"]["year_before"]["first"] == "2025-11-01"
    assert told["total"]["previous"]["change_shown"] == "—", "nothing was recorded then"
    noon = {"from": "2026-11-10T12:00:00+08:00", "to": "2026-11-10T12:00:01+08:00"}
    at_noon, later = await get(door, "/v1/reports/received", **noon), {"from": noon["to"], "to": "2026-11-30"}
    before = await get(door, "/v1/reports/received", **{"from": "2026-11-01", "to": noon["from"]})
    after = await get(door, "/v1/reports/received", **later)
    counts = [found["total"]["numerator"] for found in (before, at_noon, after)]
    assert sum(counts) == 5
    assert at_noon["period"]["since"] == "2026-11-10T04:00:00Z"
    rounds = await get(door, "/v1/reports/received", **NOVEMBER, by="round")
    assert [row["name"] for row in rounds["rows"]] == ["第一轮", "第二轮", "第三轮及以上"]
    for parameter, values in {"urgency": ("normal", "urgent", "emergency"), "round": ("1", "2", "3")}.items():
        parts = [(await get(door, "/v1/reports/received", **NOVEMBER, **{parameter: value}))["total"]["numerator"] for value in values]
        assert sum(parts) == 5, parameter


async def test_an_unchanged_report_is_not_sent_again(door: AsyncClient) -> None:
    headers = await signed_in_as("analyst")
    first = await door.get("/v1/reports/received", params=NOVEMBER, headers=headers)
    again = await door.get("/v1/reports/received", params=NOVEMBER, headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == "private, no-cache"
    shorter = {**NOVEMBER, "to": "2026-11-01"}
    other = await door.get("/v1/reports/received", params=shorter, headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


OWN = [("county", 5, True), ("pengzhai", 3, False), ("shuikou", 3, False), ("yangming", 1, False), ("grid", 0, False), ("water", 0, False)]


async def test_everybody_counts_their_own(door: AsyncClient) -> None:
    for login, expected, whole in OWN:
        told = await get(door, "/v1/reports/received", login, **NOVEMBER)
        assert (told["total"]["numerator"], told["whole"]) == (expected, whole), login


async def test_a_department_counts_its_functional_line(door: AsyncClient, county: TestDatabase) -> None:
    water = await county.value("SELECT id FROM units WHERE code = $1", heping.WATER)
    ticket = await county.value("SELECT ticket_id FROM report_facts WHERE completed ORDER BY ticket_id LIMIT 1")
    await county.owner.execute(
        "INSERT INTO assignments (id, ticket_id, round, sequence, part, unit_id, assigned_at, why)"
        " VALUES (gen_random_uuid(),$1,1,1,'lead',$2,$3,'{}')",
        ticket, water, ground.NOON,
    )  # fmt: skip
    told = await get(door, "/v1/reports/completion_rate_received", "water", **NOVEMBER)
    assert (told["total"]["numerator"], told["total"]["denominator"], told["whole"]) == (1, 1, False)
    assert (await get(door, "/v1/reports/completion_rate_received", "roads", **NOVEMBER))["total"]["no_data"]
    listed = await get(door, "/v1/reports/received/tickets", "water", **NOVEMBER)
    assert listed["total"] == len(listed["items"]) == 1


IMPOSSIBLE = [
    ("/v1/reports/办结率", "analyst", 404, "metric.unknown"),
    ("/v1/reports/received@9", "analyst", 404, "metric.unknown"),
    ("/v1/reports/received?unit=999", "analyst", 404, "unit.unknown"),
    ("/v1/reports/received?category=nothing", "analyst", 404, "category.unknown"),
    ("/v1/reports/received?channel=nothing", "analyst", 404, "channel.unknown"),
    ("/v1/reports/received?from=2026-11-31", "analyst", 422, "period.invalid"),
    ("/v1/reports/received?from=yesterday", "analyst", 422, "period.invalid"),
    ("/v1/reports/received?from=2026-11-02&to=2026-11-01", "analyst", 422, "period.invalid"),
    ("/v1/reports/received?by=moon", "analyst", 422, "request.invalid"),
    (f"/v1/reports/received?unit={heping.YANGMING}", "pengzhai", 403, "unit.outside_scope"),
    (f"/v1/reports/received?unit={heping.WATER}", "analyst", 422, "unit.not_an_area"),
    ("/v1/reports/received/tickets?part=denominator", "analyst", 422, "part.unknown"),
    ("/v1/reports/received/tickets?key=x", "analyst", 422, "key.without_rows"),
    ("/v1/reports/received/tickets?key=x&by=channel", "analyst", 404, "key.unknown"),
    ("/v1/reports/received/tickets?key=2026-13-01&by=day", "analyst", 404, "key.unknown"),
    ("/v1/reports/received/tickets?cursor=abc", "analyst", 400, "cursor.malformed"),
    ("/v1/reports/received/tickets?cursor=WyJhIiwiYiJd", "analyst", 400, "cursor.malformed"),
    (f"/v1/overdue?unit={heping.YANGMING}", "pengzhai", 403, "unit.outside_scope"),
    ("/v1/workload?holder=999", "analyst", 404, "unit.unknown"),
]


async def test_what_cannot_be_answered_says_why(door: AsyncClient) -> None:
    for address, login, status, code in IMPOSSIBLE:
        answer = await door.get(quote(address, safe="/?=&@:"), headers=await signed_in_as(login))
        assert (answer.status_code, answer.json()["code"]) == (status, code), address
        assert answer.headers["content-type"] == "application/problem+json"


async def test_nothing_is_told_without_signing_in(door: AsyncClient) -> None:
    for address in ("/v1/metrics", "/v1/reports/received", "/v1/reports/received/tickets", "/v1/overdue", "/v1/workload"):
        assert (await door.get(address)).status_code == 401


async def test_overdue_tickets_come_in_due_order_with_their_holders(door: AsyncClient, county: TestDatabase) -> None:
    village = await county.value("SELECT id FROM units WHERE code = $1", heping.SHUIKOU)
    now = clock.now()
    fresh = []
    for hours in (5, 50, 20):
        due = now - timedelta(hours=hours)
        received = due - timedelta(days=1)
        fresh.append(
            await ground.put(county.owner, area_path=PLACE, lead_unit_id=village, number=f"L{hours:02}", due=due, received_at=received)
        )
    fresh.append(await ground.put(county.owner, area_path=PLACE, number="EARLY", due=now + timedelta(hours=5)))
    fresh.append(await ground.put(county.owner, area_path=PLACE, number="CLOSED", due=now - timedelta(hours=5), status="closed"))
    await ground.counted(county.url, fresh)
    since = {"limit": 2, "unit": heping.SHUIKOU}
    first = await get(door, "/v1/overdue", "shuikou", **since)
    rest = await get(door, "/v1/overdue", "shuikou", cursor=first["next"], **since)
    listed = [item["number"] for item in first["items"] + rest["items"]]
    mine = [number for number in listed if number.startswith("L")]
    assert mine == ["L50", "L20", "L05"]
    assert "EARLY" not in listed
    assert "CLOSED" not in listed
    assert first["total"] == len(listed) == sum(unit["overdue"] for unit in first["units"])
    assert {"unit": {"code": heping.SHUIKOU, "name": "水口村村民委员会"}, "overdue": 3} in first["units"]
    load = await get(door, "/v1/workload", "shuikou", holder=heping.SHUIKOU)
    assert load["total"] == 3
    (unit,) = load["units"]
    assert (unit["open"], unit["overdue"], unit["posts"], unit["per_post"]) == (3, 3, 1, "3.00")
    assert sum(member["open"] for member in unit["members"]) == 3
    assert (await get(door, "/v1/overdue", "yangming"))["items"] == []


async def test_the_reporting_role_cannot_write(door: AsyncClient, county: TestDatabase) -> None:
    rights = await county.fetch(
        "SELECT table_name FROM information_schema.table_privileges WHERE grantee = 'daguanjia_reporting' AND privilege_type <> 'SELECT'"
    )
    assert rights == []
