"""``python -m dispatch_worker``: one worker process. With ``--check`` it tells (exit code 0 or 1) whether the one of this host is alive."""

import sys

import uvloop

from services.platform.errors import Problem
from services.platform.logging import set_up_logging
from services.platform.memory import settle_memory

UNREADY = 2


def main(arguments: list[str]) -> int:
    """Run; return the exit code."""
    if arguments == ["--check"]:
        from dispatch_worker.jobs.heartbeat import is_alive

        return 0 if is_alive() else 1
    if arguments:
        sys.stderr.write("usage: python -m dispatch_worker [--check]\n")
        return UNREADY
    from dispatch_worker.handlers import HANDLERS
    from dispatch_worker.worker import serve

    set_up_logging("worker")
    settle_memory()
    try:
        uvloop.run(serve(HANDLERS))
    except Problem as problem:
        sys.stderr.write(f"{problem.detail} [{problem.code}]\n")
        return UNREADY
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
