"""Refresh tokens: how they are made, how one follows from another, and what a given one means for its session. Pure.

The rule. Each token is good once and gives the next one. Only the latest two of a session are known, as hashes:

- the latest: it rotates;
- the one before it, at most :data:`GRACE` after it rotated: the answer was lost, or two tabs asked at once. It gets the *same* successor
  again. As soon as the successor itself rotates, the one before is two back and no longer counts as lost;
- any other token that was ever ours for this session, or the one before after its grace: somebody has a copy. The whole session ends.

The successor is worked out from its predecessor with a key of this installation, so that repeating an answer needs nothing kept, and
there is never a second branch: whoever holds a copy and its owner run into each other at the next refresh.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.platform.secrets import derived_key

GRACE = timedelta(seconds=10)
_MARK = "dgjr_"
_SECRET, _SEAL = 32, 16
_LENGTH = 16 + _SECRET + _SEAL

Meaning = Literal["rotates", "repeats", "reused", "ended", "over"]


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token that this installation made: for which session, and its secret part."""

    session_id: UUID
    secret: bytes

    @property
    def text(self) -> str:
        """The token as the client keeps it."""
        body = self.session_id.bytes + self.secret
        return _MARK + base64.urlsafe_b64encode(body + _seal(body)).rstrip(b"=").decode()

    @property
    def hashed(self) -> bytes:
        """What is stored of it."""
        return hashlib.sha256(self.session_id.bytes + self.secret).digest()

    @property
    def successor(self) -> "RefreshToken":
        """The token that follows this one."""
        return RefreshToken(self.session_id, hmac.digest(derived_key("refresh.next"), self.session_id.bytes + self.secret, "sha256"))


@dataclass(frozen=True, slots=True)
class Family:
    """What is stored of a session's tokens."""

    refresh_hash: bytes
    previous_hash: bytes | None
    rotated_at: datetime | None
    expires_at: datetime
    ended: bool


def first_token(session_id: UUID) -> RefreshToken:
    """Return the first token of a session: 256 random bits."""
    return RefreshToken(session_id, secrets.token_bytes(_SECRET))


def read_refresh_token(given: str) -> RefreshToken | None:
    """Return the token `given` is; None where it was not made here. That needs no look at the database: a made-up one ends nothing."""
    if not given.startswith(_MARK) or not given.isascii():
        return None
    coded = given.removeprefix(_MARK)
    try:
        raw = base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != _LENGTH or not hmac.compare_digest(raw[-_SEAL:], _seal(raw[:-_SEAL])):
        return None
    token = RefreshToken(UUID(bytes=raw[:16]), raw[16:-_SEAL])
    return token if token.text == given else None  # one spelling: spare bits at the end of base64 say nothing


def meaning_of(token: RefreshToken, family: Family, now: datetime) -> Meaning:
    """Return what presenting `token` at `now` means."""
    if family.ended:
        return "ended"
    if now >= family.expires_at:
        return "over"
    if hmac.compare_digest(token.hashed, family.refresh_hash):
        return "rotates"
    is_before = family.previous_hash is not None and hmac.compare_digest(token.hashed, family.previous_hash)
    if is_before and family.rotated_at is not None and now - family.rotated_at <= GRACE:
        return "repeats"
    return "reused"


def _seal(body: bytes) -> bytes:
    return hmac.digest(derived_key("refresh.seal"), body, "sha256")[:_SEAL]
