"""A subscriber of ours for tests: makes subscriptions, lets the worker work, and looks at what came."""

from dataclasses import dataclass, field
from typing import Any

from httpx import AsyncClient, Response

from services.notifications.webhooks.sending import call_due
from services.platform.database import WORKER
from tests.conftest import TestDatabase
from tests.county import sign_in
from tests.journeys.people import Desk
from tests.notifications.platform import Platform

AT = "/v1/webhook-subscriptions"


@dataclass
class Hooks:
    """The door, the database behind it, and the other side."""

    http: AsyncClient
    county: TestDatabase
    platform: Platform
    desk: Desk = field(init=False)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.desk = Desk(self.http, self.county)

    async def as_(self, login: str = "admin") -> dict[str, str]:
        """Headers of somebody signed in."""
        if login not in self.headers:
            self.headers[login] = await sign_in(self.http, login)
        return self.headers[login]

    async def subscribe(self, *, path: str = "/hook", **more: Any) -> dict[str, Any]:
        """Make a subscription that must be made; return it, with its secret."""
        answer = await self.try_subscribe(url=f"{self.platform.url}{path}", **more)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def try_subscribe(self, *, login: str = "admin", **more: Any) -> Response:
        """Ask for a subscription."""
        body = {"name": "县数据局", "event_types": ["ticket.*"], **more}
        return await self.http.post(AT, json=body, headers=await self.as_(login))

    async def change(
        self, subscription: dict[str, Any], method: str = "PATCH", tail: str = "", login: str = "admin", **body: Any
    ) -> Response:
        """Change a subscription at its present version."""
        url = f"{AT}/{subscription['id']}"
        seen = await self.http.get(url, headers=await self.as_())
        headers = {**await self.as_(login), "If-Match": seen.headers["ETag"]}
        return await self.http.request(method, url + tail, json=body or None, headers=headers)

    async def log(self, subscription: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        """The log of a subscription, the oldest first."""
        answer = await self.http.get(f"{AT}/{subscription['id']}/deliveries", params=query, headers=await self.as_())
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found[::-1]

    async def work(self, *, allow_private: bool = True) -> int:
        """Do what the worker does, until nothing is due; return how many calls were made."""
        await self.county.settle()
        calls = 0
        async with self.county.as_role(WORKER):
            while made := await call_due(allow_private=allow_private):
                calls += made
        return calls

    async def later(self) -> None:
        """Let the time pass until everything is due."""
        await self.county.owner.execute("UPDATE webhook_deliveries SET next_try_at = now() - interval '1 second'")
        await self.county.owner.execute("UPDATE webhook_subscriptions SET busy_until = now() - interval '1 second'")
