"""The database: one engine a process, rows as SQLAlchemy classes, and the limits every connection carries.

A door signs in as whoever `DATABASE_URL` names and takes on its own database role at once (``SET ROLE`` as a start-up parameter), so
that it has no more rights than `migrations/` grants that role. SQL never names a schema.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from asyncpg.connection import Connection
from sqlalchemy import BigInteger, DateTime, Integer, LargeBinary, MetaData, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from services.platform.errors import Problem

OWNER = ""
INTAKE = "daguanjia_intake"
WORKER = "daguanjia_worker"
REPORTING = "daguanjia_reporting"
ROLES = (INTAKE, WORKER, REPORTING)

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Json = dict[str, Any]


class Base(DeclarativeBase):
    """Parent of every row class."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads this class attribute
        datetime: DateTime(timezone=True),
        str: Text(),
        int: Integer(),
        bytes: LargeBinary(),
        Json: JSONB(),
        list[str]: JSONB(),
    }


BigInt = BigInteger

_LIMITS = {
    "timezone": "UTC",
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
    "jit": "off",
}


def driver_url(url: str) -> str:
    """Return `url` (``postgresql://…`` as people write it) for the asyncpg driver; raise where it names no database."""
    try:
        parsed = make_url(url)
    except Exception:  # noqa: BLE001  the message of the parser would repeat the password
        raise Problem("settings.database_url", "DATABASE_URL is not a URL like postgresql://user:password@host:5432/name.") from None
    if not parsed.drivername.startswith("postgres") or not parsed.database:
        raise Problem("settings.database_url", "DATABASE_URL must look like postgresql://user:password@host:5432/name.")
    return parsed.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


class Database:
    """A pool of connections that all carry one role and the same limits."""

    def __init__(self, url: str, role: str = OWNER, *, pool_size: int = 8) -> None:
        limits = dict(_LIMITS, application_name=role or "daguanjia")
        if role:
            limits["role"] = role
        if role == REPORTING:  # its answers are small sums: starting helpers takes longer than they save
            limits["max_parallel_workers_per_gather"] = "0"
        self.role = role
        self.engine: AsyncEngine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            pool_pre_ping=False,
            pool_recycle=1800,
            pool_use_lifo=True,  # the connection used last has the statements prepared
            connect_args={"server_settings": limits, "timeout": 10},
        )
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Give a session inside a transaction: committed on clean exit, rolled back otherwise."""
        async with self.sessions() as session, session.begin():
            yield session

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[Connection]:
        """Give a bare asyncpg connection from the same pool, for the few hot statements."""
        async with self.engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            while driver is not None and driver.is_closed():  # lost while it lay in the pool, which cannot see what is done here
                await connection.invalidate()
                driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, Connection)
            yield driver

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


async def driver_of(session: AsyncSession) -> Connection:
    """Return the bare asyncpg connection of a session, inside its transaction."""
    await session.execute(text("SELECT 1"))  # SQLAlchemy begins the transaction with the first statement of its own
    driver = (await (await session.connection()).get_raw_connection()).driver_connection
    assert isinstance(driver, Connection)
    return driver


class _Current:
    database: Database | None = None


def use_database(database: Database | None) -> None:
    """Make `database` the one this process works on."""
    _Current.database = database


def database() -> Database:
    """Return the database of this process."""
    if _Current.database is None:
        raise Problem("settings.database_url", "No database is open. Set DATABASE_URL, or use `make run`.")
    return _Current.database
