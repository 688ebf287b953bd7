"""``daguanjia lint-bulletin``: the arithmetic of a bulletin in a file."""

from pathlib import Path
from typing import Annotated

import typer


async def lint_bulletin(
    file: Annotated[Path, typer.Argument(help="JSON: a bulletin's tables and figures as docs/bulletins.md says, or one of ours.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Recompute every sum, share, rate and change of a bulletin from its own numbers. Exit code 1: one is wrong. Needs no database."""
    from pydantic import ValidationError
    from rich.console import Console

    from services.bulletins.document import SCHEMA, Document
    from services.bulletins.lint import lint
    from services.bulletins.lint_forms import BulletinFindings, ForeignBulletin
    from services.bulletins.own_lint import lint_own
    from services.platform.errors import Problem
    from services.web.routes import strict_json

    try:
        given = strict_json(file.read_bytes())
    except OSError as error:
        raise Problem("bulletin.file", f"{file} cannot be read: {error.strerror}.") from None
    try:
        ours = isinstance(given, dict) and given.get("form") == SCHEMA
        found = lint_own(Document.model_validate(given)) if ours else lint(ForeignBulletin.model_validate(given))
    except ValidationError as error:
        first = error.errors()[0]
        place = "/".join(str(part) for part in first["loc"])
        raise Problem("bulletin.form", f"{file} is no bulletin: {place}: {first['msg']}. The form is told in docs/bulletins.md.") from None
    wrong = any(one.level == "error" for one in found)
    if as_json:
        typer.echo(BulletinFindings(sound=not wrong, items=found).model_dump_json(indent=2))
    else:
        console = Console(soft_wrap=True)
        for one in found:
            console.print(
                f"{one.where}: {one.words}", style="bold red" if one.level == "error" else "yellow", markup=False, highlight=False
            )
        if not wrong:
            console.print("The arithmetic is sound.", style="green")
    if wrong:
        raise typer.Exit(1)
