"""Looking for signs that many voices are few people: every place and branch of the last days, a few queries for all of them.

A look changes nothing about any ticket. It keeps what it saw, where that is something else than before, and tells the desk above of bursts:
each episode once, one message for all that is new, and none within `QUIET_FOR` of the last, so that a flood is no storm of messages.
Only what was told openly is read. One worker looks at a time, and a look repeated changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from services.catalogue.policy import Catalogue
from services.catalogue.queries import catalogue
from services.complaints.sign_views import sign_views, weight_view
from services.complaints.signs import Sign, Voice, signs_of, weigh
from services.complaints.ticket_signs import COMPARED_AT_MOST
from services.complaints.voices import Ground, ground_of, in_township, matters_of, told_before, voices_between, with_names
from services.journal.models import Event
from services.journal.noting import note
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.platform.bulk import insert_many, one_of
from services.platform.database import Json
from services.platform.ids import new_id
from services.platform.secrets import fingerprint
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket
from services.warnings.brigading_models import BrigadingEpisode, BrigadingLook
from services.warnings.watching import Telling, desk_above

SUBJECT = "brigading_episode"
SPAN = timedelta(days=3)
"""How far back a look goes."""
OVER_AFTER = timedelta(days=1)
"""An episode without signs for so long is over."""
QUIET_FOR = timedelta(hours=1)
"""A desk is told at most once in so long, of everything new at once."""
_LEAST = 3
"""Fewer tellings of one place have no sign at all but of many matters, which the ticket itself shows."""
_NAMED = 5
_ALONE = int.from_bytes(fingerprint(b"warnings.brigading")[:8], "big", signed=True)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look saw on one ground."""

    signs: Sequence[Sign]
    figures: Json

    @property
    def burst(self) -> Sign | None:
        """The burst, where there is one."""
        return next((sign for sign in self.signs if sign.kind == "burst"), None)


async def look(work: Work) -> list[Telling]:
    """Look at what was told lately; return whom to tell what. Nothing where another worker looks just now."""
    if not await work.session.scalar(select(func.pg_try_advisory_xact_lock(_ALONE))):
        return []
    tree = await unit_tree(work.session)
    if tree.root is None:
        return []
    seen = await _seen(work, tree)
    going_on = await work.session.scalars(select(BrigadingEpisode).where(BrigadingEpisode.ended_at.is_(None)).with_for_update())
    episodes = {(row.unit_id, row.branch): row for row in going_on}
    await _open(work, tree, episodes, [ground for ground in seen if ground not in episodes])
    await _keep(work, episodes, seen)
    await _end(work, episodes, seen)
    return await _tellings(work, episodes, seen)


async def _seen(work: Work, tree: UnitTree) -> dict[Ground, Seen]:
    begin = work.now - SPAN
    by_ground: defaultdict[Ground, list[Voice]] = defaultdict(list)
    for told in await voices_between(work.session, begin, work.now + timedelta(seconds=1)):
        ground = ground_of(tree, told.place, told.category)
        if ground is not None:
            by_ground[ground].append(told.voice)
    crowded = {ground: voices[:COMPARED_AT_MOST] for ground, voices in by_ground.items() if len(voices) >= _LEAST}
    usual = await told_before(work.session, tree, begin) if crowded else {}
    matters = await matters_of(work.session, [voice for voices in crowded.values() for voice in voices], work.now)
    found: dict[Ground, tuple[list[Voice], list[Sign]]] = {}
    for ground, voices in crowded.items():
        told_there = await with_names(work.session, voices)
        signs = signs_of(told_there, before=usual.get(ground, 0), matters=in_township(matters, tree.by_id[ground[0]]))
        if signs:
            found[ground] = told_there, signs
    numbers = await _numbers(work, {ticket for _, signs in found.values() for sign in signs for ticket in sign.tickets})
    return {
        ground: Seen(signs, _figures(voices, signs, usual.get(ground, 0), numbers)) for ground, (voices, signs) in sorted(found.items())
    }


def _figures(voices: Sequence[Voice], signs: Iterable[Sign], usual: int, numbers: Mapping[UUID, str]) -> Json:
    views = [view.model_dump(mode="json") for view in sign_views(signs, numbers)]
    return {"weight": weight_view(weigh(voices)).model_dump(mode="json"), "usual": usual, "signs": views}


async def _numbers(work: Work, ticket_ids: Iterable[UUID]) -> dict[UUID, str]:
    query = select(Ticket.id, Ticket.number).where(one_of(Ticket.id, ticket_ids))
    return {row.id: row.number for row in await work.session.execute(query)}


async def _open(work: Work, tree: UnitTree, episodes: dict[Ground, BrigadingEpisode], grounds: Iterable[Ground]) -> None:
    policies: Catalogue = await catalogue(work.session)
    for ground in grounds:
        unit, policy = tree.by_id[ground[0]], policies.category(ground[1])
        desk = desk_above(tree, unit) or unit
        row = BrigadingEpisode(
            id=new_id(), unit_id=unit.id, unit_path=unit.path, unit_code=unit.code, unit_name=unit.name, branch=ground[1],
            branch_name=policy.name if policy else ground[1] or "未分类", told_unit_id=desk.id, opened_at=work.now, last_seen_at=work.now,
        )  # fmt: skip
        work.session.add(row)
        episodes[ground] = row
    await work.session.flush()
    for ground in grounds:
        said = {"unit": episodes[ground].unit_code, "branch": ground[1]}
        await note(work, SUBJECT, episodes[ground].id, "brigading.opened", said)


async def _keep(work: Work, episodes: Mapping[Ground, BrigadingEpisode], seen: Mapping[Ground, Seen]) -> None:
    ids = [episodes[ground].id for ground in seen]
    query = (
        select(BrigadingLook.episode_id, BrigadingLook.figures)
        .ext(distinct_on(BrigadingLook.episode_id))
        .where(one_of(BrigadingLook.episode_id, ids))
        .order_by(BrigadingLook.episode_id, BrigadingLook.looked_at.desc())
    )
    last = {row.episode_id: row.figures for row in await work.session.execute(query)}
    rows: list[dict[str, Any]] = []
    for ground, found in seen.items():
        episode = episodes[ground]
        episode.last_seen_at = work.now
        if last.get(episode.id) != found.figures:
            rows.append({"episode_id": episode.id, "looked_at": work.now, "figures": found.figures})
    await insert_many(work.session, BrigadingLook, rows)
    await work.session.flush()


async def _end(work: Work, episodes: Mapping[Ground, BrigadingEpisode], seen: Mapping[Ground, Seen]) -> None:
    for ground, episode in episodes.items():
        if ground not in seen and episode.last_seen_at <= work.now - OVER_AFTER:
            episode.ended_at = work.now
            await note(work, SUBJECT, episode.id, "brigading.ended", {})
    await work.session.flush()


async def _tellings(work: Work, episodes: Mapping[Ground, BrigadingEpisode], seen: Mapping[Ground, Seen]) -> list[Telling]:
    """Return one telling for each desk that was not told anything lately, of all bursts it was not told of."""
    new = [(episodes[ground], burst) for ground, found in seen.items() if (burst := found.burst) and episodes[ground].told_at is None]
    told_lately = select(BrigadingEpisode.told_unit_id).where(BrigadingEpisode.told_at > work.now - QUIET_FOR)
    quiet = set(await work.session.scalars(told_lately))
    by_desk: defaultdict[UUID, list[tuple[BrigadingEpisode, Sign]]] = defaultdict(list)
    for episode, burst in new:
        if episode.told_unit_id not in quiet:
            by_desk[episode.told_unit_id].append((episode, burst))
    found = []
    for desk, pairs in sorted(by_desk.items()):
        ids = [episode.id for episode, _ in pairs]
        await work.session.execute(update(BrigadingEpisode).where(one_of(BrigadingEpisode.id, ids)).values(told_at=work.now))
        event_id = (await work.session.execute(select(Event.id).where(Event.subject_id == ids[0], Event.seq == 1))).scalar_one()
        found.append(Telling(f"brigading:{ids[0]}", event_id, desk, words_of(pairs)))
    return found


def words_of(pairs: Sequence[tuple[BrigadingEpisode, Sign]]) -> str:
    """Return one text about the bursts one desk is told of, the largest first."""
    ordered = sorted(pairs, key=lambda pair: -pair[1].weight.tellings)
    told = "；".join(f"{episode.unit_name}{episode.branch_name}:{burst.words}" for episode, burst in ordered[:_NAMED])
    more = f"等共{len(ordered)}处。" if len(ordered) > _NAMED else ""
    return f"诉求短时集中：{told}{more}请先照常处置，再按“疑点”提示回访核实；不得因此不予受理、拖延或办结。"
