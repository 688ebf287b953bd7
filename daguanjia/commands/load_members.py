"""``daguanjia load-members``: cadres and their posts from a file."""

from pathlib import Path
from typing import Annotated

import typer


async def load_members(
    file: Annotated[Path, typer.Argument(help="CSV file with staff_number,name,party_member,unit,role; see docs/households.md.")],
    *,
    rejected: Annotated[Path | None, typer.Option(help="Write the mistakes, one a line, to this file too.")] = None,
) -> None:
    """Load members from FILE: good lines are loaded, bad ones are named (exit code 2). The same file again changes nothing."""
    from daguanjia.loading import file_text, opened, told_mistakes, with_progress
    from services.organization.member_files import PORTION, MembersReport, parse_members, put_members
    from services.organization.queries import unit_tree
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work

    text, done = file_text(file), MembersReport()
    async with opened():
        async with unit_of_work(SYSTEM) as work:
            placed, errors = parse_members(text, await unit_tree(work.session))
        for portion in with_progress("Members", placed, PORTION):
            async with unit_of_work(SYSTEM) as work:
                done.add(await put_members(work, portion))
    typer.echo(f"{file.name}: {done.added} members added, {done.changed} changed, {done.posts} posts given, {done.unchanged} as they were.")
    told_mistakes(sorted([*errors, *done.errors], key=lambda error: error.line), rejected)
