"""Answers of this door: JSON or CSV, with an entity tag over what was counted, so that an unchanged figure costs nothing to ask again."""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.exports.columns import Column, columns_like
from services.exports.defusing import harmless
from services.exports.formats import MEDIA_TYPES, FileFormat, table_bytes
from services.web.paging import link_next

CSV = "text/csv"
_KEEP = "private, no-cache"  # may be kept by the reader alone, and asked for again each time: the tag then answers 304


def wants_csv(request: Request, asked_format: str | None) -> bool:
    """Tell whether the answer is to be CSV: by `format`, else because Accept names it before JSON."""
    if asked_format:
        return asked_format == "csv"
    accepted = request.headers.get("accept", "")
    place, json_place = accepted.find(CSV), accepted.find("application/json")
    return place >= 0 and (json_place < 0 or place < json_place)


def json_answer(request: Request, body: BaseModel | Mapping[str, Any], headers: dict[str, str] | None = None) -> Response:
    """Return `body` as JSON; a mapping must be what its route's model would have become, a test compares them.

    The tag does not cover `as_of`: the same figures a minute later are the same answer. It covers how stale they are, for that is shown.
    """
    if isinstance(body, BaseModel):
        content, as_of = body.model_dump_json().encode(), getattr(body, "as_of", None)
    else:
        content, as_of = orjson.dumps(body, option=orjson.OPT_UTC_Z), body.get("as_of")
    tagged = content.replace(b'"as_of":' + orjson.dumps(as_of, option=orjson.OPT_UTC_Z), b"", 1) if as_of else content
    return _answer(request, content, tagged, "application/json", headers or {})


def page_answer(request: Request, page: BaseModel, following: str | None, headers: Mapping[str, str] | None = None) -> Response:
    """Return a page as JSON with the cursor of the next in its `next` and as a ``Link``; neither on the last page."""
    linked = Response()
    link_next(request, linked, following)
    links = {"Link": linked.headers["Link"]} if following is not None else {}
    return json_answer(request, page.model_copy(update={"next": following}), {**(headers or {}), **links})


def csv_answer(
    request: Request, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], headers: dict[str, str] | None = None
) -> Response:
    """Return a table as CSV in UTF-8 with a byte order mark, by which Excel knows that it is UTF-8 and shows the Chinese."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    content = "\ufeff" + table.getvalue()
    more = {"Content-Disposition": f'attachment; filename="{name}.csv"', **(headers or {})}
    return _answer(request, content, content, f"{CSV}; charset=utf-8", more)


def table_answer(
    request: Request,
    format: FileFormat,  # noqa: A002  the name in the address
    name: str,
    columns: Sequence[Column] | Sequence[str],
    rows: Sequence[Sequence[Any]],
    headers: dict[str, str] | None = None,
) -> Response:
    """Return a small table as a file of any format; `columns` may be headings alone, then what they hold is told by the values."""
    known = [column if isinstance(column, Column) else None for column in columns]
    described = [column for column in known if column is not None]
    if len(described) < len(known):
        described = list(columns_like([str(column) for column in columns], rows))
    content = table_bytes(format, described, rows)
    tagged = "\n".join(repr(tuple(row)) for row in rows)
    more = {"Content-Disposition": f'attachment; filename="{name}.{format}"', **(headers or {})}
    return _answer(request, content, tagged, MEDIA_TYPES[format], more)


def _cell(value: Any) -> str:
    """Return a cell as text that no spreadsheet takes for a formula."""
    return harmless("" if value is None else str(value))


def _answer(request: Request, content: str | bytes, tagged: str | bytes, media_type: str, headers: dict[str, str]) -> Response:
    digest = hashlib.sha256(f"{media_type}\n{headers.get('Link', '')}\n".encode())
    digest.update(tagged.encode() if isinstance(tagged, str) else tagged)
    tag = f'W/"{digest.hexdigest()[:32]}"'
    sent = {"ETag": tag, "Cache-Control": _KEEP, "Vary": "Accept, Authorization", **headers}
    known = [given.strip().removeprefix("W/") for given in request.headers.get("if-none-match", "").split(",")]
    if tag.removeprefix("W/") in known or known == ["*"]:
        return Response(status_code=304, headers=sent)
    return Response(content, media_type=media_type, headers=sent)
