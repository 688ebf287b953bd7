"""``daguanjia load-categories``: the catalogue from a file."""

from pathlib import Path
from typing import Annotated

import typer

_OURS = Path(__file__).parents[1] / "data" / "categories.csv"


async def load_categories(
    file: Annotated[Path, typer.Argument(help="CSV file; see daguanjia/data/categories.README.md. Ours, where not given.")] = _OURS,
) -> None:
    """Load the catalogue 派单目录 from FILE: all of it or, with any mistake, nothing. A changed category becomes a new version."""
    from rich.console import Console

    from daguanjia.loading import file_text, opened
    from services.catalogue.actions import load_category_file
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work

    text = file_text(file)
    console = Console()
    async with opened():
        with console.status(f"Loading {file.name}"):
            async with unit_of_work(SYSTEM) as work:
                done = await load_category_file(work, text)
    console.print(f"{file.name}: {done.added} categories added, {done.changed} changed, {done.unchanged} as they were.")
