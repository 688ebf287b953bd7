"""The county that the benches measure on: Heping, as the tests know it."""

import asyncio


async def fill_county(url: str) -> None:
    """Migrate the database at `url` (also DATABASE_URL) and load the county with grids, departments, catalogue and people."""
    from migrations import running
    from services.platform.database import OWNER, Database, use_database
    from services.platform.doorbell import Doorbell, use_doorbell
    from tests.county import fill

    await asyncio.to_thread(running.upgrade)
    database = Database(url, OWNER)
    use_database(database)
    use_doorbell(Doorbell(""))
    await fill()
    await database.close()
