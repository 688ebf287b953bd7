import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Running, TestDatabase
from tests.letterbox import EFFECTS

ROOT = Path(__file__).parents[2]
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
async def letterbox(empty: TestDatabase) -> TestDatabase:
    """An empty database with a table that counts effects; this process posts as the intake door does."""
    await empty.owner.execute(EFFECTS)
    return empty


@pytest.fixture
def start(letterbox: TestDatabase, servers: Running, tmp_path: Path) -> Iterator[Start]:
    """Start counting workers; whatever is left of them is killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: str, module: str = "tests.worker.counting_worker", **environment: str) -> subprocess.Popen[bytes]:
        around = dict(os.environ, DATABASE_URL=letterbox.url, REDIS_URL=servers.redis_url, DAGUANJIA_HOME=str(tmp_path))
        around |= {"DAGUANJIA_WORKER_BATCH": "50", **environment}
        log = (tmp_path / f"worker-{len(started)}.log").open("wb")
        process = subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT, env=around, stdout=log, stderr=log)
        log.close()
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
