"""What a program asked for with a key is the asking of whoever lent it their rights: they grant nothing of it, from whatever seat."""

import pytest

from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from tests.county import COUNTY, PENGZHAI
from tests.journeys.people import Desk
from tests.verification.matters import answered, get, hire, post, told

PROPOSAL = {"reason": "beyond_policy", "words": "超出政策规定范围。"}
GRANTED = {"granted": True, "words": "同意认定。"}


@pytest.fixture
async def desk(intake, county):
    found = Desk(intake, county)
    await hire(county, "county2", "county_supervisor", COUNTY)
    return found


async def _key(desk, **borrowed):
    body = {"name": "督办程序", "actions": ["exclusion.propose", "exclusion.read", "ticket.read"], **borrowed}
    return {"Authorization": "Bearer " + told(await post(desk, "admin", "/v1/api-keys", **body), 201)["secret"]}


async def test_what_a_key_asked_for_its_owner_does_not_grant(desk, county):
    number, _code = await answered(desk)
    address = f"/v1/tickets/{number}/exclusion"
    told(await desk.client.post(address, json=PROPOSAL, headers=await _key(desk, owner="county")), 201)
    told(await post(desk, "county", f"{address}/decision", **GRANTED), 403, "exclusion.own_proposal")
    told(await post(desk, "county2", f"{address}/decision", **GRANTED), 200)
    told(await post(desk, "hotline", f"{address}/appeal", words="来电表示不同意"), 200)
    told(await post(desk, "county", f"{address}/appeal/decision", upheld=True, words="维持"), 403, "exclusion.had_a_part")
    assert (await get(desk, "county", address))["state"] == "appealed"


async def test_what_a_key_with_a_seat_of_its_own_asked_for_whoever_made_it_does_not_grant(desk, county):
    """An administrator who is called to the county's desk too saw the key's secret: it is their own asking."""
    await hire(county, "both", "administrator", COUNTY)
    await _also(county, "both", "county_supervisor")
    made = await post(
        desk,
        "both",
        "/v1/api-keys",
        name="镇台程序",
        actions=["exclusion.propose"],
        seat={"role": "township_dispatcher", "unit_code": PENGZHAI},
    )
    key = {"Authorization": "Bearer " + told(made, 201)["secret"]}
    number, _code = await answered(desk)
    address = f"/v1/tickets/{number}/exclusion"
    told(await desk.client.post(address, json=PROPOSAL, headers=key), 201)
    told(await post(desk, "both", f"{address}/decision", **GRANTED), 403, "exclusion.own_proposal")
    told(await post(desk, "county2", f"{address}/decision", **GRANTED), 200)


async def _also(county, login, role):
    from datetime import date

    from services.organization.actions import give_post
    from services.organization.commands import GivePost

    member = await county.value("SELECT member_id FROM accounts WHERE login = $1", login)
    async with county.as_role(""), unit_of_work(SYSTEM) as work:
        await give_post(work, member, GivePost(unit_code=COUNTY, role=role, valid_from=date(2024, 1, 1)))
