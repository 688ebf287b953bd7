"""What WeChat and WeCom push, read into one value, whether it comes as XML or as JSON. Pure.

All message types and events of the message push documentation, and those that do not exist yet: every element is kept under its own name.
Traps of the format, each held here: `Location_X` is the latitude and in GCJ-02; ids have 64 bits and are text; `MsgID` of a template's
result is another element than `MsgId`; `List` may stand once or often, under either of two names; `qrscene_` goes before a scene in
`subscribe` alone; an answer of speech recognition may be absent or empty.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element

import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

MESSAGES = frozenset({"text", "image", "voice", "video", "shortvideo", "location", "link"})
"""The types that carry a MsgId."""

_STAMP = re.compile(r"[0-9]{1,10}", re.ASCII)
_NAME = re.compile(r"[\x21-\x7e]{1,128}")
_MESSAGE_ID = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,20})?", re.ASCII)
_NORTHMOST, _EASTMOST = 90, 180
_DEEPEST = 8
_ALWAYS_MANY = frozenset({"List", "item"})
_SCENE_PREFIX = "qrscene_"
_LISTS = ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent")


class NotAMessage(Exception):  # noqa: N818  it is raised like a finding, not like an error of ours
    """The body is no message of WeChat's."""


@dataclass(frozen=True, slots=True, repr=False)
class Location:
    """Where something is, in degrees GCJ-02 as WeChat gives it; `precision` in metres where it is known. No `repr`: it may be a home."""

    lat: float
    lon: float
    label: str = ""
    precision: float | None = None
    scale: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Push:
    """One message or event. No `repr`, so that neither an openid nor words can slip into a log.

    `sender` is the openid (WeCom: userid), `account` whom it was sent to. `kind` is the MsgType in lower case; `message_id` is text.
    `dedupe_key` is equal for every delivery of the same push and different for any other; it holds the openid, so store its blind index.
    `fields` has every element by its name: text, or a dict of such, or a list of those; `List` and `item` are always lists.
    """

    account: str
    sender: str
    created_at: datetime
    kind: str
    message_id: str | None
    dedupe_key: str
    event: str = ""
    event_key: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    def text_of(self, name: str) -> str:
        """Return the element `name` as text, empty where it is absent or has elements of its own."""
        found = self.fields.get(name, "")
        return found if isinstance(found, str) else ""

    @property
    def text(self) -> str:
        """The words exactly as they were typed; empty for whatever has none."""
        return self.text_of("Content")

    @property
    def media_id(self) -> str | None:
        """What a picture, voice or video is fetched by."""
        return self.text_of("MediaId").strip() or None

    @property
    def thumb_media_id(self) -> str | None:
        """What the still picture of a video is fetched by."""
        return self.text_of("ThumbMediaId").strip() or None

    @property
    def recognition(self) -> str | None:
        """What WeChat understood of a voice message: seldom there, since WeChat gave it up."""
        return self.text_of("Recognition").strip() or None

    @property
    def location(self) -> Location | None:
        """Where a location message, a LOCATION event or a chosen place is; None where there is none or its figures are no place."""
        return _location_of(self)

    @property
    def scene(self) -> str | None:
        """The scene of the QR code that was scanned, without the prefix that `subscribe` puts before it."""
        if self.event == "subscribe":
            return self.event_key.removeprefix(_SCENE_PREFIX) or None
        return self.event_key or None if self.event == "SCAN" else None

    @property
    def choices(self) -> list[Mapping[str, str]]:
        """What a subscription event lists (TemplateId, SubscribeStatusString, MsgID, ErrorCode…), whatever its wrapper is called.

        An element that is no text is left out: what is made of it must not fail a turn again and again.
        """
        for holder in (*(self.fields.get(name) for name in _LISTS), self.fields):
            if isinstance(holder, Mapping) and isinstance(holder.get("List"), list):
                entries = [entry for entry in holder["List"] if isinstance(entry, Mapping)]
                return [{name: value for name, value in entry.items() if isinstance(value, str)} for entry in entries]
        return []


def read_push(body: bytes) -> Push:
    """Return the push in `body`, XML or JSON. Raises NotAMessage for anything else; DTDs and entities are refused."""
    fields = read_fields(body)
    fields.pop("Encrypt", None)
    account, sender = _word(fields, "ToUserName"), _word(fields, "FromUserName")
    created, message_id = _word(fields, "CreateTime"), _word(fields, "MsgId")
    kind, event = _word(fields, "MsgType").lower(), _word(fields, "Event")
    named = _NAME.fullmatch(account) and _NAME.fullmatch(sender)
    if not named or not _STAMP.fullmatch(created) or (message_id and not _MESSAGE_ID.fullmatch(message_id)):
        raise NotAMessage
    if kind in MESSAGES and not message_id:
        raise NotAMessage
    event_key = _word(fields, "EventKey")
    return Push(
        account=account,
        sender=sender,
        created_at=datetime.fromtimestamp(int(created), UTC),
        kind=kind,
        message_id=message_id or None,
        dedupe_key=message_id or _key_without_id(fields, (sender, created, event, event_key), kind),
        event=event,
        event_key=event_key,
        fields=fields,
    )


def read_fields(body: bytes) -> dict[str, Any]:
    """Return the elements of a body by name, as `Push.fields` has them. Raises NotAMessage where it is neither XML nor JSON of WeChat's."""
    return _read_json(body) if body.lstrip()[:1] == b"{" else _read_xml(body)


def _read_xml(body: bytes) -> dict[str, Any]:
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise NotAMessage from None
    found = _element(root, _DEEPEST)
    if root.tag != "xml" or not isinstance(found, dict):
        raise NotAMessage
    return found


def _element(element: Element, depth: int) -> Any:
    """An element as text, or as a dict of its children; a name that stands more than once becomes a list."""
    if not len(element):
        return element.text or ""
    if not depth:
        raise NotAMessage
    children: dict[str, Any] = {}
    for child in element:
        value = _element(child, depth - 1)
        if child.tag in _ALWAYS_MANY:
            children.setdefault(child.tag, []).append(value)
        elif child.tag not in children:
            children[child.tag] = value
        elif isinstance(children[child.tag], list):
            children[child.tag].append(value)
        else:
            children[child.tag] = [children[child.tag], value]
    return children


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        found = _plain(orjson.loads(body), _DEEPEST)
    except orjson.JSONDecodeError:
        raise NotAMessage from None
    if not isinstance(found, dict):
        raise NotAMessage
    return found


def _plain(value: Any, depth: int, name: str = "") -> Any:
    """A JSON value as its XML would have been read: scalars as text, what may stand often as a list."""
    if not depth:
        raise NotAMessage
    if name in _ALWAYS_MANY and not isinstance(value, list):
        value = [value]
    if isinstance(value, dict):
        return {_text(key): _plain(inner, depth - 1, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, depth - 1) for inner in value]
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    return _text(str(value))


def _text(value: str) -> str:
    if "\x00" in value:  # XML cannot hold it either, and nothing can store it
        raise NotAMessage
    return value


def _word(fields: Mapping[str, Any], name: str) -> str:
    found = fields.get(name, "")
    if not isinstance(found, str):
        raise NotAMessage
    return found.strip()


def _key_without_id(fields: Mapping[str, Any], four: tuple[str, str, str, str], kind: str) -> str:
    """The key of what has no MsgId: who, when, which event and its key.

    Two results of messages that were sent to one person may come in the same second: they are told apart by the MsgID they are about.
    What is no event we know nothing of: it is told apart by all it says, which a repeated delivery says alike.
    """
    key = ":".join(four)
    if kind != "event":
        return f"{key}:{kind}:{hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).hexdigest()}"
    about = [fields.get("MsgID"), *(_ids_listed(fields.get(name)) for name in _LISTS), _ids_listed(fields)]
    told_apart = ",".join(one for one in about if isinstance(one, str) and one)
    return f"{key}:{told_apart}" if told_apart else key


def _ids_listed(holder: Any) -> str:
    entries = holder.get("List") if isinstance(holder, Mapping) else None
    if not isinstance(entries, list):
        return ""
    return ",".join(entry["MsgID"] for entry in entries if isinstance(entry, Mapping) and isinstance(entry.get("MsgID"), str))


def _location_of(push: Push) -> Location | None:
    if push.kind == "location":
        return _place(push.fields, "Location_X", "Location_Y")
    if push.event == "LOCATION":
        return _place(push.fields, "Latitude", "Longitude")
    chosen = push.fields.get("SendLocationInfo")
    return _place(chosen, "Location_X", "Location_Y") if isinstance(chosen, Mapping) else None


def _place(fields: Mapping[str, Any], north: str, east: str) -> Location | None:
    lat, lon = _number(fields.get(north)), _number(fields.get(east))
    if lat is None or lon is None or abs(lat) > _NORTHMOST or abs(lon) > _EASTMOST:
        return None
    label, scale = fields.get("Label"), _number(fields.get("Scale"))
    return Location(
        lat=lat,
        lon=lon,
        label=label if isinstance(label, str) else "",
        precision=_number(fields.get("Precision")),
        scale=None if scale is None else int(scale),
    )


def _number(value: Any) -> float | None:
    """A number as WeChat writes it; None for whatever is none."""
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) else None
