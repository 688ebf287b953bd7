"""People at doors with the handbook, over HTTP: who pays a call, what is said, who stands by it."""

from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

from httpx import AsyncClient, Response

from services.identity.actions import add_account
from services.organization.actions import add_member, give_post
from services.organization.commands import AddMember, GivePost
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.database import OWNER
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests.conftest import TestDatabase
from tests.county import PASSWORD, SHUIKOU, WATER
from tests.journeys.people import Desk

PHONE = "13800000321"
WORDS = "水渠要修，田里没有水。"


def now(**before: int) -> str:
    """Return an instant some time ago, as it is sent."""
    return (clock.now().astimezone(UTC) - timedelta(**before)).isoformat()


@dataclass
class Round:
    """Calls on households of 水口村 by party members who look after them."""

    client: AsyncClient
    county: TestDatabase
    desk: Desk

    async def member(self, login: str) -> str:
        """Hire a party member of the water office who has no other role than to look after households; return their id."""
        async with self.county.as_role(OWNER), unit_of_work(SYSTEM) as work:
            member = await add_member(work, AddMember(name=login, staff_number=login, party_member=True))
            await give_post(work, member.id, GivePost(unit_code=WATER, role="service_member", valid_from=date(2024, 1, 1)))
            await add_account(work, member.id, login, PASSWORD)
        return str(member.id)

    async def home(self, number: str, member_id: str, phone: str | None = PHONE) -> str:
        """List a household and have somebody look after it; return its id."""
        body = {"unit": SHUIKOU, "number": number, "head": "黄培荣", "people": 4} | ({"phone": phone} if phone else {})
        headers = await self.desk.as_("shuikou")
        listed = await self.client.post("/v1/households", json=body, headers=headers)
        assert listed.status_code == 201, listed.text
        pair = {"kind": "member_household", "household_id": listed.json()["id"], "member_id": member_id, "since": "2024-01-01"}
        paired = await self.client.post("/v1/pairings", json=pair, headers=await self.desk.as_("county"))
        assert paired.status_code == 201, paired.text
        return str(listed.json()["id"])

    async def post(self, login: str, path: str, body: dict[str, Any]) -> Response:
        """Post as somebody; return whatever comes."""
        return await self.client.post(path, json=body, headers=await self.desk.as_(login))

    async def get(self, login: str, path: str, **asked: Any) -> Any:
        """Read as somebody."""
        answer = await self.client.get(path, params=asked, headers=await self.desk.as_(login))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def code(self, login: str, path: str, body: dict[str, Any]) -> str:
        """Post what is refused; return the problem's code."""
        answer = await self.post(login, path, body)
        assert 400 <= answer.status_code < 500, answer.text
        return str(answer.json()["code"])

    async def hears(self, login: str, home: str, words: str = WORDS, **more: Any) -> dict[str, Any]:
        """Write an opinion down; return it."""
        body = {"opinion_id": str(new_id()), "household_id": home, "words": words, "heard_at": now(minutes=30), **more}
        answer = await self.post(login, "/v1/opinions", body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def became(self, login: str, opinion_id: str, kind: str, **more: Any) -> Response:
        """Say what became of an opinion."""
        body = {"kind": kind, "outcome_id": str(new_id()), "happened_at": now(), **more}
        return await self.post(login, f"/v1/opinions/{opinion_id}/outcomes", body)


def confirmation(kind: str, words_hash: str, **more: Any) -> dict[str, Any]:
    """Return what is sent to confirm."""
    return {"kind": kind, "confirmation_id": str(new_id()), "words_hash": words_hash, "happened_at": now(), **more}
