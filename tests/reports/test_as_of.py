"""Lists of what is open, and of tickets, as they were known at an instant: over HTTP, the very answers that were given then."""

from datetime import timedelta
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from reporting_api.app import build
from services.complaints.reading import owed_answers
from services.platform import clock
from services.platform.database import INTAKE, REPORTING
from services.platform.unit_of_work import unit_of_work
from services.reports import standing
from services.tickets.actions import act
from services.tickets.commands import Accept, GiveAnswer, Resolve, Return
from tests.conftest import TestDatabase
from tests.county import COUNTY, YANGMING, actor
from tests.reports.signing import signed_in_as
from tests.tickets.test_dispatch_and_escalation import file

LISTS = (
    "/v1/dashboard/overview",
    "/v1/dashboard/late?limit=50",
    "/v1/warnings",
    "/v1/overdue?limit=200",
    "/v1/workload",
    "/v1/tickets?limit=200",
    "/v1/tickets?status=open&unit=441624108&urgency=normal",
)


async def answers(county: TestDatabase, as_of: str | None = None) -> dict[str, Any]:
    """What an analyst and a township are told."""
    told = {}
    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(build()), base_url="http://door") as door:
        for login in ("analyst", "pengzhai"):
            headers = await signed_in_as(login)
            for address in LISTS:
                asked = f"{address}{'&' if '?' in address else '?'}as_of={as_of.replace('+', '%2B')}" if as_of else address
                answer = await door.get(asked, headers=headers)
                assert answer.status_code == 200, answer.text
                told[login, address] = answer.json() | {"as_of": None, "stale_seconds": 0}
    return told


async def does(county: TestDatabase, login: str, number: str, command: Any) -> None:
    async with county.as_role(INTAKE), unit_of_work(await actor(login)) as work:
        await act(work, number, command, None, owed_answers)


async def test_lists_are_told_as_they_were_known(county: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    filed = [await file(category="water.outage", ago=timedelta(days=days)) for days in (9, 4, 1, 0)]
    given: dict[str, dict[str, Any]] = {}

    async def remember() -> None:
        at = clock.now() + timedelta(microseconds=1)
        given[at.isoformat()] = await answers(county)

    await remember()
    await county.settle()
    await remember()
    await does(county, "grid", filed[0].number, Accept(action="accept"))
    await does(county, "grid", filed[1].number, Return(action="return", reason="not_ours", words="不归我们管"))
    await remember()  # what the worker has not counted yet is known all the same
    await county.settle()
    await does(county, "grid", filed[0].number, Resolve(action="resolve", words="修好了", open_tasks_reason="不再需要"))
    await does(county, "hotline", filed[0].number, GiveAnswer(action="answer", words="修好了"))
    await county.settle()
    await remember()
    assert len({str(told) for told in given.values()}) == len(given), "each time something else was told"
    for at, told in given.items():
        then = await answers(county, at)
        for key, answer in told.items():
            assert _steady(then[key]) == _steady(answer), (at, key)
    monkeypatch.setattr(standing, "MOST", 3)  # how much can be answered goes by what is asked for, not by what others have
    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(build()), base_url="http://door") as door:
        for address in ("/v1/overdue", "/v1/workload"):
            for unit, code in ((COUNTY, 422), (YANGMING, 200)):
                query = {"as_of": next(iter(given)), "unit": unit}
                assert (await door.get(address, params=query, headers=await signed_in_as("analyst"))).status_code == code
        last = {"as_of": list(given)[1], "unit": COUNTY}
        whole = await door.get("/v1/reports/coverage", params=last, headers=await signed_in_as("analyst"))
        assert whole.status_code == 200, whole.text
        shown = {figure["metric"]: figure["shown"] for figure in whole.json()["total"]}
        assert (shown["overdue_units@1"], shown["overdue_unit_rate@1"]) == ("—", "—"), "what cannot be made again is no data, not 0"
        assert shown["blank_units@1"] != "—"
        refused = await door.get("/v1/reports/coverage/overdue_units", params=last, headers=await signed_in_as("analyst"))
        assert (refused.status_code, refused.json()["code"]) == (422, "as_of.too_much")


def _steady(answer: dict[str, Any]) -> dict[str, Any]:
    """Leave out what goes by the minute."""
    items = [{name: value for name, value in item.items() if name != "overdue_minutes"} for item in answer.get("items", ())]
    return {**answer, "items": items}


async def test_nobody_knows_what_will_be_known(county: TestDatabase) -> None:
    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(build()), base_url="http://door") as door:
        headers = await signed_in_as("analyst")
        paths = (
            "overdue",
            "overdue/listed",
            "workload",
            "tickets",
            "reports/received",
            "reports/coverage",
            "reports/coverage/overdue_units",
            "warnings",
            *(f"dashboard/{panel}" for panel in ("overview", "areas", "flow", "categories", "late")),
        )
        for address in (f"/v1/{path}" for path in paths):
            answer = await door.get(f"{address}?as_of=2026-11-01", headers=headers)
            assert (answer.status_code, answer.json()["code"]) in ((422, "period.invalid"), (422, "request.invalid")), answer.text
            answer = await door.get(f"{address}?as_of=2099-01-01T00:00:00Z", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (422, "as_of.future"), answer.text
