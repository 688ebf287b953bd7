"""A real PostgreSQL and a real Valkey on this machine, without root, packages or containers.

    with start_servers(Path(".local/servers")) as servers:
        servers.database_url, servers.redis_url

The data stays in the directory and is there at the next start. Tests want ``temporary_servers``.
"""

import json
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from daguanjia.servers.errors import ServerError
from daguanjia.servers.places import Place, check_room, erase, held_home, sweep
from daguanjia.servers.postgres import USER, PortTakenError, PostgresServer, check_letters
from daguanjia.servers.valkey import ValkeyServer

__all__ = ["ServerError", "Servers", "check_letters", "erase", "running_servers", "start_servers", "temporary_servers"]

PORT_TRIES = 5
TEMPORARY_PARENT = Path("/var/tmp")  # noqa: S108 - mkdtemp; root's servers cannot reach pytest's own
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp again
IN_MEMORY_BYTES = 3 * 1024**3
TEMPORARY_PREFIX = "daguanjia-temporary-"


class Servers:
    """A running PostgreSQL and Valkey. Leave the ``with`` block, or call ``stop``, to end them."""

    def __init__(self, data_dir: Path, *, database: str, durable: bool, postgres: bool = True, valkey: bool = True) -> None:
        """Start the wanted servers; on any failure nothing is left running. Raises ServerError."""
        self._place = Place(data_dir)
        self._database = database
        self._wanted = (postgres, valkey)
        try:
            home, user = self._place.home, self._place.user
            check_room(home)
            self.postgres = PostgresServer(home, user, self._place.secret("postgres"), durable=durable)
            self.valkey = ValkeyServer(home, user, self._place.secret("valkey"), durable=durable)
        except BaseException as problem:
            self._place.leave()
            if isinstance(problem, OSError):
                raise self._place.refused(problem) from problem
            raise
        try:
            self._start()
        except BaseException as problem:
            self.stop()
            if isinstance(problem, OSError):
                raise self._place.refused(problem) from problem
            raise

    def _start(self) -> None:
        ports = recorded_ports(self._place.home)
        if self._wanted[0]:
            self.postgres.make()
            _on_a_free_port(self.postgres.start, ports.get("postgres", 0))
            self.postgres.prepare(self._database)
        if self._wanted[1]:
            self.valkey.make()
            _on_a_free_port(self.valkey.start, ports.get("valkey", 0))
        record = {"postgres": self.postgres.port, "valkey": self.valkey.port}
        (self._place.home / "ports.json").write_text(json.dumps(record) + "\n")

    @property
    def database_url(self) -> str:
        """``postgresql://user:password@127.0.0.1:port/database``; the user owns everything."""
        return self.postgres.url(self._database)

    @property
    def redis_url(self) -> str:
        """``redis://:password@127.0.0.1:port/0``."""
        return self.valkey.url

    def revive(self) -> list[str]:
        """Start again, on its port, each server that ended by itself; return their names.

        No committed row is lost: PostgreSQL recovers from its log before it answers.
        """
        revived = []
        if self._wanted[0] and not self.postgres.alive():
            self.postgres.start(self.postgres.port)
            revived.append("PostgreSQL")
        if self._wanted[1] and not self.valkey.alive():
            self.valkey.start(self.valkey.port)
            revived.append("Valkey")
        return revived

    def stop(self) -> None:
        """End both servers cleanly and free the directory; a second call does nothing."""
        try:
            self.valkey.stop()
        finally:
            try:
                self.postgres.stop()
            finally:
                self._place.leave()

    def __enter__(self) -> Self:
        """Return the running servers."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop both servers."""
        self.stop()


def start_servers(
    data_dir: Path, *, database: str = "daguanjia", durable: bool = True, postgres: bool = True, valkey: bool = True
) -> Servers:
    """Start PostgreSQL and Valkey on the data in ``data_dir`` (made if absent) and return them running.

    ``postgres=False`` or ``valkey=False`` leaves that one out, for who has an own.
    ``durable=False`` trades safety against a power cut for speed: for tests only.
    Raises ServerError, whose one line says what to do: directory unusable or in use by another
    launcher, disk full, programs missing, locale missing.
    """
    return Servers(data_dir, database=database, durable=durable, postgres=postgres, valkey=valkey)


@contextmanager
def temporary_servers(*, database: str = "daguanjia", durable: bool = False) -> Iterator[Servers]:
    """Run servers on a new private directory and delete it afterwards: for tests.

    What need not be durable lies in memory where there is plenty: to make and drop a database of many hundred files is ten times cheaper
    there. What is durable lies on the disk, so that a benchmark measures one.
    """
    for parent in (TEMPORARY_PARENT, IN_MEMORY):
        sweep(parent, TEMPORARY_PREFIX, older_than_seconds=600)
    parent = IN_MEMORY if not durable and _has_plenty(IN_MEMORY) else TEMPORARY_PARENT
    directory = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=parent))
    try:
        with start_servers(directory, database=database, durable=durable) as servers:
            yield servers
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _has_plenty(directory: Path) -> bool:
    """Say whether a directory in memory has room, in its own limit and in the machine, for servers of tests."""
    try:
        known = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(known["MemAvailable"].split()[0]) * 1024
        return min(shutil.disk_usage(directory).free, available) > IN_MEMORY_BYTES and os.access(directory, os.W_OK | os.X_OK)
    except (OSError, KeyError, ValueError):
        return False


def running_servers(data_dir: Path, *, database: str = "daguanjia") -> dict[str, str]:
    """Return DATABASE_URL and REDIS_URL of the servers another process runs on ``data_dir``; empty if none.

    A server that the other process left out is left out here.
    """
    home = held_home(data_dir)
    if home is None:
        return {}
    found = {}
    try:
        for name, port in recorded_ports(home).items():
            secret = (home / f"{name}.password").read_text().strip()
            if port and name == "postgres":
                found["DATABASE_URL"] = f"postgresql://{USER}:{secret}@127.0.0.1:{port}/{database}"
            elif port:
                found["REDIS_URL"] = f"redis://:{secret}@127.0.0.1:{port}/0"
    except OSError:  # somebody else's servers: their passwords are not ours to read
        return {}
    return found


def recorded_ports(home: Path) -> dict[str, int]:
    """Return the ports of the last start: kept while free, so that open clients find the servers again."""
    try:
        recorded = json.loads((home / "ports.json").read_text())
        return {str(name): int(port) for name, port in recorded.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _on_a_free_port(start: Callable[[int], None], wanted: int) -> None:
    """Call ``start`` with the wanted port, then with others, until nobody else has taken it."""
    port = wanted if wanted and _is_free(wanted) else _free_port()
    for _ in range(PORT_TRIES - 1):
        try:
            start(port)
        except PortTakenError:
            port = _free_port()
        else:
            return
    start(port)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
