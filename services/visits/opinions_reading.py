"""Reading opinions: with every wording, confirmation and outcome, in a number of statements that does not grow with them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from services.activities.models import Activity
from services.attachments.models import Attachment, AttachmentLink
from services.identity.models import Account
from services.identity.permissions import require
from services.organization.models import Member, Unit
from services.platform.actor import Actor
from services.platform.bulk import one_of
from services.platform.errors import NotFound
from services.platform.papers import SealedPaper, read_paper
from services.platform.phones import masked_name
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket
from services.visits.opinions_access import known_to, opinion_of
from services.visits.opinions_confidence import in_confidence, knows_number, may_link, without_what_is_about_them
from services.visits.opinions_models import Opinion, OpinionAnswer, OpinionConfirmation, OpinionOutcome, OpinionWording
from services.visits.opinions_rules import (
    CONFIRMED_NAMES,
    ENDED_IN_NOTHING,
    KINDS,
    OUTCOME_NAMES,
    Ended,
    Said,
    confirmed,
    is_void,
    standing,
    strength,
    unconfirmed,
)
from services.visits.opinions_views import ConfirmationView, OpinionView, OutcomeView, WordingView

Place = tuple[datetime, UUID]
Papers = dict[UUID, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which opinions to list; everything given must hold."""

    under: str | None = None
    household_id: UUID | None = None
    visit_id: UUID | None = None
    ticket_id: UUID | None = None
    matter_id: UUID | None = None
    mine: bool = False


@dataclass(slots=True)
class Beside:
    """What lies beside some opinions, by opinion; and what sealed papers of theirs say."""

    wordings: dict[UUID, list[Any]] = field(default_factory=lambda: defaultdict(list))
    confirmations: dict[UUID, list[Any]] = field(default_factory=lambda: defaultdict(list))
    outcomes: dict[UUID, list[Any]] = field(default_factory=lambda: defaultdict(list))
    files: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    papers: Papers = field(default_factory=dict)


async def read_opinion(work: Work, opinion_id: UUID) -> OpinionView:
    """Return an opinion one may know of; raise NotFound ``opinion.unknown``."""
    require(work.actor, "opinion.read")
    row = (await work.session.execute(shown().where(Opinion.id == opinion_id, known_to(work)))).one_or_none()
    if row is None:
        raise NotFound("opinion.unknown", "There is no opinion with this id, or none that you may know of.")
    return (await views(work, [row]))[0]


async def list_opinions(work: Work, wanted: Wanted, after: Place | None, limit: int) -> list[OpinionView]:
    """Return up to `limit` opinions one may know of, the newest heard first, after the place `after`."""
    require(work.actor, "opinion.read")
    if wanted.ticket_id is not None and not await may_link(work, wanted.ticket_id):
        return []
    query = shown().where(known_to(work)).order_by(Opinion.heard_at.desc(), Opinion.id.desc()).limit(limit)
    if wanted.under is not None:
        query = query.where(Unit.path.startswith(wanted.under, autoescape=True))
    for column, value in ((Opinion.household_id, wanted.household_id), (Opinion.visit_id, wanted.visit_id)):
        if value is not None:
            query = query.where(column == value)
    for reference, value in ((OpinionOutcome.ticket_id, wanted.ticket_id), (OpinionOutcome.matter_id, wanted.matter_id)):
        if value is not None:
            query = query.where(Opinion.id.in_(select(OpinionOutcome.opinion_id).where(reference == value)))
    if wanted.mine:
        query = query.where(Opinion.member_id == work.actor.member_id)
    if after is not None:
        query = query.where(tuple_(Opinion.heard_at, Opinion.id) < tuple_(*after))
    return await views(work, (await work.session.execute(query)).all())


async def file_of(work: Work, opinion_id: UUID, attachment_id: UUID) -> Attachment:
    """Return a file of an opinion one may know of: a picture, a voice, a signature.

    Raises NotFound ``opinion.unknown``, ``attachment.unknown`` for a file of something else, ``attachment.erased``.
    """
    await opinion_of(work, opinion_id, "opinion.read")
    theirs = (AttachmentLink.subject_id == opinion_id, AttachmentLink.subject_kind == "opinion", Attachment.id == attachment_id)
    query = select(Attachment).join(AttachmentLink, AttachmentLink.attachment_id == Attachment.id).where(*theirs)
    found: Attachment | None = await work.session.scalar(query)
    if found is None:
        raise NotFound("attachment.unknown", "This opinion has no file with this id.")
    if not found.store_key:
        raise NotFound("attachment.erased", "This file was erased, with the personal data of whoever sent it.")
    return found


async def unconfirmed_at(work: Work, visit_id: UUID) -> tuple[UUID, ...]:
    """Return which opinions heard at a visit nobody stands by, in the order they were heard: what keeps it from being completed.

    Whoever completes the visit holds its row: an opinion heard meanwhile waits for it.
    """
    query = select(Opinion.id).join(Activity, Activity.id == Opinion.id)
    query = query.where(Opinion.visit_id == visit_id, Activity.withdrawn_at.is_(None)).order_by(Opinion.heard_at, Opinion.id)
    ids = list(await work.session.scalars(query))
    wordings, told = await _newest_hashes(work, ids), await _said(work, ids)
    return unconfirmed({one: (told[one], wordings[one]) for one in ids})


async def heard_at_visits(work: Work, visit_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return how many opinions were heard at each of these visits, those withdrawn aside; 0 is left out."""
    query = select(Opinion.visit_id, func.count()).join(Activity, Activity.id == Opinion.id)
    query = query.where(one_of(Opinion.visit_id, list(visit_ids)), Activity.withdrawn_at.is_(None)).group_by(Opinion.visit_id)
    return {row[0]: row[1] for row in await work.session.execute(query) if row[0] is not None}


async def _newest_hashes(work: Work, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    query = select(OpinionWording.opinion_id, OpinionWording.words_hash).where(one_of(OpinionWording.opinion_id, ids))
    query = query.ext(distinct_on(OpinionWording.opinion_id)).order_by(OpinionWording.opinion_id, OpinionWording.sequence.desc())
    return {row.opinion_id: row.words_hash for row in await work.session.execute(query)}


async def _said(work: Work, ids: Sequence[UUID]) -> dict[UUID, list[Said]]:
    found: dict[UUID, list[Said]] = {one: [] for one in ids}
    columns = (OpinionConfirmation.opinion_id, OpinionConfirmation.words_hash, OpinionConfirmation.kind)
    for row in await work.session.execute(select(*columns).where(one_of(OpinionConfirmation.opinion_id, ids))):
        found[row.opinion_id].append(Said(row.words_hash, row.kind))
    return found


def shown() -> Select[Any]:
    """Return the query of opinions with what is shown of themselves; conditions and order are the caller's."""
    return (
        select(Opinion.__table__, Activity.withdrawn_at, Unit.code, Unit.name.label("unit_name"), Member.name.label("member"))
        .join(Activity, Activity.id == Opinion.id)
        .join(Unit, Unit.id == Opinion.unit_id)
        .join(Member, Member.id == Opinion.member_id)
    )


async def views(work: Work, rows: Sequence[Any]) -> list[OpinionView]:
    """Return what is shown of rows of :func:`shown`, in their order."""
    beside = await _beside(work, rows)
    return [_view(row, beside, work.actor) for row in rows]


async def _beside(work: Work, rows: Sequence[Any]) -> Beside:
    ids, found = [row.id for row in rows], Beside()
    if not ids:
        return found
    queries = (
        (_wordings(ids), found.wordings),
        (_confirmations(ids), found.confirmations),
    )
    for query, kept in queries:
        for row in await work.session.execute(query):
            kept[row.opinion_id].append(row)
    for row in await without_what_is_about_them(work, await work.session.execute(_outcomes(ids))):
        found.outcomes[row.opinion_id].append(row)
    files = select(AttachmentLink.subject_id, AttachmentLink.attachment_id).where(one_of(AttachmentLink.subject_id, ids))
    files = files.where(AttachmentLink.role != "signature").order_by(AttachmentLink.linked_at, AttachmentLink.attachment_id)
    for row in await work.session.execute(files):
        found.files[row.subject_id].append(row.attachment_id)
    wanted = {row.contact_paper_id for row in rows}
    wanted |= {row.paper_id for kept in (found.wordings, found.confirmations, found.outcomes) for many in kept.values() for row in many}
    found.papers = await papers_of(work, wanted - {None})
    return found


async def papers_of(work: Work, ids: Iterable[UUID]) -> Papers:
    """Return what papers say, by id; one that was erased is left out."""
    query = select(SealedPaper.id, SealedPaper.row_key, SealedPaper.sealed).where(one_of(SealedPaper.id, list(ids)))
    read = {row.id: read_paper(row.id, row.row_key, row.sealed) for row in await work.session.execute(query)}
    return {paper_id: clear for paper_id, clear in read.items() if clear is not None}


def _wordings(ids: Sequence[UUID]) -> Select[Any]:
    return (
        select(OpinionWording.__table__, Member.name.label("author"))
        .join(Account, Account.id == OpinionWording.author_account_id)
        .outerjoin(Member, Member.id == Account.member_id)
        .where(one_of(OpinionWording.opinion_id, ids))
        .order_by(OpinionWording.opinion_id, OpinionWording.sequence)
    )


def _confirmations(ids: Sequence[UUID]) -> Select[Any]:
    taker, witness, seen = aliased(Account), aliased(Account), aliased(Member)
    return (
        select(OpinionConfirmation.__table__, Member.name.label("by"), seen.name.label("witness"))
        .outerjoin(taker, taker.id == OpinionConfirmation.by_account_id)
        .outerjoin(Member, Member.id == taker.member_id)
        .outerjoin(witness, witness.id == OpinionConfirmation.witness_account_id)
        .outerjoin(seen, seen.id == witness.member_id)
        .where(one_of(OpinionConfirmation.opinion_id, ids))
        .order_by(OpinionConfirmation.happened_at, OpinionConfirmation.id)
    )


def _outcomes(ids: Sequence[UUID]) -> Select[Any]:
    into = aliased(Ticket)
    status = func.coalesce(into.status, Ticket.status)
    return (
        select(
            OpinionOutcome.__table__,
            Member.name.label("by"),
            Ticket.number,
            status.label("ticket_status"),
            OpinionAnswer.state.label("message"),
            Ticket.desk_unit_id,
            func.coalesce(in_confidence(), False).label("in_confidence"),
        )
        .outerjoin(OpinionAnswer, OpinionAnswer.outcome_id == OpinionOutcome.id)
        .join(Account, Account.id == OpinionOutcome.by_account_id)
        .outerjoin(Member, Member.id == Account.member_id)
        .outerjoin(Ticket, Ticket.id == OpinionOutcome.ticket_id)
        .outerjoin(into, into.id == Ticket.merged_into_id)
        .where(one_of(OpinionOutcome.opinion_id, ids))
        .order_by(OpinionOutcome.recorded_at, OpinionOutcome.id)
    )


def _view(row: Any, beside: Beside, actor: Actor) -> OpinionView:
    wordings = beside.wordings[row.id]
    present = wordings[-1]
    told = [Said(one.words_hash, one.kind) for one in beside.confirmations[row.id]]
    became = [Ended(one.kind, one.recorded_at, one.ticket_status) for one in beside.outcomes[row.id]]
    state, ended = confirmed(told, present.words_hash), standing(became)
    teller = beside.papers.get(row.contact_paper_id, {}).get("name")
    same = ("id", "household_id", "visit_id", "member_id", "member", "wants_answer", "heard_at", "recorded_at", "withdrawn_at", "unit_name")
    return OpinionView.model_validate({
        **{name: getattr(row, name) for name in same},
        "unit": row.code,
        "category": row.category_code,
        "told_by": masked_name(teller) if teller else None,
        "words": _words(present, beside.papers),
        "words_hash": present.words_hash.hex(),
        "confirmed": str(state),
        "confirmed_name": CONFIRMED_NAMES[state],
        "strength": strength(told, present.words_hash),
        "ended_in": ended,
        "ended_in_name": OUTCOME_NAMES[ended],
        "wordings": tuple(_wording(one, beside.papers) for one in wordings),
        "confirmations": tuple(_confirmation(one, present.words_hash, beside.papers) for one in beside.confirmations[row.id]),
        "outcomes": tuple(_outcome(one, beside.papers, actor) for one in beside.outcomes[row.id]),
        "attachment_ids": tuple(beside.files[row.id]),
    })  # fmt: skip


def _words(row: Any, papers: Papers) -> str | None:
    return papers.get(row.paper_id, {}).get("words") if row.paper_id else None


def _wording(row: Any, papers: Papers) -> WordingView:
    same = ("sequence", "because", "author", "happened_at", "recorded_at")
    shown_of_it = {name: getattr(row, name) for name in same}
    return WordingView(**shown_of_it, words=_words(row, papers), words_hash=row.words_hash.hex())


def _confirmation(row: Any, present: bytes, papers: Papers) -> ConfirmationView:
    same = ("id", "kind", "sequence", "happened_at", "recorded_at", "by", "attachment_id", "call_id")
    stranger = papers.get(row.paper_id, {}).get("name") if row.paper_id else None
    return ConfirmationView(
        **{name: getattr(row, name) for name in same},
        kind_name=KINDS[row.kind].name,
        strength=KINDS[row.kind].strength,
        void=is_void(Said(row.words_hash, row.kind), present),
        witness=row.witness or (masked_name(stranger) if stranger else None),
    )


def _outcome(row: Any, papers: Papers, actor: Actor) -> OutcomeView:
    same, told = ("id", "kind", "because", "matter_id", "happened_at", "recorded_at", "by", "message"), knows_number(actor, row)
    return OutcomeView(
        **{name: getattr(row, name) for name in same},
        kind_name=OUTCOME_NAMES[row.kind],
        words=_words(row, papers),
        ticket=row.number if told else None,
        ticket_status=row.ticket_status if told else None,
        holds=row.ticket_status not in ENDED_IN_NOTHING,
    )
