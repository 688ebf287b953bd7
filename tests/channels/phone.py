"""A phone in the field, for tests: makes commands with or without a network, and sends them as batches."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from httpx import Response

from services.platform.ids import new_id
from tests.journeys.people import Desk

WORDS = "村口水管爆裂，水漫到路上。"


@dataclass
class Phone:
    """A device of somebody's; `behind`: how far its clock is behind ours."""

    desk: Desk
    login: str = "grid"
    behind: timedelta = timedelta()
    device_id: str = field(default_factory=lambda: str(new_id()))

    def now(self) -> datetime:
        """What its clock shows."""
        return datetime.now(UTC) - self.behind

    def command(self, kind: str, *, ago: timedelta = timedelta(), after: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
        """Return a command that happened `ago`, building on the commands `after`."""
        return {
            "kind": kind,
            "command_id": str(new_id()),
            "happened_at": (self.now() - ago).isoformat(),
            "depends_on": [found["command_id"] for found in after],
            **more,
        }

    def report(self, words: str = WORDS, **more: Any) -> dict[str, Any]:
        """Return a report of a burst pipe."""
        times = {name: more.pop(name) for name in ("ago", "after") if name in more}
        body = {"report_id": str(new_id()), "words": words, "category": "water.pipe_burst", **more}
        return self.command("report", report=body, **times)

    def action(self, ticket: Any, action: str, **more: Any) -> dict[str, Any]:
        """Return an action on a ticket, by number or by the command that reports it."""
        ticket = ticket["report"]["report_id"] if isinstance(ticket, dict) else ticket
        beside = {name: more.pop(name) for name in ("ago", "after", "if_version", "uploads") if name in more}
        return self.command("action", ticket=ticket, action={"action": action, **more}, **beside)

    async def post(self, *commands: Any, **more: Any) -> Response:
        """Send a batch; return whatever comes."""
        body = {"device_id": self.device_id, "sent_at": self.now().isoformat(), "commands": list(commands), **more}
        return await self.desk.client.post("/v1/field-reports/sync", json=body, headers=await self.desk.as_(self.login))

    async def send(self, *commands: Any) -> list[dict[str, Any]]:
        """Send a batch that is taken; return what became of each command."""
        answer = await self.post(*commands)
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()["results"]
        assert [one["command_id"] for one in results] == [command["command_id"] for command in commands]
        return results

    async def does(self, command: dict[str, Any]) -> dict[str, Any]:
        """Send one command, which must be applied; let the worker do its part."""
        (result,) = await self.send(command)
        assert result["status"] == "applied", result
        await self.desk.county.settle()
        return result

    async def kept(self, *states: str) -> list[dict[str, Any]]:
        """Return the list of what was not applied."""
        query = "&".join(f"state={state}" for state in states)
        answer = await self.desk.client.get(f"/v1/field-reports/sync/conflicts?{query}", headers=await self.desk.as_(self.login))
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


def what(results: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """Return status and code of each result."""
    return [(one["status"], one["code"]) for one in results]
