"""A whole worker process, as ``python -m dispatch_worker`` is, whose effects can be counted: `tests.letterbox.count_up`, slowly."""

import asyncio
import sys

import uvloop

from dispatch_worker.worker import serve
from services.journal.draining import Handler, Owed
from services.platform.logging import set_up_logging
from services.platform.unit_of_work import Work
from tests.letterbox import COUNTING, count_up


async def slowly(work: Work, owed: list[Owed]) -> None:
    """Have the effects, and hold the transaction open for a while: a kill lands in the middle of it."""
    await count_up(work, owed)
    await asyncio.sleep(0.05)


if __name__ == "__main__":
    set_up_logging("worker")
    handlers: dict[str, Handler] = {**COUNTING, "notify": slowly} if "--slowly" in sys.argv else COUNTING
    uvloop.run(serve(handlers))
