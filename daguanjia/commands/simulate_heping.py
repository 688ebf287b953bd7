"""``daguanjia simulate-heping``: the year of 三进三服务 that the article tells of, from a seed."""

from datetime import datetime
from typing import Annotated

import typer


async def simulate_heping(
    *,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m"], help="Its first month. Default: the last whole year.")
    ] = None,
    scale: Annotated[int, typer.Option(min=1, max=180, help="Only one in so many of everything but petitions and matters.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed makes the same year.")] = 1,
    password: Annotated[str, typer.Option(help="What its people sign in with (demo-…). Default: a new one, printed.")] = "",
) -> None:
    """Make up Heping's year in the current, empty database: 8,600 members, 100,000 households, 186,000 visits and what became of them.

    For demonstrations and measurements; refuses a database where real people have accounts. Then ask the reports: they count.
    """
    import secrets

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    from daguanjia.heping.making import Wanted, last_year, make
    from daguanjia.heping.proportions import ARTICLE
    from services.platform import clock

    console, secret = Console(), password or secrets.token_urlsafe(9)
    month = first.date() if first else last_year(clock.local_day(clock.now()))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        made = await make(Wanted(ARTICLE.one_in(scale), month, seed, secret), progress)
    console.print(f"{made.first} to {made.last}. Content {made.content}", highlight=False, soft_wrap=True)
    if made.hired:
        console.print(f"Sign in as demo-analyst-441624-1, demo-county-441624-1, … with {secret}", highlight=False, soft_wrap=True)
