"""``daguanjia reset-password``: a password for once, for somebody who has lost theirs, also where nobody else may sign in any more."""

from typing import Annotated

import typer


async def reset_password(
    *,
    login: Annotated[str, typer.Option(help="Whose password.")],
) -> None:
    """Give an account a password for once, shown this once and changed at the next sign-in; its sessions end and a lock is lifted."""
    from rich.console import Console

    from daguanjia.loading import opened
    from services.identity.accounts import account_by_login
    from services.identity.actions import reset_password as reset
    from services.platform.actor import SYSTEM
    from services.platform.clock import local_text
    from services.platform.unit_of_work import unit_of_work

    async with opened(), unit_of_work(SYSTEM) as work:
        password, until = await reset(work, await account_by_login(work, login))
    Console(highlight=False).print(f"{login} can sign in once with {password} until {local_text(until)}, and then chooses a password.")
