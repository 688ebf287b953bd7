"""Drafts: what an operator has typed is kept at every step, so that a dropped call, a crash or a change of shift loses no word."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from services.hotline.commands import DiscardDraft, SaveDraft
from services.hotline.models import CallDraft
from services.hotline.views import DraftLine, DraftView
from services.identity.models import Account
from services.organization.models import Member
from services.platform.errors import Conflict, NotFound, PreconditionFailed
from services.platform.papers import SealedPaper, erase_papers, read_paper, seal_paper
from services.platform.phones import normalised_phone
from services.platform.unit_of_work import Work

LISTED_AT_MOST = 200
ENDED_KEPT = timedelta(days=7)
"""How long the content of a draft stays that was filed (its words are in the ticket then) or put aside."""
_OLDER_KEPT = timedelta(hours=1)
_KIND = "call_draft"


async def save_draft(work: Work, draft_id: UUID, command: SaveDraft, version: int | None) -> DraftView:
    """Keep `command` as the newest content of a draft; the first save makes it.

    Operators share their drafts: whoever takes a call over goes on with it. Raises PreconditionFailed ``draft.version_conflict`` where
    somebody saved meanwhile, Conflict ``draft.ended`` where it was filed or put aside.
    """
    paper = seal_paper(_KIND, command.content, work.now, phone=_phone_in(command.content))
    await work.session.execute(insert(SealedPaper), [paper])
    row: dict[str, Any] = {
        "id": draft_id,
        "source": command.source,
        "call_id": command.call_id,
        "author_account_id": work.actor.account_id,
        "paper_id": paper["id"],
        "version": 1,
        "begun_at": work.now,
        "saved_at": work.now,
    }
    await work.session.execute(upsert(CallDraft).values(row).on_conflict_do_nothing())
    draft = await _locked(work, draft_id)
    if draft.paper_id != paper["id"]:
        if version is not None and draft.version != version:
            raise PreconditionFailed("draft.version_conflict", "Somebody saved this draft meanwhile; read it again.")
        draft.paper_id, draft.saved_at, draft.version = paper["id"], work.now, draft.version + 1
        draft.call_id, draft.source = command.call_id or draft.call_id, command.source or draft.source
    return _view(draft, command.content)


async def read_draft(work: Work, draft_id: UUID) -> DraftView:
    """Return a draft with its content; raise NotFound ``draft.unknown``."""
    query = select(CallDraft, SealedPaper).join(SealedPaper, SealedPaper.id == CallDraft.paper_id).where(CallDraft.id == draft_id)
    found = (await work.session.execute(query)).one_or_none()
    if found is None:
        raise _unknown()
    draft, paper = found
    return _view(draft, read_paper(paper.id, paper.row_key, paper.sealed))


async def open_drafts(work: Work) -> list[DraftLine]:
    """Return the drafts that were neither filed nor put aside, the longest untouched first."""
    query = (
        select(CallDraft, Member.name)
        .join(Account, Account.id == CallDraft.author_account_id)
        .join(Member, Member.id == Account.member_id)
        .where(CallDraft.filed_at.is_(None), CallDraft.discarded_at.is_(None))
        .order_by(CallDraft.saved_at)
        .limit(LISTED_AT_MOST)
    )
    return [_line(draft, name) for draft, name in await work.session.execute(query)]


async def discard_draft(work: Work, draft_id: UUID, command: DiscardDraft) -> DraftView:
    """Put a draft aside, once; its content stays a week. Raises what `save_draft` raises for a draft that has ended."""
    draft = await _locked(work, draft_id)
    draft.discarded_at, draft.discarded_because, draft.version = work.now, command.because, draft.version + 1
    return _view(draft, None)


async def mark_filed(work: Work, draft_id: UUID, number: str) -> None:
    """Note that a draft became the ticket `number`. A draft nobody saved is no mistake: there was nothing to lose."""
    draft = await work.session.scalar(select(CallDraft).where(CallDraft.id == draft_id).with_for_update())
    if draft is not None and draft.filed_at is None:
        draft.filed_at, draft.ticket_number, draft.version = work.now, number, draft.version + 1


async def erase_old_drafts(work: Work) -> int:
    """Erase contents that nobody needs: superseded ones after an hour, those of drafts that ended after a week. Returns how many."""
    current = exists(select(CallDraft.id).where(CallDraft.paper_id == SealedPaper.id))
    ended = select(CallDraft.paper_id).where(
        (CallDraft.filed_at < work.now - ENDED_KEPT) | (CallDraft.discarded_at < work.now - ENDED_KEPT)
    )
    superseded = ~current & (SealedPaper.recorded_at < work.now - _OLDER_KEPT)
    return await erase_papers(work.session, (SealedPaper.kind == _KIND) & (superseded | SealedPaper.id.in_(ended)))


async def _locked(work: Work, draft_id: UUID) -> CallDraft:
    draft = await work.session.scalar(select(CallDraft).where(CallDraft.id == draft_id).with_for_update())
    if draft is None:
        raise _unknown()
    if draft.filed_at is not None or draft.discarded_at is not None:
        raise Conflict("draft.ended", "This draft was filed or put aside. Begin a new one.", extra={"ticket": draft.ticket_number})
    return draft


def _phone_in(content: dict[str, Any]) -> str | None:
    """The number in a half-filled form, where it is one already: whoever calls again is recognised by it."""
    contact = content.get("contact")
    given = contact.get("phone") if isinstance(contact, dict) else None
    try:
        return normalised_phone(given) if isinstance(given, str) else None
    except ValueError:
        return None


def _line(draft: CallDraft, author: str) -> DraftLine:
    return DraftLine(
        id=draft.id, call_id=draft.call_id, author=author, begun_at=draft.begun_at, saved_at=draft.saved_at, version=draft.version
    )


def _view(draft: CallDraft, content: dict[str, Any] | None) -> DraftView:
    ended: datetime | None = draft.filed_at or draft.discarded_at
    return DraftView(
        id=draft.id,
        call_id=draft.call_id,
        content=content,
        version=draft.version,
        begun_at=draft.begun_at,
        saved_at=draft.saved_at,
        ended_at=ended,
        ticket=draft.ticket_number,
    )


def _unknown() -> NotFound:
    return NotFound("draft.unknown", "There is no such draft.")
