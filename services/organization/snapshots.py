"""Keeping a snapshot of slowly changing rows in this process, and noticing within two seconds that they changed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncSession

CHECKED_EVERY = 2.0
"""Seconds for which a snapshot is used without a look at the database."""

T = TypeVar("T")


class Snapshots(Generic[T]):
    """One snapshot for each database of this process (there is one, but in tests).

    `stamp` reads something that changes with every change of the rows; `load` reads the rows.
    """

    def __init__(self, stamp: Callable[[AsyncSession], Awaitable[Any]], load: Callable[[AsyncSession], Awaitable[T]]) -> None:
        self._stamp = stamp
        self._load = load
        self._kept: WeakKeyDictionary[Engine, tuple[Any, T, float]] = WeakKeyDictionary()
        self._first: WeakKeyDictionary[Engine, asyncio.Lock] = WeakKeyDictionary()

    async def get(self, session: AsyncSession) -> T:
        """Return the snapshot, read afresh where the rows changed; at most two seconds old."""
        engine = session.get_bind().engine
        kept = self._kept.get(engine)
        if kept is None:
            async with self._first.setdefault(engine, asyncio.Lock()):  # many ask at once when a process starts: one reads for all
                if self._kept.get(engine) is None:
                    return await self._looked(session, engine, None)
            kept = self._kept.get(engine)
        if kept is not None and time.monotonic() - kept[2] < CHECKED_EVERY:
            return kept[1]
        return await self._looked(session, engine, kept)

    async def _looked(self, session: AsyncSession, engine: Engine, kept: tuple[Any, T, float] | None) -> T:
        now = time.monotonic()
        if kept is not None:
            self._kept[engine] = (kept[0], kept[1], now)  # the others go on with the old one while this caller looks
        stamp = await self._stamp(session)
        if kept is None or kept[0] != stamp:
            kept = (stamp, await self._load(session), now)
        self._kept[engine] = (stamp, kept[1], now)
        return kept[1]

    def at_hand(self, engine: Engine) -> T | None:
        """Return the snapshot where it needs no look at the database now, else None: for paths too hot to open a session."""
        kept = self._kept.get(engine)
        return kept[1] if kept is not None and time.monotonic() - kept[2] < CHECKED_EVERY else None

    def forget(self) -> None:
        """Look again at the next use: this process has just changed the rows."""
        self._kept.clear()
