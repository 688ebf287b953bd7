"""Canonical bytes of an event, for hashing: sorted keys, no blanks, UTF-8 (RFC 8785), for what has one spelling everywhere.

Refused is where readers differ: floats, integers that a double does not hold, and keys that UTF-8 and UTF-16 sort differently.
"""

from typing import Any

import orjson

_EXACT = 2**53 - 1
"""The largest integer that every reader of JSON reads as it was written (RFC 8785 writes numbers as doubles)."""


def canonical(value: Any) -> bytes:
    """Return the one byte string that stands for `value`.

    Raises TypeError for a float, an integer beyond 2^53 - 1 and a key beyond U+FFFF: places and large numbers are kept as text.
    """
    _require_one_spelling(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _require_one_spelling(value: Any) -> None:
    if isinstance(value, float) or (isinstance(value, int) and not -_EXACT <= value <= _EXACT):
        raise TypeError("a float or so large a number has no canonical spelling; write it as text")
    if isinstance(value, dict):
        for key, item in value.items():
            if not key.isascii() and max(key) > "\uffff":
                raise TypeError("a key beyond U+FFFF is sorted differently elsewhere; use another")
            _require_one_spelling(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _require_one_spelling(item)
