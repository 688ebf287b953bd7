"""A small county and the intake door in front of it, for tests of filing: a township, two villages, a grid, a department, four people."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg
import httpx

from intake_api.routers import ROUTERS
from services.identity.tokens import write_token
from services.platform import clock
from services.platform.database import INTAKE
from services.platform.ids import new_id
from services.web.app import create_app

UNITS = (
    ("441624", "county", "county", "和平县", None, None),
    ("441624108", "township", "township", "礼士镇", "441624", None),
    ("441624108203", "village", "village", "太平村", "441624108", None),
    ("441624108204", "village", "village", "水口村", "441624108", None),
    ("441624108203001", "grid", "grid", "太平村第一网格", "441624108203", None),
    ("441624-water", "department", "county", "县水务局", "441624", "water"),
)
PEOPLE = (
    ("operator", "李接线", "hotline_operator", "441624"),
    ("second", "周接线", "hotline_operator", "441624"),
    ("dispatcher", "陈调度", "township_dispatcher", "441624108"),
    ("grid", "王网格", "grid_worker", "441624108203001"),
    ("secretary", "刘书记", "village_secretary", "441624108203"),
    ("supervisor", "黄督办", "county_supervisor", "441624"),
)
CATEGORIES = (("water.pipe", "供水管网", "urgent", "normal"), ("dispute.family", "家庭纠纷", "normal", "private"))


@dataclass
class County:
    """Ids of everything in it, by code or login."""

    units: dict[str, UUID] = field(default_factory=dict)
    accounts: dict[str, UUID] = field(default_factory=dict)
    paths: dict[str | None, str] = field(default_factory=lambda: {None: "/"})

    def signed_in(self, login: str) -> dict[str, str]:
        """Headers of a request by this person."""
        token, _ = write_token(self.accounts[login], 0, clock.now(), 60)
        return {"Authorization": f"Bearer {token}"}


async def add_units(owner: asyncpg.Connection, county: County, *units: tuple[str, str, str, str, str | None, str | None]) -> None:
    """Write units, each below one that is there."""
    now, since = datetime.now(UTC), date(2020, 1, 1)
    for code, kind, tier, name, parent, function in units:
        county.units[code] = new_id()
        county.paths[code] = f"{county.paths[parent]}{code}/"
        await owner.execute(
            "INSERT INTO units (id, code, kind, tier, name, parent_id, path, function, valid_from, created_at, updated_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
            county.units[code], code, kind, tier, name, county.units.get(parent), county.paths[code], function, since, now,
        )  # fmt: skip


async def settle(owner: asyncpg.Connection) -> County:
    """Write the small county into an empty database."""
    county, now, since = County(), datetime.now(UTC), date(2020, 1, 1)
    await add_units(owner, county, *UNITS)
    for login, name, role, unit in PEOPLE:
        member, county.accounts[login] = new_id(), new_id()
        await owner.execute(
            "INSERT INTO members (id, name, party_member, created_at, updated_at) VALUES ($1, $2, false, $3, $3)", member, name, now
        )
        await owner.execute(
            "INSERT INTO posts (id, member_id, unit_id, role, valid_from, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            new_id(), member, county.units[unit], role, since, now,
        )  # fmt: skip
        await owner.execute(
            "INSERT INTO accounts (id, login, password_hash, member_id, created_at) VALUES ($1, $2, '', $3, $4)",
            county.accounts[login], login, member, now,
        )  # fmt: skip
    for position, (code, name, urgency, privacy) in enumerate(CATEGORIES):
        await owner.execute(
            "INSERT INTO categories (code, name, position, leaf, urgency, privacy, place_needed, evidence, limits, handler,"
            " surfaces_directly, urgent_ring, keywords, version, updated_at)"
            " VALUES ($1, $2, $3, true, $4, $5, true, '[]', '{}', 'lowest', false, false, '[]', 1, $6)",
            code, name, position, urgency, privacy, now,
        )  # fmt: skip
    return county


@asynccontextmanager
async def open_door() -> AsyncIterator[httpx.AsyncClient]:
    """The intake door over the database the test has open."""
    app = create_app(title="test", role=INTAKE, routers=ROUTERS)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as client:
        yield client
