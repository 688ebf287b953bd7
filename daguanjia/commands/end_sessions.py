"""``daguanjia end-sessions``: sign somebody out everywhere."""

from typing import Annotated

import typer


async def end_sessions(
    *,
    login: Annotated[str, typer.Option(help="Whose sessions.")],
) -> None:
    """End every session of an account, on every device, within five seconds."""
    from rich.console import Console

    from daguanjia.loading import opened
    from services.identity.accounts import account_by_login
    from services.identity.actions import sign_out
    from services.identity.sessions import live_sessions
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work

    async with opened(), unit_of_work(SYSTEM) as work:
        account = await account_by_login(work, login)
        ended = len(await live_sessions(work, account.id))
        await sign_out(work, account.id, "by_administrator")
    Console(highlight=False).print(f"{login} is signed out; sessions that were live: {ended}.")
