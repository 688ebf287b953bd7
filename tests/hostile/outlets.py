"""Every way out of a county that keeps what it said: exports, views for analysts, saved reports, webhooks, bulletins, the public page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import duckdb
import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy.engine import make_url

from services.attachments.store import store
from services.exports.bi import OF_ALL, VIEWS, grant_reader, revoke_reader
from services.exports.delivering import deliver_due
from services.exports.making import make_next
from services.exports.sources import SOURCES
from services.notices.freezing import publish_next
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.clock import local_day
from services.platform.database import OWNER, WORKER
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests.county import COUNTY
from tests.hostile.planting import Planter
from tests.hostile.rooms import Rooms
from tests.hostile.searching import unpacked
from tests.journeys.people import Desk

_LATER = timedelta(days=45)
"""So far ahead that this month is over and settled: its bulletin and its notice can be made."""
_METRICS = {
    "reports": "completion_rate_due",
    "times": "close_time",
    "time-tickets": "close_time",
    "figure-tickets": "received",
    "hotline-calls": "answered",
    "activity-entries": "visits",
    "petition-tickets": "petitions",
    "coverage-items": "blank_grids",
    "assistance-entries": "help_begun",
}
_NEEDS = {"assessment-sheets": "run", "assessment-items": "run", "assessment-appeals": "run", "bulletin-figures": "bulletin"}
_NEEDS["bulletin-tables"] = "bulletin"
_AT_A_TIME = 5
"""Exports an account may have under way."""


@dataclass
class Outlets:
    """Has everything made that keeps what it said; `known`: ids of what was made."""

    planter: Planter
    home: Path
    known: dict[str, str] = field(default_factory=dict)

    @property
    def county(self) -> Any:
        return self.planter.desk.county

    async def open(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make one of each: an assessment, a saved report that is told, a bulletin when the month is over, and a notice."""
        await self._saved()
        async with self._inside() as desk:
            rooms = Rooms(desk.client, self.county, {login: await desk.as_(login) for login in ("county", "grid", "analyst", "pengzhai")})
            await rooms.assessed()
        month = f"{local_day(clock.now()):%Y-%m}"
        then = clock.now() + _LATER
        with monkeypatch.context() as later:
            later.setattr(clock, "now", lambda: then)
            async with self._inside() as desk:
                await self._published(desk, month)
        await self._noticed(monkeypatch)
        self.known["run"] = rooms.known["run_id"]

    async def _noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have what was received counted for the month before, and that month published: its events have all been counted."""
        await self.county.owner.execute("UPDATE report_facts SET received_at = received_at - interval '35 days'")
        then = clock.now() + timedelta(days=10)
        with monkeypatch.context() as later:
            later.setattr(clock, "now", lambda: then)
            async with self.county.as_role(WORKER), unit_of_work(SYSTEM) as work:
                assert await publish_next(work)
        assert await self.county.value("SELECT count(*) FROM notices") > 0

    @asynccontextmanager
    async def _inside(self) -> AsyncIterator[Desk]:
        """The intake door in this process, whose clock can be set."""
        from intake_api.app import app

        async with AsyncClient(transport=ASGITransport(app), base_url="http://intake") as client:
            yield Desk(client, self.county)

    async def _published(self, desk: Desk, month: str) -> None:
        client = desk.client
        body = {"unit": COUNTY, "kind": "month", "period": month}
        drafted = await client.post("/v1/bulletins", json=body, headers=await desk.as_("analyst"))
        assert drafted.status_code == 201, drafted.text
        self.known["bulletin"] = drafted.json()["id"]
        shown = {"public": True, "small_cells_words": "已逐项核对"}
        address = f"/v1/bulletins/{self.known['bulletin']}/publication"
        told = await client.post(address, json=shown, headers={**await desk.as_("county"), "If-Match": "*"})
        assert told.status_code < 300, told.text

    async def _saved(self) -> None:
        """A saved report that is told to a subscription every day."""
        ask = self.planter.ask
        saved = (await ask("POST", "/v1/saved-reports", "county", 201, json={"name": "工单", "source": "tickets", "question": {}})).json()
        hook = {"name": "报表", "url": f"{self.planter.listener.url}/saved", "event_types": ["report.delivered"]}
        made = (await ask("POST", "/v1/webhook-subscriptions", "admin", 201, json=hook)).json()
        daily = {"frequency": "daily", "hour": 8, "subscription": made["id"]}
        await ask("PUT", f"/v1/saved-reports/{saved['id']}/schedule", "county", json=daily)
        self.known["saved"] = saved["id"]

    async def told_by_schedule(self) -> bytes:
        """Have the saved report's hour come; return what its subscriber was told."""
        before = len(self.planter.listener.at("/saved"))
        await self.county.owner.execute("DELETE FROM report_deliveries")  # the same hour comes once
        await self.county.owner.execute(
            "UPDATE saved_reports SET next_at = now() - interval '1 hour' WHERE id::text = $1", self.known["saved"]
        )
        async with self.county.as_role(WORKER):
            await deliver_due()
        for _ in range(300):
            if len(told := self.planter.listener.at("/saved")) > before:
                return b"\n".join(asked.body for asked in told[before:])
            await asyncio.sleep(0.1)
        raise AssertionError("nobody told the saved report")

    async def exported(self, *formats: str) -> None:
        """Have every source made in these formats; the files stay where they lie."""
        wanted = [(source, form) for source in SOURCES for form in formats]
        for begin in range(0, len(wanted), _AT_A_TIME):
            for source, form in wanted[begin : begin + _AT_A_TIME]:
                body = {"source": source, "format": form, "question": self._question(source)}
                await self.planter.ask("POST", "/v1/exports", "county", 202, json=body)
            await self._made()
        states = await self.county.fetch("SELECT source, state, problem_code FROM exports WHERE state <> 'ready'")
        assert not states, [tuple(row) for row in states]

    async def _made(self) -> None:
        for _ in range(600):
            async with self.county.as_role(WORKER):
                while await make_next(store()):
                    pass
            if not await self.county.value("SELECT count(*) FROM exports WHERE state IN ('queued', 'running')"):
                return
            await asyncio.sleep(0.1)
        raise AssertionError("exports were not made")

    def _question(self, source: str) -> dict[str, str]:
        today = local_day(clock.now())
        named = {"metric": _METRICS.get(source), "run": self.known.get("run"), "bulletin": self.known.get("bulletin")}
        wanted = {"metric": source in _METRICS, "run": _NEEDS.get(source) == "run", "bulletin": _NEEDS.get(source) == "bulletin"}
        found = {name: str(named[name]) for name, needed in wanted.items() if needed}
        if source == "listed":
            found["month"] = f"{today:%Y-%m}"
        span = {"from": (today - timedelta(days=30)).isoformat(), "to": today.isoformat()}
        return found | (span if {"from", "to"} <= set(SOURCES[source].parameters) else {})

    async def views(self) -> bytes:
        """Everything the views show an analyst's tool whose area is the whole county."""
        name = f"t{new_id().hex[:20]}"
        async with self.county.as_role(OWNER), unit_of_work(SYSTEM) as work:
            granted = await grant_reader(work, name, COUNTY)
        url = make_url(self.county.url)
        who = {"user": granted.role, "password": granted.password}
        reader = await asyncpg.connect(host=url.host, port=url.port, database=url.database, ssl=False, **who)
        try:
            shown = [await reader.fetch(f"SELECT v::text FROM {view} v") for view in (*VIEWS, OF_ALL)]
        finally:
            await reader.close()
            async with self.county.as_role(OWNER), unit_of_work(SYSTEM) as work:
                await revoke_reader(work, name)
        assert shown[0], "there are tickets"
        return "\n".join(str(row[0]) for rows in shown for row in rows).encode()

    async def told_again(self) -> bytes:
        """Have every subscriber told again what it was told; return what they got."""
        listener, ask = self.planter.listener, self.planter.ask
        before, asked = len(listener.asked), 0
        for subscription in (await ask("GET", "/v1/webhook-subscriptions", "admin")).json():
            address = f"/v1/webhook-subscriptions/{subscription['id']}/deliveries"
            for one in (await ask("GET", f"{address}?limit=20", "admin")).json()["items"]:
                headers = {"Idempotency-Key": str(new_id())}
                headers |= await self.planter.desk.as_("admin")
                answer = await self.planter.desk.client.post(f"{address}/{one['id']}/redeliver", headers=headers)
                asked += answer.is_success  # one that answered 500 too often is told no more
        for _ in range(300):
            if len(listener.asked) >= before + asked:
                break
            await asyncio.sleep(0.1)
        assert asked > 10
        return b"\n".join(got.body for got in listener.asked[before:])


def files(home: Path) -> dict[str, bytes]:
    """Every file of an installation as whoever has it can read it: what is packed, unpacked; tables of Parquet as text."""
    found = {}
    for path in [path for path in home.rglob("*") if path.is_file() and ".sock" not in path.name]:
        content = path.read_bytes()
        if content.startswith(b"PAR1"):
            rows = duckdb.sql(f"SELECT COLUMNS(*)::VARCHAR FROM read_parquet('{path}')").fetchall()
            content += "\n".join(map(str, rows)).encode()
        found[str(path.relative_to(home))] = content + (unpacked(content) if content.startswith(b"PK") else b"")
    return found
