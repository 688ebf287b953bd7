"""Reading anchors and proofs: for everybody, and for a complainant about their own ticket. Nothing personal is in them."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.anchors.blocks import WIDTH, blocks
from services.anchors.heads import anchored
from services.anchors.merkle import consistency_path, inclusion_path, leaf_hash, root_by_inclusion
from services.anchors.models import Anchor, AnchorKey
from services.anchors.statements import logged, statement_of
from services.anchors.views import (
    AnchorKeyView,
    Anchors,
    ChainFile,
    ConsistencyProof,
    InclusionProof,
    SignedAnchor,
    anchor_view,
    head_view,
    key_view,
)
from services.journal.chain import content_of
from services.journal.models import Event
from services.platform.canonical import canonical
from services.platform.errors import Conflict, Invalid, NotFound, Unavailable
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket
from services.tickets.numbers import read_number

_READINGS = 3


async def list_anchors(session: AsyncSession, before: date | None, limit: int) -> tuple[Anchors, date | None]:
    """Return a page of anchors, the newest first (those of days before `before`), and the day to go on from."""
    query = select(Anchor).order_by(Anchor.day.desc()).limit(limit + 1)
    rows = list(await session.scalars(query if before is None else query.where(Anchor.day < before)))
    following = rows[limit - 1].day if len(rows) > limit else None
    return Anchors(items=tuple(anchor_view(row) for row in rows[:limit]), keys=await _keys(session)), following


async def read_anchor(session: AsyncSession, day: date) -> SignedAnchor:
    """Return the anchor of a day. Raises NotFound ``anchor.unknown``."""
    return SignedAnchor(anchor=anchor_view(await _anchor(session, day)), keys=await _keys(session))


async def newest_anchor(session: AsyncSession) -> Anchor | None:
    """Return the newest anchor, if any day was closed yet."""
    return await session.scalar(select(Anchor).order_by(Anchor.number.desc()).limit(1))


async def prove_consistency(session: AsyncSession, first: date, second: date) -> ConsistencyProof:
    """Prove that the log of days up to `first` is the beginning of that up to `second`.

    Raises NotFound ``anchor.unknown``, and Invalid ``anchor.order`` where the days are the wrong way round.
    """
    if first > second:
        raise Invalid("anchor.order", "`first` must not be after `second`; swap them.")
    one, other = await _anchor(session, first), await _anchor(session, second)
    log = await session.scalars(select(Anchor).where(Anchor.number <= other.number).order_by(Anchor.number))
    path = consistency_path(logged([statement_of(row) for row in log]), one.number + 1)
    shown = tuple(step.hex() for step in path)
    return ConsistencyProof(first=anchor_view(one), second=anchor_view(other), path=shown, keys=await _keys(session))


async def prove_ticket(work: Work, ticket: Row[Any], _told_again: UUID | None = None) -> InclusionProof:
    """Prove that the newest anchor commits to this ticket's journal. Raises what :func:`prove_subject` does."""
    return await prove_subject(work.session, ticket.id)


async def prove_subject(session: AsyncSession, subject_id: UUID) -> InclusionProof:
    """Prove that the newest anchor commits to a subject's journal.

    Raises Conflict ``anchor.not_yet`` where none does, and Unavailable ``anchor.not_proved`` where what is kept does not prove it: no proof
    is handed out that does not hold.
    """
    for _ in range(_READINGS):
        proof = await _proof(session, subject_id)
        if proof is None:
            raise Conflict("anchor.not_yet", "This history is not in an anchor yet. It will be in that of today, soon after midnight.")
        if _holds(proof):
            return proof
    raise Unavailable("anchor.not_proved", "The proof cannot be made now; try again, or tell whoever runs the system.")


async def _proof(session: AsyncSession, subject_id: UUID) -> InclusionProof | None:
    newest, kept = await newest_anchor(session), await blocks(session)
    at = bisect_right([block.first_subject_id for block in kept], subject_id) - 1
    block = kept[at] if at >= 0 else None
    heads = await anchored(session, UUID(int=block.first_subject_id.int - 1), WIDTH, block.last_subject_id) if block else []
    inside = next((place for place, head in enumerate(heads) if head.subject_id == subject_id), None)
    if inside is None or newest is None:
        return None
    path = inclusion_path([head.leaf() for head in heads], inside) + inclusion_path([one.hash for one in kept], at)
    return InclusionProof(
        leaf=head_view(heads[inside]),
        index=at * WIDTH + inside,
        path=tuple(step.hex() for step in path),
        anchor=anchor_view(newest),
        keys=await _keys(session),
    )


def _holds(proof: InclusionProof) -> bool:
    """Tell whether a proof fits: it does not where a day was closed between its readings."""
    leaf = leaf_hash(canonical(proof.leaf.model_dump(mode="json")))
    found = root_by_inclusion(leaf, proof.index, proof.anchor.leaves, [bytes.fromhex(step) for step in proof.path])
    return found is not None and found.hex() == proof.anchor.root


async def export_chain(session: AsyncSession, wanted: str) -> ChainFile:
    """Return the whole journal of a ticket by its number, or of whatever has it by its id. Raises NotFound ``ticket.unknown``."""
    subject_id = _id(wanted) or await session.scalar(select(Ticket.id).where(Ticket.number == (read_number(wanted) or "")))
    query = select(Event.__table__).where(Event.subject_id == subject_id).order_by(Event.seq)
    rows = (await session.execute(query)).mappings().all() if subject_id else []
    if subject_id is None or not rows:
        raise NotFound("ticket.unknown", "There is no ticket with this number, and nothing with this id that has a journal.")
    return ChainFile(subject_id=subject_id, subject_kind=rows[0]["subject_kind"], events=tuple(event_shown(row) for row in rows))


def _id(wanted: str) -> UUID | None:
    try:
        return UUID(wanted)
    except ValueError:
        return None


def event_shown(row: Any) -> dict[str, Any]:
    """Return an event as a chain's file holds it."""
    return {"content": content_of(row), "previous_hash": row["previous_hash"].hex(), "hash": row["hash"].hex()}


async def _anchor(session: AsyncSession, day: date) -> Anchor:
    found = await session.get(Anchor, day)
    if found is None:
        raise NotFound("anchor.unknown", "This day is not closed, or it was before the first anchor; see GET /anchors.")
    return found


async def _keys(session: AsyncSession) -> tuple[AnchorKeyView, ...]:
    rows: Sequence[AnchorKey] = (await session.scalars(select(AnchorKey).order_by(AnchorKey.first_used_at, AnchorKey.key_id))).all()
    return tuple(key_view(row) for row in rows)
