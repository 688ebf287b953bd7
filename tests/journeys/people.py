"""People at work on tickets over HTTP: each step reads as what somebody did."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from httpx import AsyncClient, Response

from services.identity.actions import add_account
from services.organization.actions import add_member, give_post
from services.organization.commands import AddMember, GivePost, Role
from services.platform.actor import SYSTEM
from services.platform.database import OWNER
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests.conftest import TestDatabase
from tests.county import BLANK_GRID, PASSWORD, sign_in


@dataclass
class Desk:
    """Signs people in, files complaints and takes actions with the version each person saw last."""

    client: AsyncClient
    county: TestDatabase
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    async def as_(self, login: str) -> dict[str, str]:
        """Return the headers of somebody signed in."""
        if login not in self.headers:
            self.headers[login] = await sign_in(self.client, login)
        return self.headers[login]

    async def file(self, words: str = "水管爆了,满地是水", **more: Any) -> str:
        """File a call and let the worker dispatch it; return the number."""
        body = {
            "words": words,
            "call_id": str(new_id()),
            "category": "water.pipe_burst",
            "place": {"unit_code": BLANK_GRID},
            "contact": {"name": "黄某", "phone": "13800000123"},
            **more,
        }
        answer = await self.client.post("/v1/hotline/complaints", json=body, headers=await self.as_("hotline"))
        assert answer.status_code == 201, answer.text
        await self.county.settle()
        return str(answer.json()["number"])

    async def read(self, number: str, login: str = "county") -> dict[str, Any]:
        """Return a ticket as somebody sees it."""
        answer = await self.client.get(f"/v1/tickets/{number}", headers=await self.as_(login))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        assert answer.headers["ETag"] == f'"{found["version"]}"'
        return found

    async def try_(self, login: str, number: str, action: str, **more: Any) -> Response:
        """Take an action with the ticket's present version; return whatever comes."""
        seen = (await self.read(number))["version"]
        return await self.client.post(
            f"/v1/tickets/{number}/actions",
            json={"action": action, **more},
            headers={**await self.as_(login), "If-Match": f'"{seen}"'},
        )

    async def does(self, login: str, number: str, action: str, **more: Any) -> dict[str, Any]:
        """Take an action that must succeed; then let the worker do its part. Return the ticket."""
        answer = await self.try_(login, number, action, **more)
        assert answer.status_code == 200, (action, answer.text)
        await self.county.settle()
        return await self.read(number)

    async def refused(self, login: str, number: str, action: str, **more: Any) -> str:
        """Take an action that must be refused; return the problem's code."""
        before = await self.read(number)
        answer = await self.try_(login, number, action, **more)
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert await self.read(number) == before, "a refused action changes nothing"
        return str(answer.json()["code"])

    async def upload(self, login: str) -> str:
        """Upload a small picture; return its id."""
        answer = await self.client.post(
            "/v1/attachments", content=PICTURE + new_id().bytes, headers={**await self.as_(login), "Content-Type": "image/png"}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def evidence(self, login: str) -> list[dict[str, str]]:
        """Upload a picture of before and one of after."""
        return [{"id": await self.upload(login), "role": role} for role in ("before", "after")]


async def hire(county: TestDatabase, login: str, unit_code: str, role: Role, name: str | None = None) -> str:
    """Have somebody with a post and an account, since long ago; return the member's id."""
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        member = await add_member(work, AddMember(name=name or login, staff_number=login, party_member=True))
        await give_post(work, member.id, GivePost(unit_code=unit_code, role=role, valid_from=date(2024, 1, 1)))
        await add_account(work, member.id, login, PASSWORD)
    return str(member.id)


PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)
