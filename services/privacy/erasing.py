"""Erasing one kind of personal data of one complaint: its keys, what lay under them, and whatever was made from it.

Rows in one transaction, with the event that says what kind and why; files after its commit, since the store knows no transactions.
Any number of workers may do this at once and again: an erasure is claimed with SKIP LOCKED, and every step may be repeated.
Who it was is needed to take their name out of words and to find their calls, so the contact goes last.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, String, and_, bindparam, delete, exists, not_, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.attachments.models import Attachment, AttachmentLink
from services.attachments.store import Store
from services.calls.models import Call
from services.channels.wechat.models import Conversation, WechatMedium, WechatMessage
from services.complaints.device_marks import forget_marks
from services.complaints.models import Complainant, Complaint, Rewording, Supplement
from services.complaints.phone_tasks import PhoneTask
from services.journal.noting import note
from services.notifications.models import Message
from services.platform.actor import SYSTEM
from services.platform.bulk import one_of
from services.platform.errors import Conflict
from services.platform.key_turns import destroyed
from services.platform.papers import SealedPaper, erase_papers, read_paper
from services.platform.sealed_words import ERASED, SealedTelling, SealedWords, seal_telling
from services.platform.unit_of_work import Work, unit_of_work
from services.privacy.loose import forget_files
from services.privacy.masking import NOTHING_LEFT, without
from services.privacy.models import ErasedFile, Erasure
from services.privacy.planning import held, require_not_held
from services.privacy.tracing import calls_of, files_of, messages_of, papers_of, passages_of, person_of, petitioners_of
from services.tickets.forgetting import forget_point
from services.tickets.models import CallBack, Ticket

_GONE = {"row_key": None, "sealed": None, "phone_index": None, "openid_index": None}
_NO_WORDS = {"row_key": None, "sealed_words": ERASED, "clear_words": None}


async def erase_next(store: Store) -> bool:
    """Carry out the erasure that is owed longest; return whether there was one. What is held waits."""
    async with unit_of_work(SYSTEM) as work:
        found = await _claim(work)
        if found is None:
            return False
        if found.erased_at is None:
            try:
                await require_not_held(work, [found.complaint_id])
            except Conflict:  # a hold came in between; the next claim leaves this one out
                return True
            await _erase_rows(work, found)
        erasure_id = found.id
    await _drop_files(store, erasure_id)
    return True


async def _claim(work: Work) -> Erasure | None:
    """Lock an erasure that can go on: not held, and for the contact nothing else of the complaint left to do."""
    other = Erasure.__table__.alias("other")
    before = exists(
        select(other.c.id).where(other.c.complaint_id == Erasure.complaint_id, other.c.kind != "contact", other.c.erased_at.is_(None))
    )
    ready = or_(Erasure.erased_at.is_not(None), and_(not_(held(work.now)), or_(Erasure.kind != "contact", not_(before))))
    query = (
        select(Erasure)
        .join(Complaint, Complaint.id == Erasure.complaint_id)
        .join(Ticket, Ticket.id == Complaint.ticket_id)
        .where(Erasure.done_at.is_(None), ready, Erasure.planned_at <= work.now)
        .order_by(Erasure.erased_at.is_not(None), Erasure.planned_at, Erasure.id)
        .limit(1)
        .with_for_update(of=Erasure.__table__, skip_locked=True)
    )
    return await work.session.scalar(query)


async def _erase_rows(work: Work, erasure: Erasure) -> None:
    await _ERASE[erasure.kind](work, erasure)
    if erasure.paper_id is not None:
        await erase_papers(work.session, SealedPaper.id == erasure.paper_id)
    erasure.erased_at = work.now
    await work.session.flush()
    said = {
        "erasure_id": str(erasure.id),
        "kind": erasure.kind,
        "because": erasure.because,
        "whole": erasure.whole,
        "planned_by_account_id": str(erasure.planned_by_account_id) if erasure.planned_by_account_id else None,
    }
    await note(work, "complaint", erasure.complaint_id, "complaint.erased", said)


async def _contact(work: Work, erasure: Erasure) -> None:
    """The person: their contact, whoever stands beside them, and what is about to be told them or was."""
    person = await person_of(work.session, erasure.complaint_id, lock=True)
    await destroyed(work.session, [person.row_key])
    await work.session.execute(update(Complainant).where(Complainant.complaint_id == erasure.complaint_id).values(_GONE))
    await forget_marks(work, [erasure.complaint_id])
    theirs = Message.complaint_id == erasure.complaint_id
    waiting = {"state": "given_up", "last_error": "erased"}
    await work.session.execute(update(Message).where(theirs, Message.state == "queued").values(waiting))
    await destroyed(work.session, await work.session.scalars(select(Message.row_key).where(theirs).with_for_update()))
    await work.session.execute(update(Message).where(theirs).values(**_NO_WORDS, provider_reference=None))
    tasks = PhoneTask.complaint_id == erasure.complaint_id
    await work.session.execute(update(PhoneTask).where(tasks, PhoneTask.state == "open").values(state="void", done_at=work.now))
    await destroyed(work.session, await work.session.scalars(select(PhoneTask.row_key).where(tasks).with_for_update()))
    await work.session.execute(update(PhoneTask).where(tasks).values(_NO_WORDS))
    await erase_papers(work.session, SealedPaper.id.in_(petitioners_of(erasure.complaint_id)))


async def _papers(work: Work, erasure: Erasure) -> None:
    """What came in as it came: pushes, calls, drafts, witnesses, what was asked."""
    calls = await calls_of(work.session, erasure.complaint_id, await person_of(work.session, erasure.complaint_id))
    await erase_papers(work.session, papers_of(erasure.complaint_id, calls))


async def _conversations(work: Work, erasure: Erasure) -> None:
    """The talk on WeChat: each message, what it was answered, and how far it was."""
    messages = WechatMessage.complaint_id == erasure.complaint_id
    ids = select(WechatMessage.id).where(messages)
    await erase_papers(work.session, SealedPaper.id.in_(messages_of(erasure.complaint_id)))
    await work.session.execute(update(WechatMessage).where(messages, WechatMessage.reply == "owed").values(reply="given_up"))
    await work.session.execute(update(WechatMessage).where(messages).values(answer=None, waits=False))
    wanted = update(WechatMedium).where(WechatMedium.message_id.in_(ids))
    await work.session.execute(wanted.where(WechatMedium.state == "wanted").values(state="given_up", last_error="erased"))
    await work.session.execute(wanted.values(media_id=None, sha256=None))
    await work.session.execute(delete(Conversation).where(Conversation.complaint_id == erasure.complaint_id))


async def _files(work: Work, erasure: Erasure) -> None:
    """Pictures and papers the person sent, where they belong to nothing else: with what they say of a place, and their copies."""
    files = await files_of(work.session, erasure.complaint_id)
    await work.session.execute(delete(AttachmentLink).where(AttachmentLink.subject_id == erasure.complaint_id))
    await _forget_files(work, erasure.id, files)


async def _recordings(work: Work, erasure: Erasure) -> None:
    """What was recorded of the calls the matter was told in."""
    calls = await calls_of(work.session, erasure.complaint_id, await person_of(work.session, erasure.complaint_id))
    awaited = update(Call).where(one_of(Call.id, [call.id for call in calls]), Call.recording_state == "awaited")
    await work.session.execute(awaited.values(recording_state="given_up", recording_error="recording.erased"))
    ids = [call.recording_attachment_id for call in calls if call.recording_attachment_id is not None]
    query = select(Attachment).where(one_of(Attachment.id, ids)).order_by(Attachment.id).with_for_update()
    await _forget_files(work, erasure.id, list(await work.session.scalars(query)))


async def _forget_files(work: Work, erasure_id: UUID, files: Sequence[Attachment]) -> None:
    """Leave of each file that there was one. Its bytes are dropped after the commit, unless another file has the very same."""
    keys = await forget_files(work, files)
    if keys:
        rows = [{"erasure_id": erasure_id, "store_key": key} for key in sorted(keys)]
        await work.session.execute(upsert(ErasedFile).values(rows).on_conflict_do_nothing())


async def _words(work: Work, erasure: Erasure) -> None:
    """What was said: without what tells of the person, or nothing of it. Through the one function of the database that may."""
    paper = await work.session.get(SealedPaper, erasure.paper_id) if erasure.paper_id else None
    named = (read_paper(paper.id, paper.row_key, paper.sealed) or {}).get("passages", []) if paper else []
    person = await person_of(work.session, erasure.complaint_id)
    passages = [*named, *(await passages_of(work.session, erasure.complaint_id, person))]
    for place, row_class, key in _PLACES:
        query = select(row_class).where(key == erasure.complaint_id).order_by(row_class.id)
        rows = await work.session.scalars(query.with_for_update().execution_options(populate_existing=True))
        for row in rows.all():  # locked: their keys are not turned meanwhile, nor the words sealed that lie in clear
            left = seal_telling(row.id, *_left(row.said, passages, whole=erasure.whole))
            if await work.session.scalar(_REDACT, {"erasure": erasure.id, "place": place, "row_id": row.id, **left}):
                await destroyed(work.session, [row.row_key])
    if erasure.whole:
        tickets = await work.session.scalars(select(Complaint.ticket_id).where(Complaint.id == erasure.complaint_id))
        await forget_point(work.session, tickets)


def _left(said: SealedWords, passages: Sequence[str], *, whole: bool) -> tuple[str | None, str | None]:
    """What is left of words, and of what they say of the place."""
    words, place = said.told, said.place if isinstance(said, SealedTelling) else None
    if whole:
        return words and NOTHING_LEFT, None
    return words and without(words, passages), place and without(place, passages)


_PLACES: tuple[tuple[str, Any, Any], ...] = (
    ("call_backs", CallBack, CallBack.complaint_id),
    ("complaints", Complaint, Complaint.id),
    ("rewordings", Rewording, Rewording.complaint_id),
    ("supplements", Supplement, Supplement.complaint_id),
)
"""Where words are; locked in this order, that of the tables' names, as turning does (`turning.py`)."""
_REDACT = text("SELECT redact_words(:erasure, :place, :row_id, :row_key, :sealed_words, :sealed_place)").bindparams(
    bindparam("place", type_=String()),
    *[bindparam(name, type_=LargeBinary()) for name in ("row_key", "sealed_words", "sealed_place")],
)
_ERASE: Mapping[str, Callable[[Work, Erasure], Awaitable[None]]] = {
    "contact": _contact,
    "papers": _papers,
    "conversations": _conversations,
    "files": _files,
    "recordings": _recordings,
    "words": _words,
}


async def _drop_files(store: Store, erasure_id: UUID) -> None:
    """Drop the files of an erasure, and end it when the last one is gone; else it is claimed again.

    A file somebody uploaded anew meanwhile, byte for byte, is theirs and stays.
    """
    async with unit_of_work(SYSTEM) as work:
        wanted = select(ErasedFile.store_key).where(ErasedFile.erasure_id == erasure_id)
        anew = exists(select(Attachment.id).where(Attachment.store_key == ErasedFile.store_key))
        keys = list(await work.session.scalars(wanted.where(not_(anew))))
    await store.drop(keys)
    left = [key for key in keys if await store.lies(key)]
    async with unit_of_work(SYSTEM) as work:
        gone = delete(ErasedFile).where(ErasedFile.erasure_id == erasure_id, ErasedFile.store_key.not_in(left))
        await work.session.execute(gone)
        if not left:
            over = update(Erasure).where(Erasure.id == erasure_id, Erasure.done_at.is_(None), Erasure.erased_at.is_not(None))
            await work.session.execute(over.values(done_at=work.now))
