"""The whole stack as real processes on a private database: two doors and a worker, as `daguanjia up` starts them."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from daguanjia.stack import REPOSITORY, Plan, doors
from daguanjia.supervisor import Supervisor
from services.platform.settings import settings


def free_ports(count: int) -> list[int]:
    """Ports that nobody had a moment ago, all different."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


@dataclass
class Commands:
    """Runs `daguanjia …` as a person would, in an installation of its own."""

    environment: dict[str, str]
    home: Path

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Run a command; return its exit code and everything it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "daguanjia",
            *arguments,
            env=self.environment,
            cwd=REPOSITORY,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    @property
    def plan(self) -> Plan:
        """The doors of this installation."""
        ports = [int(self.environment[f"DAGUANJIA_{door}_URL"].rpartition(":")[2]) for door in ("INTAKE", "REPORTING")]
        return Plan(self.home, *ports, "no")


@pytest.fixture
def commands(county, servers, tmp_path, monkeypatch) -> Iterator[Commands]:
    """Heping county, and commands that work on it; no door is open. This process seals under their keys too."""
    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    intake, reporting = free_ports(2)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DAGUANJIA_")},
        "DATABASE_URL": county.url,
        "REDIS_URL": servers.redis_url,
        "DAGUANJIA_HOME": str(tmp_path),
        "DAGUANJIA_SECRET": os.environ["DAGUANJIA_SECRET"],
        "DAGUANJIA_INTAKE_URL": f"http://127.0.0.1:{intake}",
        "DAGUANJIA_REPORTING_URL": f"http://127.0.0.1:{reporting}",
        "DAGUANJIA_OUTBOX_FILE": str(tmp_path / "outbox.jsonl"),
        "DAGUANJIA_SECOND_FACTOR_ENFORCED": "False",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
        "COLUMNS": "140",
    }
    yield Commands(environment, tmp_path)
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
async def stack(commands) -> AsyncIterator[Commands]:
    """The same with its two doors and a worker running; they end with the test, and none may have ended before."""
    told: list[str] = []
    async with Supervisor(doors(commands.plan, commands.environment), told.append) as supervisor:
        await supervisor.ready()
        yield commands
    assert not told, told
