"""W3C Trace Context: going on with the caller's trace, or starting one."""

import re
import secrets
from dataclasses import dataclass

_SHAPE = re.compile(r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<rest>-.*)?")


@dataclass(frozen=True, slots=True)
class Trace:
    """Which trace a request belongs to; `parent_id` is the caller's span, None where the trace starts here."""

    trace_id: str
    parent_id: str | None


def trace_of(traceparent: str | None) -> Trace:
    """Return the trace a ``traceparent`` header names; a new one where it is missing or malformed.

    Of versions newer than 00 the first four fields are read; version ff and all-zero ids are invalid.
    """
    shape = _SHAPE.fullmatch(traceparent) if traceparent else None
    if shape is None or shape["version"] == "ff" or (shape["version"] == "00" and shape["rest"]):
        return Trace(secrets.token_hex(16), None)
    if not shape["trace"].strip("0") or not shape["parent"].strip("0"):
        return Trace(secrets.token_hex(16), None)
    return Trace(shape["trace"], shape["parent"])
