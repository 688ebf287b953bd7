"""Identifiers: UUIDv7, made by us and never by the database, so that a phone without network can make them too."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from uuid_utils.compat import uuid7


class _Maker:
    make: Callable[[], UUID] = staticmethod(uuid7)


def new_id() -> UUID:
    """Return a fresh UUIDv7: unique, and roughly in order of creation."""
    return _Maker.make()


@contextmanager
def ids_made_by(make: Callable[[], UUID]) -> Iterator[None]:
    """Have :func:`new_id` give what `make` makes, in this whole process: for what is made up from a seed, and for nothing that is true."""
    before = _Maker.make
    _Maker.make = staticmethod(make)
    try:
        yield
    finally:
        _Maker.make = before
