"""What is told now of troubles that are open: the one place where tellings are gathered, whatever they were told in.

Only what was told openly is read, so that no count betrays who asked for confidence. A trouble only known to lie in a township belongs to
no village, and is left to the desks. What is part of a matter already is not gathered again.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, LargeBinary, and_, any_, bindparam, exists, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.complaints.signs import Voice
from services.complaints.voices import Told, voices_between, voices_where
from services.households.models import Household
from services.households.references import village_of
from services.households.storing import PAPER
from services.matters.clustering import Heard, SegmentName, Source, segment_named
from services.matters.models import Asset, AssetSegment, MatterSource
from services.matters.opinions import open_opinions, voices_of_opinions
from services.organization.naming import name_forms
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import one_of
from services.platform.papers import SealedPaper
from services.platform.unit_of_work import Work
from services.tickets.lifecycle import OPEN
from services.tickets.models import Ticket

SPAN = timedelta(days=366)
"""How far back is looked: a canal is told of for months."""


async def gather(work: Work, tree: UnitTree) -> list[Heard]:
    """Return every telling of an open trouble: tickets and opinions. Whatever else is heard joins here, as `Heard` of its own."""
    segments = await segment_names(work.session)
    opinions = await open_opinions(work, tree, segments, work.now - SPAN)
    told = await voices_between(work.session, work.now - SPAN, work.now + timedelta(seconds=1), _open_and_free())
    mains = await _mains(work.session, {one.voice.ticket_id for one in told})
    found = [heard for one in told if (heard := _heard(tree, segments, one, mains)) is not None]
    known = await with_register(work.session, [one.voice for one in found])
    return [*(replace(one, voice=voice) for one, voice in zip(found, known, strict=True)), *opinions]


async def voices_told_in(work: Work, sources: Iterable[Source]) -> list[Voice]:
    """Return who told these openly, with what the register knows of their households."""
    ordered = sorted(sources)
    tickets = [one.id for one in ordered if one.kind == "ticket"]
    told_in = or_(one_of(Ticket.id, tickets), one_of(Ticket.merged_into_id, tickets))
    voices = [told.voice for told in await voices_where(work.session, told_in) if not told.in_confidence] if tickets else []
    opinions = await voices_of_opinions(work, [one.id for one in ordered if one.kind == "opinion"])
    return [*await with_register(work.session, voices), *opinions]


async def segment_names(session: AsyncSession) -> list[SegmentName]:
    """Return all segments with what their assets are called."""
    query = select(AssetSegment.id, AssetSegment.unit_id, Asset.name, Asset.called).join(Asset, Asset.id == AssetSegment.asset_id)
    return [SegmentName(row.id, row.unit_id, (row.name, *row.called)) for row in await session.execute(query)]


async def with_register(session: AsyncSession, voices: Sequence[Voice]) -> list[Voice]:
    """Return the voices with the reference of the household whose number they left, as the villages' registers have it.

    A number that is listed for several households tells which of them it was about none.
    """
    numbers = {source.digest for voice in voices for source in voice.sources if source.kind == "number"}
    of_number = await references_of(session, numbers)
    return [replace(voice, keys=voice.keys | {of_number[key] for key in voice.keys if key in of_number}) for voice in voices]


async def references_of(session: AsyncSession, numbers: Collection[bytes]) -> dict[bytes, bytes]:
    """Return the reference of the household each number is listed for in a village's register; of one listed for several, none."""
    if not numbers:
        return {}
    given = bindparam(None, sorted(numbers), ARRAY(LargeBinary()))
    query = (
        select(SealedPaper.phone_index, Household.reference)
        .join(Household, Household.paper_id == SealedPaper.id)
        .where(SealedPaper.kind == PAPER, SealedPaper.phone_index == any_(given), Household.ended_on.is_(None))
        .distinct()
    )
    pairs = [(bytes(row.phone_index), bytes(row.reference)) for row in await session.execute(query) if row.phone_index is not None]
    listed = Counter(number for number, _ in pairs)
    return {number: reference for number, reference in pairs if listed[number] == 1}


def place_names(tree: UnitTree, village: UnitNode) -> list[str]:
    """Return how the village, what it lies in and its grids are called: names that tell nothing of a trouble."""
    found: dict[str, None] = {}
    for unit in (village, *tree.ancestors(village), *tree.under(village)):
        forms = name_forms(unit.name, unit.kind)
        found.update(dict.fromkeys((*forms.certain, *forms.loose)))
    return list(found)


def _heard(tree: UnitTree, segments: Sequence[SegmentName], told: Told, mains: dict[UUID, UUID]) -> Heard | None:
    place = tree.by_id.get(told.place) if told.place else None
    village = village_of(tree, place) if place else None
    if place is None or village is None:
        return None
    source = Source("ticket", mains[told.voice.ticket_id])
    voice = replace(told.voice, ticket_id=source.id)
    return Heard(source, voice, village.id, place.id, told.category, segment_named(voice.words, village.id, segments))


def _open_and_free() -> ColumnElement[bool]:
    main = aliased(Ticket)
    merged = and_(Ticket.status == "merged", exists(select(main.id).where(main.id == Ticket.merged_into_id, main.status.in_(OPEN))))
    taken = select(MatterSource.source_id).where(
        or_(MatterSource.source_id == Ticket.id, MatterSource.source_id == Ticket.merged_into_id), MatterSource.left_at.is_(None)
    )
    return and_(or_(Ticket.status.in_(OPEN), merged), not_(exists(taken)))


async def _mains(session: AsyncSession, ticket_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return under which ticket each is worked on: itself, or the one it was merged into."""
    rows = await session.execute(select(Ticket.id, Ticket.merged_into_id).where(one_of(Ticket.id, ticket_ids)))
    return {row.id: row.merged_into_id or row.id for row in rows}
