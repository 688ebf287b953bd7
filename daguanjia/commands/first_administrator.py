"""``daguanjia first-administrator``: the one account that must be there before anybody can sign in to make others."""

from pathlib import Path
from typing import Annotated

import typer


async def first_administrator(
    *,
    login: Annotated[str, typer.Option(help="What they sign in with: letters, digits and . _ @ -")],
    name: Annotated[str, typer.Option(help="Their name.")],
    password_file: Annotated[Path | None, typer.Option(help="File that holds the password, or - for standard input.")] = None,
) -> None:
    """Make the first administrator, at the unit of the jurisdiction. Refused where there is one. The password is asked for."""
    from rich.console import Console

    from daguanjia.hiring import hire_first_administrator
    from daguanjia.passwords import given_password

    unit = await hire_first_administrator(login, name, given_password(password_file))
    Console().print(f"{login} can sign in as administrator of {unit}, and add everybody else.")
