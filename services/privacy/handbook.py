"""What the handbook keeps of a person: which opinions are theirs, how they are copied, corrected and erased.

An opinion is whose telephone it was told under: that of whoever said it, else the register's of the household; and whose complaint was made
of it. What is erased goes at once with everything that hangs on it: words, who said it, codes, witnesses, signatures, voices, recordings.
The words were signed as they are, by their hash. So they are never rewritten: words that name somebody go wholly, or stay.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, exists, not_, or_, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from services.activities.models import Activity
from services.attachments.models import AttachmentLink
from services.calls.models import Call
from services.complaints.models import Complaint
from services.households.models import Household
from services.identity.permissions import require
from services.journal.noting import note
from services.platform.actor import SYSTEM
from services.platform.bulk import insert_many, one_of
from services.platform.ids import new_id
from services.platform.key_turns import destroyed
from services.platform.papers import SealedPaper, erase_papers, read_paper, seal_paper
from services.platform.unit_of_work import Work, unit_of_work
from services.privacy.loose import forget_linked, forget_recordings
from services.privacy.masking import without
from services.privacy.models import PersonRequest
from services.privacy.owners import call_bound
from services.privacy.planning import EVERYTHING, held, keep_passages, plan
from services.privacy.tracing import person_of
from services.privacy.views import OpinionOfMine
from services.tickets.models import Ticket
from services.visits.opinions import SUBJECT
from services.visits.opinions_access import opinion_of
from services.visits.opinions_models import (
    Opinion,
    OpinionAnswer,
    OpinionCode,
    OpinionConfirmation,
    OpinionErasure,
    OpinionOutcome,
    OpinionWording,
)
from services.visits.opinions_reading import shown, views

_CONTACT = "opinion_contact"
_LONG = 1200
"""Months: a call that a ticket knows is erased with that ticket."""
_CORRECT = text("SELECT correct_opinion_contact(CAST(:request AS uuid), CAST(:opinion AS uuid), CAST(:paper AS uuid))")


_MADE_OF_IT = and_(Complaint.channel == "visit", Complaint.channel_message_id == cast(OpinionOutcome.id, Text))
"""A complaint that was made of an opinion, by the outcome that names it."""


async def opinions_of(work: Work, complaint_id: UUID) -> list[UUID]:
    """Return the opinions of whoever left a complaint, the oldest first: one it was made of, and those under their telephone."""
    person = await person_of(work.session, complaint_id)
    of_it = select(OpinionOutcome.opinion_id).join(Complaint, _MADE_OF_IT).where(Complaint.id == complaint_id)
    theirs = Opinion.id.in_(of_it) if person.phone_index is None else or_(Opinion.id.in_(of_it), told_under(person.phone_index))
    return list(await work.session.scalars(select(Opinion.id).where(theirs).order_by(Opinion.heard_at, Opinion.id)))


def told_under(phone: bytes) -> ColumnElement[bool]:
    """Return the condition, over opinions, that one was told under a telephone number, given its index."""
    papers = select(SealedPaper.id).where(SealedPaper.phone_index == phone)
    of_register = and_(
        Opinion.contact_paper_id.is_(None), Opinion.household_id.in_(select(Household.id).where(Household.paper_id.in_(papers)))
    )
    return or_(Opinion.contact_paper_id.in_(papers), of_register)


async def copy_of(work: Work, complaint_id: UUID) -> tuple[OpinionOfMine, ...]:
    """Return what the handbook keeps of whoever left a complaint, in clear, for themselves."""
    ids = await opinions_of(work, complaint_id)
    rows = (await work.session.execute(shown().where(one_of(Opinion.id, ids)).order_by(Opinion.heard_at, Opinion.id))).all()
    return tuple(
        OpinionOfMine(
            heard_at=one.heard_at,
            heard_by=one.member,
            words=one.wordings[0].words,
            later_words=tuple(later.words for later in one.wordings[1:] if later.words),
            confirmed_by=tuple(said.kind_name for said in one.confirmations),
            became=tuple(f"{ended.kind_name}：{ended.words or ended.ticket or '—'}" for ended in one.outcomes),
            files=len(one.attachment_ids) + sum(said.attachment_id is not None for said in one.confirmations),
        )
        for one in await views(work, rows)
    )


async def correct_opinions(work: Work, request: PersonRequest, wanted: dict[str, Any]) -> int:
    """Put what a person says of themselves in the place of who said their opinions; return in how many. Before the complaint's contact.

    Where the register says who it is, the register is put right, in the village. Nothing but name and telephone is kept there.
    """
    said = {name: wanted[name] for name in ("name", "phone") if wanted.get(name)}
    if not said:
        return 0
    columns = (Opinion.id, SealedPaper.id.label("paper_id"), SealedPaper.row_key, SealedPaper.sealed)
    ids = await opinions_of(work, request.complaint_id)
    query = select(*columns).join(SealedPaper, SealedPaper.id == Opinion.contact_paper_id).where(one_of(Opinion.id, ids))
    done = 0
    for row in (await work.session.execute(query.order_by(Opinion.id))).all():
        kept = read_paper(row.paper_id, row.row_key, row.sealed)
        if kept is None:
            continue
        clear = kept | said
        paper = seal_paper(_CONTACT, clear, work.now, phone=clear.get("phone"))
        await insert_many(work.session, SealedPaper, [paper])
        keys = {"request": request.id, "opinion": row.id, "paper": paper["id"]}
        await destroyed(work.session, [await work.session.scalar(_CORRECT, keys)])
        await note(work, SUBJECT, row.id, "opinion.contact_corrected", {"fields": sorted(said)})
        done += 1
    return done


async def plan_opinions(
    work: Work, opinion_ids: Iterable[UUID], because: str, *, whole: bool, passages: Sequence[str] = (), request_id: UUID | None = None
) -> None:
    """Have these opinions erased; what is owed already is not owed twice. `passages` are looked for in the words, where not `whole`."""
    for opinion_id in opinion_ids:
        row = {
            "id": new_id(), "opinion_id": opinion_id, "because": because, "whole": whole,
            "paper_id": None if whole else await keep_passages(work, passages),
            "request_id": request_id, "asked_at": work.now, "by_account_id": work.actor.account_id, "erased_at": None,
        }  # fmt: skip
        await work.session.execute(upsert(OpinionErasure).values(row).on_conflict_do_nothing())


async def erase_opinion(work: Work, opinion_id: UUID, because: str, *, whole: bool) -> None:
    """Have one opinion erased, at the desk, with the complaints that were made of it. The same again changes nothing.

    Raises 403 ``permission.denied``, 404 ``opinion.unknown``, 409 ``privacy.held``.
    """
    require(work.actor, "privacy.decide")
    await opinion_of(work, opinion_id, "opinion.read", locked=True)
    made = select(Complaint.id).join(OpinionOutcome, _MADE_OF_IT).where(OpinionOutcome.opinion_id == opinion_id)
    await plan(work, list(await work.session.scalars(made.order_by(Complaint.id))), EVERYTHING, because, whole=whole)
    await plan_opinions(work, [opinion_id], because, whole=whole)


async def erase_next_opinion() -> bool:
    """Carry out the erasure of an opinion that is owed longest; return whether there was one. What a legal hold keeps waits."""
    async with unit_of_work(SYSTEM) as work:
        of_ticket = select(OpinionOutcome.id).join(Ticket, Ticket.id == OpinionOutcome.ticket_id)
        keeps = exists(of_ticket.where(OpinionOutcome.opinion_id == OpinionErasure.opinion_id, held(work.now)))
        owed = select(OpinionErasure).where(OpinionErasure.erased_at.is_(None), not_(keeps))
        found = await work.session.scalar(
            owed.order_by(OpinionErasure.asked_at, OpinionErasure.id).limit(1).with_for_update(skip_locked=True)
        )
        if found is None:
            return False
        await _erase(work, found)
        return True


async def _erase(work: Work, erasure: OpinionErasure) -> None:
    opinion = (await work.session.execute(select(Opinion.__table__).where(Opinion.id == erasure.opinion_id))).one()
    words = await _words_of(work, opinion.id)
    gone = words if erasure.whole else await _naming(work, words, await _passages(work, erasure, opinion))
    papers = [*gone, *await _who_of(work, opinion), *([erasure.paper_id] if erasure.paper_id else [])]
    await forget_linked(work, AttachmentLink.subject_id == opinion.id)
    await _forget_calls_of(work, opinion.id)
    await erase_papers(work.session, one_of(SealedPaper.id, papers))
    erasure.erased_at = work.now
    await work.session.flush()
    said = {"erasure_id": str(erasure.id), "because": erasure.because, "whole": erasure.whole}
    await note(work, SUBJECT, opinion.id, "opinion.erased", said)


async def _words_of(work: Work, opinion_id: UUID) -> list[UUID]:
    """Return the papers of everything that was written of an opinion: its words, what was laid over them, what became of it."""
    corrected = select(Activity.id).where(Activity.id == opinion_id).cte("corrected", recursive=True)
    corrected = corrected.union_all(select(Activity.id).join(corrected, Activity.corrects_id == corrected.c.id))
    queries = (
        select(Activity.paper_id).where(Activity.id.in_(select(corrected.c.id))),
        select(OpinionWording.paper_id).where(OpinionWording.opinion_id == opinion_id),
        select(OpinionOutcome.paper_id).where(OpinionOutcome.opinion_id == opinion_id),
    )
    return list({one for query in queries for one in await work.session.scalars(query) if one is not None})


async def _who_of(work: Work, opinion: Any) -> list[UUID]:
    """Return the papers that say who somebody is: who said it, where codes and answers went, who was there, whose WeChat it was."""
    queries: tuple[Any, ...] = (
        select(OpinionCode.paper_id).where(OpinionCode.opinion_id == opinion.id),
        select(OpinionConfirmation.paper_id).where(OpinionConfirmation.opinion_id == opinion.id),
        select(OpinionAnswer.paper_id)
        .join(OpinionOutcome, OpinionOutcome.id == OpinionAnswer.outcome_id)
        .where(OpinionOutcome.opinion_id == opinion.id),
    )
    found = {one for query in queries for one in await work.session.scalars(query)} | {opinion.contact_paper_id}
    return [one for one in found if one is not None]


async def _passages(work: Work, erasure: OpinionErasure, opinion: Any) -> list[str]:
    """Return what names the person: what somebody said does, who is written down, and whom the register names."""
    register = select(Household.paper_id).where(Household.id == opinion.household_id)
    wanted = [erasure.paper_id, opinion.contact_paper_id, await work.session.scalar(register)]
    query = select(SealedPaper).where(one_of(SealedPaper.id, [one for one in wanted if one]))
    found: list[str] = []
    for paper in await work.session.scalars(query):
        clear = read_paper(paper.id, paper.row_key, paper.sealed) or {}
        found += [clear[name] for name in ("name", "head", "phone") if clear.get(name)] + list(clear.get("passages", ()))
    return found


async def _naming(work: Work, papers: Sequence[UUID], passages: Sequence[str]) -> list[UUID]:
    """Return which of these papers tell of a person: by a passage, or by a number of theirs."""
    found = []
    for paper in await work.session.scalars(select(SealedPaper).where(one_of(SealedPaper.id, papers))):
        said = (read_paper(paper.id, paper.row_key, paper.sealed) or {}).get("words")
        if said and without(said, passages) != said:
            found.append(paper.id)
    return found


async def _forget_calls_of(work: Work, opinion_id: UUID) -> None:
    """Forget the calls an opinion was confirmed in, with their recordings; those that belong to a matter go with that."""
    calls = select(OpinionConfirmation.call_id).where(OpinionConfirmation.opinion_id == opinion_id)
    query = select(Call.id, Call.paper_id, Call.recording_paper_id).where(Call.id.in_(calls), not_(call_bound(work, _LONG)))
    rows = (await work.session.execute(query)).all()
    await forget_recordings(work, [row.id for row in rows])
    papers = [one for row in rows for one in (row.paper_id, row.recording_paper_id) if one is not None]
    await erase_papers(work.session, one_of(SealedPaper.id, papers))
