"""Pages of other origins: what they may ask a door, and that they can read what it answers, refusals before any route too.

A browser hides an answer without these headers from the page that asked: a page that is told 429 or 421 without them sees a network that
is away, and never the `Retry-After`. So the front itself adds them, to everything it sends. There are no cookies to send.
"""

from collections.abc import Sequence
from functools import partial

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Origins:
    """The origins a door is open to, each as browsers write it (``https://board.example.cn``); with none of them nothing is added."""

    def __init__(self, origins: Sequence[str] = ()) -> None:
        self._rules = CORSMiddleware(
            _nobody,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match"],
            expose_headers=["ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Total-Count"],
            max_age=600,
        )
        self._open = bool(origins)

    def asked_beforehand(self, scope: Scope) -> Response | None:
        """Return the answer to a browser that asks what it may send; None for every other request."""
        if not self._open or scope["method"] != "OPTIONS":
            return None
        headers = Headers(scope=scope)
        if "origin" not in headers or "access-control-request-method" not in headers:
            return None
        return self._rules.preflight_response(headers)

    def readable(self, scope: Scope, send: Send) -> Send:
        """Return `send` with the headers that let a page of a permitted origin read what goes through it."""
        if not self._open:
            return send
        return partial(self._rules.send, send=send, request_headers=Headers(scope=scope))


async def _nobody(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """The rules are asked and applied here, and pass nothing on by themselves."""
