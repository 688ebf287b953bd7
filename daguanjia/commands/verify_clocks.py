"""``daguanjia verify-clocks``: every limit again from the journal."""

import typer


async def verify_clocks() -> None:
    """Work out every clock of every ticket from the journal alone and compare it with what is kept.

    Changes nothing; exit code 1 where something differs.
    """
    from rich.console import Console
    from rich.progress import Progress
    from sqlalchemy import func, select

    from daguanjia.loading import opened
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work
    from services.tickets.models import Ticket
    from services.tickets.rebuilding import check_clocks

    console = Console()
    clocks = untold = differing = 0
    async with opened(), unit_of_work(SYSTEM) as work:
        tickets = await work.session.scalar(select(func.count()).select_from(Ticket))
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("Reading the journal", total=tickets)
            async for page in check_clocks(work.session):
                clocks, untold, differing = clocks + page.clocks, untold + page.untold, differing + len(page.differences)
                for found in page.differences:
                    console.print(f"{found.number} {found.stage} {found.clock_id}: {found.said()}", soft_wrap=True)
                progress.advance(task, page.tickets)
    old = f" {untold} are older than the journal's record of clocks." if untold else ""
    console.print(f"{clocks} clocks of {tickets} tickets: {differing} differ from the journal.{old}")
    if differing:
        raise typer.Exit(1)
