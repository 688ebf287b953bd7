"""``daguanjia load-categories``: the catalogue from a file."""

from pathlib import Path
from typing import Annotated

import typer

_OURS = Path(__file__).parents[1] / "data" / "categories.csv"


async def load_categories(
    file: Annotated[Path, typer.Argument(help="CSV file; see daguanjia/data/categories.README.md. Ours, where not given.")] = _OURS,
    *,
    unless_loaded: Annotated[bool, typer.Option("--unless-loaded", help="Only where there is no catalogue yet.")] = False,
) -> None:
    """Load the catalogue 派单目录 from FILE: all of it or, with any mistake, nothing. A changed category becomes a new version.

    It becomes a version of the rules, in force at once, and is refused with the list where a category would have nobody responsible or an
    area row could never decide. A category that FILE leaves out becomes inactive. The same file again changes nothing.
    """
    from rich.console import Console

    from daguanjia.loading import file_text, opened
    from daguanjia.rules import warning
    from services.catalogue.actions import load_category_file
    from services.catalogue.queries import present_definition
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work

    text = file_text(file)
    console = Console()
    async with opened():
        with console.status(f"Loading {file.name}"):
            async with unit_of_work(SYSTEM) as work:
                if unless_loaded and (await present_definition(work.session)).categories:
                    console.print("There is a catalogue already; it stays as it is.")
                    return
                done, unchecked = await load_category_file(work, text), await warning(work.session)
    left = f" {done.left_out} left out: inactive from now on." if done.left_out else ""
    console.print(f"{file.name}: {done.added} categories added, {done.changed} changed, {done.unchanged} as they were.{left}")
    if unchecked:
        console.print(unchecked, style="yellow", soft_wrap=True)
