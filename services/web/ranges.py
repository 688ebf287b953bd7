"""Files going out: whole, unchanged, or in part, so that a recording can be wound to and a broken download goes on (RFC 9110, 14).

One range of bytes is given; several at once, and whatever is no range of bytes, are answered with the whole file, as the RFC allows.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header
from starlette.responses import Response, StreamingResponse

from services.attachments.store import Store
from services.platform.errors import Problem

_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})", re.IGNORECASE)
_STRONG = re.compile(r'"[^"]*"')


class RangeNotSatisfiable(Problem):
    """The range that was asked for begins past the end."""

    status = 416
    title = "Range not satisfiable"


@dataclass(frozen=True, slots=True)
class Asked:
    """How a file was asked for: the headers as they came."""

    part: str | None = None
    if_range: str | None = None
    if_none_match: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A file to give: where its bytes lie, how many they are, and what they are called."""

    store_key: str
    size: int
    media_type: str
    sha256: bytes
    name: str

    @property
    def etag(self) -> str:
        """Its strong entity tag: the same bytes, the same tag."""
        return f'"{self.sha256.hex()}"'


async def _asked(
    range_: Annotated[
        str | None,
        Header(alias="Range", max_length=200, description="One range of bytes, to get that part only (206).", examples=["bytes=0-1023"]),
    ] = None,
    if_range: Annotated[
        str | None,
        Header(max_length=200, description="The `ETag` of the part one has; the whole file comes where it is another one by now."),
    ] = None,
    if_none_match: Annotated[str | None, Header(max_length=200, description="The `ETag` one has: 304 where it still holds.")] = None,
) -> Asked:
    return Asked(range_, if_range, if_none_match)


AskedFor = Annotated[Asked, Depends(_asked)]
"""What an endpoint that gives files takes in."""

FILE_ANSWERS: dict[int | str, dict[str, object]] = {
    200: {"description": "The whole file.", "content": {"application/octet-stream": {"example": "(the bytes)"}}},
    206: {"description": "The range that was asked for.", "content": {"application/octet-stream": {"example": "(some of the bytes)"}}},
    304: {"description": "The file is the one `If-None-Match` names."},
    416: {"description": "The range begins past the end; `Content-Range` says how long the file is."},
}
"""What such an endpoint writes into its documentation (``responses=``)."""


def span_of(asked: Asked, etag: str, size: int) -> tuple[int, int] | None:
    """Return the first byte that is wanted and the one behind the last, or None for the whole file. Pure.

    Raises :class:`RangeNotSatisfiable` ``range.not_satisfiable`` for a range that holds no byte of the file. ``If-Range`` with anything but
    the present strong tag (so with a date: files here have none) means the whole file.
    """
    found = _RANGE.fullmatch(asked.part.strip().replace(" ", "")) if asked.part else None
    if found is None or not (found["first"] or found["last"]):
        return None
    if asked.if_range is not None and asked.if_range.strip() != etag:
        return None
    if not found["first"]:  # the last so many bytes
        begin, end = max(0, size - int(found["last"])), size
    else:
        begin = int(found["first"])
        if found["last"] and int(found["last"]) < begin:
            return None  # no range at all
        end = min(size, int(found["last"]) + 1) if found["last"] else size
    if begin >= end:
        raise RangeNotSatisfiable(
            "range.not_satisfiable", "The file has no such bytes; ask for less.", headers={"Content-Range": f"bytes */{size}"}
        )
    return begin, end


async def file_answer(file: Stored, asked: Asked, store: Store) -> Response:
    """Return the answer that gives `file`: 200, 206 or 304, as a download that no browser interprets and no proxy keeps.

    Raises 416 ``range.not_satisfiable``, and Unavailable ``attachment.store_away`` before the first byte goes out.
    """
    headers = {
        "ETag": file.etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
    }
    if asked.if_none_match is not None and _is_one_of(file.etag, asked.if_none_match):
        return Response(status_code=304, headers=headers)
    span = span_of(asked, file.etag, file.size)
    begin, end = span or (0, file.size)
    headers |= {"Content-Length": str(end - begin), "Content-Disposition": f'attachment; filename="{file.name}"'}
    if span is not None:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{file.size}"
    pieces = store.read(file.store_key, begin, end) if span else store.read(file.store_key)
    first = await anext(pieces, b"")  # a store that is away is a 503, not a broken-off 200
    return StreamingResponse(_from(first, pieces), 206 if span else 200, headers, media_type=file.media_type)


def _is_one_of(etag: str, if_none_match: str) -> bool:
    """Compare weakly, as RFC 9110, 13.1.2 has it: a proxy may have made our tag a weak one."""
    return if_none_match.strip() == "*" or etag in _STRONG.findall(if_none_match)


async def _from(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
