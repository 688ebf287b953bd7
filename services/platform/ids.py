"""Identifiers: UUIDv7, made by us and never by the database, so that a phone without network can make them too."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a fresh UUIDv7: unique, and roughly in order of creation."""
    return uuid7()
