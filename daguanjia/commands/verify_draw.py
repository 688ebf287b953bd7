"""``daguanjia verify-draw``: repeats a draw from what is public of it."""

from typing import Annotated
from uuid import UUID

import typer


async def verify_draw(draw_id: Annotated[UUID, typer.Argument(metavar="ID", help="The draw, as GET /v1/draws shows it.")]) -> None:
    """Draw again from the published seed and list, and say whether it is the same draw. Exit code 1: it is not."""
    from rich.console import Console

    from daguanjia.loading import opened
    from services.platform.actor import COMPLAINANT
    from services.platform.unit_of_work import unit_of_work
    from services.verification.draws import repeat

    console = Console(soft_wrap=True)
    async with opened(), unit_of_work(COMPLAINANT) as work:
        found = await repeat(work.session, draw_id)
    if found.same:
        console.print("The same draw: seed and list are those that were promised, and the same rounds are chosen.", style="green")
        return
    if not found.seed:
        console.print("The seed is not the one whose hash was published.", style="bold red")
    if not found.candidates:
        console.print("The list is not the one that was drawn from.", style="bold red")
    for what, candidates in (("was not chosen and should have been", found.missing), ("was chosen and should not have been", found.added)):
        for candidate in sorted(candidates):
            console.print(f"{candidate.unit} {candidate.name} {what}.", style="bold red", markup=False)
    raise typer.Exit(1)
