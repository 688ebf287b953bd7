"""Servers of one's own (``DATABASE_URL``, ``REDIS_URL``): asked once, and what to say when they do not answer."""

import asyncio
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

import asyncpg
import redis

from daguanjia.servers.errors import ServerError
from daguanjia.servers.postgres import ask, check_letters

SECONDS = 5.0
OLDEST = 150000
_NO_DATABASE = (
    ConnectionError,
    socket.gaierror,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)


def check_database(url: str) -> None:
    """Raise ServerError unless ``url`` leads to a PostgreSQL 15 or newer that knows Chinese letters."""
    _must_start_with(url, "DATABASE_URL", ("postgresql://", "postgres://", "postgresql+asyncpg://"))
    plain = url.replace("postgresql+asyncpg://", "postgresql://", 1)
    try:
        ask(lambda: _check(plain))
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
        raise ServerError(_sentence("DATABASE_URL", url, problem)) from None


async def _check(url: str) -> None:
    connection = await asyncpg.connect(url, timeout=SECONDS)
    try:
        version = int(await connection.fetchval("SHOW server_version_num"))
    finally:
        await connection.close()
    if version < OLDEST:
        raise ServerError(f"DATABASE_URL leads to PostgreSQL {version // 10000}: 15 or newer is needed.")
    await check_letters(url)


def check_redis(url: str) -> None:
    """Raise ServerError unless a Redis or Valkey answers at ``url``."""
    _must_start_with(url, "REDIS_URL", ("redis://", "rediss://", "unix://"))
    try:
        with redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as problem:
        raise ServerError(_sentence("REDIS_URL", url, problem)) from None


def unreachable(problem: BaseException, environment: Mapping[str, str]) -> str | None:
    """Say which server a failed connection belongs to; None for any other problem.

    Looks at causes too: database layers wrap what the driver raised.
    """
    seen: BaseException | None = problem
    while seen is not None:
        if isinstance(seen, redis.ConnectionError | redis.TimeoutError):
            return _sentence("REDIS_URL", environment.get("REDIS_URL", ""), seen)
        if isinstance(seen, _NO_DATABASE):
            return _sentence("DATABASE_URL", environment.get("DATABASE_URL", ""), seen)
        seen = seen.__cause__
    return None


def _must_start_with(url: str, name: str, starts: tuple[str, ...]) -> None:
    if not url.startswith(starts):
        raise ServerError(f"{name} must start with {' or '.join(starts)}: correct it, or unset it for the embedded server.")


def _sentence(name: str, url: str, problem: BaseException) -> str:
    """Name the server without its password."""
    try:
        parts = urlsplit(url)
        where = f"{parts.hostname or ''}:{parts.port or ''}{parts.path}" if parts.hostname else "no host"
    except ValueError:
        where = "not an address"
    if isinstance(problem, TimeoutError | asyncio.TimeoutError) and not str(problem):
        why = f"no answer in {SECONDS:.0f} s"
    else:
        why = (str(problem).splitlines() or [type(problem).__name__])[0].rstrip(".")
    return f"{name} ({where}) does not work: {why}. Correct it, or unset it to use the embedded server."
