"""A private PostgreSQL: made once in a directory, started, checked and stopped.

It listens on 127.0.0.1 only and asks for a password (SCRAM). Its log carries no statement text, because
statements carry names and telephone numbers.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import asyncpg

from daguanjia.servers.binaries import find_postgres, reachable
from daguanjia.servers.errors import ServerError
from daguanjia.servers.processes import (
    ServerUser,
    end,
    end_forgotten,
    last_lines,
    rotate,
    size,
    spawn,
)

Answer = TypeVar("Answer")

USER = "daguanjia"
START_SECONDS = 120.0  # recovery after a crash may take long on a slow disk
STOP = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0))  # fast, then immediate shutdown
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # the log of what need not be durable is soon thrown away: it may lie in memory
    "max_wal_size": "128MB",
    "min_wal_size": "32MB",
}


class PostgresServer:
    """One PostgreSQL in ``home`` (its data in ``home/postgres``), run as ``user``."""

    def __init__(self, home: Path, user: ServerUser, password: str, *, durable: bool) -> None:
        """Remember; nothing is looked for or started yet."""
        self.home = home
        self.data = home / "postgres"
        self.log = home / "postgres.log"
        self.pid_file = home / "postgres.pid"
        self.port = 0
        self._log_start = 0
        self._user = user
        self._password = password
        self._durable = durable
        self._bin = Path()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The number of the server process; 0 if it was not started."""
        return self._process.pid if self._process else 0

    def alive(self) -> bool:
        """Say whether the server process runs."""
        return self._process is not None and self._process.poll() is None

    def url(self, database: str) -> str:
        """Return the address of a database on this server, password included."""
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def make(self) -> None:
        """Create the data directory if there is none. Raises ServerError if that fails or the programs are missing.

        It is made beside and then renamed, so that there never is a half-made one.
        """
        self._bin = reachable(find_postgres(), self._user)
        if self.data.exists():
            return
        fresh = self.home / "postgres.fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        os.chown(fresh, self._user.uid, self._user.gid)
        secret = self.home / "postgres.first-password"
        secret.touch(mode=0o600)
        secret.write_text(self._password)
        os.chown(secret, self._user.uid, self._user.gid)
        try:
            self._initdb(fresh, secret)
        finally:
            secret.unlink()
        fresh.rename(self.data)

    def _initdb(self, fresh: Path, secret: Path) -> None:
        argv = [
            str(self._bin / "initdb"),
            f"--pgdata={fresh}",
            f"--username={USER}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=libc",
            "--locale=C",
            "--lc-collate=C",
            # pg_trgm asks LC_CTYPE what a letter is: with plain C every Chinese character is dropped
            "--lc-ctype=C.UTF-8",
            "--no-instructions",
            # a test signs in hundreds of times; how slow a password is to guess matters where it guards something
            *([] if self._durable else ["--no-sync", "--set=scram_iterations=1"]),
        ]
        process = spawn(argv, user=self._user, log=self.log, death_signal=signal.SIGKILL)
        if process.wait() != 0:
            raise ServerError(self._why("could not make its data directory"))

    def start(self, port: int) -> None:
        """Start on ``port`` and return when it answers, recovery included.

        Raises PortTakenError if another program has the port, ServerError for everything else.
        """
        end_forgotten(self.pid_file, self.data, STOP)
        rotate(self.log)
        self._log_start = size(self.log)
        # whatever still stands in the lock file is no server of this directory (end_forgotten saw to it)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        settings = SETTINGS | ({} if self._durable else NOT_DURABLE) | {"port": str(port)}
        argv = [str(self._bin / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        self.port = port
        self._process = spawn(argv, user=self._user, log=self.log, death_signal=signal.SIGINT)
        self.pid_file.write_text(str(self._process.pid))
        ask(self._wait_until_ready)

    async def _wait_until_ready(self) -> None:
        until = time.monotonic() + START_SECONDS
        while self.alive():
            try:
                connection = await asyncpg.connect(self.url("postgres"), timeout=5)
            except (OSError, asyncpg.CannotConnectNowError, TimeoutError):
                if time.monotonic() > until:
                    raise ServerError(self._why("does not answer")) from None
                await asyncio.sleep(0.02)
            except asyncpg.PostgresError as problem:
                raise ServerError(f"PostgreSQL in {self.home} refuses its own password: {problem}") from None
            else:
                await connection.close()
                return
        text = "\n".join(last_lines(self.log, since=self._log_start))
        if "could not bind" in text or "Address already in use" in text:
            raise PortTakenError(f"Port {self.port} is taken.")
        raise ServerError(self._why("did not start"))

    def prepare(self, database: str) -> None:
        """Create ``database`` if it is not there, and check that it knows Chinese letters."""
        ask(lambda: self._prepare(database))

    async def _prepare(self, database: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
                quoted = database.replace('"', '""')
                await connection.execute(f'CREATE DATABASE "{quoted}"')
        finally:
            await connection.close()
        await check_letters(self.url(database))

    def stop(self) -> None:
        """Shut down cleanly (open transactions are rolled back, a checkpoint is written)."""
        if self._process is not None:
            end(self._process, STOP)
            self._process = None
            self.pid_file.unlink(missing_ok=True)

    def _why(self, what: str) -> str:
        text = "\n".join(last_lines(self.log, since=self._log_start))
        if "No space left on device" in text:
            return f"PostgreSQL {what}: the disk that holds {self.home} is full. Make room and start again."
        if "invalid locale name" in text:
            return (
                f"PostgreSQL {what}: this machine lacks the locale C.UTF-8. Install it (package locales "
                "or glibc-minimal-langpack), or set DATABASE_URL."
            )
        if "is not compatible with this version" in text or "initialized by PostgreSQL version" in text:
            return (
                f"PostgreSQL {what}: {self.data} was made by another PostgreSQL version. Point "
                "DAGUANJIA_PG_BIN at that version, or DAGUANJIA_HOME at an empty directory."
            )
        lines = [line for line in text.splitlines() if line.strip()]
        told = next((line for line in reversed(lines) if "FATAL" in line or "error" in line), "")
        return f"PostgreSQL {what}: {told or (lines or ['it said nothing'])[-1]} (log: {self.log})"


class PortTakenError(ServerError):
    """Another program listens on the port: choose another one."""


async def check_letters(url: str) -> None:
    """Raise ServerError unless the database's LC_CTYPE takes Chinese characters for letters.

    Where it does not, trigram search finds no Chinese text at all and says nothing about it.
    """
    connection = await asyncpg.connect(url, timeout=10)
    try:
        knows, ctype, encoding = await connection.fetchrow(
            "SELECT '圾' ~ '[[:alpha:]]', datctype, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
        )
    finally:
        await connection.close()
    if not knows or encoding != "UTF8":
        raise ServerError(
            f"The database uses lc_ctype {ctype} and encoding {encoding}, so that Chinese text cannot be searched: "
            "create it anew with ENCODING 'UTF8' LC_CTYPE 'C.UTF-8' TEMPLATE template0."
        )


def ask(question: Callable[[], Awaitable[Answer]]) -> Answer:
    """Run an asynchronous question to its end, also where an event loop already runs."""

    async def asked() -> Answer:
        return await question()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(lambda: asyncio.run(asked())).result()
