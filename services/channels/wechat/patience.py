"""Answering a platform in time, whatever happens behind: it waits five seconds, and shows people a failure after three tries.

Whoever takes a push says :func:`note_kept` once it is durable. From then on `success` is a true answer; what is still to be said goes on
in the background and reaches the person another way. Before that nothing is promised: the platform is told to come again.
"""

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

import structlog

from services.platform.errors import Unavailable

log = structlog.get_logger()

T = TypeVar("T")


class _Kept:
    """Whether the push that is being taken is durable, and whether its answer was given up waiting for."""

    def __init__(self) -> None:
        self.yes = False
        self.given_up = False


_taking: ContextVar[_Kept | None] = ContextVar("taking", default=None)
_going_on: set["asyncio.Task[Any]"] = set()


def note_kept() -> None:
    """Say that the push that is being taken is durable; nothing where none is."""
    kept = _taking.get()
    if kept is not None:
        kept.yes = True


def is_kept() -> bool:
    """Tell whether the push that is being taken is durable."""
    kept = _taking.get()
    return kept is not None and kept.yes


def still_waited_for() -> bool:
    """Tell whether what is returned now still goes back as the answer: ask without awaiting anything after. True where nobody waits."""
    kept = _taking.get()
    return kept is None or not kept.given_up


async def patiently(taking: Coroutine[Any, Any, T], seconds: float) -> T | None:
    """Return what `taking` comes to; None where that takes longer than `seconds` and the push is kept: it goes on by itself.

    What it raises in time passes through, except that a push that is kept is never refused any more. Raises Unavailable
    ``callback.not_kept`` where time is up and the push is not durable: the platform sends it again.
    """
    kept = _Kept()
    token = _taking.set(kept)
    try:
        task = asyncio.get_running_loop().create_task(taking)  # it has a copy of this context, and so the same `kept`
    finally:
        _taking.reset(token)
    _going_on.add(task)
    task.add_done_callback(_done)
    await asyncio.wait({task}, timeout=seconds)
    if task.done() and not (task.cancelled() or (task.exception() and kept.yes)):
        return task.result()
    kept.given_up = True
    if kept.yes:
        log.warning("callback.answered_before_it_was_done")
        return None
    task.cancel()
    raise Unavailable("callback.not_kept", "The message could not be stored in time. Send it again.")


async def finish_going_on() -> None:
    """Return when everything that went on in the background is done: a door does this before it ends."""
    while _going_on:
        await asyncio.gather(*_going_on, return_exceptions=True)


def _done(task: "asyncio.Task[Any]") -> None:
    _going_on.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("callback.failed", error=type(error).__name__)
