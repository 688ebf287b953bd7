"""``daguanjia bi-reader``: a database role for an analyst's own tool."""

from typing import Annotated

import typer


async def bi_reader(
    name: Annotated[str, typer.Option(help="Name of the reader; its role is bi_<name>.")],
    unit: Annotated[str, typer.Option(help="Code of the unit whose area it sees, such as 441624108.")] = "",
    revoke: Annotated[bool, typer.Option("--revoke", help="End the role instead.")] = False,
) -> None:
    """Make a role that reads the views bi_… of one area and nothing else; its password is shown once. With --revoke, end it."""
    from sqlalchemy.engine import make_url

    from daguanjia.loading import opened
    from services.exports.bi import grant_reader, print_metrics, revoke_reader
    from services.platform.actor import SYSTEM
    from services.platform.errors import Problem
    from services.platform.settings import settings
    from services.platform.unit_of_work import unit_of_work

    async with opened():
        if revoke:
            async with unit_of_work(SYSTEM) as work:
                role = await revoke_reader(work, name)
            typer.echo(f"{role} is revoked.")
            return
        if not unit:
            raise Problem("bi_reader.no_unit", "Say with --unit whose area the reader is to see.")
        await print_metrics()
        async with unit_of_work(SYSTEM) as work:
            granted = await grant_reader(work, name, unit)
    found = make_url(settings().database_url)
    typer.echo(f"role      {granted.role}\npassword  {granted.password}\narea      {granted.area}")
    typer.echo(f"postgresql://{granted.role}:<password>@{found.host}:{found.port or 5432}/{found.database}")
    typer.echo("The password is shown this once.")
