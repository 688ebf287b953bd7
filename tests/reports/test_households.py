"""Distinct households over many matters: people, not calls; nobody is found out by counting."""

from datetime import UTC, datetime

import pytest
from httpx import AsyncClient

from services.complaints.households import Telling
from services.platform.ids import new_id
from services.reports.households import KEY, distinct
from tests.conftest import TestDatabase
from tests.journeys.people import Desk

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
ZHANG, LI = "13800000123", "13800000124"


def telling(*keys: bytes, secret: bool = False, home: tuple[bytes, ...] = ()) -> Telling:
    return Telling(new_id(), new_id(), frozenset(keys), NOW, in_confidence=secret, home=frozenset(home))


@pytest.mark.parametrize(
    ("matters", "expected"),
    [
        ([], 0),
        ([[telling(b"zhang")], [telling(b"zhang")]], 1),
        ([[telling(b"zhang"), telling(b"li")], [telling(b"li")]], 2),
        ([[telling(b"phone")], [telling(b"openid")], [telling(b"phone", b"openid")]], 1),  # tied by a third matter
        ([[telling()], [telling()]], 0),
        ([[telling(b"zhang")], [telling(b"zhang", secret=True)]], 2),  # in confidence: tied to nothing else
        ([[telling(b"zhang", secret=True)], [telling(b"zhang", secret=True)]], 2),
        ([[telling(b"zhang", secret=True), telling(b"zhang", secret=True)]], 1),
        ([[telling(b"son", home=(b"3-012", b"father"))], [telling(b"father")]], 1),  # at the door, and by the register's number
        ([[telling(b"son", home=(b"3-012",))], [telling(home=(b"3-012",))]], 1),  # the door alone
        ([[telling(b"son", home=(b"3-012", b"father"), secret=True)], [telling(b"father")]], 2),  # in confidence it ties nobody
    ],
)
def test_a_household_counts_once_over_all_matters_it_told_openly(matters: list[list[Telling]], expected: int) -> None:
    assert distinct(matters) == expected


async def test_households_are_counted_at_the_intake_door_under_scope(intake: AsyncClient, county: TestDatabase) -> None:
    desk = Desk(intake, county)
    for phone in (ZHANG, ZHANG, LI):
        await desk.file(contact={"name": "某人", "phone": phone})
    await desk.file(contact=None)
    few = (await desk.client.get("/v1/figures/households", headers=await desk.as_("analyst"))).json()
    assert (few["tickets"], few["households"], few["anonymous"]) == (4, None, None), "so few that it would tell who told which"
    known = (await desk.client.get("/v1/figures/households", headers=await desk.as_("hotline"))).json()
    assert (known["households"], known["anonymous"]) == (2, 1)
    await desk.file(contact={"name": "某人", "phone": LI})
    told = await desk.client.get("/v1/figures/households", headers=await desk.as_("analyst"))
    assert told.status_code == 200, told.text
    found = told.json()
    assert (found["metric"], found["tickets"], found["complaints"], found["households"], found["anonymous"]) == (KEY, 5, 5, 2, 1)
    elsewhere = (await desk.client.get("/v1/figures/households", headers=await desk.as_("yangming"))).json()
    assert (elsewhere["tickets"], elsewhere["households"]) == (0, 0)
    before = await desk.client.get("/v1/figures/households?from=2026-01-01&to=2026-01-31", headers=await desk.as_("analyst"))
    assert before.json()["tickets"] == 0
    wrong = await desk.client.get("/v1/figures/households?from=2026-02-01&to=2026-01-31", headers=await desk.as_("analyst"))
    assert (wrong.status_code, wrong.json()["code"]) == (422, "period.invalid")
