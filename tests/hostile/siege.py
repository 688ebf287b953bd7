"""Two doors and a worker as processes over a county with one of everything, and somebody of each role: what a volley is fired at."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from httpx import AsyncClient

from daguanjia.stack import REPOSITORY, Plan, doors
from daguanjia.supervisor import Supervisor
from services.identity.keys import LENDABLE
from services.identity.permissions import PERMISSIONS
from services.platform.database import INTAKE
from services.platform.secrets import tracking_code
from tests.conftest import Running, TestDatabase, _clone
from tests.county import COUNTY, LOGINS, SHUIKOU, sign_in
from tests.hostile.ammunition import TOKENS
from tests.hostile.drafts import World
from tests.hostile.ground import Ground
from tests.hostile.open_channels import OPEN_CHANNELS
from tests.hostile.running import somebody_of_each_role
from tests.journeys.conftest import free_ports
from tests.journeys.people import Desk

_QUOTAS = {f"DAGUANJIA_RATE_{kind}": "100000000" for kind in ("SIGN_IN", "CODES", "FILE", "WRITE", "READ")}
"""Quotas are counted, and never spent: a volley that is only told 429 shows nothing."""
_UNLOCKED = "UPDATE accounts SET failed_tries = 0, locked_until = NULL, disabled_at = NULL, one_time_until = NULL WHERE login = $1"
"""Who asks with wrong passwords all the time is locked out, as it must be; the next request is to be of somebody who is signed in."""


@dataclass
class Siege:
    """What stands there: the addresses of the doors, what requests are made from, and what was said of processes that ended."""

    doors: dict[str, str]
    world: World
    county: TestDatabase
    logins: dict[str, str]
    tokens: dict[str, str]
    logs: Path
    told: list[str] = field(default_factory=list)
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def renew(self, role: str) -> None:
        """Sign somebody in again whose session an attack has ended; whoever is not signed in at all stays so."""
        if role not in self.logins:
            return
        before = self.tokens[role]
        async with self._renewing:
            if self.tokens[role] == before:
                await self.county.owner.execute(_UNLOCKED, self.logins[role])
                async with AsyncClient(base_url=self.doors["intake"], timeout=120) as client:  # a connection of its own: none that idled
                    self.tokens[role] = (await sign_in(client, self.logins[role]))["Authorization"]


@asynccontextmanager
async def besieged(servers: Running, template: str, home: Path) -> AsyncIterator[Siege]:
    """Open everything over a fresh county; end it afterwards. The caller keeps files of this process in `home`."""
    intake, reporting, nobody = free_ports(3)
    told: list[str] = []
    async with asynccontextmanager(_clone)(servers, template, INTAKE) as county:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DAGUANJIA_")},
            "DATABASE_URL": county.url,
            "REDIS_URL": servers.redis_url,
            "DAGUANJIA_HOME": str(home),
            "DAGUANJIA_SECRET": os.environ["DAGUANJIA_SECRET"],
            "DAGUANJIA_INTAKE_URL": f"http://127.0.0.1:{intake}",
            "DAGUANJIA_REPORTING_URL": f"http://127.0.0.1:{reporting}",
            **OPEN_CHANNELS,
            **_QUOTAS,
            "DAGUANJIA_WECHAT_API": f"http://127.0.0.1:{nobody}",
            "DAGUANJIA_SECOND_FACTOR_ENFORCED": "False",
            "DAGUANJIA_ACCESS_MINUTES": "480",
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",
        }
        async with (
            Supervisor(doors(Plan(home, intake, reporting, "no"), environment), told.append) as supervisor,
            AsyncClient(base_url=environment["DAGUANJIA_INTAKE_URL"], timeout=60) as client,
        ):
            await supervisor.ready()
            siege = await _manned(county, client)
            siege.doors = {"intake": environment["DAGUANJIA_INTAKE_URL"], "reporting": environment["DAGUANJIA_REPORTING_URL"]}
            siege.told, siege.logs = told, home / "logs"
            yield siege


async def _manned(county: TestDatabase, client: AsyncClient) -> Siege:
    """Hire somebody of each role, sign everybody in, lay one of everything."""
    logins = await somebody_of_each_role()
    headers = {login: await sign_in(client, login) for login in {*LOGINS, *logins.values()}}
    ground = Ground(client, county, headers)
    await ground.lay(await Desk(client, county, headers).file(place={"unit_code": SHUIKOU}))
    tokens = {role: (await sign_in(client, login))["Authorization"] for role, login in logins.items()}
    ended = (await sign_in(client, "grid"))["Authorization"]
    await client.delete("/v1/sessions/current", headers={"Authorization": ended})
    key = await _key(client, headers["admin"])
    ticket = await county.value("SELECT t.id FROM tickets t WHERE t.number = $1", ground.known["number"])
    callers = {**{role: _of(tokens, role) for role in logins}, **_strangers(tokens, ended, key)}
    world = World(ground.known, ground.signers, ground.secrets, tracking_code(ticket), callers)
    return Siege({}, world, county, logins, tokens, Path())


async def _key(client: AsyncClient, administrator: dict[str, str]) -> str:
    actions = sorted(action for action in LENDABLE if "county_supervisor" in PERMISSIONS[action])
    body = {"name": "x", "seat": {"role": "county_supervisor", "unit_code": COUNTY}, "actions": actions}
    answer = await client.post("/v1/api-keys", json=body, headers=administrator)
    assert answer.status_code == 201, answer.text
    return f"Bearer {answer.json()['secret']}"


def _of(tokens: dict[str, str], role: str) -> Callable[[Random], str | None]:
    return lambda _dice: tokens[role]


def _strangers(tokens: dict[str, str], ended: str, key: str) -> dict[str, Callable[[Random], str | None]]:
    """Those who are nobody of ours, and a program."""

    def forged(dice: Random) -> str:
        good = tokens[dice.choice(list(tokens))]
        at = dice.randrange(len("Bearer "), len(good))
        near = good[:at] + dice.choice("aZ09-_.= ") + good[at + 1 :]
        return dice.choice((*TOKENS, near, good[:at], good + "x", ended, key[:-1], key.rpartition("_")[0], good + ", " + good))

    return {"nobody": lambda _dice: None, "a key": lambda _dice: key, "a forged token": forged}
