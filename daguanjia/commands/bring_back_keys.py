"""``daguanjia bring-back-keys``: after an older backup of the database was brought back."""

import typer


async def bring_back_keys() -> None:
    """Give contacts whose day's key was destroyed since the backup their key again, and erase those that had been erased."""
    from daguanjia.loading import opened
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work
    from services.privacy.turning import bring_back

    async with opened(), unit_of_work(SYSTEM) as work:
        mended, erased = await bring_back(work.session)
    typer.echo(f"{mended} keys were brought back, {erased} rows were erased again.")
