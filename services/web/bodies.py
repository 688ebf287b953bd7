"""The body of a request: how large it may be, how slowly it may come, and what becomes of the part of it that nobody read.

A body has `body_seconds` to come, and one second more for each `body_rate` bytes that have come: whoever sends a large file over a poor
line goes on for as long as it takes, whoever sends a byte now and then does not keep a connection.
"""

import asyncio
from contextlib import suppress

from starlette.types import Message, Receive, Scope

from services.platform.errors import Problem, TooLarge
from services.platform.settings import settings

LIMIT = "__body_limit__"
"""The attribute of an endpoint that says how many bytes it takes."""

_READ_FIRST = 1024 * 1024
_READ_AFTERWARDS = 64 * 1024 * 1024
_SECONDS_FIRST, _SECONDS_AFTERWARDS = 2, 5


class Body:
    """The `receive` of a request; raises :class:`TooLarge` past the limit of the route that reads, 408 for what does not come.

    Chunked bodies are counted as they come.
    """

    def __init__(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, usual: int) -> None:
        self._scope = scope
        self._receive = receive
        self._usual = usual
        announced = headers.get(b"content-length", b"0")
        self._size = int(announced[:18]) if announced.isdigit() else 0  # Python reads no number of thousands of digits
        self._taken = 0
        self._asked_at: float | None = None
        self._given_up = False
        self._more = self._size > 0 or b"transfer-encoding" in headers
        self._unasked = b"expect" in headers  # a caller who waits for 100 Continue sends nothing before

    async def __call__(self) -> Message:
        """Receive one message."""
        limit = getattr(self._scope.get("endpoint"), LIMIT, self._usual)
        if self._size > limit:
            raise _too_large(limit)
        message = await (self._in_time() if self._more else self._next())
        if self._taken > limit:
            raise _too_large(limit)
        return message

    async def _in_time(self) -> Message:
        """Receive the next message of a body that is still coming; raise where it takes too long, all its bytes considered."""
        clock, given = asyncio.get_running_loop(), settings()
        if self._asked_at is None:
            self._asked_at = clock.time()
        try:
            async with asyncio.timeout_at(self._asked_at + given.body_seconds + self._taken / given.body_rate):
                return await self._next()
        except TimeoutError:
            self._given_up = True
            raise Problem(
                "request.too_slow",
                "The body did not come in time; nothing was done. Send it again, a file over a poor line in pieces (/v1/uploads).",
                status=408,
            ) from None

    async def read_the_rest(self) -> bool:
        """Read and forget what is still to come, if it is little; say whether all of it has come then."""
        if self._given_up:
            return False
        if self._more and not self._unasked and self._size - self._taken <= _READ_FIRST:
            await self._forget(_READ_FIRST, _SECONDS_FIRST)
        return not self._more

    async def linger(self) -> None:
        """Read and forget more of it, so that a caller who is still sending comes to read the answer: a close would throw it away."""
        if not (self._unasked or self._given_up):
            await self._forget(_READ_AFTERWARDS, _SECONDS_AFTERWARDS)

    async def _forget(self, most: int, seconds: float) -> None:
        until = self._taken + most
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._more and self._taken < until:
                    await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._unasked = False
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            self._more = bool(message.get("more_body"))
        else:
            self._more = False
        return message


def _too_large(limit: int) -> TooLarge:
    return TooLarge("request.too_large", f"The body is larger than the {limit} bytes this endpoint takes.", extra={"limit": limit})
