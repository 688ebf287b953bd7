"""``daguanjia adopt-keys``: take the folder of day keys of this machine for the one, where the other is lost for good."""

from typing import Annotated

import typer


async def adopt_keys(
    *, sure: Annotated[bool, typer.Option("--sure", help="The other folder is lost, and is not coming back.")] = False
) -> None:
    """Have every process use the folder of day keys that lies here. What was sealed under another one stays closed."""
    from daguanjia.loading import opened
    from services.platform.actor import SYSTEM
    from services.platform.errors import Problem
    from services.platform.key_folder import adopt_folder
    from services.platform.row_keys import directory
    from services.platform.unit_of_work import unit_of_work

    if not sure:
        raise Problem("keys.not_sure", "What was sealed under another folder stays closed. Say --sure if that folder is not coming back.")
    async with opened(), unit_of_work(SYSTEM) as work:
        await adopt_folder(work.session)
    typer.echo(f"From now on the keys of days are those in {directory()}. Start every process with this folder.")
