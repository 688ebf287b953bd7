"""``python -m bench.soak [--minutes 10] [--rate 4] [--seed 580]``: all ways in at once, then the ledger. Exit code 1 where it is not exact.

On servers, doors and a worker of its own, all on this machine. `rate` is parcels a second for each way. A tenth is delivered twice, a
twentieth late (up to two minutes), most a little out of order; and at a fifth, two, three and four fifths of the time the worker,
PostgreSQL, the intake door and Valkey are killed. Whatever was not acknowledged is sent again, as its other side would.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.county import fill_county
from bench.soak.ledger import Line, balance, faults, owed
from bench.soak.post import Post
from bench.soak.subscriber import Subscriber, subscribing
from bench.soak.ways import APP, KEY, PHONE, TOKEN, WAYS, Parcel, People
from daguanjia.servers import Servers, temporary_servers
from daguanjia.stack import REPOSITORY, Plan, doors
from daguanjia.supervisor import Supervisor
from services.platform.settings import settings

SETTLED_WITHIN = 480.0
PASSWORD = "测试口令-2026"
FIELDS = {"order_no": "no", "words": "content", "division": "area", "phone": "mobile"}
console = Console()


def environment(servers: Servers, home: Path, ports: tuple[int, int]) -> dict[str, str]:
    """What the doors and the worker are told."""
    return os.environ | {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "DAGUANJIA_HOME": str(home),
        "DAGUANJIA_SECRET": "a secret for this soak only, long enough for any key",
        "DAGUANJIA_RATE_LIMITS": "False",  # it asks for everybody from one address
        "DAGUANJIA_SECOND_FACTOR_ENFORCED": "False",
        "DAGUANJIA_ACCESS_MINUTES": "480",  # it signs in once, however long it goes on
        "DAGUANJIA_INTAKE_URL": f"http://127.0.0.1:{ports[0]}",
        "DAGUANJIA_REPORTING_URL": f"http://127.0.0.1:{ports[1]}",
        "DAGUANJIA_OUTBOX_FILE": str(home / "outbox.jsonl"),
        "DAGUANJIA_WECHAT_TOKEN": TOKEN,
        "DAGUANJIA_WECHAT_AES_KEY": KEY,
        "DAGUANJIA_WECHAT_APP_ID": APP,
        "DAGUANJIA_WEBHOOK_ALLOW_PRIVATE": "true",
        "DAGUANJIA_WECHAT_MATTER_MINUTES": "120",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
    }


async def people_of(http: httpx.AsyncClient, hook: str) -> People:
    """Sign everybody in, connect the outside systems, and subscribe to everything."""
    headers = {}
    for login in ("admin", "hotline", "grid"):
        answer = await http.post("/v1/sessions", json={"login": login, "password": PASSWORD})
        headers[login] = {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}
    systems: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        ("soak-pbx", "pbx", "generic", {"zone": "Asia/Shanghai"}),
        ("soak-311", "open311", "georeport", {}),
        ("soak-city", "platform", "json", {"fields": FIELDS}),
    )
    connected: dict[str, str] = {}
    for code, kind, adapter, options in systems:
        body = {"code": code, "kind": kind, "adapter": adapter, "name": code, "options": options}
        connected[code] = (await http.post("/v1/connections", json=body, headers=headers["admin"])).raise_for_status().json()["secret"]
    wish = {"name": "soak", "url": hook, "event_types": ["ticket.*"]}
    made = (await http.post("/v1/webhook-subscriptions", json=wish, headers=headers["admin"])).raise_for_status()
    connected["hook"] = made.json()["secret"]
    await asyncio.sleep(3)  # the doors look for new connections every two seconds
    return People(headers, connected)


async def pour(http: httpx.AsyncClient, people: People, seconds: float, rate: float, seed: int) -> tuple[list[Parcel], Post]:
    """Send from all ways for so many seconds; return everything that was sent once all of it has been settled."""
    post, parcels = Post(http, seconds, seed), []
    started, number = time.perf_counter(), 0
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("All ways in at once", total=seconds)
        async with asyncio.TaskGroup() as group:
            while (passed := time.perf_counter() - started) < seconds:
                progress.update(task, completed=passed)
                for make in WAYS.values():
                    parcel = make(people, number)
                    parcels += [parcel, *parcel.after]
                    group.create_task(post.deliver(parcel))
                number += 1
                await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
            progress.update(task, completed=seconds, description="Waiting for what is late")
    return parcels, post


async def havoc(servers: Servers, supervisor: Supervisor, seconds: float) -> None:
    """Kill one thing after the other, each without warning; all but the supervisor's own children are started again here."""
    assert servers.postgres is not None
    assert servers.valkey is not None
    for name in ("worker", "postgres", "intake", "valkey"):
        await asyncio.sleep(seconds / 5)
        pids = supervisor.pids() | {"postgres": servers.postgres.pid, "valkey": servers.valkey.pid}
        os.kill(pids[name], signal.SIGKILL)
        console.print(f"Killed {name}.")
        if name in ("postgres", "valkey"):
            await asyncio.sleep(2)
            while not await asyncio.to_thread(servers.revive):  # noqa: ASYNC110  until the kernel says it is gone
                await asyncio.sleep(0.5)


async def settled(connection: asyncpg.Connection) -> dict[str, int]:
    """Wait until nothing is owed; return what still is when patience ends."""
    console.print("Waiting until nothing is owed any more.")
    until = time.monotonic() + SETTLED_WITHIN
    while (left := await owed(connection)) and time.monotonic() < until:  # noqa: ASYNC110  the worker tells nobody
        await asyncio.sleep(1)
    return left


def shown(lines: list[Line]) -> Table:
    """The ledger as a table."""
    table = Table("way", "sent", "deliveries", "acknowledged", "there", "missing", "twice", "unknown", title="Ledger")
    for line in lines:
        counts = (line.sent, line.deliveries, line.acknowledged, line.present, len(line.missing), len(line.doubled), len(line.unknown))
        table.add_row(line.way, *map(str, counts), style="" if line.right else "bold red")
    return table


async def personal(home: Path) -> list[str]:
    """Return the logs that hold what no log may hold."""
    canaries = (PHONE.encode(), b"oSoak", "路灯坏了".encode())
    return [path.name for path in sorted((home / "logs").glob("*.log")) if any(canary in path.read_bytes() for canary in canaries)]


@asynccontextmanager
async def running(servers: Servers, home: Path, ports: tuple[int, int]) -> Any:
    """Give the supervisor of the doors and the worker, and a client of the intake door."""
    async with Supervisor(doors(Plan(home, *ports, "no"), environment(servers, home, ports)), console.print) as supervisor:
        await supervisor.ready()
        limits = httpx.Limits(max_connections=64)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports[0]}", timeout=20, limits=limits) as http:
            yield supervisor, http


async def soak(minutes: float, rate: float, seed: int, *, kill: bool = True) -> bool:
    """Run, print, and tell whether the ledger is exact."""
    from tests.journeys.conftest import free_ports

    with tempfile.TemporaryDirectory(prefix="soak-") as directory, temporary_servers(durable=True) as servers:
        home, (one, two) = Path(directory), free_ports(2)
        os.environ |= {
            name: value for name, value in environment(servers, home, (one, two)).items() if name.startswith(("DATABASE", "DAGUANJIA"))
        }
        settings.cache_clear()
        await fill_county(servers.database_url)
        async with subscribing() as subscriber, running(servers, home, (one, two)) as (supervisor, http):
            people = await people_of(http, subscriber.url)
            subscriber.secret = people.secrets["hook"]
            killing = asyncio.create_task(havoc(servers, supervisor, minutes * 60)) if kill else None
            parcels, post = await pour(http, people, minutes * 60, rate, seed)
            if killing is not None:
                await killing
            connection = await asyncpg.connect(servers.database_url)
            try:
                return await judged(connection, parcels, post, subscriber, home)
            finally:
                await connection.close()


async def judged(connection: asyncpg.Connection, parcels: list[Parcel], post: Post, subscriber: Subscriber, home: Path) -> bool:
    """Wait, compare, print; tell whether all is well."""
    left = await settled(connection)
    lines = await balance(connection, parcels)
    console.print(shown(lines))
    wrong = {**{f"still owed: {name}": count for name, count in left.items()}, **await faults(connection)}
    events = [str(row[0]) for row in await connection.fetch("SELECT id FROM webhook_deliveries WHERE state <> 'sent'")]
    told = {str(row[0]) for row in await connection.fetch("SELECT id FROM webhook_deliveries")}
    unheard = told - subscriber.heard.keys()
    wrong |= {"webhooks not sent": len(events), "webhooks never heard": len(unheard), "webhooks badly signed": subscriber.badly_signed}
    wrong |= {f"personal data in {name}": 1 for name in await personal(home)}
    for what, count in wrong.items():
        if count:
            console.print(f"{what}: {count}", style="bold red")
    for line in lines:
        if not line.right:
            console.print(line.way, "missing", line.missing[:5], "twice", line.doubled[:5], "unknown", line.unknown[:5], style="bold red")
    answers = sorted(post.answered)
    if answers:
        middle, slow = answers[len(answers) // 2] * 1000, answers[int(len(answers) * 0.99)] * 1000
        doubled = sum(count > 1 for count in subscriber.heard.values())
        console.print(
            f"{len(answers)} answers, p50 {middle:.0f} ms, p99 {slow:.0f} ms; {len(told)} webhooks, {doubled} of them heard twice."
        )
    return all(line.right for line in lines) and not any(wrong.values())


def main() -> int:
    """Read the command line, run, and say how it ended."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=4)
    parser.add_argument("--seed", type=int, default=580)
    given = parser.parse_args()
    return 0 if asyncio.run(soak(min(given.minutes, 60), min(given.rate, 50), given.seed)) else 1


if __name__ == "__main__":
    sys.exit(main())
