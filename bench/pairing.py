"""A county paired: ``python -m bench.pairing [--members 8600] [--households 100000]``.

Heping's figures (B8): so many members and households are loaded from files with the commands themselves, against a private PostgreSQL,
beside the plainest way to put as many rows of the same size there (COPY); then again, which changes nothing. Then the county's report of
who is paired with whom, and the first page of who is not, each asked fifty times beside a statement that reads one row.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg

from daguanjia.servers import temporary_servers

DATA = Path(__file__).parents[1] / "daguanjia" / "data"
ASKED = 50


def main() -> None:
    """Load, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=8_600)
    parser.add_argument("--households", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, temporary_servers() as servers:
        os.environ |= {
            "DATABASE_URL": servers.database_url,
            "DAGUANJIA_HOME": folder,
            "DAGUANJIA_SECRET": "for this measurement only, " + "x" * 20,
        }
        load(Path(folder), given.members, given.households)
        asyncio.run(copied(servers.database_url, given.households))
        asyncio.run(asked())


def load(folder: Path, members: int, households: int) -> None:
    """Load everything from files, each file twice; print how long it took."""
    command("migrate")
    command("load-units", str(DATA / "divisions-heping-441624.csv"), "--grids", "2")
    command("load-units", str(DATA / "heping-departments.csv"))
    for name, text in files(members, households).items():
        file = folder / f"{name}.csv"
        file.write_text(text, encoding="utf-8")
        first, again = (command(f"load-{name}", str(file)) for _twice in range(2))
        print(f"load-{name}: {first:.1f} s; the same file again {again:.1f} s")


def command(*words: str) -> float:
    """Run a command of the product; return how long it took."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "daguanjia", *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def files(members: int, households: int) -> dict[str, str]:
    """Return the files: every household has a member, all but one in a hundred."""
    lines = (DATA / "divisions-heping-441624.csv").read_text(encoding="utf-8").splitlines()
    villages = [line.split(",")[0] for line in lines if ",village" in line]
    offices = [line.split(",")[0] for line in (DATA / "heping-departments.csv").read_text(encoding="utf-8").splitlines()[1:]]
    cadres = [f"C-{nth:05},干部{nth},是,{offices[nth % len(offices)]},department_officer" for nth in range(members)]
    homes, pairs = [], []
    for nth in range(households):
        village = villages[nth % len(villages)]
        homes.append(f"{village},{nth:06},户主{nth},138{nth:08},第{nth}号,{nth % 7}")
        if nth % 100:
            pairs.append(f"{village},{nth:06},C-{nth % members:05}")
    return {
        "members": "\n".join(["staff_number,name,party_member,unit,role", *cadres]),
        "households": "\n".join(["unit,number,head,phone,address,people", *homes]),
        "pairings": "\n".join(["unit,household,member", *pairs]),
    }


async def copied(url: str, rows: int) -> None:
    """Put as many rows of the size of a household and its paper there, by COPY."""
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE bare (a uuid, b uuid, c bytea, d bytea, e timestamptz DEFAULT now())")
    one = (os.urandom(66), os.urandom(150))
    began = time.perf_counter()
    await connection.copy_records_to_table("bare", records=[one] * rows, columns=["c", "d"])
    print(f"COPY of {rows} rows of that size: {time.perf_counter() - began:.2f} s")
    await connection.close()


async def asked() -> None:
    """Ask the report and a page of the list; print how long they take, and how many times one row's statement."""
    from sqlalchemy import text

    from services.pairing.coverage import AskedCoverage, coverage, missing
    from services.platform.actor import SYSTEM
    from services.platform.database import REPORTING, Database, use_database
    from services.platform.unit_of_work import Work, unit_of_work

    opened = Database(os.environ["DATABASE_URL"], REPORTING, pool_size=1)
    use_database(opened)

    async def spent(name: str, do: Callable[[Work], Awaitable[object]]) -> float:
        took = []
        for _ in range(ASKED):
            began = time.perf_counter()
            async with unit_of_work(SYSTEM) as work:
                answer = await do(work)
            took.append(time.perf_counter() - began)
        took.sort()
        print(f"{name}: p50 {took[ASKED // 2] * 1000:.1f} ms, p95 {took[int(ASKED * 0.95)] * 1000:.1f} ms")
        if name.startswith("report"):
            print(f"  {answer!r}")
        return took[ASKED // 2]

    bare = await spent("one row", lambda work: work.session.execute(text("SELECT 1")))
    whole = await spent("report of the county", lambda work: coverage(work, AskedCoverage()))
    page = await spent("who is not paired", lambda work: missing(work, AskedCoverage(), "households", after=None, limit=50))
    town = await spent("report of a township", lambda work: coverage(work, AskedCoverage("441624108")))
    print(f"beside one row: county {whole / bare:.0f}, list {page / bare:.0f}, township {town / bare:.0f} times")
    use_database(None)
    await opened.close()


if __name__ == "__main__":
    main()
