"""The trees beside the RFC's own recursive definitions, written down as they stand there."""

import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.anchors.merkle import (
    EMPTY,
    SortedTree,
    consistency_path,
    consistent,
    inclusion_path,
    leaf_hash,
    node_hash,
    root,
    root_by_inclusion,
)

SIZES = st.integers(1, 70)


def leaves(size: int) -> list[bytes]:
    return [leaf_hash(bytes([at])) for at in range(size)]


def split(size: int) -> int:
    return max(power for power in (2**exponent for exponent in range(12)) if power < size)


def mth(entries: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = split(len(entries))
    return hashlib.sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: list[bytes]) -> list[bytes]:
    """RFC 9162, 2.1.3.1."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    return [*path(m, entries[:k]), mth(entries[k:])] if m < k else [*path(m - k, entries[k:]), mth(entries[:k])]


def proof(m: int, entries: list[bytes], known: bool = True) -> list[bytes]:
    """RFC 9162, 2.1.4.1."""
    if m == len(entries):
        return [] if known else [mth(entries)]
    k = split(len(entries))
    if m <= k:
        return [*proof(m, entries[:k], known), mth(entries[k:])]
    return [*proof(m - k, entries[k:], False), mth(entries[:k])]


def entries(size: int) -> list[bytes]:
    return [bytes([at]) for at in range(size)]


def test_known_roots():
    assert root([]) == EMPTY == bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    # the tree of the test vectors of Certificate Transparency: eight entries of these bytes
    told = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    hashes = [leaf_hash(bytes.fromhex(one)) for one in told]
    assert root(hashes[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root(hashes).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(SIZES, st.data())
def test_shapes_are_the_rfcs(size, data):
    index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    hashes, told = leaves(size), entries(size)
    assert root(hashes) == mth(told)
    assert inclusion_path(hashes, index) == path(index, told)
    assert consistency_path(hashes, first) == proof(first, told)
    assert root_by_inclusion(hashes[index], index, size, path(index, told)) == mth(told)
    assert consistent(first, size, mth(told[:first]), mth(told), proof(first, told))


@given(SIZES, st.data())
def test_wrong_proofs_prove_nothing(size, data):
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, 80))
    hashes = leaves(size)
    good, steps = root(hashes), inclusion_path(hashes, index)
    if other != index:
        assert root_by_inclusion(hashes[index], other, size, steps) != good
    assert root_by_inclusion(leaf_hash(b"other"), index, size, steps) != good
    assert root_by_inclusion(hashes[index], index, size, [*steps, good]) != good
    if steps:
        assert root_by_inclusion(hashes[index], index, size, steps[:-1]) != good
        at = data.draw(st.integers(0, len(steps) - 1))
        assert root_by_inclusion(hashes[index], index, size, [*steps[:at], b"\x00" * 32, *steps[at + 1 :]]) != good


@given(SIZES, st.data())
def test_a_tree_that_was_rewritten_is_not_consistent(size, data):
    first, at = data.draw(st.integers(1, size)), data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    rewritten = [*hashes[:at], leaf_hash(b"other"), *hashes[at + 1 :]]
    shown = consistency_path(rewritten, first)
    assert consistent(first, size, root(hashes[:first]), root(rewritten), shown) == (at >= first)
    assert not consistent(first, size, root(hashes[:first]), root(hashes), [*shown, EMPTY])
    assert not consistent(size + 1, size, root(hashes), root(hashes), [])
    assert not consistent(0, size, EMPTY, root(hashes), [])


def test_bounds():
    with pytest.raises(IndexError):
        inclusion_path(leaves(3), 3)
    with pytest.raises(IndexError):
        consistency_path(leaves(3), 0)
    assert root_by_inclusion(leaves(1)[0], 1, 1, []) is None
    assert node_hash(b"a", b"b") != leaf_hash(b"ab")


@given(SIZES, st.integers(0, 4))
def test_blocks_are_subtrees(size, power):
    hashes, width = leaves(size), 2**power
    assert root([root(hashes[at : at + width]) for at in range(0, size, width)]) == root(hashes)


@given(st.lists(st.dictionaries(st.integers(0, 60), st.integers(0, 255), max_size=12), max_size=6))
def test_a_sorted_tree_is_the_tree_of_what_it_holds(days):
    tree, held = SortedTree(), dict[UUID, bytes]()
    for day in days:
        changes = {UUID(int=key): leaf_hash(bytes([value])) for key, value in day.items()}
        held |= changes
        tree.put(changes)
        assert tree.keys == sorted(held)
        assert tree.root() == root([held[key] for key in sorted(held)])
