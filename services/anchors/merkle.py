"""Merkle trees as RFC 9162 shapes them: SHA-256, leaves behind 0x00, nodes behind 0x01, split at the largest power of two. Pure.

Trees are lists of leaf hashes. A run of 2^k leaves that begins at a multiple of 2^k is a subtree: so the root of a tree is also the root
over the roots of its blocks, which is what lets a large tree be kept and proved block by block.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from uuid import UUID

EMPTY = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    level = list(hashes)
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else EMPTY


def inclusion_path(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Return what proves that the leaf at `index` is in the tree, from the leaf up (RFC 9162, 2.1.3). Raises IndexError."""
    if not 0 <= index < len(hashes):
        raise IndexError(index)
    path, level, at = [], list(hashes), index
    while len(level) > 1:
        if at ^ 1 < len(level):
            path.append(level[at ^ 1])
        level, at = _above(level), at >> 1
    return path


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that follows from a leaf hash and its path (RFC 9162, 2.1.3.2); None where the path has the wrong length."""
    if not 0 <= index < size:
        return None
    at, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = node_hash(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


def consistency_path(hashes: Sequence[bytes], first: int) -> list[bytes]:
    """Return what proves that the tree of the `first` leaves is the beginning of this one (RFC 9162, 2.1.4). Raises IndexError."""
    if not 0 < first <= len(hashes):
        raise IndexError(first)
    return _subproof(hashes, first, known=True)


def consistent(first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether `path` proves that a tree of `first` leaves is the beginning of one of `second` (RFC 9162, 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    steps = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not steps:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, step)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


class SortedTree:
    """A tree whose leaves are in the order of their keys, and which changes a few leaves at a time: only what lies above them is hashed."""

    def __init__(self) -> None:
        self.keys: list[UUID] = []
        self._levels: list[list[bytes]] = [[]]

    def put(self, changes: Mapping[UUID, bytes]) -> None:
        """Give keys their leaf hashes; a new key takes its place in the order."""
        leaves, shifted, dirty = self._levels[0], len(self.keys), set[int]()
        for key in sorted(changes):
            at = bisect_left(self.keys, key)
            if at < len(self.keys) and self.keys[at] == key:
                leaves[at] = changes[key]
                dirty.add(at)
            else:
                self.keys.insert(at, key)
                leaves.insert(at, changes[key])
                shifted = min(shifted, at)
        self._rehash({at for at in dirty if at < shifted}, shifted)

    def root(self) -> bytes:
        """Return the root as it is now."""
        return self._levels[-1][0] if self.keys else EMPTY

    def _rehash(self, dirty: set[int], shifted: int) -> None:
        below, depth = self._levels[0], 1
        while len(below) > 1:
            if depth == len(self._levels):
                self._levels.append([])
            level = self._levels[depth]
            shifted >>= 1
            del level[shifted:]
            level.extend(_above(below[2 * shifted :]))
            dirty = {at >> 1 for at in dirty if at >> 1 < shifted}
            for at in dirty:
                level[at] = node_hash(below[2 * at], below[2 * at + 1])
            below, depth = level, depth + 1
        del self._levels[depth:]


def _above(level: Sequence[bytes]) -> list[bytes]:
    """Return the level above: pairs hashed, a lone last one carried up as it is."""
    pairs = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) & 1 else pairs


def _subproof(hashes: Sequence[bytes], first: int, *, known: bool) -> list[bytes]:
    if first == len(hashes):
        return [] if known else [root(hashes)]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    if first <= split:
        return [*_subproof(hashes[:split], first, known=known), root(hashes[split:])]
    return [*_subproof(hashes[split:], first - split, known=False), root(hashes[:split])]
