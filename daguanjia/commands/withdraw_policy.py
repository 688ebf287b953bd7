"""``daguanjia withdraw-policy``: take back rules that are not in force yet."""

from typing import Annotated

import typer


async def withdraw_policy(version: Annotated[str, typer.Argument(metavar="KIND:VERSION", help="Such as ladder:3.")]) -> None:
    """Take a draft, or a version dated later, back for good. What came into force is reverted, not withdrawn."""
    from daguanjia.loading import opened
    from daguanjia.rules import named_version
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work
    from services.policies.actions import withdraw

    kind, number = named_version(version)
    async with opened(), unit_of_work(SYSTEM) as work:
        await withdraw(work, kind.name, number)
    typer.echo(f"{kind.name}:{number} is withdrawn.")
