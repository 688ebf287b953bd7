"""``daguanjia migrate``: the schema of DATABASE_URL, up to this release."""


def migrate() -> None:
    """Bring the database's schema to this release. Safe to repeat; says in one line what it did."""
    import asyncio

    from rich.console import Console

    from migrations import running
    from services.platform.database import OWNER, Database
    from services.platform.settings import settings
    from services.reports.made import read_made

    async def revision() -> str | None:
        database = Database(settings().database_url, OWNER, pool_size=1)
        try:
            return await running.current(database)
        finally:
            await database.close()

    async def missing_sums() -> int:
        database = Database(settings().database_url, OWNER, pool_size=1)
        try:
            async with database.transaction() as session:
                return (await read_made(session)).missing
        finally:
            await database.close()

    before = asyncio.run(revision())
    console = Console()
    with console.status(f"Migrating from {before or 'an empty database'} to {running.head()}"):
        running.upgrade()
    console.print(f"The schema is at {running.head()}" + (" already." if before == running.head() else f" (was {before or 'empty'})."))
    if asyncio.run(missing_sums()):
        console.print("Sums of reports are missing: a worker makes them within ten minutes, `daguanjia rebuild-reports --missing` at once.")
