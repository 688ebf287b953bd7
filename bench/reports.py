"""How fast figures are read and kept, at several sizes: ``python -m bench.reports [--tickets 100000 1000000] [--keep DIR]``.

Makes counties from one seed (`daguanjia simulate-county`) on servers of their own with durable settings, and asks each what the dashboard
asks: over HTTP, as the bare statements behind it, and beside that as a plain GROUP BY over the tickets. Then what it costs a worker to
keep the figures, and how much room they take. Ten million tickets need 25 GB and a quarter of an hour to be made, once with ``--keep``.
"""

import argparse
import asyncio
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table

from bench.reports_asked import Timed, ask_all
from bench.reports_made import county_of
from bench.reports_questions import dashboard, reports
from bench.reports_upkeep import KEEPING, Kept, upkeep

console = Console()
_SIZES = """
SELECT c.relname, pg_table_size(c.oid) AS rows, pg_indexes_size(c.oid) AS indexes, greatest(c.reltuples, 0)::bigint AS n
FROM pg_class c WHERE c.relkind = 'r' AND c.relname IN ('tickets', 'report_facts', 'report_history', 'rollup_cells', 'duration_cells')
ORDER BY c.relname
"""
_GRAINS = "SELECT grain, count(*) AS cells FROM rollup_cells GROUP BY grain ORDER BY cells"


@dataclass(frozen=True)
class Size:
    """What one size came to."""

    tickets: int
    made: dict[str, Any]
    timed: dict[str, Timed]
    kept: Kept | None
    tables: list[tuple[str, int, int, int]]
    grains: dict[str, int]


async def measure(url: str, tickets: int, made: dict[str, Any], *, seconds: float, keeping: bool) -> Size:
    """Ask everything of the county at `url`."""
    until = date.fromisoformat(made["until"])
    owner = await asyncpg.connect(url)
    tables = [(row["relname"], row["rows"], row["indexes"], row["n"]) for row in await owner.fetch(_SIZES)]
    grains = {row["grain"]: row["cells"] for row in await owner.fetch(_GRAINS)}
    await owner.close()
    with console.status(f"{tickets:,} tickets") as status:
        timed = await ask_all(
            url, [*dashboard(until), *reports(until)], seconds, lambda what: status.update(f"{tickets:,} tickets: {what}")
        )
        status.update(f"{tickets:,} tickets: keeping the figures")
        kept = await upkeep(url, until) if keeping else None
    return Size(tickets, made, timed, kept, tables, grains)


def print_all(sizes: list[Size]) -> None:
    """Print what was measured, and how the largest compares with the one before."""
    for size in sizes:
        made, parts = size.made, "with their journal" if size.made["journal"] else "without a journal: tickets, facts and sums alone"
        console.print(f"\n{size.tickets:,} tickets {parts}, made in {made['seconds']} s; content {made['content'][:16]}")
        console.print(_readings(size))
    if len(sizes) > 1:
        console.print(_ratios(sizes[-2], sizes[-1]))
    for size in sizes:
        _print_room(size)
        if size.kept:
            _print_keeping(size.tickets, size.kept)


def _readings(size: Size) -> Table:
    table = Table("question", "HTTP p50 ms", "p95", "bare SQL p50 ms", "p95", "plain GROUP BY ms", title=f"{size.tickets:,} tickets")
    for what, one in size.timed.items():
        plain = f"{one.plain:,.0f}" if one.plain is not None else ""
        table.add_row(what, f"{one.http[0]:.1f}", f"{one.http[1]:.1f}", f"{one.bare[0]:.1f}", f"{one.bare[1]:.1f}", plain)
    return table


def _ratios(one: Size, other: Size) -> Table:
    table = Table(
        "question", "HTTP p50", "HTTP p95", "bare p50", "plain", title=f"{other.tickets:,} ÷ {one.tickets:,}: the aim is 1.5 at most"
    )
    for what, far in other.timed.items():
        near = one.timed[what]
        plain = f"{far.plain / near.plain:.1f}" if far.plain and near.plain else ""
        cells = (far.http[0] / near.http[0], far.http[1] / near.http[1], far.bare[0] / near.bare[0])
        table.add_row(what, *(f"{cell:.2f}" for cell in cells), plain)
    return table


def _print_room(size: Size) -> None:
    console.print(f"\nRoom at {size.tickets:,} tickets, in MB (rows, indexes):")
    for name, rows, indexes, number in size.tables:
        console.print(f"  {name:<16} {rows / 1e6:>9,.0f} {indexes / 1e6:>9,.0f}   {number:,} rows")
    console.print("  cells: " + ", ".join(f"{grain} {cells:,}" for grain, cells in size.grains.items()))


def _print_keeping(tickets: int, kept: Kept) -> None:
    names = ", ".join(KEEPING)
    console.print(f"\nKeeping the figures beside {tickets:,} tickets, milliseconds of a worker for a ticket where it keeps {names}:")
    console.print("  filed, dispatched, told of: " + ", ".join(f"{1000 * kept.filing[keeping]:.2f}" for keeping in KEEPING))
    console.print(
        f"  the {kept.events:.1f} events that follow: " + ", ".join(f"{1000 * kept.following[keeping]:.2f}" for keeping in KEEPING)
    )
    console.print(f"  keeping facts and their history costs {100 * kept.cost('facts', 'nothing'):.0f} % of the drain rate,")
    console.print(f"  keeping the sums of them {100 * kept.cost('everything', 'facts'):.0f} %; the aim is 20 % at most")


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, nargs="+", default=[20_000], help="one county of each size")
    parser.add_argument("--seconds", type=float, default=2, help="for each question")
    parser.add_argument("--keep", type=Path, help="a directory to keep the counties in, and to find them again")
    parser.add_argument("--no-upkeep", action="store_true", help="leave out what keeping the figures costs")
    parser.add_argument("--only-make", action="store_true", help="make the counties and measure nothing")
    given = parser.parse_args()
    os.environ.setdefault("DAGUANJIA_SECRET", "a secret for the bench only, 32 characters and more")
    sizes = []
    for tickets in sorted(given.tickets):
        with county_of(tickets, given.keep, console) as (servers, made):
            if not given.only_make:
                keeping = not given.no_upkeep
                sizes.append(asyncio.run(measure(servers.database_url, tickets, made, seconds=given.seconds, keeping=keeping)))
                print_all(sizes[-1:])
    if len(sizes) > 1:
        print_all(sizes)


if __name__ == "__main__":
    main()
