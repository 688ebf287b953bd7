"""Codes that people say back to confirm something: bound to what they were told, derived from the installation's secret, and kept nowhere.

Six digits are sent by SMS and told to whoever is there; eight signs are shown, and sent to us from somebody's own WeChat. Pure but for the
secret.
"""

import hmac
from datetime import timedelta
from uuid import UUID

from services.platform.secrets import derived_key

CODE_LASTS = timedelta(hours=2)
WRONG_CODES_AT_MOST = 5
ASKED_AT_MOST = 5
"""So many codes are made for one thing in a day."""
LOOKED_AT = 5_000
"""So many codes that hold are compared with one that came by WeChat."""
_READABLE = "ABCDEFGH8JKLMN9PQRSTUVWXYZ234567"


def sms_code(code_id: UUID, words_hash: bytes) -> str:
    """Return the six digits of a code that is sent by SMS."""
    return f"{_number(code_id, words_hash) % 10**6:06d}"


def wechat_code(code_id: UUID, words_hash: bytes) -> str:
    """Return the eight signs of a code that is sent to us by WeChat; none of them is taken for another."""
    bits = _number(code_id, words_hash)
    return "".join(_READABLE[bits >> shift & 31] for shift in range(35, -1, -5))


def is_code(wanted: str, given: str) -> bool:
    """Tell whether somebody gave this code; how long it takes tells nothing."""
    return hmac.compare_digest(wanted.encode(), given.strip().upper().encode("utf-8", "replace"))


def _number(code_id: UUID, words_hash: bytes) -> int:
    return int.from_bytes(hmac.digest(derived_key("opinion-code"), code_id.bytes + words_hash, "sha256")[:8], "big")
