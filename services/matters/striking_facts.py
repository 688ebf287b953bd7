"""Reading what the proof of striking off is asked of: a fixed number of statements for a matter, as it was known at an instant.

Who is the same among those who told it and those who say that it is solved is read as numbers, which `persons.py` keeps.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from services.activities.models import Activity
from services.journal.chain import instant_text
from services.matters.ledger import Posting, sums_of
from services.matters.models import Matter, MatterSource
from services.matters.proving import Completion, Milestone, Note, Notice, Objection, Proof, Rules, Site, Task, Teller, Word
from services.matters.story import Story
from services.matters.striking_models import (
    MatterCompletion,
    MatterNotice,
    MatterObjection,
    MatterPerson,
    MatterReason,
    MatterRound,
    MatterWord,
)
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.settings import settings
from services.platform.unit_of_work import Work
from services.tickets.models import CallBack, Ticket
from services.tickets.verifying import WAYS
from services.visits.opinions_models import Opinion, OpinionConfirmation, OpinionWording
from services.visits.opinions_rules import KINDS, Confirmed, Said, confirmed, is_void, strength

AHEAD = timedelta(days=1)
"""What somebody recorded while one waited for the matter is later than one's own now; this is later than both."""


class Telling(NamedTuple):
    """Somebody who told the trouble openly: the complaint or the opinion, what it is part of, and the number of its household."""

    id: UUID
    kind: str
    source_id: UUID
    number: str | None
    household: int


class _Said(NamedTuple):
    """A word before it is known whose it is: `household` of an opinion, `telling` of a call-back."""

    id: UUID
    household: int
    telling: UUID | None
    solved: bool
    at: datetime
    kind: str
    strength: int


@dataclass
class Striking:
    """What belongs to the striking off of a matter in one round, oldest first."""

    round: int
    began_at: datetime
    completions: list[MatterCompletion] = field(default_factory=list)
    notices: list[MatterNotice] = field(default_factory=list)
    objections: list[MatterObjection] = field(default_factory=list)
    reasons: list[MatterReason] = field(default_factory=list)
    tellings: list[Telling] = field(default_factory=list)
    tellers: tuple[Teller, ...] = ()
    words: tuple[Word, ...] = ()

    def because(self, about: str) -> Mapping[UUID, str]:
        """Return the reasons that were given about tellers, words or the number of households."""
        return {row.subject_id: row.because for row in self.reasons if row.about == about}


async def striking_of(work: Work, matter: Matter, round: int, at: datetime | None = None) -> Striking:  # noqa: A002  the column's name
    """Return what there is of a round, as it was known at `at`; where it is not given, everything there is."""
    known = at or work.now + AHEAD
    again = select(MatterRound.recorded_at).where(MatterRound.matter_id == matter.id, MatterRound.round == round)
    found = Striking(round, await work.session.scalar(again) or matter.determined_at)
    lists: Sequence[tuple[list[Any], Any]] = (
        (found.completions, MatterCompletion), (found.notices, MatterNotice), (found.objections, MatterObjection),
        (found.reasons, MatterReason),
    )  # fmt: skip
    for into, row_class in lists:
        query = select(row_class).where(row_class.matter_id == matter.id, row_class.round == round, row_class.recorded_at <= known)
        into.extend(await work.session.scalars(query.order_by(row_class.recorded_at, row_class.id)))
    found.tellings = await _tellings(work, matter.id, known)
    said = [*await _in_the_handbook(work, matter.id, round, known), *await _called_back(work, found.tellings, known)]
    _bring_together(found, said)
    return found


async def _tellings(work: Work, matter_id: UUID, at: datetime) -> list[Telling]:
    query = (
        select(MatterPerson.subject_id, MatterSource.kind, MatterSource.source_id, Ticket.number, MatterPerson.household)
        .join(MatterSource, (MatterSource.source_id == MatterPerson.source_id) & (MatterSource.matter_id == MatterPerson.matter_id))
        .outerjoin(Ticket, Ticket.id == MatterSource.source_id)
        .where(MatterPerson.matter_id == matter_id, MatterPerson.told, MatterSource.joined_at <= at, MatterSource.left_at.is_(None))
        .order_by(MatterPerson.subject_id)
    )
    return [Telling(*row) for row in await work.session.execute(query)]


def proof_of(matter: Matter, story: Story, striking: Striking, day: date) -> Proof:
    """Return the facts of a round, for `missing`."""
    began = striking.began_at
    return Proof(
        rules=Rules(settings().strike_households, settings().strike_notice_days), day=str(day),
        segment=next(((row[0].from_m, row[0].to_m) for row in story.segments[matter.segment_id]), None) if matter.segment_id else None,
        completions=tuple(_completion(one) for one in striking.completions),
        tasks=tuple(
            Task(str(row.id), any(_accepted(story, one) for one in story.reports[row.id]), row.recorded_at >= began)
            for row in _ordered(story.tasks[matter.id])
        ),
        sites=tuple(_site(story, row, began) for row in _ordered(story.sites[matter.id])),
        supervisors=tuple(sorted({row.level for row in story.supervisors[matter.id] if story.goes_on(row)})),
        notes=tuple(
            Note(str(one.id), row.level, str(one.happened_on), instant_text(one.recorded_at))
            for row in story.supervisors[matter.id] for one in story.notes[row.id] if one.recorded_at >= began
        ),
        blockers=tuple(sorted(row.code for row in story.open_blockers(matter.id))),
        milestones=tuple(Milestone(str(row.id), bool(story.done[row.id])) for row in _ordered(story.milestones[matter.id])),
        tellers=striking.tellers, words=striking.words,
        few_households=next(iter(striking.because("households").values()), None),
        notices=tuple(Notice(str(one.id), instant_text(one.recorded_at), str(one.ends_on)) for one in striking.notices),
        objections=tuple(_objection(story, one) for one in striking.objections), **_balance(story, matter.id),
    )  # fmt: skip


def _completion(row: MatterCompletion) -> Completion:
    return Completion(str(row.id), instant_text(row.recorded_at), str(local_day(row.recorded_at)))


def _ordered(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: (row.recorded_at, row.id))


def _accepted(story: Story, report: Any) -> bool:
    return bool(report.accepted) and report.decided_at <= story.at


def _site(story: Story, row: Any, began: datetime) -> Site:
    pictures = {"before": 0, "after": 0}
    for shown in story.shown[row.id]:
        if shown.shown == "before" or shown.recorded_at >= began:
            pictures[shown.shown] += len(story.files[shown.id])
    looks = [one for one in story.inspections[row.id] if one.recorded_at >= began]
    newest = max(looks, key=lambda one: (one.happened_on, one.recorded_at), default=None)
    return Site(str(row.id), row.from_m, row.to_m, pictures["before"], pictures["after"], newest.passed if newest else None)


def _objection(story: Story, row: MatterObjection) -> Objection:
    decided = row.decided_at is not None and row.decided_at <= story.at
    at = instant_text(row.decided_at) if decided and row.decided_at else None
    return Objection(str(row.id), instant_text(row.recorded_at), row.upheld if decided else None, at)


def _balance(story: Story, matter_id: UUID) -> dict[str, Any]:
    lines = [Posting(line.account, line.unit, line.amount) for entry in story.entries[matter_id] for line in story.lines[entry.id]]
    money, labour = sums_of(lines, "fen"), sums_of(lines, "half_day")
    return {"money": (money.due, money.held), "labour": labour.due}


async def _in_the_handbook(work: Work, matter_id: UUID, round: int, at: datetime) -> list[_Said]:  # noqa: A002
    """Return the words that opinions of the handbook are, as far as they stand: "solved" only in words they confirmed."""
    query = (
        select(MatterWord.opinion_id, MatterWord.solved, Opinion.heard_at, MatterPerson.household, Activity.withdrawn_at)
        .join(Opinion, Opinion.id == MatterWord.opinion_id)
        .join(Activity, Activity.id == Opinion.id)
        .join(MatterPerson, (MatterPerson.subject_id == MatterWord.opinion_id) & (MatterPerson.matter_id == MatterWord.matter_id))
        .where(MatterWord.matter_id == matter_id, MatterWord.round == round, MatterWord.recorded_at <= at)
    )
    rows = [row for row in await work.session.execute(query) if row.withdrawn_at is None or row.withdrawn_at > at]
    ids = [row.opinion_id for row in rows]
    present, said = await _wordings(work, ids, at), await _confirmations(work, ids, at)
    found = []
    for row in rows:
        heard, hashed = said[row.opinion_id], present[row.opinion_id]
        if row.solved and confirmed(heard, hashed) is not Confirmed.BY_THEM:
            continue
        kind = max((one.kind for one in heard if not is_void(one, hashed)), key=lambda one: KINDS[one].strength, default="unconfirmed")
        found.append(_Said(row.opinion_id, row.household, None, row.solved, row.heard_at, kind, strength(heard, hashed)))
    return found


async def _wordings(work: Work, ids: Sequence[UUID], at: datetime) -> Mapping[UUID, bytes]:
    if not ids:
        return {}
    query = select(OpinionWording.opinion_id, OpinionWording.words_hash).ext(distinct_on(OpinionWording.opinion_id))
    query = query.where(one_of(OpinionWording.opinion_id, ids), OpinionWording.recorded_at <= at)
    ordered = query.order_by(OpinionWording.opinion_id, OpinionWording.sequence.desc())
    return {row.opinion_id: bytes(row.words_hash) for row in await work.session.execute(ordered)}


async def _confirmations(work: Work, ids: Sequence[UUID], at: datetime) -> Mapping[UUID, list[Said]]:
    found: defaultdict[UUID, list[Said]] = defaultdict(list)
    if ids:
        query = select(OpinionConfirmation.opinion_id, OpinionConfirmation.words_hash, OpinionConfirmation.kind)
        query = query.where(one_of(OpinionConfirmation.opinion_id, ids), OpinionConfirmation.recorded_at <= at)
        for row in await work.session.execute(query):
            found[row.opinion_id].append(Said(bytes(row.words_hash), row.kind))
    return found


async def _called_back(work: Work, tellings: Sequence[Telling], at: datetime) -> list[_Said]:
    """Return what complainants of the tickets said of the result. A word that names nobody is that of the only one who told the ticket."""
    tickets: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for telling in tellings:
        if telling.kind == "ticket":
            tickets[telling.source_id].append(telling.id)
    if not tickets:
        return []
    query = select(CallBack.id, CallBack.ticket_id, CallBack.complaint_id, CallBack.solved, CallBack.way, CallBack.called_at)
    query = query.where(one_of(CallBack.ticket_id, tickets), CallBack.reached, CallBack.solved.is_not(None), CallBack.called_at <= at)
    known = {one.id for one in tellings}
    found = []
    for row in await work.session.execute(query):
        alone = tickets[row.ticket_id][0] if len(tickets[row.ticket_id]) == 1 else None
        teller = row.complaint_id or alone
        if teller in known:
            found.append(_Said(row.id, 0, teller, row.solved, row.called_at, row.way, WAYS[row.way].strength))
        elif row.complaint_id is None and not row.solved:
            found.append(_Said(row.id, 0, None, False, row.called_at, row.way, WAYS[row.way].strength))
    return found


def _bring_together(striking: Striking, said: Sequence[_Said]) -> None:
    """Say whose each word is. Who is known by nothing and answered gets a negative number."""
    said = sorted(said, key=lambda one: (one.at, one.id))
    homes = {one.id: one.household for one in striking.tellings}
    answered_by = dict.fromkeys(one.telling or one.id for one in said if not (one.household or homes.get(one.telling or one.id)))
    of_nobody = {one: -nth for nth, one in enumerate(answered_by, 1)}

    def whose(one: _Said) -> int:
        by = one.telling or one.id
        return one.household or homes.get(by) or of_nobody[by]

    because, answers = striking.because("teller"), striking.because("word")
    striking.tellers = tuple(
        Teller(str(one.id), one.household or of_nobody.get(one.id, 0), because.get(one.id)) for one in striking.tellings
    )
    striking.words = tuple(
        Word(str(one.id), whose(one), one.solved, instant_text(one.at), one.kind, one.strength, answers.get(one.id)) for one in said
    )
