"""``daguanjia close-account``: close somebody's account (停用)."""

from typing import Annotated

import typer

from services.identity.models import CLOSED_WHY


async def close_account(
    *,
    login: Annotated[str, typer.Option(help="Whose account.")],
    why: Annotated[str, typer.Option(help=f"Why: {', '.join(CLOSED_WHY)}.")],
) -> None:
    """Close an account: its sessions end within five seconds, keys that borrow from it are refused. Not the last administrator's."""
    from rich.console import Console

    from daguanjia.loading import opened
    from services.identity.accounts import account_by_login
    from services.identity.closing import close_account as close
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work

    if why not in CLOSED_WHY:
        raise typer.BadParameter(f"must be one of {', '.join(CLOSED_WHY)}", param_hint="--why")
    async with opened(), unit_of_work(SYSTEM) as work:
        await close(work, await account_by_login(work, login), why)
    Console(highlight=False).print(f"The account {login} is closed ({CLOSED_WHY[why]}).")
