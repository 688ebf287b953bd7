"""``daguanjia simulate-county``: a made-up county with months of traffic, from a seed."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from daguanjia.county.making import Made, Making


def simulate_county(
    *,
    tickets: Annotated[int, typer.Option(min=1, help="How many tickets.")] = 20_000,
    months: Annotated[int, typer.Option(min=1, max=60, help="Over how many months.")] = 24,
    seed: Annotated[int, typer.Option(help="The same seed makes the same county.")] = 1,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day it ends before. Default: today.")] = None,
    journal: Annotated[
        bool, typer.Option(help="With the journal of each ticket. Without: tickets, facts and sums alone, for millions.")
    ] = True,
    processes: Annotated[int, typer.Option(min=1, max=64, help="How many processes make it.")] = 2,
    password: Annotated[str, typer.Option(help="What its people sign in with (demo-…). Default: a new one, printed.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Although there are tickets already. Never beside accounts of real people.")
    ] = False,
) -> None:
    """Make up a county in the current database: 6,955 grids, 424 villages, 100,000 households, their people and their tickets.

    For demonstrations and measurements; refuses a database where real people have accounts. Prints a hash of the content, which is the
    same for the same seed, tickets, months and last day, whatever the machine. No pictures are made.
    """
    import secrets

    from rich.console import Console

    from daguanjia.county.drawing import Wanted
    from daguanjia.county.making import Making
    from services.platform import clock

    console, secret = Console(), password or secrets.token_urlsafe(9)
    day = until.date() if until else clock.local_day(clock.now())
    made = _made(Making(Wanted(seed, tickets, months, day), journal, processes, secret, force), console)
    console.print(f"{made.tickets:,} tickets. Content {made.content}", highlight=False, soft_wrap=True)
    if made.hired:
        console.print(f"Sign in as demo-analyst-441624-1, demo-county-441624-1, … with {secret}", highlight=False, soft_wrap=True)


def _made(making: "Making", console: "Console") -> "Made":
    """Make the county, with a bar for each thing that is done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    from daguanjia.county.making import make

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        return make(making, progress)
