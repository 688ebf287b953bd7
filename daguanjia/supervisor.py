"""Keeps child processes running: starts them, starts again the one that dies, ends them in reverse order.

Every child writes to a log of its own, does not see the terminal's Ctrl-C, and ends when this process does,
however that ends (Linux).
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from daguanjia.servers.errors import ServerError
from daguanjia.servers.processes import last_lines, leashed, rotate, size

READY_SECONDS = 60.0
STOP_SECONDS = 18.0
LEAST_STOP_SECONDS = 2.0


@dataclass(frozen=True)
class Child:
    """A program to keep running; with a ``ready_url`` it counts as ready once that answers 200."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    ready_url: str | None = None


@dataclass(frozen=True)
class Patience:
    """When to start a dead child again, in seconds, and when to give it up.

    The first restart waits ``first_wait``, each following one twice as long up to ``longest_wait``. A child
    that ``quick_deaths`` times in a row lives shorter than ``quick`` is given up.
    """

    first_wait: float = 0.2
    longest_wait: float = 10.0
    quick: float = 10.0
    quick_deaths: int = 5


@dataclass
class _Kept:
    child: Child
    process: asyncio.subprocess.Process | None = None
    log_start: int = 0
    quick_deaths: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Supervisor:
    """Runs children inside ``async with``; leaving the block ends them, the last started first.

    ``tell`` gets one line for each thing that a person at the terminal should know.
    """

    def __init__(self, children: Sequence[Child], tell: Callable[[str], None], patience: Patience | None = None) -> None:
        self._kept = [_Kept(child) for child in children]
        self._tell = tell
        self._patience = patience or Patience()
        self._stopping = False

    async def __aenter__(self) -> Self:
        """Start every child; ``ready`` says when they answer."""
        try:
            for kept in self._kept:
                await self._spawn(kept)
                kept.tasks.append(asyncio.create_task(self._keep(kept), name=f"keep {kept.child.name}"))
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        """End every child."""
        await self.stop()

    def pids(self) -> dict[str, int]:
        """Return the process number of each child that runs."""
        return {kept.child.name: kept.process.pid for kept in self._kept if kept.process and kept.process.returncode is None}

    async def ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when every child with a ``ready_url`` answers there.

        Raises ServerError, with the last lines of its log, for one that does not in time or is given up.
        """
        waiting = [asyncio.create_task(self._answers(kept, seconds)) for kept in self._kept if kept.child.ready_url]
        watching = asyncio.create_task(self.watch())
        everything = asyncio.gather(*waiting)
        try:
            either: set[asyncio.Future[Any]] = {everything, watching}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
            await everything
        finally:
            for task in (*waiting, watching):
                task.cancel()
            await asyncio.gather(everything, watching, return_exceptions=True)

    async def watch(self) -> None:
        """Stay as long as the children are kept; raises ServerError when one is given up."""
        keeping = [task for kept in self._kept for task in kept.tasks]
        if keeping:
            done, _ = await asyncio.wait(keeping, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    async def stop(self) -> None:
        """End the children in reverse order with SIGTERM, within twenty seconds; then SIGKILL."""
        self._stopping = True
        tasks = [task for kept in self._kept for task in kept.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        until = time.monotonic() + STOP_SECONDS
        for still_to_stop, kept in reversed(list(enumerate(self._kept))):
            left = until - time.monotonic() - still_to_stop * LEAST_STOP_SECONDS
            await self._end(kept, max(left, LEAST_STOP_SECONDS))

    def hurry(self) -> None:
        """Kill every child at once: for the second Ctrl-C."""
        for kept in self._kept:
            if kept.process:
                _signal_group(kept.process.pid, signal.SIGKILL)

    async def _end(self, kept: _Kept, seconds: float) -> None:
        process = kept.process
        if process is None:
            return
        if process.returncode is None:
            _signal_group(process.pid, signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), seconds)
            except TimeoutError:
                self._tell(f"{kept.child.name} did not end in time and was killed.")
        _signal_group(process.pid, signal.SIGKILL)  # whatever it left behind in its group
        await process.wait()

    async def _spawn(self, kept: _Kept) -> None:
        child = kept.child
        child.log.parent.mkdir(parents=True, exist_ok=True)
        rotate(child.log)
        kept.log_start = size(child.log)
        with child.log.open("ab") as output:
            child.log.chmod(0o600)
            kept.process = await asyncio.create_subprocess_exec(
                *leashed(child.argv, death_signal=signal.SIGTERM),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(child.env),
                start_new_session=True,
            )

    async def _keep(self, kept: _Kept) -> None:
        while not self._stopping:
            assert kept.process is not None
            born = time.monotonic()
            code = await kept.process.wait()
            _signal_group(kept.process.pid, signal.SIGKILL)
            lived = time.monotonic() - born
            kept.quick_deaths = kept.quick_deaths + 1 if lived < self._patience.quick else 0
            if kept.quick_deaths >= self._patience.quick_deaths:
                raise ServerError(self._obituary(kept, f"ended {kept.quick_deaths} times in a row ({_how(code)})"))
            wait = min(self._patience.first_wait * 2 ** max(kept.quick_deaths - 1, 0), self._patience.longest_wait)
            self._tell(f"{kept.child.name} ended ({_how(code)}) and is started again in {wait:.1f} s.")
            await asyncio.sleep(wait)
            await self._spawn(kept)

    async def _answers(self, kept: _Kept, seconds: float) -> None:
        assert kept.child.ready_url is not None
        until = time.monotonic() + seconds
        said = "no answer"
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while time.monotonic() < until:
                try:
                    answer = await client.get(kept.child.ready_url)
                except httpx.HTTPError:
                    said = "no answer"
                else:
                    if answer.status_code == httpx.codes.OK:
                        return
                    said = f"status {answer.status_code}"
                await asyncio.sleep(0.05)
        raise ServerError(self._obituary(kept, f"is not ready after {seconds:.0f} s ({said})"))

    def _obituary(self, kept: _Kept, what: str) -> str:
        lines = last_lines(kept.child.log, 5, since=kept.log_start) or ["it wrote nothing"]
        return "\n".join([f"{kept.child.name} {what}. The last lines of {kept.child.log}:", *lines])


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
