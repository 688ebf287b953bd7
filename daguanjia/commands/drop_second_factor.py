"""``daguanjia drop-second-factor``: for somebody who has lost both the authenticator and the recovery codes."""

from typing import Annotated

import typer


async def drop_second_factor(
    *,
    login: Annotated[str, typer.Option(help="Whose second factor.")],
) -> None:
    """Remove the second factor of an account with its recovery codes; its sessions end. Be sure who asks."""
    from rich.console import Console

    from daguanjia.loading import opened
    from services.identity.accounts import account_by_login
    from services.identity.second_factors import drop_factor
    from services.identity.sessions import end_all_sessions
    from services.platform.actor import SYSTEM
    from services.platform.errors import NotFound
    from services.platform.unit_of_work import unit_of_work

    async with opened(), unit_of_work(SYSTEM) as work:
        account = await account_by_login(work, login)
        if not await drop_factor(work, account.id):
            raise NotFound("second_factor.none", f"{login} has no second factor.")
        await end_all_sessions(work, account.id, "by_administrator")
    Console(highlight=False).print(f"{login} signs in with the password alone now.")
