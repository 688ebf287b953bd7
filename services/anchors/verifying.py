"""Checking a whole database: every journal against itself and against what was anchored of it, and every anchor.

Journals are read page by page in order of their subjects, the heads that were anchored beside them. What is found is named by its first
broken event; a database of any size needs the memory of one page and of one leaf for each subject.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.anchors.closing import CLOSED, SUBJECT_ID
from services.anchors.files import BrokenError, Named, fault_of_event, fault_of_head, require_continued, require_logged, require_signed
from services.anchors.merkle import SortedTree
from services.anchors.models import Anchor, AnchoredHead, AnchorKey
from services.anchors.publishing import event_shown
from services.anchors.statements import Head, log_leaf
from services.anchors.views import anchor_view, key_view
from services.journal.chain import START
from services.journal.models import Event
from services.platform.bulk import one_of
from services.tickets.models import Ticket

PAGE = 500
_SUBJECTS = text("SELECT subject_id FROM events UNION SELECT subject_id FROM anchored_heads UNION SELECT id FROM tickets ORDER BY 1")


@dataclass(frozen=True, slots=True)
class Step:
    """How far a check came: events read since the last step, and the sentences that name what is broken."""

    events: int
    broken: tuple[str, ...] = ()


async def count_events(session: AsyncSession) -> int:
    """Return how many events there are to be read."""
    return await session.scalar(select(func.count()).select_from(Event)) or 0


async def check_journals(session: AsyncSession) -> AsyncIterator[Step]:
    """Check every journal, in order of the subjects' ids; each broken one is named once, by its first broken event."""
    subjects = list(await session.scalars(_SUBJECTS))
    for at in range(0, len(subjects), PAGE):
        page = subjects[at : at + PAGE]
        rows = (
            await session.execute(select(Event.__table__).where(one_of(Event.subject_id, page)).order_by(Event.subject_id, Event.seq))
        ).mappings()
        events: dict[UUID, list[Mapping[Any, Any]]] = {
            subject: list(group) for subject, group in groupby(rows, key=lambda row: row["subject_id"])
        }
        heads = await _anchored(session, page)
        versions = await _versions(session, page)
        found = [_fault(subject, events.get(subject, []), heads.get(subject, []), versions.get(subject)) for subject in page]
        yield Step(sum(len(chain) for chain in events.values()), tuple(one for one in found if one))


async def check_anchors(session: AsyncSession, named: Named) -> list[str]:
    """Check every anchor: its place behind the one before, its signature, its log, and its root over the heads that are kept.

    After the first of a kind of fault the later anchors still stand for themselves, so each broken day is named.
    """
    rows = list(await session.scalars(select(Anchor).order_by(Anchor.number)))
    keys = [key_view(row).model_dump() for row in await session.scalars(select(AnchorKey))]
    shown = [anchor_view(row).model_dump(mode="json") for row in rows]
    tree, log, broken = SortedTree(), list[bytes](), list[str]()
    before: dict[str, Any] | None = None
    for row, anchor in zip(rows, shown, strict=True):
        tree.put(await _moved(session, row.day))
        log.append(log_leaf(anchor))
        try:
            require_signed(anchor, keys, named)
            require_continued(before, anchor)
            require_logged(log, anchor)
            _require_rooted(row, tree)
        except BrokenError as found:
            broken.append(str(found))
        before = anchor
    return broken + await _untold(session, {anchor["day"]: anchor for anchor in shown})


async def not_anchored(session: AsyncSession) -> int:
    """Return how many events no anchor commits to yet: those of today, and whatever came after the newest anchor."""
    heads = select(AnchoredHead.subject_id, func.max(AnchoredHead.seq).label("seq")).group_by(AnchoredHead.subject_id).subquery()
    newer = select(func.count()).select_from(Event).outerjoin(heads, heads.c.subject_id == Event.subject_id)
    return await session.scalar(newer.where(Event.seq > func.coalesce(heads.c.seq, 0))) or 0


def _require_rooted(row: Anchor, tree: SortedTree) -> None:
    if (tree.root(), len(tree.keys)) != (row.root, row.leaves):
        raise BrokenError(f"anchor {row.day}: its root does not fit the heads that are kept for it")


def _fault(subject: UUID, events: Sequence[Mapping[Any, Any]], heads: Sequence[AnchoredHead], version: int | None) -> str | None:
    """Return the first thing that is wrong with a journal. `version`: how many events a ticket's row says it has."""
    kind = events[0]["subject_kind"] if events else heads[0].subject_kind if heads else "ticket"
    previous = START
    for expected, event in enumerate(events, 1):
        if fault := fault_of_event(event_shown(event), expected, str(subject), previous):
            return f"{kind} {subject} seq {expected}: {fault}"
        previous = event["hash"]
    hashes = [event["hash"].hex() for event in events]
    for head in heads:
        if fault := fault_of_head(hashes, head.seq, head.hash.hex(), head.day.isoformat()):
            return f"{kind} {subject} seq {fault}"
    if version is not None and version > len(events):
        return f"{kind} {subject} seq {len(events) + 1}: it is missing; the ticket has {version} events"
    if version is not None and version < len(events):
        return f"{kind} {subject} seq {version + 1}: the ticket knows nothing of it; it has {version} events"
    return None


async def _anchored(session: AsyncSession, page: Sequence[UUID]) -> dict[UUID, list[AnchoredHead]]:
    found: defaultdict[UUID, list[AnchoredHead]] = defaultdict(list)
    query = select(AnchoredHead).where(one_of(AnchoredHead.subject_id, page)).order_by(AnchoredHead.subject_id, AnchoredHead.day)
    for row in await session.scalars(query):
        found[row.subject_id].append(row)
    return found


async def _versions(session: AsyncSession, page: Sequence[UUID]) -> dict[UUID, int]:
    return {row.id: row.version for row in await session.execute(select(Ticket.id, Ticket.version).where(one_of(Ticket.id, page)))}


async def _moved(session: AsyncSession, day: date) -> dict[UUID, bytes]:
    table = AnchoredHead
    rows = await session.execute(select(table.subject_id, table.subject_kind, table.seq, table.hash).where(table.day == day))
    return {row[0]: Head(row[0], row[1], row[2], row[3]).leaf() for row in rows}


async def _untold(session: AsyncSession, anchors: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Hold the anchors against the journal's own word of each closing: one that was deleted is missed, one that was changed differs."""
    told = await session.scalars(select(Event.data).where(Event.subject_id == SUBJECT_ID, Event.type == CLOSED).order_by(Event.seq))
    by_day = {one["day"]: one for one in told}
    missing = [f"anchor {day}: it is missing; the journal says that it was closed" for day in by_day if day not in anchors]
    unknown = [f"anchor {day}: the journal knows nothing of it" for day in anchors if day not in by_day]
    differing = [
        f"anchor {day}: it is not what the journal says was closed"
        for day, one in by_day.items()
        if day in anchors and any(anchors[day].get(name) != one.get(name) for name in ("root", "log_root", "signature", "closed_at"))
    ]
    return missing + unknown + differing
