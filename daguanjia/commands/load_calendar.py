"""``daguanjia load-calendar``: the working days of a year."""

from pathlib import Path
from typing import Annotated

import typer


async def load_calendar(
    years: Annotated[list[int] | None, typer.Argument(metavar="YEAR...", min=2000, max=2099, help="Default: last to next year.")] = None,
    file: Annotated[Path | None, typer.Option(help="JSON file with the announced lists of years; see docs/policies.md.")] = None,
) -> None:
    """Load holidays and make-up working days, as a new version of the calendars where something changed; loading again changes nothing.

    They come from the installed `holidays` library, or from FILE. The State Council announces a year each November: install a newer release
    then and run this again (the worker does so when it starts), or write its list into a file. Deadlines that were provisional are then
    worked out anew by the worker. An announced year is never replaced by an estimate.
    """
    from daguanjia.loading import file_json, opened
    from services.deadlines import changing
    from services.deadlines.queries import work_calendar
    from services.platform.actor import SYSTEM
    from services.platform.errors import Problem
    from services.platform.unit_of_work import unit_of_work

    listed = file_json(file) if file else {}
    lists = listed.get("years", listed) if isinstance(listed, dict) else listed
    if years and file and isinstance(lists, dict):
        lists = {number: year for number, year in lists.items() if number in {str(wanted) for wanted in years}}
        if len(lists) < len(set(years)):
            raise Problem("calendar.year_missing", f"{file} does not have every year you name.")
    async with opened() as database:
        async with unit_of_work(SYSTEM) as work:
            if file:
                changed = await changing.load_years(work, lists)
            else:
                changed = await (changing.load_calendar(work, years) if years else changing.ensure_calendar(work))
        async with database.transaction() as session:
            official = sorted((await work_calendar(session)).official_years)
    typer.echo(f"{changed} days changed. Announced years: {', '.join(str(year) for year in official) or 'none'}.")
