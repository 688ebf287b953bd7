"""`daguanjia up` for real: embedded servers, Heping county, three doors; killed parts come back; Ctrl-C ends it all."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest

from daguanjia.servers import erase, running_servers

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 90.0


@dataclass
class Up:
    """A running `daguanjia up`."""

    process: subprocess.Popen[bytes]
    output: Path
    intake: str
    reporting: str

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_for(self, words: str, seconds: float = START_SECONDS) -> None:
        until = time.monotonic() + seconds
        while words not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.05)

    def children(self) -> dict[str, int]:
        """Number of each child process, by a word of its command line."""
        found = {}
        words = ("intake_api", "reporting_api", "dispatch_worker", "postgres", "valkey-server")
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                line = (entry / "cmdline").read_bytes().decode()
                for word in words:
                    if parent == self.process.pid and word in line:
                        found[word] = int(entry.name)
        return found


@pytest.fixture
def home() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="daguanjia-test-", dir="/var/tmp"))
    directory.chmod(0o755)
    yield directory
    erase(directory / "servers")
    shutil.rmtree(directory)


@contextlib.contextmanager
def up(home: Path) -> Iterator[Up]:
    """Run `daguanjia up` until the doors are open; kill it at the end if the test did not stop it."""
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        intake, reporting = one.getsockname()[1], two.getsockname()[1]
    output = home / f"said-{time.monotonic_ns()}"
    own = {"DATABASE_URL", "REDIS_URL", "REPORTING_DATABASE_URL", "DAGUANJIA_HOME"}
    ports = ["--intake-port", str(intake), "--reporting-port", str(reporting)]
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "daguanjia", "up", "--home", str(home), *ports],
            env={name: value for name, value in os.environ.items() if name not in own},
            cwd=REPOSITORY,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    started = Up(process, output, f"http://127.0.0.1:{intake}", f"http://127.0.0.1:{reporting}")
    try:
        started.wait_for("Ctrl-C stops everything")
        yield started
    finally:
        process.kill()
        process.wait()


def gone(pids: list[int], seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.02)
    return False


def units(home: Path) -> int:
    """How many units the database of a running `up` holds."""

    async def count() -> int:
        connection = await asyncpg.connect(running_servers(home / "servers")["DATABASE_URL"])
        try:
            return int(await connection.fetchval("SELECT count(*) FROM units"))
        finally:
            await connection.close()

    return asyncio.run(count())


@pytest.mark.slow
def test_up_runs_everything_brings_back_what_dies_and_stops_cleanly(home: Path) -> None:
    with up(home) as first:
        assert httpx.get(f"{first.intake}/readyz").status_code == 200
        assert httpx.get(f"{first.reporting}/readyz").status_code == 200
        loaded = units(home)
        assert loaded >= 266
        before = first.children()
        assert len(before) == 5, before
        for victim in ("intake_api", "dispatch_worker", "postgres"):
            os.kill(before[victim], signal.SIGKILL)
        for words in ("intake ended (killed by SIGKILL)", "worker ended (killed by SIGKILL)", "PostgreSQL ended and was"):
            first.wait_for(words, 60)
        until = time.monotonic() + 60
        while not (ready(first.intake) and len(first.children()) == 5):
            assert time.monotonic() < until, first.said()
            time.sleep(0.1)
        pids = list(first.children().values())
        first.process.send_signal(signal.SIGINT)
        assert first.process.wait(60) == 0, first.said()
        assert gone(pids)
        assert "Traceback" not in first.said()
    with up(home) as second:
        assert units(home) == loaded
        pids = list(second.children().values())
        second.process.kill()
        assert gone(pids, 15), "a killed launcher leaves nothing running"


def ready(door: str) -> bool:
    """Say whether a door answers that it is ready."""
    try:
        return httpx.get(f"{door}/readyz").status_code == 200
    except httpx.HTTPError:
        return False
