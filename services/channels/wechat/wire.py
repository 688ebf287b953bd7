"""A call of WeChat's: whether it is one, in which mode it came, and what it says. Pure.

In plain mode the signature covers token, timestamp and nonce, not the body: whoever sees one address can forge the rest, so the timestamp's
window and the guard against replays (`replays.py`) bound what that is good for. In safe and compatible mode `msg_signature` covers the
envelope, and only what is inside it counts; `signature` is there too and is not looked at.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.channels.wechat.crypto import WRONG_SIGNATURE, Opened, Refused, Wire, open_envelope, signature, signed
from services.channels.wechat.messages import NotAMessage, read_fields

__all__ = ["Call", "Letter", "Mode", "NotAMessage", "echo", "fresh", "open_call", "signature"]

_ECHO = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_STAMP = re.compile(r"[0-9]{1,12}", re.ASCII)


class Mode(StrEnum):
    """Which pushes are taken: in clear alone; both, while an account is being switched over; encrypted ones alone."""

    PLAIN = "plain"
    COMPATIBLE = "compatible"
    SAFE = "safe"


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """The signed part of a call's address."""

    signature: str = ""
    msg_signature: str = ""
    timestamp: str = ""
    nonce: str = ""
    encrypt_type: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """What a call brought: the message in clear, the key it was sealed with (None: it came in clear), and whether it came as JSON."""

    opened: Opened
    as_json: bool


def open_call(call: Call, body: bytes, wire: Wire, mode: Mode) -> Letter:
    """Return what `body` brought under `mode`. Raises Refused for what is not WeChat's, NotAMessage for what cannot be read.

    The clear fields that compatible mode sends beside the envelope are not looked at: nothing vouches for them.
    """
    if mode is Mode.PLAIN and call.encrypt_type == "aes":
        raise Refused("encrypted_in_plain_mode")
    if mode is Mode.PLAIN or (mode is Mode.COMPATIBLE and call.encrypt_type != "aes"):
        if not signed(call.signature, wire.token, call.timestamp, call.nonce):
            raise Refused(WRONG_SIGNATURE)
        return Letter(Opened(body), _is_json(body))
    if not call.msg_signature:
        raise Refused("plain_in_safe_mode")
    encrypt = read_fields(body).get("Encrypt")
    if not isinstance(encrypt, str) or not encrypt.strip():
        raise NotAMessage
    return Letter(open_envelope(wire, encrypt.strip(), call.timestamp, call.nonce, call.msg_signature), _is_json(body))


def fresh(timestamp: str, now: datetime, window: int) -> bool:
    """Tell whether a call's timestamp is within `window` seconds of `now`, either way."""
    return bool(_STAMP.fullmatch(timestamp)) and abs(int(timestamp) - now.timestamp()) <= window


def echo(echostr: str) -> str | None:
    """Return what to answer to a verification call: `echostr` where it is short and plain (it is not signed), else None."""
    return echostr if _ECHO.fullmatch(echostr) else None


def _is_json(body: bytes) -> bool:
    return body.lstrip()[:1] == b"{"
