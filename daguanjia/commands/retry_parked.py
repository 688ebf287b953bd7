"""``daguanjia retry-parked``: let what was given up try again."""

from typing import Annotated

import typer


async def retry_parked(
    *,
    messages: Annotated[bool, typer.Option("--messages", help="Also messages that were given up or found no carrier.")] = False,
) -> None:
    """Make parked deliveries due again, after the reason has been put right."""
    from daguanjia.loading import opened
    from services.journal.draining import release_parked
    from services.notifications.sending import requeue
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work

    async with opened(), unit_of_work(SYSTEM) as work:
        released = await release_parked(work)
        queued = await requeue(work) if messages else 0
    typer.echo(f"{released} deliveries are due again." + (f" {queued} messages are queued again." if messages else ""))
