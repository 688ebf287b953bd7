"""``daguanjia export-chain``: the whole journal of a ticket, a matter or anything else, to be checked by strangers."""

from typing import Annotated

import typer


async def export_chain(
    number: Annotated[str, typer.Argument(help="The ticket's number; of anything else, a matter for one, its id.")],
) -> None:
    """Print a journal as JSON: a file for `daguanjia verify` and `tools/verify_history.py`.

    It holds ids, codes and words of the staff, as the journal does: no contacts. Whom it is given to is decided by whoever may read it.
    """
    from daguanjia.loading import opened
    from services.anchors.publishing import export_chain as chain_of
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work

    async with opened(), unit_of_work(SYSTEM) as work:
        found = await chain_of(work.session, number)
    typer.echo(found.model_dump_json())
