"""The two written forms of Open311, made from the same values: XML without a namespace, and JSON by the "Spark" mapping. Pure.

In JSON the wrappers of lists vanish: `services`, `service_requests`, `errors` are bare arrays, null stands for what is empty. In XML an
empty element does. Elements are named by :data:`_ITEMS`; characters that XML 1.0 cannot carry are replaced, so that one villager's odd
character never breaks everybody's list.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import orjson

XML, JSON = "xml", "json"
MEDIA_TYPES = {XML: "text/xml; charset=utf-8", JSON: "application/json; charset=utf-8"}

_ITEMS = {
    "services": "service",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
    "attributes": "attribute",
    "values": "value",
    "notes": "note",
    "media_urls": "media_url",
}
_UNCARRIED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Written:
    """An answer in one of the two forms."""

    status: int
    body: bytes
    media_type: str


def written(root: str, value: Any, form: str, status: int = 200) -> Written:
    """Return `value` under the element `root` (vanishing in JSON) in `form`, ``xml`` or ``json``."""
    return Written(status, as_json(value) if form == JSON else as_xml(root, value), MEDIA_TYPES[JSON if form == JSON else XML])


def error_written(status: int, description: str, form: str) -> Written:
    """Return an error as Open311 tells it: its code is the HTTP status."""
    return written("errors", [{"code": status, "description": description}], form, status)


def as_json(value: Any) -> bytes:
    """Return `value` as JSON."""
    return orjson.dumps(value)


def as_xml(root: str, value: Any) -> bytes:
    """Return `value` as an XML document in UTF-8 whose root element is `root`."""
    return f'<?xml version="1.0" encoding="utf-8"?>\n{_element(root, value)}'.encode()


def _element(name: str, value: Any) -> str:
    return f"<{name}>{_inside(name, value)}</{name}>"


def _inside(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(_element(key, member) for key, member in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(_element(_ITEMS[name], member) for member in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else escape(_UNCARRIED.sub("\ufffd", str(value)), {"\r": "&#13;"})
