"""One-time codes by time, RFC 6238 over RFC 4226: SHA-1, six digits, steps of thirty seconds, as every authenticator reads them. Pure."""

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
DRIFT = 1
ISSUER = "大管家"
_SECRET_BYTES = 20
_RECOVERY_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_RECOVERY_LENGTH = 10
RECOVERY_CODES = 10


def new_secret() -> bytes:
    """Return 160 random bits, the length RFC 4226 recommends."""
    return secrets.token_bytes(_SECRET_BYTES)


def code_at(secret: bytes, step: int, *, digits: int = DIGITS, algorithm: str = "sha1") -> str:
    """Return the code of a step (RFC 4226, 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), algorithm)
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}}"


def step_of(instant: datetime) -> int:
    """Return the step in which `instant` falls."""
    return int(instant.timestamp()) // STEP_SECONDS


def fitting_step(secret: bytes, given: str, now: datetime, after: int) -> int | None:
    """Return the step whose code `given` is, of this one and its neighbours, later than `after`; None where none is.

    All three are compared, in constant time. A step that was accepted (`after`) is not accepted again, nor one before it.
    """
    present, found = step_of(now), None
    for step in range(present - DRIFT, present + DRIFT + 1):
        fits = hmac.compare_digest(code_at(secret, step).encode(), given.encode("utf-8", "replace"))
        if fits and step > after:
            found = step
    return found


def shown_secret(secret: bytes) -> str:
    """Return the secret as people type it in: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def enrolment_uri(secret: bytes, login: str) -> str:
    """Return the otpauth URI that an authenticator reads, from a picture or a link."""
    asked = urlencode({"secret": shown_secret(secret), "issuer": ISSUER, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_SECONDS})
    return f"otpauth://totp/{quote(ISSUER)}:{quote(login)}?{asked}"


def new_recovery_codes() -> list[str]:
    """Return ten codes of fifty random bits, as ``ABCDE-FGHJK``."""
    made = ["".join(secrets.choice(_RECOVERY_LETTERS) for _ in range(_RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    return [f"{code[:5]}-{code[5:]}" for code in made]


def plain_code(given: str) -> str:
    """Return a code as it is compared: without blanks and dashes, in capital letters."""
    return given.replace(" ", "").replace("-", "").upper()
