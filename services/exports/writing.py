"""Writing a file in a thread while its rows are still read: a few pages wait in between, so neither gets far ahead of the other."""

import asyncio
import queue
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import BinaryIO, Self

from services.exports.columns import Column, Row
from services.exports.formats import FileFormat, write

_WAITING = 2
_PATIENCE = 0.02


class _BrokenOffError(Exception):
    """Whoever gave the rows gave up."""


class Writing:
    """A table that is being written; leaving the block without an error ends it, with one breaks it off.

    What the writer raises is raised to whoever gives it rows, or at the end.
    """

    def __init__(self, format: FileFormat, columns: Sequence[Column], file: BinaryIO, *, title: str) -> None:  # noqa: A002
        self._pages: queue.Queue[Sequence[Row] | None] = queue.Queue(_WAITING)
        self._broken = False
        self._what = (format, columns, file, title)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(asyncio.to_thread(self._write))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if kind is not None:
            self._broken = True
            await asyncio.gather(self._task, return_exceptions=True)
            return
        await self._put(None)
        await self._task

    async def add(self, rows: Sequence[Row]) -> None:
        """Have rows written behind those before; returns once they are on their way."""
        await self._put(rows)

    async def _put(self, page: Sequence[Row] | None) -> None:
        while not self._task.done():
            try:
                self._pages.put_nowait(page)
            except queue.Full:
                await asyncio.wait({self._task}, timeout=_PATIENCE)
            else:
                return
        await self._task  # it ended before its rows did: it says why

    def _write(self) -> None:
        format, columns, file, title = self._what  # noqa: A001
        try:
            write(format, columns, self._rows(), file, title=title)
        except _BrokenOffError:
            return

    def _rows(self) -> Iterator[Row]:
        while True:
            try:
                page = self._pages.get(timeout=_PATIENCE)
            except queue.Empty:
                if self._broken:
                    raise _BrokenOffError from None
                continue
            if page is None:
                return
            yield from page
