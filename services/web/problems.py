"""Problems as answers: RFC 9457 ``application/problem+json`` with a stable code, whatever went wrong.

Nothing a caller sent is repeated in an answer, and nothing personal is logged.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

import asyncpg
import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from services.platform.errors import Fault, Problem, Unavailable

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
_MOST_FAULTS = 20
_CODES = {
    400: "request.malformed",
    401: "session.required",
    403: "permission.denied",
    404: "request.no_such_address",
    405: "request.method_not_allowed",
    413: "request.too_large",
    415: "request.media_type",
}
_AWAY_STATES = ("08", "57P", "53300", "3D000", "28")
"""SQLSTATE prefixes that mean: no working connection (08, 57P, 53300), not yet set up, or not let in."""
_FULL_STATES = ("531", "532")
"""SQLSTATE prefixes that mean: no disk or no memory left."""
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_BUSY_STATES = ("40001", "40P01", "55P03", "57014")


def problem_body(problem: Problem, trace_id: str | None = None) -> dict[str, Any]:
    """Return the members of the answer for `problem`; `trace_id` becomes the instance, for finding the log lines."""
    body: dict[str, Any] = {
        "type": f"urn:daguanjia:problem:{problem.code}",
        "title": _title(problem),
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
    }
    if trace_id:
        body["instance"] = f"urn:trace:{trace_id}"
    if problem.errors:
        body["errors"] = [{"pointer": fault.pointer, "detail": fault.detail} for fault in problem.errors]
    return {**problem.extra, **body}


def problem_response(problem: Problem, scope: Scope | None = None) -> Response:
    """Return the answer for `problem`."""
    trace_id = scope.get("trace_id") if scope else None
    return Response(
        orjson.dumps(problem_body(problem, trace_id), default=str),
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


def _title(problem: Problem) -> str:
    kind = type(problem)
    return kind.title if problem.status == kind.status else HTTPStatus(problem.status).phrase


def install(app: FastAPI) -> None:
    """Make every error of `app`'s routes a problem; what escapes is caught by :mod:`services.web.front`."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request.unavailable", code=error.code)
    return problem_response(error, request.scope)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = faults_of(error.errors(), error.body)
    return problem_response(invalid(faults), request.scope)


def invalid(faults: Sequence[Fault]) -> Problem:
    """Return the problem of a request whose content does not fit its schema."""
    return Problem("request.invalid", "The request does not fit; `errors` says where and why.", status=422, errors=faults)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, Problem):  # FastAPI hides whatever went wrong while a form was read
        return problem_response(error.__cause__, request.scope)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed_methods(request))
    code = _CODES.get(error.status_code, f"http.{error.status_code}")
    detail = _DETAILS.get(error.status_code, f"{HTTPStatus(error.status_code).phrase}.")
    return problem_response(Problem(code, detail, status=error.status_code, headers=headers), request.scope)


_DETAILS = {
    400: "The body could not be read; send it as this endpoint's documentation says.",
    404: "There is nothing at this address; /openapi.json lists what there is.",
    405: "This address does not take this method; `Allow` lists those it takes.",
    413: "The body is larger than this endpoint takes.",
}


def _allowed_methods(request: Request) -> list[str]:
    methods: set[str] = set()
    for route in request.app.router.routes:
        if route.matches(dict(request.scope))[0] is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


def faults_of(errors: Iterable[Any], body: Any) -> list[Fault]:
    """Return pydantic's `errors` as faults with JSON pointers into `body`, at most 20, without the values sent."""
    return [Fault(_pointer(error["loc"], body), _message(error)) for error in list(errors)[:_MOST_FAULTS]]


def _message(error: dict[str, Any]) -> str:
    """Return what is wrong; pydantic's own words except where they would repeat the input."""
    context = error.get("ctx") or {}
    if error["type"] == "union_tag_invalid":
        return f"Must be one of {context.get('expected_tags')}"
    if error["type"] in ("json_invalid", "url_parsing", "date_from_datetime_parsing"):
        return "Cannot be read"
    return str(error["msg"]).removeprefix("Value error, ")


def _pointer(location: Sequence[str | int], body: Any) -> str:
    """Return a JSON pointer for places in the body, ``query/name`` and the like for others.

    Pydantic names the member of a union inside the location; such parts are in no body and are left out. So are names that nobody gives a
    field: what a caller typed there by mistake or on purpose is not repeated.
    """
    if not location or location[0] != "body":
        return "/".join(str(part) for part in location if _NAME.fullmatch(str(part)))
    parts, here = list(location[1:]), body
    kept: list[str] = []
    for index, part in enumerate(parts):
        inside = (isinstance(here, dict) and part in here) or (isinstance(here, list) and isinstance(part, int) and part < len(here))
        if inside:
            here = here[part]
        elif index != len(parts) - 1:
            continue
        if not _NAME.fullmatch(str(part)):
            break
        kept.append(str(part))
    return "".join(f"/{part}" for part in kept)


def unexpected(error: Exception) -> Problem:
    """Return the problem for an error no room foresaw: the database away or busy, a value it cannot keep, or something of ours broken."""
    causes = list(_causes(error))
    states = [str(state) for cause in causes if (state := getattr(cause, "sqlstate", None))]
    if any(state.startswith("22") for state in states) or any(_is_refused_argument(cause) for cause in causes):
        return Problem("request.unstorable", "A value in the request is outside of what can be stored.", status=422)
    if any(state in _BUSY_STATES for state in states) or isinstance(error, PoolTimeout):
        return Unavailable("database.busy", "The database is too busy; nothing was done, try again.", headers={"Retry-After": "1"})
    if any(state.startswith(_FULL_STATES) for state in states):
        detail = "The database has no disk or memory left; nothing was done. The operator must make room."
        return Unavailable("database.full", detail, headers={"Retry-After": "60"})
    if any(state.startswith(_AWAY_STATES) for state in states) or any(_is_away(cause) for cause in causes):
        return Unavailable("database.away", "The database cannot be reached; nothing was done, try again.", headers={"Retry-After": "2"})
    return Problem("internal", "Something went wrong here; nothing was done. The operator finds it by the instance.", status=500)


def _is_refused_argument(cause: BaseException) -> bool:
    """Tell asyncpg's own refusal of an argument (an integer too large, say), which never reached the database."""
    return isinstance(cause, asyncpg.InterfaceError) and isinstance(cause, ValueError)


def _is_away(cause: BaseException) -> bool:
    if isinstance(cause, DBAPIError) and cause.connection_invalidated:
        return True
    # the last: a connection whose server was stopped while nobody looked, found out by using it
    return isinstance(cause, OSError | asyncpg.InterfaceError | InterfaceError | TimeoutError | asyncpg.InternalClientError)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield `error` and everything it was caused by."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = getattr(error, "orig", None) or error.__cause__
