"""Passive replies: what the platform shows as the answer to a push, in the body of our answer to it. Pure.

Sender and receiver are swapped. A reply carries one article at most (the platform's rule since October 2018) and 2 048 bytes of text.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

import orjson

from services.channels.wechat.crypto import Opened, Wire, seal_envelope, signature
from services.channels.wechat.messages import Push

TEXT_BYTES_AT_MOST = 2048
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold; a reply with one of these would be shown as a failure of the account."""


@dataclass(frozen=True, slots=True, repr=False)
class TextReply:
    """Words; cut at a character's end to what the platform shows."""

    words: str


@dataclass(frozen=True, slots=True, repr=False)
class ImageReply:
    """A picture that was uploaded to the platform before."""

    media_id: str


@dataclass(frozen=True, slots=True, repr=False)
class VoiceReply:
    """A recording that was uploaded to the platform before."""

    media_id: str


@dataclass(frozen=True, slots=True, repr=False)
class VideoReply:
    """A video that was uploaded to the platform before."""

    media_id: str
    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class NewsReply:
    """One article: a title and what it leads to."""

    title: str
    description: str
    picture_url: str
    url: str


Reply = TextReply | ImageReply | VoiceReply | VideoReply | NewsReply


def reply_to(push: Push, reply: Reply, now: datetime, *, as_json: bool = False) -> str:
    """Return `reply` to `push` as XML, or as JSON where the account's pushes are JSON."""
    kind, content = _content(reply)
    created = int(now.timestamp())
    fields = {"ToUserName": push.sender, "FromUserName": push.account, "CreateTime": created, "MsgType": kind, **content}
    return orjson.dumps(_listed(fields)).decode() if as_json else f"<xml>{_xml(fields)}</xml>"


def sealed_reply(wire: Wire, opened: Opened, clear: str, now: datetime, nonce: str, *, as_json: bool = False) -> str:
    """Return a reply in clear as the envelope that answers an encrypted push: with the key that opened it, signed for now and `nonce`."""
    assert opened.key is not None
    encrypt = seal_envelope(opened.key, clear.encode(), wire.receiver)
    stamp = int(now.timestamp())
    made = signature(wire.token, str(stamp), nonce, encrypt)
    return envelope(encrypt, made, stamp, nonce, as_json=as_json)


def envelope(encrypt: str, made: str, stamp: int, nonce: str, *, as_json: bool = False) -> str:
    """Return the four parts of an encrypted reply as the platform reads them."""
    parts = {"Encrypt": encrypt, "MsgSignature": made, "TimeStamp": stamp, "Nonce": nonce}
    return orjson.dumps(parts).decode() if as_json else f"<xml>{_xml(parts)}</xml>"


def _content(reply: Reply) -> tuple[str, dict[str, Any]]:
    match reply:
        case TextReply(words):
            return "text", {"Content": shown_of(words)}
        case ImageReply(media_id):
            return "image", {"Image": {"MediaId": media_id}}
        case VoiceReply(media_id):
            return "voice", {"Voice": {"MediaId": media_id}}
        case VideoReply(media_id, title, description):
            return "video", {"Video": {"MediaId": media_id, "Title": title, "Description": description}}
        case NewsReply(title, description, picture_url, url):
            article = {"Title": title, "Description": description, "PicUrl": picture_url, "Url": url}
            return "news", {"ArticleCount": 1, "Articles": {"item": article}}


def shown_of(words: str) -> str:
    """Return as much of `words` as the platform takes in one text, cut at a character's end and without what XML cannot hold."""
    return _NOT_XML.sub("", words).encode()[:TEXT_BYTES_AT_MOST].decode("utf-8", "ignore")


def _listed(fields: dict[str, Any]) -> dict[str, Any]:
    """The same for JSON, where the articles are a list."""
    return {name: [value["item"]] if name == "Articles" else value for name, value in fields.items()}


def _xml(fields: dict[str, Any]) -> str:
    return "".join(f"<{name}>{_element(value)}</{name}>" for name, value in fields.items())


def _element(value: Any) -> str:
    if isinstance(value, dict):
        return _xml(value)
    return str(value) if isinstance(value, int) else _cdata(_NOT_XML.sub("", value))


def _cdata(text: str) -> str:
    """`text` in a CDATA section; where it would end the section itself, escaped instead."""
    return escape(text) if "]]>" in text else f"<![CDATA[{text}]]>"
