"""``daguanjia load-calendar``: the working days of a year."""

from typing import Annotated

import typer


async def load_calendar(
    years: Annotated[list[int] | None, typer.Argument(metavar="YEAR...", min=2000, max=2100, help="Default: last to next year.")] = None,
) -> None:
    """Load holidays and make-up working days from the installed `holidays` library; loading again changes nothing.

    The State Council announces a year each November: install a newer release then, and run this again (the worker does so when it starts).
    """
    from daguanjia.loading import opened
    from services.deadlines import queries
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work

    async with opened(), unit_of_work(SYSTEM) as work:
        changed = await (queries.load_calendar(work, years) if years else queries.ensure_calendar(work))
        official = sorted((await queries.work_calendar(work.session)).official_years)
    typer.echo(f"{changed} days changed. Announced years: {', '.join(str(year) for year in official) or 'none'}.")
