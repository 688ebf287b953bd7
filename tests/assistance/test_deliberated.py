"""议事 beside what it was about: found from the ticket and from the registered matter, which the database holds there is."""

import pytest
from asyncpg import ForeignKeyViolationError
from httpx import AsyncClient

from tests.assistance.doors import DAY, fresh
from tests.conftest import TestDatabase
from tests.county import PENGZHAI
from tests.journeys.people import Desk

pytestmark = pytest.mark.asyncio


async def test_what_was_talked_over_is_found_from_its_ticket(intake: AsyncClient, county: TestDatabase):
    desk = Desk(intake, county)
    number = await desk.file()
    headers = await desk.as_("pengzhai")
    about = {"deliberation_id": fresh(), "unit": PENGZHAI, "title": "水管改造筹资", "proposed_on": DAY, "ticket": number}
    other = {**about, "deliberation_id": fresh(), "title": "别的事", "ticket": None}
    for said in (about, other):
        answer = await intake.post("/v1/deliberations", json=said, headers=headers)
        assert answer.status_code == 201, answer.text
    for asked, found in (({"ticket": number}, [about["deliberation_id"]]), ({"matter": fresh()}, [])):
        listed = (await intake.get("/v1/deliberations", params=asked, headers=headers)).json()["items"]
        assert [one["id"] for one in listed] == found
    unknown = await intake.get("/v1/deliberations", params={"ticket": "20261122-000001-1"}, headers=headers)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "ticket.unknown")
    with pytest.raises(ForeignKeyViolationError):
        await county.owner.execute("UPDATE deliberations SET matter_id = gen_random_uuid()")
    tied = "SELECT count(*) FROM pg_constraint WHERE conname LIKE 'fk_%_matter_id_matters' AND confrelid = 'matters'::regclass"
    assert await county.value(tied) == 2, "of deliberations, and of what became of opinions"
