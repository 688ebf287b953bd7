"""What lies under no complaint: papers and recordings of calls, and messages, that led to none.

No erasure stands for them: there is no matter whose history would tell of it.
A call belongs to the matters it was told in, and to those it was about (`ticket_calls`) until they are over and were kept as long as a
usual one; while one of them is held, it is held. Files are dropped from the store after the commit, and tried again until they are gone.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, delete, exists, func, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Mapped, mapped_column

from services.assistance.models import HelpClosing, MediationEnding, MediationParty, MediationPartyErasure, MediationSession
from services.attachments.models import Attachment, AttachmentLink, PictureFacts, PublicCopy, Upload
from services.attachments.receiving import store_key
from services.attachments.store import Store
from services.calls.models import Call
from services.complaints.retention import RetentionRules
from services.platform.actor import SYSTEM
from services.platform.bulk import one_of
from services.platform.database import Base
from services.platform.papers import SealedPaper, erase_papers
from services.platform.unit_of_work import Work, unit_of_work
from services.privacy.owners import call_bound, loose_papers, party_held
from services.privacy.terms import before

_PAPERS, _RECORDINGS, _FILES = 500, 100, 200


class LooseFile(Base):
    """A file of no complaint that is still to be dropped from the store."""

    __tablename__ = "loose_files"

    store_key: Mapped[str] = mapped_column(Text, primary_key=True)
    since: Mapped[datetime] = mapped_column(server_default=func.now())


async def erase_loose(work: Work, rules: RetentionRules) -> int:
    """Erase papers, recordings and files of no complaint that were kept as long as those of a usual matter; return how many."""
    papers, recordings, files = rules.usual.papers, rules.usual.recordings, rules.usual.files
    return await _parties(work) + await _papers(work, papers) + await _recordings(work, recordings) + await _unused(work, files)


async def _parties(work: Work) -> int:
    """Erase the parties of mediations that somebody had erased: at once, whatever the terms, unless their ticket is held."""
    same = and_(MediationPartyErasure.mediation_id == MediationParty.mediation_id, MediationPartyErasure.side == MediationParty.side)
    asked = select(MediationParty.paper_id).join(MediationPartyErasure, same).where(not_(party_held(work)))
    query = select(SealedPaper.id).where(SealedPaper.id.in_(asked), SealedPaper.row_key.is_not(None)).order_by(SealedPaper.id)
    papers = list(await work.session.scalars(query.limit(_PAPERS)))
    await _files_shown(work, papers)
    return await erase_papers(work.session, one_of(SealedPaper.id, papers))


async def _files_shown(work: Work, party_papers: Sequence[UUID]) -> None:
    """Forget the files that may show these parties: those of sessions they sat in, and agreements, which both signed."""
    theirs = select(MediationParty.mediation_id, MediationParty.side).where(one_of(MediationParty.paper_id, party_papers)).subquery()
    sat = or_(MediationSession.present == "both", MediationSession.present == theirs.c.side)
    same = theirs.c.mediation_id
    sessions = select(MediationSession.id).join(theirs, and_(same == MediationSession.mediation_id, sat))
    endings = select(MediationEnding.id).join(theirs, same == MediationEnding.mediation_id)
    await forget_linked(work, AttachmentLink.subject_id.in_(sessions.union_all(endings)))


async def forget_linked(work: Work, links: ColumnElement[bool]) -> None:
    """Forget the files of these links, where they belong to nothing else, and drop the links."""
    rows = (await work.session.execute(select(AttachmentLink.attachment_id, AttachmentLink.subject_id).where(links))).all()
    subjects, ids = {row.subject_id for row in rows}, {row.attachment_id for row in rows}
    other = (AttachmentLink.attachment_id == Attachment.id, not_(one_of(AttachmentLink.subject_id, subjects)))
    query = select(Attachment).where(one_of(Attachment.id, ids), not_(exists(select(AttachmentLink.subject_id).where(*other))))
    files = list(await work.session.scalars(query.order_by(Attachment.id).with_for_update()))
    await work.session.execute(delete(AttachmentLink).where(one_of(AttachmentLink.subject_id, subjects)))
    await drop_later(work, await forget_files(work, files))


async def _papers(work: Work, months: int | None) -> int:
    if months is None:
        return 0
    old = before(work, months) >= SealedPaper.recorded_at
    query = (
        select(SealedPaper.id)
        .where(old, SealedPaper.row_key.is_not(None), loose_papers(work, months))
        .order_by(SealedPaper.id)
        .limit(_PAPERS)
    )
    return await erase_papers(work.session, one_of(SealedPaper.id, list(await work.session.scalars(query))))


async def _recordings(work: Work, months: int | None) -> int:
    if months is None:
        return 0
    query = (
        select(Call.id)
        .join(Attachment, Attachment.id == Call.recording_attachment_id)
        .where(Attachment.store_key != "", before(work, months) >= Call.arrived_at, not_(call_bound(work, months)))
        .order_by(Call.arrived_at, Call.id)
        .limit(_RECORDINGS)
    )
    return await forget_recordings(work, list(await work.session.scalars(query)))


async def _unused(work: Work, months: int | None) -> int:
    """Erase files that were sent and never became part of anything."""
    if months is None:
        return 0
    linked = exists(select(AttachmentLink.subject_id).where(AttachmentLink.attachment_id == Attachment.id))
    of_a_call = exists(select(Call.id).where(Call.recording_attachment_id == Attachment.id))
    of_assistance = or_(
        exists(select(HelpClosing.item_id).where(HelpClosing.attachment_id == Attachment.id)),
        exists(select(MediationEnding.id).where(MediationEnding.attachment_id == Attachment.id)),
    )
    old = before(work, months) >= Attachment.uploaded_at
    query = select(Attachment).where(old, Attachment.store_key != "", not_(linked), not_(of_a_call), not_(of_assistance))
    files = list(await work.session.scalars(query.order_by(Attachment.id).limit(_RECORDINGS).with_for_update()))
    await drop_later(work, await forget_files(work, files))
    return len(files)


async def forget_recordings(work: Work, call_ids: Sequence[UUID]) -> int:
    """Erase the recordings of these calls, fetched or still to be fetched; return how many there were."""
    awaited = update(Call).where(one_of(Call.id, call_ids), Call.recording_state == "awaited")
    await work.session.execute(awaited.values(recording_state="given_up", recording_error="recording.erased"))
    theirs = select(Call.recording_attachment_id).where(one_of(Call.id, call_ids), Call.recording_attachment_id.is_not(None))
    query = select(Attachment).where(Attachment.id.in_(theirs), Attachment.store_key != "").order_by(Attachment.id).with_for_update()
    files = list(await work.session.scalars(query))
    await drop_later(work, await forget_files(work, files))
    return len(files)


async def forget_files(work: Work, files: Sequence[Attachment]) -> set[str]:
    """Leave of each file that there was one; return the keys of what is to be dropped, where no other file has the very same bytes."""
    keys: set[str] = set()
    for file in [file for file in files if file.store_key]:
        gone = {"store_key": "", "sha256": hashlib.sha256(file.id.bytes).digest(), "size": 0}
        was, digest = file.store_key, file.sha256
        await work.session.execute(delete(PictureFacts).where(PictureFacts.attachment_id == file.id))
        await work.session.execute(update(Upload).where(Upload.attachment_id == file.id).values(sealed_metadata=None))
        await work.session.execute(update(Attachment).where(Attachment.id == file.id).values(gone))
        if await work.session.scalar(select(func.count()).select_from(Attachment).where(Attachment.store_key == was)):
            continue
        keys.add(was)
        copied = delete(PublicCopy).where(PublicCopy.original_sha256 == digest).returning(PublicCopy.sha256)
        keys.update([store_key(found) for found in await work.session.scalars(copied)])
    return keys


async def drop_later(work: Work, keys: Iterable[str]) -> None:
    """Have files of no complaint dropped after the commit."""
    rows = [{"store_key": key} for key in sorted(keys)]
    if rows:
        await work.session.execute(upsert(LooseFile).values(rows).on_conflict_do_nothing())


async def drop_loose_files(store: Store) -> int:
    """Drop what is to be dropped; return how many files are left for the next turn. One that was uploaded anew meanwhile stays."""
    async with unit_of_work(SYSTEM) as work:
        anew = exists(select(Attachment.id).where(Attachment.store_key == LooseFile.store_key))
        keys = list(await work.session.scalars(select(LooseFile.store_key).order_by(LooseFile.since).limit(_FILES)))
        if not keys:
            return 0
        free = list(await work.session.scalars(select(LooseFile.store_key).where(LooseFile.store_key.in_(keys), not_(anew))))
    await store.drop(free)
    left = [key for key in free if await store.lies(key)]
    async with unit_of_work(SYSTEM) as work:
        gone = [key for key in keys if key not in left]
        await work.session.execute(delete(LooseFile).where(LooseFile.store_key.in_(gone)))
    return len(left)
