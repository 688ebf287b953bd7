"""活动开展以来: a programme's figures are the ledger's, in its units, from its first day on, as it was known at any instant."""

import random
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from httpx import ASGITransport, AsyncClient

from intake_api import programmes, sessions
from services.activities.metrics import COUNTERS
from tests.activities.test_figures import LATER, START, ask, by_hand, listed, scatter
from tests.conftest import TestDatabase
from tests.county import COUNTY, PENGZHAI, SHUIKOU, YANGMING
from tests.reports.signing import signed_in_as
from tests.web.doors import client_of

pytestmark = pytest.mark.asyncio
FIRST = date(2026, 1, 20)
BODY = {
    "code": "sanjin-sanfu", "name": "三进三服务", "starts_on": str(FIRST), "units": [PENGZHAI], "pairings": ["member_household"],
    "because": "全县动员。",
}  # fmt: skip


@pytest.fixture
async def reporting(county: TestDatabase) -> AsyncIterator[AsyncClient]:
    """The reporting door beside the intake door, each statement of it under the owner's role."""
    from reporting_api.app import app

    async with AsyncClient(transport=ASGITransport(app), base_url="http://reporting") as client:
        yield client


async def test_figures_since_a_programme_began_are_those_of_its_units_and_days(county: TestDatabase, reporting):
    rows = await scatter(county.owner, random.Random(11), 120)
    async with client_of([sessions.router, programmes.router]) as door:
        headers = await signed_in_as("county")

        async def said(method: str, path: str, body: dict, login_headers=None) -> tuple[int, dict]:
            answer = await door.request(method, f"/v1/programmes{path}", json=body, headers=login_headers or headers)
            return answer.status_code, answer.json()

        assert (await said("POST", "", BODY))[0] == 201
        assert (await said("POST", "", BODY))[0] == 200, "the same words again are the same programme"
        assert (await said("POST", "", BODY | {"name": "别的"}))[1]["code"] == "programme.code_taken"
        overlapping = BODY | {"code": "other", "units": [PENGZHAI, SHUIKOU]}
        assert (await said("POST", "", overlapping))[1]["code"] == "programme.units_overlap"
        assert (await said("POST", "", BODY | {"code": "other", "units": ["1"]}))[1]["code"] == "unit.unknown"
        assert (await said("POST", "", BODY, await signed_in_as("pengzhai")))[1]["code"] == "permission.denied"

        now = (await reporting.get("/v1/programmes", headers=headers)).json()
        assert [(one["code"], one["units"], one["ends_on"]) for one in now["items"]] == [("sanjin-sanfu", [PENGZHAI], None)]
        mine = [row for row in rows if f"/{PENGZHAI}/" in row["path"] and row["happened_on"] >= FIRST]
        told = await ask(reporting, "county", programme="sanjin-sanfu", by="unit:township")
        assert (told["period"]["first"], told["programme"]) == (str(FIRST), "sanjin-sanfu")
        visits = next(one for one in told["total"] if one["metric"] == "visits@1")
        assert visits["numerator"] == by_hand(COUNTERS["visits"], mine, LATER + timedelta(days=99)) > 0
        assert len(await listed(reporting, "county", programme="sanjin-sanfu", metric="visits")) == visits["numerator"]
        assert [row["key"] for row in told["rows"]] == [PENGZHAI]
        elsewhere = await ask(reporting, "county", programme="sanjin-sanfu", unit=YANGMING)
        assert {one["numerator"] for one in elsewhere["total"]} == {0}, "a township that takes no part has none of its figures"

        assert (await said("PUT", "/sanjin-sanfu/end", {"ends_on": "2026-01-01", "because": "记错"}))[1][
            "code"
        ] == "programme.ends_before_start"
        status, ended = await said("PUT", "/sanjin-sanfu/end", {"ends_on": "2026-02-01", "because": "活动总结。"})
        assert (status, ended["ends_on"]) == (200, "2026-02-01")
        told = await ask(reporting, "county", programme="sanjin-sanfu")
        assert (told["period"]["first"], told["period"]["last"]) == (str(FIRST), "2026-02-01")
        before = await reporting.get("/v1/programmes", params={"as_of": now["as_of"]}, headers=headers)
        assert before.json()["items"][0]["ends_on"] is None, "as it was known then it went on"
    for query, code in (
        ({"programme": "none"}, "programme.unknown"),
        ({"programme": "sanjin-sanfu", "from": "2026-03-01"}, "programme.other_days"),
    ):
        answer = await reporting.get("/v1/reports/activities", params=query, headers=headers)
        assert answer.json()["code"] == code
    answer = await reporting.get(
        "/v1/reports/activities", params={"programme": "sanjin-sanfu", "as_of": START.isoformat()}, headers=headers
    )
    assert answer.json()["code"] == "programme.unknown", "nobody knew of it then"


async def test_a_programme_of_the_county_counts_all_of_it(county: TestDatabase, reporting):
    rows = await scatter(county.owner, random.Random(12), 60)
    async with client_of([sessions.router, programmes.router]) as door:
        body = BODY | {"code": "whole", "units": [COUNTY], "starts_on": "2026-01-01"}
        assert (await door.post("/v1/programmes", json=body, headers=await signed_in_as("county"))).status_code == 201
    told = await ask(reporting, "county", programme="whole")
    plain = await ask(reporting, "county", **{"from": "2026-01-01", "unit": COUNTY})
    assert [one["numerator"] for one in told["total"]] == [one["numerator"] for one in plain["total"]]
    assert told["beside_tickets"] == plain["beside_tickets"]
    assert rows
