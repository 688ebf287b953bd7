"""Taking out of words what tells of somebody. Pure."""

from collections.abc import Iterable

from services.platform.sealed_words import TAKEN_OUT
from services.platform.text import numbers_of_people

NOTHING_LEFT = "〔应当事人请求，内容已删除〕"
_TELLING = 2
"""Fewer characters are no passage: a single one stands in every other sentence."""


def without(words: str, passages: Iterable[str]) -> str:
    """Return `words` without the numbers of people in them and without `passages`, the longest first; everything else as it was said."""
    for passage in sorted({one.strip() for one in passages if len(one.strip()) >= _TELLING}, key=lambda one: (-len(one), one)):
        words = words.replace(passage, TAKEN_OUT)
    pieces, last = [], 0
    for begin, end in numbers_of_people(words):
        if begin >= last:
            pieces += [words[last:begin], TAKEN_OUT]
        last = max(last, end)
    return "".join([*pieces, words[last:]])
