"""``daguanjia rebuild-reports``: all figures anew from the journal, or only the sums that are missing."""

from typing import Annotated

import typer


async def rebuild_reports(
    *,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only add up what this release sums up and the database has not: minutes, not hours.")
    ] = False,
) -> None:
    """Make every figure anew from the journal: after an upgrade or an import, or to prove that nothing drifted. Reports go on meanwhile."""
    if missing:
        await _add_missing()
    else:
        await _rebuild()


async def _add_missing() -> None:
    from rich.console import Console

    from daguanjia.loading import opened
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work
    from services.reports.adding_up import add_missing

    console, found = Console(), []
    async with opened():
        with console.status("Adding up") as status:
            while True:
                async with unit_of_work(SYSTEM) as work:
                    name = await add_missing(work)
                if name is None:
                    break
                found.append(name)
                status.update(f"Added up {name}")
    console.print(f"Added up: {', '.join(found)}." if found else "No sums are missing.")


async def _rebuild() -> None:
    from rich.console import Console
    from rich.progress import Progress
    from sqlalchemy import func, select

    from daguanjia.loading import opened
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work
    from services.reports.rebuilding import rebuild
    from services.reports.restating import restate
    from services.tickets.models import Ticket

    console = Console()
    async with opened(), unit_of_work(SYSTEM) as work:
        restated = await restate(work)
        tickets = await work.session.scalar(select(func.count()).select_from(Ticket))
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("Counting tickets", total=tickets)
            counted = await rebuild(work, lambda done: progress.update(task, completed=done))
    if restated:
        console.print(f"{restated} tickets of an older journal were restated: what was known of them before cannot be asked for.")
    console.print(f"{counted} tickets are counted anew.")
