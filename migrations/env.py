"""Alembic's entry: runs on the connection it is given, or opens one to DATABASE_URL."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text

from migrations.rows import metadata
from services.platform.database import OWNER, Database
from services.platform.settings import settings
from services.reports.made import mark_empty


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_type=True, transaction_per_migration=True)
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.execute(text("SET statement_timeout = '10min'"))
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()
    mark_empty(connection)
    connection.commit()


async def _connect_and_run() -> None:
    database = Database(settings().database_url, OWNER, pool_size=1)
    try:
        async with database.engine.connect() as connection:
            await connection.run_sync(_run)
            await connection.commit()
    finally:
        await database.close()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    asyncio.run(_connect_and_run())
