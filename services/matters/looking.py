"""Looking for candidates: every village, at each turn of the duty. A look repeated changes nothing; one worker looks at a time.

Candidates are proposals and nothing else: no ticket is merged, delayed or closed by one. What a look saw is kept where it is something
else than before, with counts, signs and ticket numbers: no words, no names.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from services.complaints.sign_views import sign_views, weight_view
from services.complaints.signs import Voice, signs_of, weigh
from services.complaints.voices import with_names
from services.journal.noting import note
from services.matters.clustering import Cluster, Heard, Source, clusters_of, gone_on_with, has_grown
from services.matters.gathering import gather, place_names
from services.matters.models import CandidateLook, MatterCandidate, MatterSource
from services.organization.queries import unit_tree
from services.platform.bulk import insert_many, one_of
from services.platform.database import Json
from services.platform.ids import new_id
from services.platform.secrets import fingerprint
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket

SUBJECT = "matter_candidate"
COMPARED_AT_MOST = 400
"""So many tellings of one village are compared, the newest: with more open ones than that, somebody looks at it anyway."""
_ALONE = int.from_bytes(fingerprint(b"matters.candidates")[:8], "big", signed=True)


@dataclass(frozen=True, slots=True, repr=False)
class Gathered:
    """What was told in each village and what its places are called, as it was at an instant. No `repr`: the words are nobody else's."""

    at: datetime
    villages: Mapping[UUID, Sequence[Heard]]
    names: Mapping[UUID, Sequence[str]]


async def gathered(work: Work) -> Gathered:
    """Return all that is told of open troubles now, of each village the newest `COMPARED_AT_MOST`."""
    tree = await unit_tree(work.session)
    found: defaultdict[UUID, list[Heard]] = defaultdict(list)
    for one in await gather(work, tree):
        found[one.village].append(one)
    newest = {
        village: sorted(heard, key=lambda one: (one.voice.at, one.voice.complaint_id), reverse=True)[:COMPARED_AT_MOST]
        for village, heard in sorted(found.items())
    }
    return Gathered(work.now, newest, {village: place_names(tree, tree.by_id[village]) for village in newest})


async def clustered(found: Gathered) -> list[Cluster]:
    """Return the troubles that enough households tell. It may take a while: outside of any transaction, and beside the other duties."""
    clusters: list[Cluster] = []
    for village, heard in found.villages.items():
        clusters += [one for one in await asyncio.to_thread(clusters_of, heard, found.names[village]) if one.is_candidate]
    return clusters


async def keep(work: Work, at: datetime, clusters: Sequence[Cluster]) -> int:
    """Keep what was seen `at` an instant; return how many candidates are new. Nothing where somebody else looked since, or does now.

    What became part of a matter in between is left to the next look.
    """
    if not await work.session.scalar(select(func.pg_try_advisory_xact_lock(_ALONE))):
        return 0
    if await work.session.scalar(select(MatterCandidate.id).where(MatterCandidate.seen_at > at).limit(1)) is not None:
        return 0
    taken = await _taken(work, clusters)
    clusters = [one for one in clusters if not one.sources & taken]
    watched = select(MatterCandidate).where(MatterCandidate.state.in_(("open", "set_aside"))).order_by(MatterCandidate.id)
    rows = {row.id: row for row in await work.session.scalars(watched.with_for_update())}
    before = {row.id: _sources(row.figures) for row in rows.values()}
    going_on = gone_on_with(clusters, before)
    opened = 0
    for cluster, candidate_id in zip(clusters, going_on, strict=True):
        figures = await figures_of(work, [one.voice for one in cluster.heard], cluster.sources)
        if candidate_id is None:
            await _open(work, cluster, figures)
            opened += 1
        else:
            await _go_on(work, rows[candidate_id], cluster, figures)
    for candidate_id in sorted({one for one, sources in before.items() if not sources & taken} - set(going_on)):
        await _leave(work, rows[candidate_id])
    return opened


async def figures_of(work: Work, voices: Sequence[Voice], sources: frozenset[Source]) -> Json:
    """Return what is kept of a trouble that was told so: weight, signs and what it was told in."""
    named = await with_names(work.session, voices)
    tickets = [one.id for one in sources if one.kind == "ticket"]
    rows = await work.session.execute(select(Ticket.id, Ticket.number).where(one_of(Ticket.id, tickets)))
    numbers = {row.id: row.number for row in rows}
    listed = [{"kind": one.kind, "id": str(one.id), "number": numbers.get(one.id)} for one in sorted(sources)]
    return {
        "weight": weight_view(weigh(named)).model_dump(mode="json"),
        "signs": [view.model_dump(mode="json") for view in sign_views(signs_of(named), numbers)],
        "first_told": min(one.at for one in named).isoformat() if named else None,
        "sources": listed,
    }


async def _taken(work: Work, clusters: Sequence[Cluster]) -> set[Source]:
    """Return which of the sources are part of a matter by now."""
    wanted = [source.id for one in clusters for source in one.sources]
    query = select(MatterSource.kind, MatterSource.source_id).where(one_of(MatterSource.source_id, wanted), MatterSource.left_at.is_(None))
    return {Source(row.kind, row.source_id) for row in await work.session.execute(query)}


async def _open(work: Work, cluster: Cluster, figures: Json) -> None:
    row: dict[str, Any] = {
        "id": new_id(), "unit_id": cluster.village, "segment_id": cluster.segment, "branch": cluster.branch, "state": "open",
        "households": cluster.weight.households, "households_then": None, "opened_at": work.now, "seen_at": work.now, "figures": figures,
    }  # fmt: skip
    await insert_many(work.session, MatterCandidate, [row])
    await keep_look(work, row)
    await note(work, SUBJECT, row["id"], "candidate.opened", {"households": row["households"], "branch": cluster.branch})


async def _go_on(work: Work, row: MatterCandidate, cluster: Cluster, figures: Json) -> None:
    households = cluster.weight.households
    again = row.state == "set_aside" and has_grown(row.households_then or 0, households)
    same = not again and row.figures == figures
    row.seen_at = work.now
    row.households, row.figures, row.branch, row.segment_id = households, figures, cluster.branch, cluster.segment
    if again:
        row.state, row.households_then = "open", None
    await work.session.flush()
    if not same:
        await keep_look(work, _looked(row))
    if again:
        await note(work, SUBJECT, row.id, "candidate.opened_again", {"households": households})


async def _leave(work: Work, row: MatterCandidate) -> None:
    """End a candidate that is told by too few now; one that was set aside waits on."""
    if row.state == "set_aside":
        return
    row.state, row.seen_at = "gone", work.now
    await work.session.flush()
    await keep_look(work, _looked(row))
    await note(work, SUBJECT, row.id, "candidate.gone", {})


async def keep_look(work: Work, row: Mapping[str, Any]) -> None:
    """Keep what a candidate is from now on."""
    kept = {
        "candidate_id": row["id"], "looked_at": work.now, "state": row["state"], "households": row["households"], "figures": row["figures"],
    }  # fmt: skip
    await insert_many(work.session, CandidateLook, [kept])


def _looked(row: MatterCandidate) -> dict[str, Any]:
    return {"id": row.id, "state": row.state, "households": row.households, "figures": row.figures}


def _sources(figures: Json) -> frozenset[Source]:
    return frozenset(Source(one["kind"], UUID(one["id"])) for one in figures["sources"])
