"""Heping county with tickets of October 2026 that people spoke about, and the people an assessment needs."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from httpx import ASGITransport, AsyncClient, Response

from dispatch_worker.jobs.assess import assess
from dispatch_worker.station import Station
from services.identity import passwords
from services.identity.actions import add_account
from services.notifications.senders import Senders
from services.organization.actions import add_member, give_post
from services.organization.commands import AddMember, GivePost, Role
from services.platform.actor import SYSTEM
from services.platform.database import INTAKE, REPORTING, WORKER
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.policies.actions import activate, draft
from services.simulation.kinds import kind_of
from services.tickets.changes import Change, EventDraft
from services.tickets.loading import lock
from services.tickets.recording import write
from tests import county as heping
from tests.conftest import TestDatabase
from tests.reports import ground
from tests.reports.signing import signed_in_as

STATION = Station(handlers={}, senders=Senders(), batch=1)
OCTOBER = {"first": "2026-10-01", "last": "2026-10-31"}
NOON = datetime(2026, 10, 12, 4, tzinfo=UTC)
PENGZHAI_PATH = f"/{heping.COUNTY}/{heping.PENGZHAI}/{heping.SHUIKOU}/"
YANGMING_PATH = f"/{heping.COUNTY}/{heping.YANGMING}/"


async def hire(login: str, role: Role, unit_code: str) -> None:
    """Give somebody an account and a post."""
    passwords.HASHER = heping.CHEAP
    async with unit_of_work(SYSTEM) as work:
        member = await add_member(work, AddMember(name=f"某{login}", party_member=False))
        await give_post(work, member.id, GivePost(unit_code=unit_code, role=role, valid_from=date(2024, 1, 1)))
        await add_account(work, member.id, login, heping.PASSWORD)


async def in_force(definition: dict[str, Any]) -> None:
    """Bring rules of assessment into force."""
    async with unit_of_work(SYSTEM) as work:
        policy = await draft(work, "assessment", definition)
        await activate(work, kind_of("assessment"), policy.version)


class Tickets:
    """Writes closed tickets of October, with numbers in order, and counts them."""

    def __init__(self, county: TestDatabase) -> None:
        self.county, self.numbers, self.ids = county, list[str](), list[UUID]()

    async def closed(self, area_path: str, satisfied: bool | None, *, days: int = 2, by: str | None = None, **values: Any) -> UUID:
        """Write a ticket that was closed after `days` (due after four), and what the complainant said of it."""
        number = f"20261012-{len(self.ids):06}-0"
        done = NOON + timedelta(days=days)
        if by is not None:
            account = await self.county.owner.fetchrow(
                "SELECT a.id, p.unit_id FROM accounts a JOIN posts p ON p.member_id = a.member_id WHERE a.login = $1", by
            )
            values |= {"resolved_by_account_id": account["id"], "resolved_by_unit_id": account["unit_id"]}
        ticket_id = await ground.put(
            self.county.owner, number=number, area_path=area_path, received_at=NOON, recorded_at=NOON, due=NOON + timedelta(days=4),
            status="closed", resolved_at=done, closed_at=done, **values,
        )  # fmt: skip
        if satisfied is not None:
            await self.county.owner.execute(
                "INSERT INTO call_backs (id, ticket_id, round, called_at, reached, contacted, solved, satisfied)"
                " VALUES ($1, $2, 1, $3, true, true, $4, $4)",
                new_id(), ticket_id, done, satisfied,
            )  # fmt: skip
        self.numbers.append(number)
        self.ids.append(ticket_id)
        return ticket_id

    async def begun_again(self, ticket_id: UUID, *, by: str) -> None:
        """Write who had reported the work of a ticket as done, and begin its second round, in which nobody has."""
        who = await self.county.owner.fetchrow(
            "SELECT a.id, p.unit_id FROM accounts a JOIN posts p ON p.member_id = a.member_id WHERE a.login = $1", by
        )
        async with unit_of_work(replace(SYSTEM, account_id=who["id"])) as work:
            (ticket,) = await lock(work.session, [ticket_id])
            report = EventDraft("ticket.resolved", {"unit_id": str(who["unit_id"])})
            await write(replace(work, now=NOON + timedelta(days=2)), [Change(ticket, (report,))])
        await self.county.owner.execute(
            "UPDATE tickets SET round = 2, status = 'received', resolved_at = NULL, closed_at = NULL, resolved_by_account_id = NULL,"
            " resolved_by_unit_id = NULL WHERE id = $1", ticket_id
        )  # fmt: skip
        await ground.tell([ticket_id])

    async def counted(self) -> None:
        """Have the figures kept."""
        await ground.tell(self.ids, NOON + timedelta(days=10))
        await self.county.settle()


async def made(county: TestDatabase) -> None:
    """Do the worker's duty."""
    async with county.as_role(WORKER):
        await asyncio.gather(assess(STATION), assess(STATION))


@asynccontextmanager
async def _door(app: Any) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://door") as client:
        yield client


class Doors:
    """Both doors, each under its own role, for whoever signs in."""

    def __init__(self, county: TestDatabase) -> None:
        self.county = county

    async def post(self, login: str, address: str, body: Mapping[str, Any] | None = None, key: str | None = None) -> Response:
        """Post to the intake door."""
        from intake_api.app import app

        async with self.county.as_role(INTAKE), _door(app) as door:
            headers = await signed_in_as(login) | ({"Idempotency-Key": key} if key else {})
            return await door.post(address, json=body, headers=headers)

    async def get(self, login: str, address: str, **query: Any) -> Response:
        """Read at the reporting door."""
        from reporting_api.app import build

        async with self.county.as_role(REPORTING), _door(build()) as door:
            return await door.get(address, params=query or None, headers=await signed_in_as(login))
