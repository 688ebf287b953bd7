"""A file whose age tells whether this worker is alive: what ``python -m dispatch_worker --check`` looks at."""

import os
import socket
import tempfile
import time
from pathlib import Path

from dispatch_worker.station import Station
from services.platform.settings import settings

STALE_SECONDS = 30.0


async def heartbeat(_station: Station) -> None:
    """Touch the file. That the loop gets here says that it is not stuck; a database that is away is no fault of the worker."""
    for path in _places():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{os.getpid()}\n", encoding="ascii")
        except OSError:
            continue  # a read-only home: the next place
        return


def is_alive() -> bool:
    """Tell whether a worker of this host beat within the last half minute."""
    return any(_age(path) < STALE_SECONDS for path in _places())


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime  # file times are the machine's, not the business's
    except OSError:
        return float("inf")


def _places() -> tuple[Path, ...]:
    name = f"worker-{socket.gethostname()}.alive"
    return settings().home / "run" / name, Path(tempfile.gettempdir()) / f"daguanjia-{os.getuid()}-{name}"
