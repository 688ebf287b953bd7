"""How the dashboard's answers at one size compare with those at another: ``python -m bench.reports_beside --keep DIR``.

Both counties are served at the same time, and each question is asked of one and the other in turn: whatever else a machine does, it does to
both. The counties are those that ``python -m bench.reports --only-make --keep DIR`` makes.
"""

import argparse
import asyncio
import os
import statistics
import time
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.reports_asked import reporting_door, token
from bench.reports_made import county_of
from bench.reports_questions import Asked, dashboard

console = Console()
_FIRST = 5
"""Answers that do not count: a door that has just begun reads what it keeps."""


class Side:
    """One of the counties: its door, who asks there, and how long each answer took in milliseconds."""

    def __init__(self, tickets: int, address: str, headers: dict[str, dict[str, str]]) -> None:
        self.tickets = tickets
        self._client = httpx.AsyncClient(base_url=address, timeout=120)
        self._headers = headers
        self.took: dict[str, list[float]] = {}

    async def ask(self, one: Asked, *, counts: bool) -> None:
        """Ask once."""
        began = time.perf_counter()
        (await self._client.get(one.path, headers=self._headers[one.login])).raise_for_status()
        if counts:
            self.took.setdefault(one.what, []).append(1000 * (time.perf_counter() - began))

    def read(self, what: str) -> tuple[float, float]:
        """Return median and 95th percentile."""
        taken = sorted(self.took[what])
        return statistics.median(taken), taken[int(0.95 * len(taken))]

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()


async def compare(places: list[tuple[int, str, str]], asked: list[Asked], times: int) -> list[Side]:
    """Ask everything of both, so many times; `places` are tickets, database and door of each."""
    sides = [
        Side(tickets, door, {login: await token(url, login) for login in {one.login for one in asked}}) for tickets, url, door in places
    ]
    for one in track(asked, "Asking", console=console):
        for turn in range(_FIRST + times):
            for side in sides if turn % 2 else reversed(sides):
                await side.ask(one, counts=turn >= _FIRST)
    for side in sides:
        await side.close()
    return sides


def _print(sides: list[Side], asked: list[Asked]) -> None:
    small, large = sides
    table = Table("question", f"{small.tickets:,}: p50, p95 ms", f"{large.tickets:,}: p50, p95 ms", "p50 ÷", "p95 ÷")
    for one in asked:
        near, far = small.read(one.what), large.read(one.what)
        cells = (f"{near[0]:.1f}, {near[1]:.1f}", f"{far[0]:.1f}, {far[1]:.1f}", f"{far[0] / near[0]:.2f}", f"{far[1] / near[1]:.2f}")
        table.add_row(one.what, *cells)
    console.print(table)
    console.print("The aims: 20 ms at most for the 95th percentile at 10 million, and 1.5 at most for its ratio.")


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, nargs=2, default=[1_000_000, 10_000_000], help="the two sizes")
    parser.add_argument("--times", type=int, default=200, help="how often each question counts, at each of them")
    parser.add_argument("--keep", type=Path, required=True, help="the directory the counties are kept in")
    given = parser.parse_args()
    os.environ.setdefault("DAGUANJIA_SECRET", "a secret for the bench only, 32 characters and more")
    with ExitStack() as stack:
        places, until = [], date.min
        for tickets in sorted(given.tickets):
            servers, made = stack.enter_context(county_of(tickets, given.keep, console))
            until = date.fromisoformat(made["until"])
            places.append((tickets, servers.database_url, stack.enter_context(reporting_door(servers.database_url))))
        asked = dashboard(until)
        _print(asyncio.run(compare(places, asked, given.times)), asked)


if __name__ == "__main__":
    main()
