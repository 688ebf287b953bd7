"""``daguanjia revert-policy``: go back to older rules."""

from typing import Annotated

import typer


async def revert_policy(
    version: Annotated[str, typer.Argument(metavar="KIND:VERSION", help="The version whose rules are wanted again; 0: the product's own.")],
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="2027-01-01 or 2027-01-01T08:00; at once where not given.")] = None,
    note: Annotated[str | None, typer.Option(help="Why, for those who look at it later.")] = None,
    *,
    go_on: Annotated[bool, typer.Option("--go-on", help="Although a version that is dated later will undo it.")] = False,
) -> None:
    """Bring the rules of an older version into force again, as a new version; checked like every other."""
    from daguanjia.loading import opened
    from daguanjia.rules import instant_in, named_version
    from services.platform.actor import SYSTEM
    from services.platform.clock import local_text
    from services.platform.unit_of_work import unit_of_work
    from services.policies.actions import revert

    kind, number = named_version(version)
    async with opened(), unit_of_work(SYSTEM) as work:
        policy = await revert(work, kind, number, words=note, at=instant_in(at), go_on=go_on)
        assert policy.effective_at is not None
        made, since = policy.version, local_text(policy.effective_at)
    typer.echo(f"{kind.name}:{made} repeats {kind.name}:{number} and is in force from {since}.")
