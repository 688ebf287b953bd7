"""``daguanjia load-households``: the villages' registers from a file."""

from pathlib import Path
from typing import Annotated

import typer


async def load_households(
    file: Annotated[Path, typer.Argument(help="CSV file with unit,number[,head,phone,address,people]; see docs/households.md.")],
    *,
    rejected: Annotated[Path | None, typer.Option(help="Write the mistakes, one a line, to this file too.")] = None,
) -> None:
    """Load households from FILE: good lines are loaded, bad ones are named (exit code 2). The same file again changes nothing."""
    from daguanjia.loading import file_text, opened, told_mistakes, with_progress
    from services.households.parsing import parse_households
    from services.households.storing import PORTION, LoadReport, put_households
    from services.organization.queries import unit_tree
    from services.pairing.counting import fold_counts
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work

    text, done = file_text(file), LoadReport()
    async with opened(seals=True):
        async with unit_of_work(SYSTEM) as work:
            parsed = parse_households(text, await unit_tree(work.session))
        for portion in with_progress("Households", parsed.households, PORTION):
            async with unit_of_work(SYSTEM) as work:
                done.add(await put_households(work, portion))
        async with unit_of_work(SYSTEM) as work:
            await fold_counts(work)
    typer.echo(f"{file.name}: {done.added} households added, {done.changed} changed, {done.unchanged} as they were.")
    told_mistakes(sorted([*parsed.errors, *done.errors], key=lambda error: error.line), rejected)
