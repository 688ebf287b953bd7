"""How exchanges write things down: numbers as text, local times, empty values. Pure.

JSON numbers are read as the text they were written in: 1795311452.10 is a call id and must keep its last zero.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from services.calls.events import CallEvent, Told, Unreadable, checked
from services.platform.phones import normalised_phone
from services.platform.text import storable

FIELDS_AT_MOST = 1000
ITEMS_AT_MOST = 1000
_EMPTY = frozenset({"", "null", "none", "undefined", "<unknown>", "(null)"})
_ZERO_TIMES = ("0000-00-00", "1970-01-01 00:00:00")
_MICROSECONDS = 1_000_000
_MOBILE_DIGITS = 11


@dataclass(frozen=True, slots=True)
class Source:
    """What an adapter must know of its exchange. `numbers` are the hotline's own; `sides` are the vendor's codes for who hung up."""

    zone: ZoneInfo
    numbers: frozenset[str] = frozenset()
    direction: str = "inbound"
    sides: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class Post:
    """A post as it came; `step` is what its address says behind the connection (``start``, ``end``…)."""

    body: bytes
    content_type: str = ""
    step: str = ""


def _no_constant(_name: str) -> NoReturn:
    raise Unreadable("body.not_json")


def json_of(text: str) -> Any:
    """Return JSON with every number as the text it was written in; raise Unreadable ``body.not_json``."""
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Unreadable("body.not_json") from None


def text_of(body: bytes) -> str:
    """Return the body as text; raise Unreadable ``body.not_utf8``."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("body.not_utf8") from None


def form_of(body: bytes) -> dict[str, str]:
    """Return the fields of a form, the last of several with a name; raise Unreadable ``body.not_form``."""
    try:
        found = parse_qsl(text_of(body).strip(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_AT_MOST)
    except ValueError:
        raise Unreadable("body.not_form") from None
    if not found:
        raise Unreadable("body.empty")
    return dict(found)


def record_of(post: Post) -> dict[str, Any]:
    """Return the one record of a post, be it JSON or a form."""
    text = text_of(post.body).strip()
    if "json" in post.content_type.lower() or text.startswith("{"):
        found = json_of(text)
        if not isinstance(found, dict):
            raise Unreadable("body.not_an_object")
        return found
    return dict(form_of(post.body))


def each(body: bytes, read: Callable[[dict[str, Any]], Iterator[CallEvent]]) -> tuple[Told, ...]:
    """Read a JSON array (or a single object) item by item: what cannot be read spoils nothing but itself. Items keep their very bytes."""
    try:
        items = list(_items(text_of(body)))
    except Unreadable as why:
        return (Told(body, error=str(why)),)
    return tuple(_item_told(text, item, read) for text, item in items)


def _item_told(text: str, item: Any, read: Callable[[dict[str, Any]], Iterator[CallEvent]]) -> Told:
    return told(text.encode(), lambda: read(_object(item)))


def told(raw: bytes, read: Callable[[], Iterator[CallEvent]]) -> Told:
    """Return what was read from `raw`, or why it could not be."""
    try:
        events = tuple(checked(event) for event in read())
    except Unreadable as why:
        return Told(raw, error=str(why))
    return Told(raw, events) if events else Told(raw, error="event.none")


def _items(text: str) -> Iterator[tuple[str, Any]]:
    text = text.strip()
    if not text.startswith("["):
        yield text, json_of(text)
        return
    whole = json_of(text)
    if not whole or len(whole) > ITEMS_AT_MOST:
        raise Unreadable("body.empty" if not whole else "body.too_many")
    decoder, place = json.JSONDecoder(parse_float=str, parse_int=str), 1
    for item in whole:
        while text[place] in " \t\r\n,":
            place += 1
        _same, end = decoder.raw_decode(text, place)
        yield text[place:end], item
        place = end


def _object(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise Unreadable("body.not_an_object")
    return item


def word(record: Mapping[str, Any], *names: str) -> str | None:
    """Return the first field of `names` that says something, without blanks around it; None where all are empty or missing."""
    for name in names:
        value = record.get(name)
        if isinstance(value, bool) or value is None or isinstance(value, dict | list):
            continue
        text = str(value).strip()
        if text.lower() not in _EMPTY:
            return text
    return None


def needed(record: Mapping[str, Any], *names: str) -> str:
    """Return the field; raise Unreadable ``call_id.missing`` where there is none."""
    found = word(record, *names)
    if found is None:
        raise Unreadable("call_id.missing")
    return found


def whole(text: str | None) -> int | None:
    """Return whole seconds written as text (``4``, ``4.7`` is 4); None of none. Raises Unreadable ``seconds.malformed``."""
    if text is None:
        return None
    if not text.isascii() or not text.replace(".", "", 1).isdigit() or len(text) > 18:  # noqa: PLR2004  what a counter of seconds can be
        raise Unreadable("seconds.malformed")
    return int(text.partition(".")[0] or "0")


def key_pressed(text: str | None) -> int | None:
    """Return the key pressed after a call where it is an opinion: 1 satisfied, 2 so-so, 3 not; None for any other key."""
    return int(text) if text in ("1", "2", "3") else None


def local_time(text: str | None, zone: ZoneInfo) -> datetime | None:
    """Return the instant a source means: in its own zone where it writes none. None of nothing or of an all-zero time."""
    if text is None or text.startswith(_ZERO_TIMES):
        return None
    try:
        found = datetime.fromisoformat(text.replace("/", "-"))
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable("time.malformed") from None


def epoch(text: str | None, per_second: int = 1) -> datetime | None:
    """Return the instant of an epoch that counts seconds, milliseconds (1000) or microseconds (1000000); None of nothing or 0."""
    if text is None:
        return None
    if not text.isascii() or not text.replace(".", "", 1).isdigit() or len(text) > 20:  # noqa: PLR2004  microseconds have 16 digits
        raise Unreadable("time.malformed")
    count, _dot, fraction = text.partition(".")
    ticks = int(count or "0") * (_MICROSECONDS // per_second) + (int(fraction[:6].ljust(6, "0")) // per_second if fraction else 0)
    if not ticks:
        return None
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks)
    except OverflowError:
        raise Unreadable("time.malformed") from None


def parties(source: Source, direction: str, caller: str | None, callee: str | None) -> tuple[str | None, str | None]:
    """Return the other person's number and ours. Ours is kept in clear: no mobile number the county did not list is taken for it."""
    number, dnis = (callee, caller) if direction == "outbound" else (caller, callee)
    return number, _own_number(source, dnis)


def _own_number(source: Source, dnis: str | None) -> str | None:
    if dnis is None or dnis in source.numbers:
        return dnis
    try:
        plain = normalised_phone(dnis)
    except ValueError:
        return None
    looks_private = plain is None or (len(plain) == _MOBILE_DIGITS and plain.startswith("1") and "-" not in plain)
    return None if looks_private or plain is None else dnis


def direction_of(text: str | None, usual: str) -> str:
    """Return the direction a source names in its own word, else the usual one."""
    said = (text or "").lower()
    if said.startswith(("in", "呼入")):
        return "inbound"
    return "outbound" if said.startswith(("out", "呼出")) else usual


def base64_text(text: str) -> str | None:
    """Return what `text` hides in base64, or None where it hides nothing that is text."""
    try:
        return storable(base64.b64decode(text, validate=True).decode())
    except (binascii.Error, ValueError):
        return None
