"""``daguanjia open-account``: open a closed account again (启用)."""

from typing import Annotated

import typer


async def open_account(
    *,
    login: Annotated[str, typer.Option(help="Whose account.")],
) -> None:
    """Open an account that was closed; its password and second factor are as they were."""
    from rich.console import Console

    from daguanjia.loading import opened
    from services.identity.accounts import account_by_login
    from services.identity.closing import open_account as reopen
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work

    async with opened(), unit_of_work(SYSTEM) as work:
        await reopen(work, await account_by_login(work, login))
    Console(highlight=False).print(f"The account {login} is open.")
