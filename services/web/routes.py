"""Routers whose routes read JSON strictly: what could not be stored or is no JSON is refused at the door, with a clear word."""

from collections.abc import Callable, Coroutine
from email.message import Message
from enum import Enum
from typing import Any

import orjson
from fastapi import APIRouter, params
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from services.platform.errors import Fault, Problem, UnsupportedMedia


class StrictRequest(Request):
    """A request whose JSON body was read strictly beforehand."""

    parsed: Any = None

    async def json(self) -> Any:
        """Return the body as :func:`strict_json` read it."""
        return self.parsed


class DoorRoute(APIRoute):
    """A route that reads JSON bodies with :func:`strict_json`. Form and raw bodies are left alone."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, with the body read strictly before it."""
        handle = super().get_route_handler()
        if self.body_field is None or isinstance(self.body_field.field_info, params.Form):
            return handle

        async def read_then_handle(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            body = await strict.body()
            if body:
                require_json(request.headers.get("content-type"))
                strict.parsed = strict_json(body)
            return await handle(strict)

        return read_then_handle


def door_router(prefix: str = "", *, tags: list[str]) -> APIRouter:
    """Return a router whose routes read bodies strictly; all routers of all doors are made with it."""
    names: list[str | Enum] = list(tags)
    return APIRouter(prefix=prefix, tags=names, route_class=DoorRoute)


def require_json(content_type: str | None) -> None:
    """Raise :class:`UnsupportedMedia` unless `content_type` is JSON in UTF-8."""
    message = Message()
    message["content-type"] = content_type or ""
    subtype = message.get_content_subtype()
    is_json = message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))
    if not content_type or not is_json or _charset(message) not in ("utf-8", "utf8"):
        raise UnsupportedMedia("request.media_type", "The body must be application/json in UTF-8.", headers={"Accept": "application/json"})


def _charset(message: Message) -> str | None:
    try:
        return message.get_content_charset("utf-8")
    except ValueError:  # a continued parameter (RFC 2231) with a number or a name that nothing can be made of
        return None


def strict_json(body: bytes) -> Any:
    """Return `body` parsed; raise a problem for anything that is not I-JSON or cannot be stored.

    Refused are: invalid UTF-8, NaN and numbers too large for a double, lone surrogates, U+0000, nesting past 1024.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        detail = f"The body is not JSON: see character {error.pos}."
        raise Problem("request.not_json", detail) from None
    if b"\\u0000" in body and _holds_nul(value):
        raise Problem("request.nul", "The body must not contain U+0000.", status=422, errors=[Fault("", "contains U+0000")])
    return value


def _holds_nul(value: Any) -> bool:
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, str):
            if "\x00" in here:
                return True
        elif isinstance(here, dict):
            waiting.extend(here)
            waiting.extend(here.values())
        elif isinstance(here, list):
            waiting.extend(here)
    return False
