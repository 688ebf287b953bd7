"""``daguanjia load-units``: divisions, grids and departments from a file."""

from pathlib import Path
from typing import Annotated

import typer


async def load_units(
    file: Annotated[Path, typer.Argument(help="CSV file with code,parent_code,name,tier; see daguanjia/data/README.md.")],
    *,
    grids: Annotated[int, typer.Option(min=0, max=999, help="Add this many grids below each inhabited village and community.")] = 0,
) -> None:
    """Load units from FILE: all of it or, with any mistake, nothing. Loading the same file again changes nothing."""
    from rich.console import Console

    from daguanjia.loading import file_text, opened
    from services.organization.loading import load_unit_file
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work

    text = file_text(file)
    console = Console()
    async with opened():
        with console.status(f"Loading {file.name}"):
            async with unit_of_work(SYSTEM) as work:
                done = await load_unit_file(work, text, grids)
    console.print(
        f"{file.name}: {done.added} units added, {done.changed} changed, {done.renumbered} renumbered, {done.unchanged} as they were."
    )
