"""What differs between two wordings, word by word. Pure.

Chinese is written without spaces: each of its characters counts as a word, a run of Latin letters or digits as one. Where two wordings
have nearly nothing in common, the old one is told as taken away and the new one as added: `EDITS_AT_MOST` also bounds the work.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

EDITS_AT_MOST = 400
_WORD = re.compile(r"[A-Za-z0-9]+|\s+|.", re.DOTALL)
_STRAY = 1
"""So few characters that stayed between two changes are no word that stayed: they are told with the change."""

Did = Literal["same", "added", "removed"]


class Piece(NamedTuple):
    """A stretch of words that stayed, was added or was removed."""

    did: Did
    words: str


def word_differences(before: str, after: str) -> list[Piece]:
    """Return the pieces in reading order: all but the added ones are `before`, all but the removed ones are `after`."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    inner_old, inner_new = old[head : len(old) - tail], new[head : len(new) - tail]
    inner = _edits(inner_old, inner_new)
    if inner is None:
        inner = [*(Piece("removed", word) for word in inner_old), *(Piece("added", word) for word in inner_new)]
    kept: list[Piece] = [Piece("same", word) for word in old[:head]]
    return _tidied([*kept, *inner, *(Piece("same", word) for word in old[len(old) - tail :])])


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _edits(old: Sequence[str], new: Sequence[str]) -> list[Piece] | None:
    """Return the fewest edits (Myers 1986, O(ND)); None where more than `EDITS_AT_MOST` are needed."""
    furthest, trail = {1: 0}, []
    for edits in range(min(len(old) + len(new), EDITS_AT_MOST) + 1):
        trail.append(dict(furthest))
        for line in range(-edits, edits + 1, 2):
            x = furthest[_from(furthest, line, edits)] + (_from(furthest, line, edits) < line)
            while x < len(old) and x - line < len(new) and old[x] == new[x - line]:
                x += 1
            furthest[line] = x
            if x >= len(old) and x - line >= len(new):
                return _walked(old, new, trail)
    return None


def _from(furthest: dict[int, int], line: int, edits: int) -> int:
    """Return the diagonal from which `line` is reached farthest: the one above by an addition, the one below by a removal."""
    added = line == -edits or (line != edits and furthest[line - 1] < furthest[line + 1])
    return line + 1 if added else line - 1


def _walked(old: Sequence[str], new: Sequence[str], trail: Sequence[dict[int, int]]) -> list[Piece]:
    x, y, found = len(old), len(new), list[Piece]()
    for edits in range(len(trail) - 1, -1, -1):
        before = _from(trail[edits], x - y, edits)
        from_x = trail[edits][before]
        from_y = from_x - before
        while x > max(from_x, 0) and y > max(from_y, 0):
            x, y = x - 1, y - 1
            found.append(Piece("same", old[x]))
        if edits and x > from_x:
            x -= 1
            found.append(Piece("removed", old[x]))
        elif edits and y > from_y:
            y -= 1
            found.append(Piece("added", new[y]))
    return found[::-1]


def _tidied(words: Iterable[Piece]) -> list[Piece]:
    """Join neighbours, put what a change removed before what it added, and take stray words between changes into them."""
    runs = [Piece(did, "".join(word for _, word in run)) for did, run in groupby(words, key=lambda piece: piece.did)]
    removed, added, told = "", "", list[Piece]()
    for place, piece in enumerate(runs):
        stray = piece.did == "same" and 0 < place < len(runs) - 1 and len(piece.words) <= _STRAY
        if piece.did == "removed" or stray:
            removed += piece.words
        if piece.did == "added" or stray:
            added += piece.words
        if piece.did == "same" and not stray:
            told += [*_change(removed, added), piece]
            removed = added = ""
    return [*told, *_change(removed, added)]


def _change(removed: str, added: str) -> list[Piece]:
    pieces: list[Piece] = [Piece("removed", removed), Piece("added", added)]
    return [piece for piece in pieces if piece.words]
