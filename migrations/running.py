"""Running the migrations, and asking whether the rows and the schema still agree."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from services.platform.database import Database
from services.platform.errors import Problem

_HERE = Path(__file__).parent


def configuration() -> Config:
    """Return Alembic's configuration; there is no ini file."""
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def head() -> str:
    """Return the newest revision this code knows."""
    found = ScriptDirectory.from_config(configuration()).get_current_head()
    assert found is not None
    return found


def upgrade() -> None:
    """Bring the schema of DATABASE_URL to the newest revision."""
    command.upgrade(configuration(), "head")


def check() -> None:
    """Raise where the row classes say something the migrations do not."""
    command.check(configuration())


async def current(database: Database) -> str | None:
    """Return the revision the database is at; None for an empty one."""
    async with database.engine.connect() as connection:
        if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
            return None
        return str(await connection.scalar(text("SELECT version_num FROM alembic_version")))


async def require_current(database: Database) -> None:
    """Raise where the schema is not the one this code was written for."""
    found = await current(database)
    if found != head():
        raise Problem(
            "schema.outdated",
            f"The schema is at {found or 'nothing'}, this release needs {head()}. Run `daguanjia migrate` first.",
            status=503,
        )
