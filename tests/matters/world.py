"""A matter over HTTP: who tells, who decides, who works on it; both doors and the worker on one database."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response

from dispatch_worker.jobs.matters import follow_up_alarms, matter_candidates, matter_news
from dispatch_worker.station import Station
from services.notifications.senders import Senders
from services.platform.database import WORKER
from services.platform.ids import new_id
from tests.assessment.world import Doors
from tests.conftest import TestDatabase
from tests.county import BLANK_GRID, SHUIKOU, WATER, sign_in

STATION = Station(handlers={}, senders=Senders(), batch=1)
FINISHED = 200


@dataclass
class World:
    """The county of the tests, at work on its matters."""

    client: AsyncClient
    county: TestDatabase
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def doors(self) -> Doors:
        """The doors, each under its own role."""
        return Doors(self.county)

    async def as_(self, login: str) -> dict[str, str]:
        """Return the headers of somebody signed in."""
        if login not in self.headers:
            self.headers[login] = await sign_in(self.client, login)
        return self.headers[login]

    async def post(self, login: str, address: str, body: Any, key: str | None = None) -> Response:
        """Post something to the intake door; return whatever comes."""
        more = {"Idempotency-Key": key} if key else {}
        return await self.client.post(address, json=body, headers={**await self.as_(login), **more})

    async def did(self, login: str, address: str, body: Any) -> dict[str, Any]:
        """Post something that works."""
        answer = await self.post(login, address, body)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def member(self, login: str) -> str:
        """Return the id of the member behind a login."""
        return str(await self.county.value("SELECT member_id FROM accounts WHERE login = $1", login))

    async def tell(self, words: str, phone: str | None, *, unit: str = BLANK_GRID, category: str = "water.canal", **more: Any) -> str:
        """Tell something by telephone; return the ticket's number."""
        body = {
            "words": words, "call_id": str(new_id()), "category": category, "place": {"unit_code": unit},
            "contact": {"phone": phone} if phone else None, **more,
        }  # fmt: skip
        return str((await self.did("hotline", "/v1/hotline/complaints", body))["number"])

    async def look(self, workers: int = 1) -> None:
        """Let so many workers look for candidates at once."""
        async with self.county.as_role(WORKER):
            await asyncio.gather(*(matter_candidates(STATION) for _ in range(workers)))

    async def alarm(self, workers: int = 1) -> None:
        """Let so many workers look for follow-ups that never came at once."""
        async with self.county.as_role(WORKER):
            await asyncio.gather(*(follow_up_alarms(STATION) for _ in range(workers)))

    async def told(self, workers: int = 2) -> list[tuple[str, str]]:
        """Let so many workers tell units what became theirs; return whom, and in which words."""
        async with self.county.as_role(WORKER):
            await asyncio.gather(*(matter_news(STATION) for _ in range(workers)))
        rows = await self.county.fetch(
            "SELECT u.code, m.words FROM messages m JOIN units u ON u.id = m.unit_id WHERE m.template = 'matter_news' ORDER BY m.id"
        )
        return [(row["code"], row["words"]) for row in rows]

    async def candidates(self, login: str = "pengzhai", **query: Any) -> list[dict[str, Any]]:
        """List candidates at the reporting door."""
        answer = await self.doors.get(login, "/v1/matter-candidates", **query)
        assert answer.status_code == FINISHED, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def determined(self, login: str = "pengzhai", **more: Any) -> dict[str, Any]:
        """Make a focus issue of a trouble of 水口村."""
        body = {
            "title": "水口村水渠修复", "category": "water.canal", "urgency": "urgent", "tension": 4, "origin_on": "2016-03-01",
            "because": "群众反映最多且亟需解决。", **({} if "candidate_id" in more else {"unit": SHUIKOU}), **more,
        }  # fmt: skip
        return await self.did(login, "/v1/matters", body)

    async def registered(self) -> str:
        """Have a matter registered, the water bureau leading; return its id."""
        matter = str((await self.determined())["id"])
        await self.act("county", matter, "register", lead=WATER, words="列入台账。")
        return matter

    async def act(self, login: str, matter: str | UUID, action: str, **more: Any) -> dict[str, Any]:
        """Take an action that works."""
        answer = await self.try_(login, matter, action, **more)
        assert answer.status_code == FINISHED, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def try_(self, login: str, matter: str | UUID, action: str, *, version: int | None = None, **more: Any) -> Response:
        """Take an action; return whatever comes."""
        match = {"If-Match": f'"{version}"'} if version is not None else {}
        address = f"/v1/matters/{matter}/actions"
        return await self.client.post(address, json={"action": action, **more}, headers={**await self.as_(login), **match})

    async def refused(self, why: str, login: str, matter: str | UUID, action: str, **more: Any) -> dict[str, Any]:
        """Take an action that is refused with the code `why`, and changes nothing."""
        before = await self.county.value("SELECT version FROM matters WHERE id = $1", UUID(str(matter)))
        answer = await self.try_(login, matter, action, **more)
        found: dict[str, Any] = answer.json()
        assert found.get("code") == why, answer.text
        assert await self.county.value("SELECT version FROM matters WHERE id = $1", UUID(str(matter))) == before
        return found
