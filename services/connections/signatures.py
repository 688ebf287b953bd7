"""Signing what we send and verifying what we are sent: Standard Webhooks 1.0.0, and the plain HMAC-SHA256 others use. Pure.

The body is signed as the bytes that travel: parsed and written anew, it would no longer match.
"""

import base64
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

PREFIX = "whsec_"
TOLERANCE = timedelta(minutes=5)
"""How far a timestamp may be off, either way."""

_SIGNATURES_AT_MOST = 16
_STAMP = re.compile(r"[0-9]{1,13}", re.ASCII)
_MILLISECONDS = 100_000_000_000
"""Timestamps beyond this (the year 5138) are milliseconds."""

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]


class NotGenuine(Exception):  # noqa: N818  it is raised like a finding, not like an error of ours
    """The message is not from whom it should be; the text is a code: ``signature_missing``, ``signature_wrong``, ``signature_old``."""


class SignatureOptions(BaseModel):
    """How a connected system signs. The names of headers count for ``hmac_sha256_hex`` only.

    `signed` says what the hex signature covers: the body, or the timestamp, a full stop and the body.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    scheme: Literal["standard_webhooks", "hmac_sha256_hex"] = "standard_webhooks"
    header: HeaderName = "X-Signature"
    timestamp_header: HeaderName = "X-Timestamp"
    prefix: Annotated[str, Field(max_length=32)] = ""
    signed: Literal["body", "timestamp.body"] = "timestamp.body"


STANDARD = SignatureOptions()


def new_secret() -> str:
    """Return a fresh secret as Standard Webhooks spells it: ``whsec_`` and the base64 of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """Return the signing key of a secret: what follows ``whsec_`` is base64; any other secret is its own bytes."""
    if secret.startswith(PREFIX):
        encoded = secret.removeprefix(PREFIX)
        try:
            return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except ValueError:  # no base64, or not even ASCII
            return secret.encode()
    return secret.encode("utf-8", "replace")


def signed_headers(options: SignatureOptions, good: Sequence[str], message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that sign `body` with every secret of `good`, the current one first.

    A hex header holds one signature only, so it is the current secret's.
    """
    stamp = str(int(now.timestamp()))
    if options.scheme == "hmac_sha256_hex":
        mark = options.prefix + _hex(options, good[0], stamp, body)
        return {options.header: mark, options.timestamp_header: stamp}
    marks = [f"v1,{base64.b64encode(_standard(secret, message_id, stamp, body)).decode()}" for secret in good]
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": " ".join(marks)}


def verify(options: SignatureOptions, good: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raise NotGenuine unless `headers` (names in lower case) sign `body` with one of `good`, just now. The time taken says nothing."""
    if options.scheme == "hmac_sha256_hex":
        _verify_hex(options, good, headers, body, now)
    else:
        _verify_standard(good, headers, body, now)


def _verify_standard(good: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    message_id, stamp, given = (headers.get(name, "") for name in names)
    if not (message_id and stamp and given):
        raise NotGenuine("signature_missing")
    _require_fresh(stamp, now)
    marks = [mark.removeprefix("v1,") for mark in given.split(" ")[:_SIGNATURES_AT_MOST] if mark.startswith("v1,")]
    expected = [base64.b64encode(_standard(secret, message_id, stamp, body)) for secret in good]
    _require_match(expected, marks)


def _verify_hex(options: SignatureOptions, good: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    given, stamp = headers.get(options.header.lower(), ""), headers.get(options.timestamp_header.lower(), "")
    timed = options.signed == "timestamp.body"
    if not given or (timed and not stamp):
        raise NotGenuine("signature_missing")
    if timed:
        _require_fresh(stamp, now)
    expected = [(options.prefix + _hex(options, secret, stamp, body)).lower().encode() for secret in good]
    _require_match(expected, [given.lower()])


def _require_fresh(stamp: str, now: datetime) -> None:
    if not _STAMP.fullmatch(stamp):
        raise NotGenuine("signature_wrong")
    seconds = int(stamp) / 1000 if int(stamp) > _MILLISECONDS else int(stamp)
    if abs(seconds - now.timestamp()) > TOLERANCE.total_seconds():
        raise NotGenuine("signature_old")


def _require_match(expected: Sequence[bytes], given: Sequence[str]) -> None:
    found = [hmac.compare_digest(one, mark.encode("utf-8", "replace")) for one in expected for mark in given]
    if not any(found):
        raise NotGenuine("signature_wrong")


def _standard(secret: str, message_id: str, stamp: str, body: bytes) -> bytes:
    return hmac.digest(key_of(secret), message_id.encode("utf-8", "replace") + b"." + stamp.encode() + b"." + body, "sha256")


def _hex(options: SignatureOptions, secret: str, stamp: str, body: bytes) -> str:
    covered = stamp.encode("utf-8", "replace") + b"." + body if options.signed == "timestamp.body" else body
    return hmac.digest(key_of(secret), covered, "sha256").hex()
