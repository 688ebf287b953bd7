"""``daguanjia rebuild-reports``: all figures anew from the journal."""


async def rebuild_reports() -> None:
    """Make every figure anew from the journal: after an upgrade or an import, or to prove that nothing drifted. Reports go on meanwhile."""
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
