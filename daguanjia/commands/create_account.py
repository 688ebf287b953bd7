"""``daguanjia create-account``: the first people, before anybody can sign in to add others."""

import sys
from pathlib import Path
from typing import Annotated

import typer


async def create_account(
    *,
    login: Annotated[str, typer.Option(help="What they sign in with: letters, digits and . _ @ -")],
    name: Annotated[str, typer.Option(help="Their name.")],
    role: Annotated[str, typer.Option(help="grid_instructor becomes guide or assistant as party membership says.")],
    unit: Annotated[str, typer.Option(metavar="CODE", help="Code of the unit their post is in.")],
    party_member: Annotated[bool, typer.Option("--party-member", help="A member of the party.")] = False,
    password_file: Annotated[Path | None, typer.Option(help="File that holds the password, or - for standard input.")] = None,
) -> None:
    """Create a member with a post and an account. The password is asked for, unless a file is given."""
    from rich.console import Console

    from daguanjia.hiring import Hired, hire

    password = _password(password_file)
    role_given = await hire(Hired(login=login, name=name, role=role, unit_code=unit, party_member=party_member), password)
    Console().print(f"{login} can sign in as {role_given} of {unit}.")


def _password(path: Path | None) -> str:
    """Return the first line of the file or of standard input; asked for twice where there is neither."""
    if path is None:
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    if str(path) == "-":
        return sys.stdin.readline().rstrip("\r\n")
    from daguanjia.loading import file_text

    return file_text(path).partition("\n")[0].rstrip("\r")
