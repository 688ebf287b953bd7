"""The WeChat official account's callback in plain mode: signature, messages in, passive replies out. Pure.

Facts from WeChat's message push documentation. In plain mode the signature covers token, timestamp and nonce, not the body: the timestamp's
window keeps an address that was seen once from being used for ever.
"""

import hashlib
import hmac
import re
import unicodedata
from datetime import datetime
from xml.sax.saxutils import escape

from services.channels.wechat_messages import NotAMessage, Push, read_push

_ECHO = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_STAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
REPLY_BYTES_AT_MOST = 2048


Message = Push
read_message = read_push
__all__ = [
    "REPLY_BYTES_AT_MOST", "Message", "NotAMessage", "echo", "fresh", "progress_asked", "read_message", "signature", "signed", "text_reply",
]  # fmt: skip


def signature(token: str, timestamp: str, nonce: str) -> str:
    """Return the signature of a plain-mode call: lower-case hex SHA-1 over the three, sorted as text."""
    return hashlib.sha1("".join(sorted((token, timestamp, nonce))).encode(), usedforsecurity=False).hexdigest()


def signed(token: str, timestamp: str, nonce: str, given: str) -> bool:
    """Tell whether `given` is the signature; the time taken says nothing."""
    return hmac.compare_digest(signature(token, timestamp, nonce).encode(), given.encode("utf-8", "replace"))


def fresh(timestamp: str, now: datetime, window: int) -> bool:
    """Tell whether a call's timestamp is within `window` seconds of `now`, either way."""
    return bool(_STAMP.fullmatch(timestamp)) and abs(int(timestamp) - now.timestamp()) <= window


def echo(echostr: str) -> str | None:
    """Return what to answer to a verification call: `echostr` where it is short and plain (it is not signed), else None."""
    return echostr if _ECHO.fullmatch(echostr) else None


def text_reply(message: Message, words: str, now: datetime) -> str:
    """Return the passive reply to `message`: sender and receiver swapped, words cut to what WeChat shows."""
    cut = words.encode()[:REPLY_BYTES_AT_MOST].decode("utf-8", "ignore")
    return (
        f"<xml><ToUserName>{_cdata(message.sender)}</ToUserName><FromUserName>{_cdata(message.account)}</FromUserName>"
        f"<CreateTime>{int(now.timestamp())}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content>{_cdata(cut)}</Content></xml>"
    )


def _cdata(text: str) -> str:
    """`text` in a CDATA section; where it would end the section itself, escaped instead."""
    return escape(text) if "]]>" in text else f"<![CDATA[{text}]]>"


_PROGRESS = re.compile(r"(?:进度|查询|查进度|查询进度)\s*:?\s*(?P<number>[0-9-]{0,40})")
_DASHES = str.maketrans(dict.fromkeys("－—–", "-"))
_LONGEST_QUESTION = 64


def progress_asked(text: str) -> str | None:
    """Return the number (perhaps empty or wrong) where `text` asks for progress, ``进度 20261122-000123-7``; else None."""
    if len(text) > _LONGEST_QUESTION:
        return None
    found = _PROGRESS.fullmatch(unicodedata.normalize("NFKC", text.translate(_DASHES)).strip())
    return found["number"] if found else None
