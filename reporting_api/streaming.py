"""Long lists as CSV that is sent while its rows are read: memory does not grow with rows, and nothing is kept.

All rows are of one snapshot, read page after page by key. A list that is longer than an answer should be is refused before its first
byte, and so is a stream while others take all the room there is: a reader who is slow holds a connection to the database.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any, Literal

from fastapi import Query
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from reporting_api.readers import UNCHANGED
from services.exports.formats import BOM, MEDIA_TYPES, csv_lines
from services.exports.paging import Page
from services.exports.sources import source_named
from services.platform.actor import Actor
from services.platform.errors import Invalid, Unavailable
from services.platform.unit_of_work import Work, unit_of_work

MOST_ROWS = 100_000
_LONGEST = 120.0
_AT_ONCE = 4


Pages = Callable[[Work], AsyncIterator[Page]]


Format = Annotated[Literal["json", "csv"] | None, Query(description="`csv`: the whole list as a file with Chinese headings.")]
CSV_OR_JSON: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": "工单编号,状态\r\n20261122-000017-8,dispatched\r\n"}}},
    **UNCHANGED,
}


class _Room:
    """How many streams this process sends."""

    taken = 0


class _Stream(StreamingResponse):
    """An answer whose source is closed however its sending ends: the reader may go away at any moment."""

    def __init__(self, pieces: "_Pieces", headers: dict[str, str]) -> None:
        super().__init__(pieces.told(), media_type=MEDIA_TYPES["csv"], headers=headers)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send; then close."""
        try:
            async with asyncio.timeout(_LONGEST):
                await super().__call__(scope, receive, send)
        finally:
            await self._pieces.close()


class _Pieces:
    """Pages of a list, read by a task of its own: one waits while another is sent."""

    def __init__(self, actor: Actor, header: Sequence[str], pages: Pages) -> None:
        self._header, self._pages = header, asyncio.Queue[Page | None](1)
        self._task = asyncio.create_task(self._read(actor, pages))
        _Room.taken += 1

    async def begin(self) -> int:
        """Return how many rows there will be; raise what reading them raises."""
        self._first = await self._next()
        assert self._first is not None
        return self._first.total or 0

    async def told(self) -> AsyncIterator[bytes]:
        """Yield the lines, a page at a time. What goes wrong on the way breaks the answer off: no reader takes it for whole."""
        yield (BOM + csv_lines([self._header])).encode()
        page = self._first
        while page is not None:
            yield csv_lines(page.rows).encode()
            page = await self._next()

    async def close(self) -> None:
        """Stop reading, give the connection back."""
        _Room.taken -= 1
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _next(self) -> Page | None:
        """Return the next page; None behind the last."""
        waiting = asyncio.ensure_future(self._pages.get())
        try:
            await asyncio.wait({waiting, self._task}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
        finally:
            waiting.cancel()
        await self._task  # it raised, or it is done and what it put last lies in the queue
        return self._pages.get_nowait()

    async def _read(self, actor: Actor, pages: Pages) -> None:
        async with unit_of_work(actor) as work:
            async for page in pages(work):
                await self._pages.put(page)
        await self._pages.put(None)


async def streamed_csv(actor: Actor, name: str, header: Sequence[str], pages: Pages) -> StreamingResponse:
    """Return a list as a CSV file that is sent while it is read. The first of `pages` tells how many rows there are in all.

    Raises what reading the first page raises, Invalid ``list.too_long`` and Unavailable ``list.streams_taken``.
    """
    if _Room.taken >= _AT_ONCE:
        raise Unavailable(
            "list.streams_taken", "Others are fetching long lists just now; try again shortly.", headers={"Retry-After": "10"}
        )
    pieces = _Pieces(actor, header, pages)
    try:
        total = _fitting(await pieces.begin())
    except BaseException:
        await pieces.close()
        raise
    told = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store", "X-Total-Count": str(total)}
    return _Stream(pieces, {**told, "Vary": "Accept, Authorization"})


def _fitting(total: int) -> int:
    """Return how many rows there are; raise Invalid ``list.too_long`` where that is more than an answer holds."""
    if total > MOST_ROWS:
        words = f"The list has {total} rows, an answer holds {MOST_ROWS}. Ask for it with POST /v1/exports at the intake door."
        raise Invalid("list.too_long", words, extra={"total": total})
    return total


def wants_all(request: Request) -> bool:
    """Tell whether all rows are asked for: no page is."""
    return not {"limit", "cursor"} & set(request.query_params)


async def listed_csv(request: Request, actor: Actor, source: str, pages: Pages) -> StreamingResponse:
    """Return all rows of a list as its export has them; raise Invalid ``list.csv_has_no_pages`` where a page is asked for."""
    if not wants_all(request):
        raise Invalid("list.csv_has_no_pages", "As CSV the list comes whole: leave out `limit` and `cursor`, or ask for JSON.")
    return await streamed_csv(actor, source, [column.heading for column in source_named(source).columns], pages)
