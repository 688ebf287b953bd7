"""The hash chain of one subject's events: each event commits to the one before it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from services.platform.canonical import canonical
from services.platform.secrets import fingerprint

START = b""
"""The `previous_hash` of a subject's first event."""


def instant_text(instant: datetime) -> str:
    """Return the one spelling of `instant` that is hashed: UTC, microseconds, ``Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def event_hash(event: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of an event row's content and of the hash before it."""
    return content_hash(event["previous_hash"], content_of(event))


def content_hash(previous: bytes, content: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of an event's content as it is spelled out and of the hash before it, each behind its length."""
    return fingerprint(previous, canonical(content))


def content_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of an event is hashed, in the spelling that is hashed."""
    return {
        "id": str(event["id"]),
        "subject_kind": event["subject_kind"],
        "subject_id": str(event["subject_id"]),
        "seq": event["seq"],
        "type": event["type"],
        "happened_at": instant_text(event["happened_at"]),
        "recorded_at": instant_text(event["recorded_at"]),
        "actor_kind": event["actor_kind"],
        "actor_account_id": _text(event["actor_account_id"]),
        "actor_unit_id": _text(event["actor_unit_id"]),
        "data": event["data"],
    }


def first_broken(events: Iterable[Mapping[str, Any]]) -> int | None:
    """Return the `seq` of the first event of one subject that does not fit its chain, or None where all fit.

    `events` are in order of `seq`. Found are: changed, missing, added and swapped events; a cut-off end is not.
    """
    previous, expected = START, 1
    for event in events:
        if event["seq"] != expected or event["previous_hash"] != previous or event["hash"] != event_hash(event):
            return expected
        previous, expected = event["hash"], expected + 1
    return None


def _text(value: object) -> str | None:
    return None if value is None else str(value)
