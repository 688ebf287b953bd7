"""Opinions of the handbook as tellings: those nothing became of yet, in the words in force, by the household whose they are.

Their words are opened to be compared, and nothing of them is kept. An opinion becomes part of a matter when that is registered: until
then it is open, and the desk is told of it as of any other.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.activities.models import Activity
from services.activities.references import fingerprint
from services.complaints.signs import Voice
from services.households.models import Household
from services.households.references import village_of
from services.identity.permissions import require
from services.matters.clustering import Heard, SegmentName, Source, segment_named
from services.matters.models import MatterSource
from services.organization.models import Unit
from services.organization.tree import UnitTree
from services.platform.bulk import one_of
from services.platform.errors import NotFound
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, read_paper
from services.platform.unit_of_work import Work
from services.visits.opinions_access import known_to
from services.visits.opinions_models import Opinion, OpinionOutcome, OpinionWording
from services.visits.outcomes import join_matter

AT_MOST = 20_000
"""So many opinions are read at once, the newest: those of a year nobody did anything about are fewer, or it is no county."""


async def open_opinions(work: Work, tree: UnitTree, segments: Sequence[SegmentName], since: datetime) -> list[Heard]:
    """Return the opinions nothing became of yet that were heard `since`, and are part of no matter."""
    ended = select(OpinionOutcome.id).where(OpinionOutcome.opinion_id == Opinion.id)
    taken = select(MatterSource.source_id).where(MatterSource.source_id == Opinion.id, MatterSource.left_at.is_(None))
    query = _opinions().where(Opinion.heard_at >= since, ~exists(ended), ~exists(taken))
    found = []
    for row in await work.session.execute(query.order_by(Opinion.heard_at.desc(), Opinion.id).limit(AT_MOST)):
        voice, village = _voice(row), village_of(tree, tree.by_id[row.unit_id])
        if village is not None:
            segment = segment_named(voice.words, village.id, segments)
            found.append(Heard(Source("opinion", row.id), voice, village.id, row.unit_id, row.category_code, segment))
    return found


async def voices_of_opinions(work: Work, opinion_ids: Iterable[UUID]) -> list[Voice]:
    """Return who told these opinions."""
    return [_voice(row) for row in await work.session.execute(_opinions().where(one_of(Opinion.id, opinion_ids)))]


async def require_known(work: Work, opinion_ids: Iterable[UUID]) -> None:
    """Raise NotFound ``opinion.unknown`` unless one may know of all these opinions, and none was withdrawn."""
    wanted = set(opinion_ids)
    if not wanted:
        return
    require(work.actor, "opinion.read")
    query = select(Opinion.id).join(Activity, Activity.id == Opinion.id).join(Unit, Unit.id == Opinion.unit_id)
    found = await work.session.scalars(query.where(one_of(Opinion.id, wanted), known_to(work), Activity.withdrawn_at.is_(None)))
    if wanted - set(found):
        raise NotFound("opinion.unknown", "One of these is no opinion, or none that you may know of, or it was withdrawn.")


async def became_part_of(work: Work, matter_id: UUID) -> None:
    """Write down, once for each, that the opinions of a registered matter are part of it: that is what became of them."""
    told = select(OpinionOutcome.id).where(OpinionOutcome.opinion_id == MatterSource.source_id, OpinionOutcome.matter_id == matter_id)
    query = select(MatterSource.source_id).where(MatterSource.matter_id == matter_id, MatterSource.kind == "opinion", ~exists(told))
    for opinion_id in sorted(await work.session.scalars(query.where(MatterSource.left_at.is_(None)))):
        await join_matter(work, opinion_id, new_id(), matter_id, fingerprint(f"{opinion_id} {matter_id}", work.actor.account_id))


def _opinions() -> Select[Any]:
    """Opinions that stand, with whose they are and the words in force, sealed."""
    newest = (
        select(OpinionWording.opinion_id, OpinionWording.paper_id)
        .ext(distinct_on(OpinionWording.opinion_id))
        .order_by(OpinionWording.opinion_id, OpinionWording.sequence.desc())
        .subquery()
    )
    return (
        select(Opinion.id, Opinion.heard_at, Opinion.unit_id, Opinion.category_code, Opinion.recorded_by_account_id)
        .add_columns(Household.reference, SealedPaper.id.label("paper_id"), SealedPaper.row_key, SealedPaper.sealed)
        .join(Household, Household.id == Opinion.household_id)
        .join(newest, newest.c.opinion_id == Opinion.id)
        .join(SealedPaper, SealedPaper.id == newest.c.paper_id)
        .join(Activity, Activity.id == Opinion.id)
        .where(Activity.withdrawn_at.is_(None))
    )


def _voice(row: Any) -> Voice:
    told = read_paper(row.paper_id, row.row_key, row.sealed) or {}
    return Voice(
        row.id, row.id, row.heard_at, str(told.get("words", "")), frozenset([bytes(row.reference)]), writer=row.recorded_by_account_id
    )
