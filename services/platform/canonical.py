"""Canonical bytes of an event, for hashing: sorted ASCII keys, no blanks, UTF-8, no floats (a subset of RFC 8785)."""

from typing import Any

import orjson


def canonical(value: Any) -> bytes:
    """Return the one byte string that stands for `value`.

    Raises TypeError where `value` holds a float: floats have no single spelling, so places are kept as text.
    """
    _refuse_floats(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("a float has no canonical spelling; write it as text")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)
