"""Suggesting categories for what a person wrote or said, from the keywords of the catalogue.

A suggestion only: the dispatcher decides. Longer keywords say more than short ones, and a keyword that many categories share says less.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Protocol


class Suggestable(Protocol):
    """What suggestion needs of a category: a definition or a row."""

    @property
    def code(self) -> str:
        """Its stable code."""

    @property
    def leaf(self) -> bool:
        """Whether a ticket can be of this category."""

    @property
    def keywords(self) -> Sequence[str]:
        """Words that point to it."""


def suggest(text: str, categories: Iterable[Suggestable]) -> list[tuple[str, float]]:
    """Leaf categories with at least one keyword in `text`, best first, each with its score; nothing when no keyword occurs.

    The score is the sum, over the keywords found (one inside another counts once), of the square of its length divided by the number of
    categories that carry it. Equal scores are ordered by code, so the same text always gives the same list.
    """
    written = _plain(text)
    leaves = [(category.code, {_plain(word) for word in category.keywords} - {""}) for category in categories if category.leaf]
    carriers = Counter(word for _, words in leaves for word in words)
    scored = ((code, _score(written, words, carriers)) for code, words in leaves)
    ranked = sorted(((code, score) for code, score in scored if score), key=lambda pair: (-pair[1], pair[0]))
    return [(code, float(score)) for code, score in ranked]


def _score(text: str, words: Iterable[str], carriers: Counter[str]) -> Fraction:
    """Exact, so that ties are ties: floats would order them by rounding."""
    score = Fraction(0)
    for word in sorted((word for word in words if word in text), key=lambda word: (-len(word), word)):
        if word in text:
            score += Fraction(len(word) ** 2, carriers[word])
            text = text.replace(word, "\n")  # a shorter keyword inside this one must not count again
    return score


def _plain(text: str) -> str:
    """Without differences of width, case and blanks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
