"""The front of every door, before any route: who calls, limits, guards, trace, access line, figures, and the net under everything.

One plain ASGI layer, because it runs for every request.
"""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.platform.errors import Problem
from services.platform.quotas import quotas
from services.platform.settings import settings
from services.web.bodies import LIMIT, Body
from services.web.callers import Callers, seen_through_proxies
from services.web.guards import guarded, require_our_host
from services.web.limits import kind_of, quota_of, told, too_many
from services.web.metrics import REQUESTS, SECONDS
from services.web.origins import Origins
from services.web.problems import problem_response, unexpected
from services.web.tracing import trace_of

log = structlog.get_logger()

F = TypeVar("F", bound=Callable[..., Any])
_GONE = 499  # as nginx counts a caller who hung up before the answer


def takes_body_of(limit: int) -> Callable[[F], F]:
    """Mark an endpoint as taking bodies of up to `limit` bytes instead of ``settings().body_limit``."""

    def mark(endpoint: F) -> F:
        setattr(endpoint, LIMIT, limit)
        return endpoint

    return mark


class Front:
    """Wraps an application; see the module."""

    def __init__(self, app: ASGIApp, body_limit: int, origins: Origins | None = None) -> None:
        self.app = app
        self.body_limit = body_limit
        self.origins = origins or Origins()
        self.callers = Callers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        method = scope["method"]
        if method == "HEAD":
            scope = _as_get(scope)
        headers = dict(scope["headers"])
        given = settings()
        seen_through_proxies(scope, given.trusted_proxies, given.proxy_header)
        body = Body(scope, headers, receive, self.body_limit)
        answer = _Answer(self.origins.readable(scope, send), body, scope["scheme"], bodiless=method == "HEAD")
        trace = trace_of(_text(headers.get(b"traceparent")))
        scope["trace_id"] = trace.trace_id
        with structlog.contextvars.bound_contextvars(trace_id=trace.trace_id):
            await self._answer(scope, headers, body, answer)
            self.callers.remember(scope, headers.get(b"authorization"))
            _note(method, scope, answer.status, time.perf_counter() - started)

    async def _answer(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, answer: "_Answer") -> None:
        if _holds_nul(scope):
            await answer.instead(scope, receive, Problem("request.nul", "The address must not contain U+0000."))
            return
        try:
            require_our_host(scope, settings())
            if (asked := self.origins.asked_beforehand(scope)) is not None:  # not counted: a page could not read that refusal
                await asked(scope, receive, answer)
                return
            await self._count(scope, headers, answer)
            await self.app(scope, receive, answer)
        except Problem as problem:
            await answer.instead(scope, receive, problem)
        except ClientDisconnect:
            answer.status = answer.status or _GONE
        except Exception as error:
            found = unexpected(error)
            if found.status == HTTPStatus.INTERNAL_SERVER_ERROR:
                log.exception("request.failed", route=_route(scope))
            else:
                log.warning("request.refused", code=found.code, error=type(error).__name__)
            await answer.instead(scope, receive, found)

    async def _count(self, scope: Scope, headers: dict[bytes, bytes], answer: "_Answer") -> None:
        """Count the request against its quota; raise 429 ``request.too_many`` where nothing is left of it."""
        given = settings()
        kind = kind_of(scope["method"], scope["path"]) if given.rate_limits else None
        if kind is None:
            return
        quota = quota_of(kind, given)
        taken = await quotas().take(quota, self.callers.name(scope, headers.get(b"authorization")))
        answer.told = told(quota, taken)
        if not taken.granted:
            raise too_many(taken)


class _Answer:
    """Passes an answer on and remembers its status; without its body for HEAD.

    What the caller is still sending is read first, or, where that is much, after the answer, and the connection closed: a server that
    answers and leaves the rest lying has some callers wait for ever (RFC 9112, 9.3 and 9.6).
    """

    def __init__(self, send: Send, body: Body, scheme: str, *, bodiless: bool) -> None:
        self.send = send
        self.scheme = scheme
        self.told: list[tuple[bytes, bytes]] = []
        self.body = body
        self.bodiless = bodiless
        self.closing = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        """Pass one message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.closing = not await self.body.read_the_rest()
            headers = guarded([*message.get("headers", ()), *self.told], self.scheme, settings().hsts_seconds)
            if self.closing:
                headers.append((b"connection", b"close"))
            message = {**message, "headers": headers}
        elif self.bodiless:
            if message.get("more_body"):
                return
            message = {"type": "http.response.body", "body": b""}
        if self.closing and message["type"] == "http.response.body" and not message.get("more_body"):
            await self.send({**message, "more_body": True})
            await self.body.linger()
            message = {"type": "http.response.body", "body": b""}
        await self.send(message)

    async def instead(self, scope: Scope, receive: Receive, problem: Problem) -> None:
        """Answer with `problem`; where an answer is already on its way, break it off so that nobody takes it for whole."""
        if self.status:
            raise ConnectionAbortedError("the answer broke off after its head") from None
        await problem_response(problem, scope)(scope, receive, self)


def _as_get(scope: Scope) -> Scope:
    """Return a HEAD request as the GET it stands for; ``asked_method`` says what it was.

    Its range is dropped: ranges mean something for GET alone (RFC 9110, 14.2).
    """
    headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
    return dict(scope, method="GET", asked_method="HEAD", headers=headers)


def _holds_nul(scope: Scope) -> bool:
    return "\x00" in scope["path"] or b"%00" in scope["query_string"] or b"\x00" in scope["query_string"]


def _text(header: bytes | None) -> str | None:
    return header.decode("latin-1") if header is not None else None


def _route(scope: Scope) -> str:
    """Return the template of the route, never the address itself: that may hold what a person typed."""
    return getattr(scope.get("route"), "path", None) or "(none)"


def _note(method: str, scope: Scope, status: int, seconds: float) -> None:
    route = _route(scope)
    if method not in _METHODS:
        method = "(other)"
    REQUESTS.labels(method, route, status).inc()
    SECONDS.labels(method, route).observe(seconds)
    log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
