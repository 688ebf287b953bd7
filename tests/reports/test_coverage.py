"""Coverage: each figure is the size of its list, for every role that may ask; a grid is silent when nothing at all was heard of it."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from services.platform.clock import local_day, now
from services.platform.database import REPORTING
from services.platform.ids import new_id
from services.reports.coverage_metrics import DEFINITIONS, WORKLOAD, figure_of, median_text
from tests.conftest import TestDatabase
from tests.county import BLANK_GRID, PENGZHAI, SHUIKOU, STAFFED_GRID, YANGMING
from tests.reports import ground
from tests.reports.signing import signed_in_as


@pytest.fixture
async def door(county: TestDatabase) -> AsyncIterator[AsyncClient]:
    """The reporting door over a county whose units are there since 2024."""
    from reporting_api.app import build

    await county.owner.execute("UPDATE units SET valid_from = '2024-01-01', version = version + 1")
    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(build()), base_url="http://door") as client:
        yield client


async def ask(door: AsyncClient, path: str = "", login: str = "analyst", *, status: int = 200, **query: Any) -> Any:
    """Ask; return the body."""
    answer = await door.get(f"/v1/reports/coverage{path}", params=query, headers=await signed_in_as(login))
    assert answer.status_code == status, answer.text
    return answer.json()


async def listed(door: AsyncClient, metric: str, login: str = "analyst", **query: Any) -> list[dict[str, Any]]:
    """Return all pages of what a figure counts."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await ask(door, f"/{metric}", login, limit=200, **query, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            assert page["total"] == len(items)
            return items


def figures(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the figures of a report or row by metric."""
    return {figure["metric"].partition("@")[0]: figure for figure in told["total" if "total" in told else "figures"]}


async def put_activity(county: TestDatabase, unit: str, day: date, *, withdrawn: datetime | None = None) -> None:
    """Write an entry of the ledger at a grid."""
    await county.owner.execute(
        "INSERT INTO activities (id, kind, unit_id, member_id, happened_on, outcome, fingerprint, recorded_at, recorded_by_account_id,"
        " withdrawn_at, withdrawn_because)"
        " SELECT $1, 'dispute', units.id, accounts.member_id, $3, 'settled', '', $4, accounts.id, $5, $6"
        " FROM units, accounts WHERE units.code = $2 AND login = 'shuikou'",
        new_id(), unit, day, now() - timedelta(days=1), withdrawn, "other" if withdrawn else None,
    )  # fmt: skip


async def put_ticket(county: TestDatabase, unit: str, received: datetime, **values: Any) -> None:
    """Write a ticket at a unit."""
    row = await county.owner.fetchrow("SELECT id, path FROM units WHERE code = $1", unit)
    at = {"received_at": received, "recorded_at": received}
    ticket = await ground.put(county.owner, **at, place_unit_id=row["id"], area_path=row["path"], **values)
    await ground.counted(county.url, [ticket])


async def test_count_is_list_for_every_figure_role_row_and_instant(door: AsyncClient, county: TestDatabase) -> None:
    here = now()
    lead = await county.value("SELECT id FROM units WHERE code = $1", SHUIKOU)
    await put_ticket(county, STAFFED_GRID, here - timedelta(days=2), lead_unit_id=lead, due=here - timedelta(hours=3))
    await put_ticket(county, BLANK_GRID, here - timedelta(days=40), lead_unit_id=lead)
    for login in ("analyst", "pengzhai", "yangming"):
        for query in ({}, {"weeks": 8}, {"as_of": (here - timedelta(days=1)).isoformat()}):
            told = await ask(door, "", login, by="unit:township", **query)
            for name, figure in figures(told).items():
                if figure["no_data"]:
                    continue
                assert len(await listed(door, name, login, **query)) == figure["numerator"], (login, query, name)
                if figure["denominator"] is not None:
                    assert len(await listed(door, name, login, part="denominator", **query)) == figure["denominator"]
            for key in (PENGZHAI, YANGMING):
                for row in (row for row in told["rows"] if row["key"] == key):
                    figure = figures(row)["silent_grids"]
                    items = await listed(door, "silent_grids", login, by="unit:township", key=key, **query)
                    assert len(items) == figure["numerator"]
            parts = [figures(row)["silent_grids"]["numerator"] for row in told["rows"]]
            assert sum(parts) == figures(told)["silent_grids"]["numerator"], "grids of all rows are the grids there are"
    whole = figures(await ask(door))
    assert (whole["overdue_units"]["shown"], whole["overdue_unit_rate"]["shown"]) == ("1", "100.00%")
    (late,) = await listed(door, "overdue_units")
    assert (late["key"], late["overdue"]) == (SHUIKOU, 1)
    before = figures(await ask(door, as_of=(here - timedelta(days=1)).isoformat()))
    assert (before["overdue_units"]["shown"], before["overdue_unit_rate"]["shown"]) == ("0", "—"), "nobody knew of these tickets then"


async def test_a_grid_is_silent_when_neither_a_ticket_nor_the_ledger_tells_of_it(door: AsyncClient, county: TestDatabase) -> None:
    here, today = now(), local_day(now())
    everywhere = figures(await ask(door))["silent_grids"]["numerator"]
    assert everywhere == figures(await ask(door))["silent_grid_rate"]["denominator"], "nothing was heard of anything"
    await put_ticket(county, STAFFED_GRID, here - timedelta(weeks=5))
    await put_activity(county, BLANK_GRID, today - timedelta(weeks=3), withdrawn=here - timedelta(hours=1))
    silent = {item["key"]: item for item in await listed(door, "silent_grids", unit=SHUIKOU)}
    assert set(silent) == {STAFFED_GRID, BLANK_GRID}, "an old ticket and a withdrawn entry are no sign of life"
    assert silent[STAFFED_GRID]["last_ticket_at"] is not None
    assert (silent[BLANK_GRID]["last_ticket_at"], silent[BLANK_GRID]["last_activity_on"]) == (None, None)
    before = {item["key"]: item for item in await listed(door, "silent_grids", unit=SHUIKOU, as_of=(here - timedelta(hours=2)).isoformat())}
    assert set(before) == {STAFFED_GRID}, "before it was withdrawn, the entry told of the grid"
    assert [item["key"] for item in await listed(door, "silent_grids", unit=SHUIKOU, weeks=6)] == [BLANK_GRID]
    await put_activity(county, BLANK_GRID, today - timedelta(weeks=4))
    assert [item["key"] for item in await listed(door, "silent_grids", unit=SHUIKOU)] == [STAFFED_GRID]
    await county.owner.execute("UPDATE units SET valid_from = $2 WHERE code = $1", STAFFED_GRID, today - timedelta(weeks=3))
    assert await listed(door, "silent_grids", unit=SHUIKOU) == [], "a grid younger than the weeks is not counted"


async def test_blank_units_and_cadres_follow_posts_and_their_days(door: AsyncClient, county: TestDatabase) -> None:
    told = figures(await ask(door, unit=SHUIKOU))
    assert (told["blank_units"]["shown"], told["staffing_rate"]["shown"]) == ("1", "66.67%")
    assert (told["blank_grids"]["shown"], told["grid_staffing_rate"]["shown"]) == ("1", "50.00%")
    assert [item["key"] for item in await listed(door, "blank_units", unit=SHUIKOU)] == [BLANK_GRID]
    assert told["placement_rate"]["shown"] == "0.00%"
    (cadre,) = await listed(door, "unplaced_cadres", unit=SHUIKOU)
    member = await county.value("SELECT member_id FROM accounts WHERE login = 'shuikou'")
    assert (cadre["member_id"], cadre["units"][0]["code"]) == (str(member), SHUIKOU)
    before = figures(await ask(door, unit=SHUIKOU, as_of="2023-12-31T00:00:00Z"))
    assert (before["blank_units"]["shown"], before["placement_rate"]["shown"]) == ("0", "—"), "before any unit was there"
    await county.owner.execute(
        "INSERT INTO posts (id, member_id, unit_id, role, valid_from, created_at)"
        " SELECT $1, $2, id, 'guide', $4, now() FROM units WHERE code = $3",
        new_id(), member, BLANK_GRID, local_day(now()),
    )  # fmt: skip
    yesterday = (now() - timedelta(days=1)).isoformat()
    assert figures(await ask(door, unit=SHUIKOU, as_of=yesterday))["placement_rate"]["shown"] == "0.00%"
    assert figures(await ask(door, unit=SHUIKOU))["placement_rate"]["shown"] == "100.00%"


async def test_what_cannot_be_asked_is_refused(door: AsyncClient) -> None:
    for path, login, status, query, code in (
        ("/nothing", "analyst", 404, {}, "metric.unknown"),
        ("/silent_grids@2", "analyst", 404, {}, "metric.unknown"),
        ("/silent_grids", "analyst", 422, {"part": "denominator"}, "part.unknown"),
        ("/silent_grids", "analyst", 422, {"key": PENGZHAI}, "key.without_rows"),
        ("/silent_grids", "analyst", 404, {"key": SHUIKOU, "by": "unit:township"}, "key.unknown"),
        ("", "analyst", 422, {"weeks": 0}, "request.invalid"),
        ("", "yangming", 403, {"unit": PENGZHAI}, "unit.outside_scope"),
        ("", "grid", 403, {}, "permission.denied"),
    ):
        assert (await ask(door, path, login, status=status, **query))["code"] == code


async def test_workload_has_medians_and_loads_for_a_thousand_people(door: AsyncClient, county: TestDatabase) -> None:
    here = now()
    for unit, how_many in ((SHUIKOU, 3), (PENGZHAI, 8)):
        lead = await county.value("SELECT id FROM units WHERE code = $1", unit)
        member = await county.value("SELECT member_id FROM posts WHERE unit_id = $1", lead)
        for _ in range(how_many):
            await put_ticket(county, SHUIKOU, here, lead_unit_id=lead, lead_member_id=member)
    await county.owner.execute("UPDATE units SET population = 976, version = version + 1 WHERE code = $1", SHUIKOU)
    answer = await door.get("/v1/workload", headers=await signed_in_as("analyst"))
    told = answer.json()
    assert (told["total"], told["median_per_post"], told["median_per_member"]) == (11, "5.50", "5.50")
    loads = {load["unit"]["code"]: load for load in told["units"]}
    assert (loads[SHUIKOU]["population"], loads[SHUIKOU]["open_per_1000"]) == (976, "3.07")
    assert (loads[PENGZHAI]["population"], loads[PENGZHAI]["open_per_1000"]) == (None, None)


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=12))
def test_half_of_the_values_are_no_larger_than_the_median(thirds: list[int]) -> None:
    values = [Fraction(third, 3) for third in thirds]
    shown = Fraction(median_text(values) or 0)
    slack = Fraction(1, 200)
    assert 2 * sum(value <= shown + slack for value in values) >= len(values)
    assert 2 * sum(value >= shown - slack for value in values) >= len(values)


def test_every_definition_is_told_in_words_and_nothing_is_a_dash() -> None:
    for metric in (*DEFINITIONS, *WORKLOAD):
        assert metric.numerator, metric.id
        assert metric.name, metric.id
        assert (metric.kind != "rate") == (metric.unit != "%"), metric.id
    assert {figure_of(metric, {}).shown for metric in DEFINITIONS} == {"—"}
    assert median_text([]) is None
