"""What differs between two definitions, place by place. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

_NAMES = (("code",), ("category", "area"), ("name",))
"""What tells the entries of a list apart, the first that all of them have; otherwise their place does."""

_ABSENT: Any = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One place, as a path of names, with what stood there before and what stands there after; None where nothing did."""

    at: str
    before: Any
    after: Any


def differences(before: Any, after: Any, at_most: int = 100) -> list[Difference]:
    """Return the places in which two JSON values differ, `at_most` of them. Entries of lists are told apart by their code."""
    return list(islice(_between(before, after, ""), at_most))


def _between(before: Any, after: Any, at: str) -> Iterator[Difference]:
    if _written(before) == _written(after):
        return
    one, other = _named(before), _named(after)
    if one is None or other is None:
        yield Difference(at or "/", before, after)
        return
    inside = False
    for name in dict.fromkeys((*one, *other)):
        for found in _between(one.get(name, _ABSENT), other.get(name, _ABSENT), f"{at}/{name}"):
            inside = True
            yield found
    if not inside:
        yield Difference(at or "/", before, after)  # the same entries in another order


def _written(value: Any) -> bytes:
    """Return a value as JSON: true is not 1."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _named(value: Any) -> Mapping[str, Any] | None:
    """Return what a value consists of, by name; None for plain values and lists of them."""
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        return None
    for keys in _NAMES:
        names = ["/".join(str(entry.get(key)) for key in keys) for entry in value]
        if all(key in entry for entry in value for key in keys) and len(set(names)) == len(names):
            return dict(zip(names, value, strict=True))
    return {str(place): entry for place, entry in enumerate(value)}
