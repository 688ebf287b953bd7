"""``daguanjia create-account``: the first people, before anybody can sign in to add others."""

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
    from daguanjia.passwords import given_password

    password = given_password(password_file)
    role_given = await hire(Hired(login=login, name=name, role=role, unit_code=unit, party_member=party_member), password)
    Console().print(f"{login} can sign in as {role_given} of {unit}.")
