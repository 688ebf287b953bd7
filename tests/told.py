"""What was told, read from the tables as they lie: opened with the row's own key."""

from collections.abc import Mapping
from typing import Any

from services.platform.sealed_words import SealedTelling, SealedWords


def words_in(row: Mapping[str, Any]) -> str | None:
    """Return the words in a whole row of a table of words; the clear column must be empty where they are sealed."""
    assert row["sealed_words"] is None or row["words"] is None
    return SealedWords(row["id"], row["row_key"], row["sealed_words"], row["words"]).told


def place_in(row: Mapping[str, Any]) -> str | None:
    """Return what a whole row says of the place."""
    return SealedTelling(row["id"], row["row_key"], row["sealed_words"], row["words"], row["sealed_place"], row["place_words"]).place


async def told_in(county: Any, table: str, where: str = "true", *values: object) -> list[str | None]:
    """Return the words of the rows of `table` that `where` matches, the oldest first."""
    return [words_in(row) for row in await county.fetch(f"SELECT * FROM {table} WHERE {where} ORDER BY id", *values)]


async def only_told_in(county: Any, table: str, where: str = "true", *values: object) -> str | None:
    """Return the words of the only such row."""
    (words,) = await told_in(county, table, where, *values)
    return words
