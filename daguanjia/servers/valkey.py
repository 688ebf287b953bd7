"""A private Valkey (or Redis): appends every write to a file, flushed to the disk every second."""

import os
import signal
import subprocess
import time
from pathlib import Path

import redis

from daguanjia.servers.binaries import find_valkey, reachable
from daguanjia.servers.errors import ServerError
from daguanjia.servers.postgres import PortTakenError
from daguanjia.servers.processes import (
    ServerUser,
    end,
    end_forgotten,
    last_lines,
    rotate,
    size,
    spawn,
)

START_SECONDS = 60.0
STOP = ((signal.SIGTERM, 10.0),)


class ValkeyServer:
    """One Valkey in ``home`` (its data in ``home/valkey``), run as ``user``, on 127.0.0.1 with a password."""

    def __init__(self, home: Path, user: ServerUser, password: str, *, durable: bool) -> None:
        """Remember; nothing is looked for or started yet."""
        self.home = home
        self.data = home / "valkey"
        self.log = home / "valkey.log"
        self.pid_file = home / "valkey.pid"
        self.port = 0
        self._log_start = 0
        self._user = user
        self._password = password
        self._durable = durable
        self._program = Path()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The number of the server process; 0 if it was not started."""
        return self._process.pid if self._process else 0

    @property
    def url(self) -> str:
        """The address of the server's first database, password included."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def alive(self) -> bool:
        """Say whether the server process runs."""
        return self._process is not None and self._process.poll() is None

    def make(self) -> None:
        """Create the data directory if there is none. Raises ServerError if the programs are missing."""
        self._program = reachable(find_valkey(), self._user)
        self.data.mkdir(mode=0o700, exist_ok=True)
        os.chown(self.data, self._user.uid, self._user.gid)

    def start(self, port: int) -> None:
        """Start on ``port`` and return when it answers and its data is loaded.

        Raises PortTakenError if another program has the port, ServerError for everything else.
        """
        end_forgotten(self.pid_file, self.data, STOP)
        rotate(self.log)
        self._log_start = size(self.log)
        self.port = port
        # by standard input: command lines can be read by everybody on the machine
        self._process = spawn(
            [str(self._program), "-"],
            user=self._user,
            log=self.log,
            death_signal=signal.SIGTERM,
            text_in=self._configuration(),
        )
        self.pid_file.write_text(str(self._process.pid))
        self._wait_until_ready()

    def _configuration(self) -> str:
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f'requirepass "{self._password}"',
            f'dir "{self.data}"',
            f"appendonly {'yes' if self._durable else 'no'}",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
            "daemonize no",
            'logfile ""',
        ]
        return "\n".join(lines) + "\n"

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + START_SECONDS
        with redis.Redis.from_url(self.url, socket_timeout=5, single_connection_client=False) as client:
            while self.alive():
                try:
                    client.ping()
                except (redis.ConnectionError, redis.BusyLoadingError, redis.TimeoutError):
                    if time.monotonic() > until:
                        raise ServerError(self._why("does not answer")) from None
                    time.sleep(0.02)
                except redis.RedisError as problem:
                    raise ServerError(f"Valkey in {self.home} refuses its own password: {problem}") from None
                else:
                    return
        if "Address already in use" in "\n".join(last_lines(self.log, since=self._log_start)):
            raise PortTakenError(f"Port {self.port} is taken.")
        raise ServerError(self._why("did not start"))

    def stop(self) -> None:
        """Shut down cleanly: the append file is flushed first."""
        if self._process is not None:
            end(self._process, STOP)
            self._process = None
            self.pid_file.unlink(missing_ok=True)

    def _why(self, what: str) -> str:
        lines = [line for line in last_lines(self.log, since=self._log_start) if line.strip()]
        if any("No space left on device" in line for line in lines):
            return f"Valkey {what}: the disk that holds {self.home} is full. Make room and start again."
        return f"Valkey {what}: {(lines or ['it said nothing'])[-1]} (log: {self.log})"
