"""A hundred thousand malformed requests: ``python -m tests.hostile.malformed [--requests 100000] [--seed 1] [--only NUMBER]``.

On servers, doors and a worker of its own, at 127.0.0.1 alone. Every operation of both documents is asked in turn by somebody of each role,
by nobody, by a program with a key and with forged tokens; each request is spoilt in one to three ways (`faults.py`), one in 25 breaks the
framing itself. Ends with 1 where anything was answered 5xx, was not answered, or was cut off, where a process ended, or where a door does
not answer afterwards. ``--only`` makes and sends one request of a seed again and prints both sides.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from daguanjia.servers import temporary_servers
from services.platform.database import OWNER, Database, use_database
from services.platform.doorbell import Doorbell, use_doorbell
from tests.conftest import Running, _migrate, _run_sql
from tests.county import fill
from tests.hostile.firing import Caller, Tally, fire
from tests.hostile.siege import Siege, besieged
from tests.hostile.volley import Volley

console = Console()
_KINDS = ("2xx", "3xx", "4xx", "429", "5xx", "none")


async def faults_of(siege: Siege, tally: Tally) -> list[str]:
    """Return everything that must not be after a volley: offences, processes that ended, doors that answer no more, failures in logs."""
    found = [*tally.offences, *siege.told]
    async with httpx.AsyncClient(timeout=60) as client:
        for door, url in siege.doors.items():
            answer = await client.get(f"{url}/readyz")
            found += [] if answer.status_code == 200 else [f"the {door} door is not ready: {answer.text}"]
    for door in siege.doors:
        lines = (siege.logs / f"{door}.log").read_text(encoding="utf-8", errors="replace").splitlines()
        found += [line[:3000] for line in lines if '"request.failed"' in line or line.startswith("Traceback")]
    return found


async def _county(servers: Running) -> None:
    opened = Database(servers.named("template_county"), OWNER)
    use_database(opened)
    use_doorbell(Doorbell(""))
    await fill()
    use_database(None)
    await opened.close()


async def _once(siege: Siege, volley: Volley, number: int) -> int:
    """Send one request again; print it and its answer."""
    shot = volley.shot(number)
    console.print(str(shot), shot.said[:20_000], sep="\n", markup=False)
    heard = await Caller(siege.doors).send(shot)
    console.print(repr(heard), markup=False)
    return 1 if heard.fault else 0


async def _all(siege: Siege, volley: Volley, given: argparse.Namespace) -> int:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[wrong]} wrong"))
    with Progress(*columns, console=console, refresh_per_second=2) as progress:
        task = progress.add_task("", total=given.requests, wrong=0)

        def told(tally: Tally) -> None:
            if tally.sent % 50 == 0 or tally.sent == given.requests:
                progress.update(task, completed=tally.sent, wrong=len(tally.offences))
            if tally.sent % 5000 == 0 and not console.is_terminal:
                console.print(f"{tally.sent} sent, {len(tally.offences)} wrong", *tally.offences[-1:], markup=False)

        tally = await fire(volley, range(given.requests), siege.doors, callers=given.callers, renew=siege.renew, told=told)
    return _report(tally, await faults_of(siege, tally), given)


def _report(tally: Tally, wrong: list[str], given: argparse.Namespace) -> int:
    for title, counted in (("route", tally.by_route), ("caller", tally.by_caller)):
        table = Table(title, *_KINDS)
        for name, counts in sorted(counted.items()):
            table.add_row(name, *(str(counts[kind] or "") for kind in _KINDS))
        console.print(table)
    whole: Counter[str] = sum(tally.by_route.values(), Counter())
    console.print(f"{tally.sent} requests of seed {given.seed}, {len(tally.by_route) - 1} operations, {len(tally.by_caller)} callers:")
    console.print(", ".join(f"{whole[kind]} {kind}" for kind in _KINDS), f"; 429: {whole['429'] / tally.sent:.2%}", sep="")
    console.print(", ".join(f"{status or 'hung up'}: {count}" for status, count in sorted(tally.statuses.items())))
    for one in wrong[:50]:
        console.print(one, markup=False, highlight=False, soft_wrap=True)
    again = f"python -m tests.hostile.malformed --seed {given.seed} --only NUMBER"
    console.print(f"{len(wrong)} wrong. One again: {again}" if wrong else "Nothing wrong.", markup=False)
    return 1 if wrong else 0


async def _run(servers: Running, given: argparse.Namespace, home: Path) -> int:
    async with besieged(servers, "template_county", home) as siege:
        volley = Volley(given.seed, siege.world)
        return await (_all(siege, volley, given) if given.only is None else _once(siege, volley, given.only))


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--callers", type=int, default=16, help="how many ask at once")
    parser.add_argument("--only", type=int, help="send this one request of the seed and print it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="daguanjia-malformed-") as home, temporary_servers() as started:
        os.environ["DAGUANJIA_HOME"] = home
        servers = Running(started.database_url, started.redis_url)
        asyncio.run(_run_sql(servers.database_url, "CREATE DATABASE template_county"))
        _migrate(servers.named("template_county"))
        asyncio.run(_county(servers))
        return asyncio.run(_run(servers, given, Path(home)))


if __name__ == "__main__":
    sys.exit(main())
