"""``daguanjia activate-policy``: bring rules into force."""

from typing import Annotated

import typer


async def activate_policy(
    version: Annotated[str, typer.Argument(metavar="KIND:VERSION", help="Such as ladder:3.")],
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="2027-01-01 or 2027-01-01T08:00; at once where not given.")] = None,
    *,
    go_on: Annotated[bool, typer.Option("--go-on", help="Although other rules came into force since it was drafted.")] = False,
) -> None:
    """Bring a version into force, now or later; refused with the whole list where something is wrong with it.

    Open tickets keep the promise they were given.
    """
    from daguanjia.loading import opened
    from daguanjia.rules import instant_in, named_version, warning
    from services.platform.actor import SYSTEM
    from services.platform.clock import local_text
    from services.platform.unit_of_work import unit_of_work
    from services.policies.actions import activate

    kind, number = named_version(version)
    async with opened(), unit_of_work(SYSTEM) as work:
        policy = await activate(work, kind, number, at=instant_in(at), go_on=go_on)
        assert policy.effective_at is not None
        since, unchecked = local_text(policy.effective_at), await warning(work.session)
    typer.echo(f"{kind.name}:{number} is in force from {since}.")
    if unchecked:
        typer.echo(unchecked)
