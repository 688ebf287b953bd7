"""Pages by opaque cursor: where the last page ended, not how many rows to skip; the next page as ``Link`` (RFC 8288)."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar
from urllib.parse import urlencode

import orjson
from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from services.platform.errors import Problem

T = TypeVar("T")
Part = str | int

PageLimit = Annotated[int, Query(ge=1, le=200, description="How many items a page holds.")]
PageCursor = Annotated[str | None, Query(max_length=512, description="Where to go on: `next` of the page before.")]


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")


def write_cursor(*parts: Part) -> str:
    """Return the opaque cursor for a place in an order: the sort values of the last item shown."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).rstrip(b"=").decode()


def read_cursor(cursor: str, kinds: Sequence[type[Part]]) -> tuple[Part, ...]:
    """Return the parts of a cursor of ours; raise a problem unless they are exactly of `kinds`."""
    try:
        parts = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        parts = None
    fits = isinstance(parts, list) and [type(part) for part in parts] == list(kinds)
    if not fits or any(isinstance(part, str) and "\x00" in part for part in parts):
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.")
    return tuple(parts)


def link_next(request: Request, response: Response, cursor: str | None) -> None:
    """Add the ``Link`` header for the next page, relative to this address; nothing on the last page."""
    if cursor is not None:
        response.headers["Link"] = f'<{request.url.path}?{_query(request, cursor)}>; rel="next"'


def _query(request: Request, cursor: str) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return urlencode([*kept, ("cursor", cursor)])
