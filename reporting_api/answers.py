"""Answers of this door: JSON or CSV, with an entity tag over what was counted, so that an unchanged figure costs nothing to ask again."""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

CSV = "text/csv"
_KEEP = "private, no-cache"  # may be kept by the reader alone, and asked for again each time: the tag then answers 304
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def wants_csv(request: Request, asked_format: str | None) -> bool:
    """Tell whether the answer is to be CSV: by `format`, else because Accept names it before JSON."""
    if asked_format:
        return asked_format == "csv"
    accepted = request.headers.get("accept", "")
    place, json_place = accepted.find(CSV), accepted.find("application/json")
    return place >= 0 and (json_place < 0 or place < json_place)


def json_answer(request: Request, body: BaseModel, headers: dict[str, str] | None = None) -> Response:
    """Return `body` as JSON. The tag does not cover `as_of`: the same figures a minute later are the same answer."""
    return _answer(request, body.model_dump_json(), body.model_dump_json(exclude={"as_of"}), "application/json", headers or {})


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


def _cell(value: Any) -> str:
    """Return a cell as text that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if len(text) > 1 and text.startswith(_BEGINS_A_FORMULA) else text


def _answer(request: Request, content: str, tagged: str, media_type: str, headers: dict[str, str]) -> Response:
    digest = hashlib.sha256("\n".join((media_type, headers.get("Link", ""), tagged)).encode()).hexdigest()[:32]
    tag = f'W/"{digest}"'
    sent = {"ETag": tag, "Cache-Control": _KEEP, "Vary": "Accept, Authorization", **headers}
    known = [given.strip().removeprefix("W/") for given in request.headers.get("if-none-match", "").split(",")]
    if tag.removeprefix("W/") in known or known == ["*"]:
        return Response(status_code=304, headers=sent)
    return Response(content, media_type=media_type, headers=sent)
