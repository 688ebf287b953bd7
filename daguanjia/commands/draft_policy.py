"""``daguanjia draft-policy``: rules from a file, as the next version."""

from pathlib import Path
from typing import Annotated

import typer


async def draft_policy(
    file: Annotated[Path, typer.Argument(help="JSON as `daguanjia policies KIND:VERSION` prints it, or a categories.csv.")],
    note: Annotated[str | None, typer.Option(help="Why, for those who look at it later.")] = None,
) -> None:
    """Keep the rules in FILE as the next version, and say what would keep it from coming into force. It changes nothing yet."""
    from rich.console import Console

    from daguanjia.loading import opened
    from daguanjia.rules import definition_in, warning
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work
    from services.policies.actions import draft

    console = Console(soft_wrap=True)
    async with opened(), unit_of_work(SYSTEM) as work:
        kind, definition = await definition_in(work.session, file)
        policy = await draft(work, kind.name, definition, words=note)
        findings, unchecked = await kind.check(work.session, definition), await warning(work.session)
    console.print(f"Drafted as {kind.name}:{policy.version}.", highlight=False)
    for finding in findings:
        console.print(f"{finding.kind}: {finding.rule}: {finding.detail}", style="yellow", markup=False, highlight=False)
    if unchecked:
        console.print(unchecked, style="yellow")
