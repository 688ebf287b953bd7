"""What people told us, sealed: words lie under a key of their own row, as papers do (`papers.py`), so that erasure reaches backups.

A row of words has `row_key`, `sealed_words` and perhaps `sealed_place`; both are bound to the row's id and to which of the two they are.
Whoever reads such a row selects its `said`, which brings all of it in the same statement, and opens what it needs in Python.

Rows of releases before this one hold their words in clear until the worker has sealed them (`services/privacy/sealing.py`); `said` reads
both. Words whose key is gone, in the row or outside of the database, read `TAKEN_OUT`: they were erased.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag

from services.platform.row_keys import DayKey, KeyDestroyed, new_row_key, open_row_key
from services.platform.secrets import seal, unseal

TAKEN_OUT = "〔已删除个人信息〕"
ERASED = b""
"""What stands in the place of sealed words that were erased for good, without a key."""

WORDS = ("sealed_words", "sealed_place")
"""The columns of sealed words, as :func:`opens` takes them."""
_WORDS, _PLACE = b"words", b"place"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class SealedWords:
    """The words of one row, still sealed. No `repr`: they are nobody else's."""

    row_id: UUID
    row_key: bytes | None
    sealed_words: bytes | None
    clear_words: str | None

    @property
    def words(self) -> str:
        """What was said; empty where nothing was. Raises cryptography's InvalidTag where the row was changed."""
        return self.told or ""

    @property
    def told(self) -> str | None:
        """What was said; None where nothing was."""
        return _opened(self.row_id, self.row_key, self.sealed_words, _WORDS) if self.sealed_words is not None else self.clear_words


@dataclass(frozen=True, slots=True, repr=False)
class SealedTelling(SealedWords):
    """The words of one row and what they say of the place, still sealed."""

    sealed_place: bytes | None
    clear_place: str | None

    @property
    def place(self) -> str | None:
        """What was said of the place; None where nothing was."""
        return _opened(self.row_id, self.row_key, self.sealed_place, _PLACE) if self.sealed_place is not None else self.clear_place


def seal_words(row_id: UUID, words: str | None, *, day: DayKey | None = None) -> Row:
    """Return the columns of a row that keep `words`, under the key of today (`day`: for rows of before, see `row_keys.new_row_key`)."""
    if words is None:
        return {"row_key": None, "sealed_words": None}
    key, row_key = new_row_key(day)
    return {"row_key": row_key, "sealed_words": _sealed(key, row_id, words, _WORDS)}


def seal_telling(row_id: UUID, words: str | None, place: str | None, *, day: DayKey | None = None) -> Row:
    """Return the columns of a row that keep `words` and what they say of the place."""
    if words is None and place is None:
        return {"row_key": None, "sealed_words": None, "sealed_place": None}
    key, row_key = new_row_key(day)
    return {
        "row_key": row_key,
        "sealed_words": _sealed(key, row_id, words, _WORDS),
        "sealed_place": _sealed(key, row_id, place, _PLACE),
    }


def telling_in(row: Row) -> SealedTelling:
    """Return what is kept in a row that :func:`seal_telling` made columns of."""
    return SealedTelling(row["id"], row["row_key"], row["sealed_words"], None, row["sealed_place"], None)


def opens(row_id: UUID, key: bytes, sealed_words: bytes | None, sealed_place: bytes | None) -> bool:
    """Tell whether a clear row key is the one of these words. Raises nothing."""
    try:
        for sealed, name in ((sealed_words, _WORDS), (sealed_place, _PLACE)):
            if sealed:
                unseal(key, sealed, row_id.bytes + name)
    except InvalidTag:
        return False
    return True


def _sealed(key: bytes, row_id: UUID, clear: str | None, name: bytes) -> bytes | None:
    return None if clear is None else seal(key, clear.encode(), row_id.bytes + name)


def _opened(row_id: UUID, row_key: bytes | None, sealed: bytes, name: bytes) -> str:
    if row_key is None:
        return TAKEN_OUT
    try:
        return unseal(open_row_key(row_key), sealed, row_id.bytes + name).decode()
    except KeyDestroyed:
        return TAKEN_OUT
