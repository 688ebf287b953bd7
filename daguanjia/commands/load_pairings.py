"""``daguanjia load-pairings``: who looks after whom, from a file."""

from pathlib import Path
from typing import Annotated

import typer


async def load_pairings(
    file: Annotated[Path, typer.Argument(help="CSV file with unit[,household,member,partner,from]; see docs/households.md.")],
    *,
    transfer: Annotated[bool, typer.Option("--transfer", help="Hand households over that somebody else has.")] = False,
    rejected: Annotated[Path | None, typer.Option(help="Write the mistakes, one a line, to this file too.")] = None,
) -> None:
    """Load pairings from FILE: good lines are loaded, bad ones are named (exit code 2). The same file again changes nothing."""
    from daguanjia.loading import file_text, opened, told_mistakes, with_progress
    from services.organization.queries import members_by_staff_number, unit_tree
    from services.pairing.counting import fold_counts
    from services.pairing.parsing import parse_pairings
    from services.pairing.storing import PORTION, LoadReport, put_pairings, today_of
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work

    text, done = file_text(file), LoadReport()
    async with opened():
        async with unit_of_work(SYSTEM) as work:
            members = await members_by_staff_number(work.session, today_of(work))
            parsed = parse_pairings(text, await unit_tree(work.session), members, today_of(work))
        for portion in with_progress("Pairings", parsed.pairings, PORTION):
            async with unit_of_work(SYSTEM) as work:
                done.add(await put_pairings(work, portion, transfer=transfer))
        async with unit_of_work(SYSTEM) as work:
            await fold_counts(work)
    typer.echo(f"{file.name}: {done.added} pairings added, {done.transferred} handed over, {done.unchanged} as they were.")
    told_mistakes(sorted([*parsed.errors, *done.errors], key=lambda error: error.line), rejected)
