"""The migrations make exactly the schema the row classes describe: `alembic check`."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from migrations.rows import metadata


# Rules that rows of before need not keep (0090) are NOT VALID; reading such a CHECK, SQLAlchemy stumbles over an option of its own making.
@pytest.mark.filterwarnings("ignore:Can't validate argument 'dialect_options'")
async def test_the_row_classes_say_nothing_that_the_migrations_do_not(empty):
    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    async with empty.as_role("") as owner, owner.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
