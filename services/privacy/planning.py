"""Deciding that something is to be erased: which kinds of which complaints, unless they are held. Carrying it out: `erasing.py`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.models import Complainant, Complaint
from services.complaints.retention import KINDS
from services.platform.bulk import one_of
from services.platform.errors import Conflict, Invalid
from services.platform.ids import new_id
from services.platform.papers import PHONE, SealedPaper, seal_paper
from services.platform.phones import normalised_phone
from services.platform.secrets import blind_index
from services.platform.unit_of_work import Work
from services.privacy.models import Erasure, LegalHold
from services.tickets.models import Ticket

PASSAGES = "erased_passages"
EVERYTHING = tuple(KINDS)


def held(now: datetime) -> ColumnElement[bool]:
    """Return the condition, over complaints joined to their tickets, that the ticket or the one it was merged into is held at `now`."""
    standing = and_(LegalHold.lifted_at.is_(None), LegalHold.until > now)
    return exists(select(LegalHold.id).where(or_(LegalHold.ticket_id == Ticket.id, LegalHold.ticket_id == Ticket.merged_into_id), standing))


async def require_not_held(work: Work, complaint_ids: Collection[UUID]) -> None:
    """Raise Conflict ``privacy.held`` where one of these complaints is under a legal hold. Whoever places a hold waits for this."""
    query = select(Ticket.id).join(Complaint, Complaint.ticket_id == Ticket.id).where(one_of(Complaint.id, complaint_ids))
    locked = list(await work.session.scalars(query.order_by(Ticket.id).with_for_update(of=Ticket.__table__, read=True)))
    stands = await work.session.scalar(select(Ticket.number).where(one_of(Ticket.id, locked), held(work.now)).limit(1))
    if stands is not None:
        detail = "This matter is under a legal hold: nothing of it is erased before the hold ends or is lifted."
        raise Conflict("privacy.held", detail, extra={"ticket": stands})


async def plan(
    work: Work,
    complaint_ids: Sequence[UUID],
    kinds: Collection[str],
    because: str,
    *,
    whole: bool = False,
    passages: Sequence[str] = (),
    request_id: UUID | None = None,
) -> list[UUID]:
    """Plan the erasure of `kinds` of these complaints, each once however often it is planned before it is done; return the new ids.

    `whole`: nothing of the words stays; else `passages` and what tells of a person are taken out. Raises Conflict ``privacy.held``.
    """
    await require_not_held(work, complaint_ids)
    owed = {
        (row.complaint_id, row.kind)
        for row in await work.session.execute(
            select(Erasure.complaint_id, Erasure.kind).where(one_of(Erasure.complaint_id, complaint_ids), Erasure.erased_at.is_(None))
        )
    }
    planned = []
    by = {"because": because, "request_id": request_id, "planned_at": work.now, "planned_by_account_id": work.actor.account_id}
    for complaint_id in complaint_ids:
        for kind in [kind for kind in KINDS if kind in kinds and (complaint_id, kind) not in owed]:
            paper_id = await keep_passages(work, passages) if kind == "words" else None
            all_of_it = whole and kind == "words"
            planned.append(Erasure(id=new_id(), complaint_id=complaint_id, kind=kind, whole=all_of_it, paper_id=paper_id, **by))
    work.session.add_all(planned)
    await work.session.flush()
    return [row.id for row in planned]


async def keep_passages(work: Work, passages: Sequence[str]) -> UUID | None:
    """Seal the passages that are to be taken out until they are; return the paper, None where there are none."""
    if not passages:
        return None
    paper = seal_paper(PASSAGES, {"passages": list(passages)}, work.now)
    await work.session.execute(insert(SealedPaper), [paper])
    found: UUID = paper["id"]
    return found


async def complaints_of_phone(session: AsyncSession, given: str) -> list[UUID]:
    """Return the complaints somebody left this number with, oldest first. Raises Invalid ``privacy.phone``."""
    query = select(Complainant.complaint_id).where(Complainant.phone_index == phone_index(given)).order_by(Complainant.complaint_id)
    return list(await session.scalars(query))


def phone_index(given: str) -> bytes:
    """Return the keyed index of a telephone number. Raises Invalid ``privacy.phone`` for what is none."""
    try:
        phone = normalised_phone(given)
    except ValueError:
        phone = None
    if phone is None:
        raise Invalid("privacy.phone", "This is no telephone number; give it as 13800000123 or 0762-5600000.")
    return blind_index(PHONE, phone)
