"""The migrations make exactly the schema the row classes describe: `alembic check`."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from migrations.rows import metadata


async def test_the_row_classes_say_nothing_that_the_migrations_do_not(empty):
    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    async with empty.as_role("") as owner, owner.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
