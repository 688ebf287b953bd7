"""The newest tree, kept in blocks of leaves: only blocks with a head that moved are hashed again, and those behind a new one."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.anchors.heads import FIRST, anchored
from services.anchors.merkle import root
from services.anchors.models import AnchorBlock
from services.anchors.statements import Head
from services.platform.bulk import insert_many

WIDTH = 1024
"""Leaves of a block: a power of two, so that a block is a subtree."""
_PUT = (
    "ON CONFLICT (number) DO UPDATE SET first_subject_id = excluded.first_subject_id, last_subject_id = excluded.last_subject_id,"
    " leaves = excluded.leaves, hash = excluded.hash"
)


@dataclass(frozen=True, slots=True)
class Block:
    """A run of leaves and their root."""

    number: int
    first_subject_id: UUID
    last_subject_id: UUID
    leaves: int
    hash: bytes


async def blocks(session: AsyncSession) -> list[Block]:
    """Return the blocks of the newest tree, in order."""
    rows = await session.execute(select(AnchorBlock.__table__).order_by(AnchorBlock.number))
    return [Block(*row) for row in rows]


async def follow(session: AsyncSession, moved: Sequence[tuple[Head, bool]]) -> list[Block]:
    """Bring the blocks up to the heads that are stored; return all. `moved` are those that changed, and whether each is a new leaf."""
    kept = await blocks(session)
    start = _first_shifted(kept, [head.subject_id for head, fresh in moved if fresh])
    starts = [block.first_subject_id for block in kept[:start]]
    touched = {
        bisect_right(starts, head.subject_id) - 1 for head, _fresh in moved if start and head.subject_id <= kept[start - 1].last_subject_id
    }
    made = []
    for number in sorted(touched):
        block = kept[number]
        after = UUID(int=block.first_subject_id.int - 1)
        made.append(_block(number, await anchored(session, after, WIDTH, block.last_subject_id)))
    after = kept[start - 1].last_subject_id if start else FIRST
    number = start
    while heads := await anchored(session, after, WIDTH):
        made.append(_block(number, heads))
        after, number = heads[-1].subject_id, number + 1
    if made:
        columns = ("number", "first_subject_id", "last_subject_id", "leaves", "hash")
        await insert_many(session, AnchorBlock, [{name: getattr(one, name) for name in columns} for one in made], condition=_PUT)
    new = {block.number: block for block in made}
    return [new.get(number, block) for number, block in enumerate(kept[:start])] + [block for block in made if block.number >= start]


def _first_shifted(kept: Sequence[Block], fresh: Sequence[UUID]) -> int:
    """Return the number of the first block whose leaves are others than before."""
    if not fresh:
        return len(kept)
    first = min(fresh)
    return next((block.number for block in kept if block.leaves < WIDTH or block.last_subject_id > first), len(kept))


def _block(number: int, heads: Sequence[Head]) -> Block:
    return Block(number, heads[0].subject_id, heads[-1].subject_id, len(heads), root([head.leaf() for head in heads]))
