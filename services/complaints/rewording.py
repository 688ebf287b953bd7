"""Later wordings, and the staff's view of what was told: the original first and for ever, each overlay with its author."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.attachments.models import AttachmentLink
from services.complaints.confidence import by_day, in_confidence, knows_in_confidence
from services.complaints.contacts import mask, open_contact
from services.complaints.models import Complainant, Complaint, Repeat, Rewording
from services.complaints.restricting import restricted_among
from services.complaints.supplements import supplements_of
from services.complaints.views import ComplaintView, ContactView, RewordingView
from services.identity.models import Account
from services.identity.permissions import may
from services.organization.models import Member
from services.platform.actor import Actor
from services.platform.errors import NotFound
from services.platform.ids import new_id
from services.platform.sealed_words import seal_words
from services.platform.unit_of_work import Work
from services.tickets.case import TicketState
from services.tickets.direct import passed_over, refusal
from services.tickets.models import Ticket
from services.tickets.queries import find_visible

_C = Complaint.__table__


async def reword(work: Work, complaint_id: UUID, words: str) -> RewordingView:
    """Lay `words` over a complaint, by `work.actor`.

    Raises NotFound for a complaint they may not know of, and Forbidden ``ticket.direct`` where the matter went directly to a county
    department and past their seats; whoever wrote it down themselves may say it better.
    """
    ticket, filed_by = await _told_in(work, complaint_id)
    if filed_by != work.actor.account_id and passed_over(TicketState.of(ticket), work.actor) is not None:
        raise refusal("改写诉求")
    rewording_id = new_id()
    row = {
        "id": rewording_id,
        "complaint_id": complaint_id,
        **seal_words(rewording_id, words),
        "author_account_id": work.actor.account_id,
        "recorded_at": work.now,
    }
    await work.session.execute(insert(Rewording), [row])
    return RewordingView(id=rewording_id, complaint_id=complaint_id, words=words, author=work.actor.name, recorded_at=work.now)


async def ticket_of_complaint(work: Work, complaint_id: UUID) -> UUID:
    """Return the id of the ticket a complaint was told in; raise NotFound for a complaint one may not know of."""
    ticket, _ = await _told_in(work, complaint_id)
    found: UUID = ticket.id
    return found


async def _told_in(work: Work, complaint_id: UUID) -> tuple[Row[Any], UUID | None]:
    """Return the ticket a complaint was told in, and who wrote it down."""
    query = select(Ticket.number, _C.c.filed_by_account_id).join(_C, _C.c.ticket_id == Ticket.id).where(_C.c.id == complaint_id)
    told = (await work.session.execute(query)).one_or_none()
    if told is None:
        raise _unknown()
    try:
        return await find_visible(work.session, work.actor, told.number), told.filed_by_account_id
    except NotFound:
        raise _unknown() from None


async def reworded(session: AsyncSession, rewording_id: UUID) -> RewordingView:
    """Return a later wording that was laid over a complaint before."""
    query = (
        select(Rewording, Member.name)
        .join(Account, Account.id == Rewording.author_account_id)
        .join(Member, Member.id == Account.member_id)
        .where(Rewording.id == rewording_id)
    )
    row, author = (await session.execute(query)).one()
    return RewordingView(id=row.id, complaint_id=row.complaint_id, words=row.said.words, author=author, recorded_at=row.recorded_at)


async def complaints_of(session: AsyncSession, actor: Actor, number: str) -> list[ComplaintView]:
    """Return what was told in a ticket and in those merged into it, oldest first; contacts masked. Raises what `find_visible` raises."""
    ticket = await find_visible(session, actor, number)
    query = (
        select(*[_C.c[name] for name in _SHOWN], Complaint.said, Complainant.row_key, Complainant.sealed, Ticket.privacy)
        .add_columns(Repeat.complaint_id.is_not(None).label("repeat"))
        .join(Ticket, Ticket.id == _C.c.ticket_id)
        .outerjoin(Complainant, Complainant.complaint_id == _C.c.id)
        .outerjoin(Repeat, Repeat.complaint_id == _C.c.id)
        .where(or_(Ticket.id == ticket.id, Ticket.merged_into_id == ticket.id))
        .order_by(_C.c.happened_at, _C.c.id)
    )
    rows = (await session.execute(query)).all()
    ids = [row.id for row in rows]
    restricted = await restricted_among(session, ids)
    wordings, files, later = await _rewordings(session, ids), await _files(session, ids), await supplements_of(session, ids)
    views = []
    for row in rows:
        view = ComplaintView(
            **{name: getattr(row, name) for name in _SHOWN},
            words=row.said.words,
            place_words=row.said.place,
            repeat=row.repeat,
            contact=None if row.id in restricted else _contact(row, actor, ticket),
            restricted=row.id in restricted,
            rewordings=tuple(wordings.get(row.id, ())),
            supplements=tuple(later.get(row.id, ())),
            attachment_ids=tuple(files.get(row.id, ())),
        )
        views.append(by_day(view) if _is_hidden(row, actor, ticket) else view)
    return views


_SHOWN = ("id", "channel", "category_hint", "place_code", "confidential", "wants_answer", "happened_at", "received_at")


def _contact(row: Row[Any], actor: Actor, ticket: Row[Any]) -> ContactView | None:
    """The masked contact; of a confidential complaint or matter for the hotline, the county's supervisors and the desk alone."""
    if not may(actor, "contact.read") or _is_hidden(row, actor, ticket):
        return None
    opened = open_contact(row.id, row.row_key, row.sealed)
    if opened is None:
        return None
    masked = mask(opened)
    return ContactView(name=masked.name, phone=masked.phone, wechat=masked.has_openid, email=masked.email)


def _is_hidden(row: Row[Any], actor: Actor, ticket: Row[Any]) -> bool:
    """Tell whether it was told in confidence and `actor` may not know by whom."""
    confidential = in_confidence(row.privacy, ticket.privacy, confidential=row.confidential)
    return confidential and not knows_in_confidence(actor, ticket.desk_unit_id)


async def _rewordings(session: AsyncSession, complaint_ids: Sequence[UUID]) -> dict[UUID, list[RewordingView]]:
    query = (
        select(Rewording, Member.name)
        .join(Account, Account.id == Rewording.author_account_id)
        .join(Member, Member.id == Account.member_id)
        .where(Rewording.complaint_id.in_(complaint_ids))
        .order_by(Rewording.recorded_at, Rewording.id)
    )
    found: dict[UUID, list[RewordingView]] = {}
    for row, author in await session.execute(query):
        view = RewordingView(id=row.id, complaint_id=row.complaint_id, words=row.said.words, author=author, recorded_at=row.recorded_at)
        found.setdefault(row.complaint_id, []).append(view)
    return found


async def _files(session: AsyncSession, complaint_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    query = select(AttachmentLink.subject_id, AttachmentLink.attachment_id).where(AttachmentLink.subject_id.in_(complaint_ids))
    found: dict[UUID, list[UUID]] = {}
    for complaint_id, attachment_id in await session.execute(query):
        found.setdefault(complaint_id, []).append(attachment_id)
    return found


def _unknown() -> NotFound:
    return NotFound("complaint.unknown", "There is no complaint with this id, or none that you may know of.")
