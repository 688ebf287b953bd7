"""Which texts are copies of each other: near to the letter, not merely about the same thing. Pure.

Whether two tellings are of one matter is asked elsewhere (`likeness.py`), where spellings are made one and courtesies struck out: people
who live with the same burst pipe say alike things. A copy is told by its letters. Texts are compared by runs of five characters, without
blanks and punctuation; their resemblance is what both have of what either has (Broder's, 1997). Short texts are left out: 没水了 is
nobody's copy.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from uuid import UUID

COPY = 0.8
"""From this resemblance on a text is a copy. Compared in whole numbers, so that the bound is exact."""
_COPY_OF_TEN = 8
LETTERS_AT_LEAST = 20
"""Shorter texts are not compared."""
_READ_AT_MOST = 600
_RUN = 5


def letters(words: str) -> str:
    """Return the letters and digits of a text, in one width and case."""
    return "".join(one for one in unicodedata.normalize("NFKC", words[:_READ_AT_MOST]).lower() if one.isalnum())


def resemble(ours: str, theirs: str) -> bool:
    """Tell whether one text is a copy of the other, the same for both ways round; never for a short one."""
    mine, yours = letters(ours), letters(theirs)
    return _long(mine) and _long(yours) and _alike(_runs(mine), _runs(yours))


def copies(texts: Mapping[UUID, str]) -> list[frozenset[UUID]]:
    """Return the groups of two or more texts each of which is a copy of another of its group, the largest first."""
    same: defaultdict[str, list[UUID]] = defaultdict(list)
    for key, words in texts.items():
        said = letters(words)
        if _long(said):
            same[said].append(key)
    ordered, runs = sorted(same), {one: _runs(one) for one in same}
    group = {one: one for one in ordered}

    def top(one: str) -> str:
        while group[one] != one:
            one = group[one]
        return one

    seen: defaultdict[str, list[str]] = defaultdict(list)
    for one in ordered:
        telling = _telling(runs[one])
        for other in sorted({found for run in telling for found in seen[run]}):
            if _alike(runs[one], runs[other]):
                group[top(other)] = top(one)
        for run in telling:
            seen[run].append(one)
    found: defaultdict[str, set[UUID]] = defaultdict(set)
    for one in ordered:
        found[top(one)].update(same[one])
    return sorted((frozenset(keys) for keys in found.values() if len(keys) > 1), key=lambda keys: (-len(keys), min(keys)))


def _long(said: str) -> bool:
    return len(said) >= LETTERS_AT_LEAST


def _runs(said: str) -> frozenset[str]:
    return frozenset(said[at : at + _RUN] for at in range(len(said) - _RUN + 1))


def _telling(runs: frozenset[str]) -> list[str]:
    """Return the first runs in order, so many that any copy has one of them too: those that are left are too few for it to be one."""
    needed = -(-_COPY_OF_TEN * len(runs) // 10)
    return sorted(runs)[: len(runs) - needed + 1]


def _alike(mine: frozenset[str], yours: frozenset[str]) -> bool:
    shorter, longer = sorted((len(mine), len(yours)))
    if 10 * shorter < _COPY_OF_TEN * longer:  # however much they share, it is not enough
        return False
    both = len(mine & yours)
    return 10 * both >= _COPY_OF_TEN * (len(mine) + len(yours) - both)
