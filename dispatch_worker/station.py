"""What one worker process is doing: which duties run now, which ran when, and whether it is about to stop."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog

from services.journal.draining import Handler
from services.notifications.senders import Senders

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Duty:
    """Something the worker does again and again. `every` is in seconds; `lanes` how many may run at once in one process."""

    name: str
    every: int
    work: "Callable[[Station], Awaitable[None]]"
    lanes: int = 1


@dataclass
class Station:
    """One worker process. `redial` asks for a fresh connection to a Redis that is there and says nothing."""

    handlers: Mapping[str, Handler]
    senders: Senders
    batch: int
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    redial: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[str, set[asyncio.Task[None]]] = field(default_factory=dict)
    _again: set[str] = field(default_factory=set)
    _began: dict[str, float] = field(default_factory=dict)

    async def run(self, duty: Duty) -> None:
        """Do the duty once, now. Never raises: what goes wrong is logged, and the next turn tries again.

        Where it runs in all its lanes already, it is done once more after that. A caller that is cancelled leaves the duty to finish.
        """
        running = self._running.setdefault(duty.name, set())
        if self.stopping.is_set():
            return
        if len(running) >= duty.lanes:
            self._again.add(duty.name)
            return
        self._began[duty.name] = time.monotonic()
        task = asyncio.create_task(self._guarded(duty))
        running.add(task)
        task.add_done_callback(running.discard)
        await asyncio.shield(task)

    def idle_for(self, duty: Duty) -> float:
        """Return the seconds since the duty last began here."""
        return time.monotonic() - self._began.get(duty.name, 0.0)

    async def pause(self, seconds: float) -> None:
        """Wait, but not longer than until the process is to stop."""
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return

    async def after(self, name: str, seconds: float) -> None:
        """Let the duty `name` go first: wait until it rests, but not longer than `seconds`."""
        if running := self._running.get(name):
            await asyncio.wait(running, timeout=seconds)

    async def finish(self, seconds: float) -> None:
        """Let what runs come to its end; cancel what takes longer than `seconds`: its transaction is rolled back and is owed still."""
        tasks = {task for running in self._running.values() for task in running}
        if not tasks:
            return
        _done, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _guarded(self, duty: Duty) -> None:
        while True:
            self._again.discard(duty.name)
            try:
                await duty.work(self)
            except Exception as error:  # the database may be away: nothing is lost, the next turn tries again
                log.warning("duty.failed", duty=duty.name, error=type(error).__name__, exc_info=True)
                return
            if duty.name not in self._again or self.stopping.is_set():
                return
