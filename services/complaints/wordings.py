"""The timeline of words: the original, and every rewording, supplement and answer with what differs from the version before it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.channel_names import channel_names
from services.complaints.journey_views import AuthoredOverlay, ComplaintWords, Difference, Overlay, TicketWords
from services.complaints.models import Complaint, Repeat, Rewording, Supplement
from services.complaints.offices import Offices, offices_of
from services.complaints.word_differences import word_differences
from services.identity.models import Account
from services.organization.models import Member
from services.platform.actor import COMPLAINANT, SYSTEM, Actor
from services.platform.bulk import one_of
from services.platform.text import hidden
from services.tickets.models import Answer, Ticket
from services.tickets.queries import find_visible

KINDS = {"original": "诉求原话", "rewording": "补正", "supplement": "补充", "answer": "反馈"}
_ORDER = tuple(KINDS)
_COMPARED = ("original", "rewording"), ("answer",)
"""What is a version of the same words. A supplement is laid beside them: all of it is new."""


@dataclass(frozen=True, slots=True, repr=False)
class Laid:
    """Words as they were laid down. No `repr`: they are nobody else's."""

    kind: str
    at: datetime
    id: UUID
    words: str | None
    account_id: UUID | None = None
    channel: str | None = None
    round: int | None = None
    files: int = 0
    told: bool = field(default=False)  # by the complainant, whoever wrote it down


def in_reading_order(laid: Iterable[Laid]) -> list[tuple[Laid, tuple[Difference, ...]]]:
    """Return words in the order they came, each with what differs from the version before it. Pure."""
    newest: dict[tuple[str, ...], str] = {}
    found = []
    for one in sorted(laid, key=lambda one: (one.kind != "original", one.at, _ORDER.index(one.kind), one.id)):
        family = next((kinds for kinds in _COMPARED if one.kind in kinds), None)
        before = newest.get(family) if family is not None else None
        pieces = word_differences(before or "", one.words or "")
        told = () if one.kind == "original" else tuple(Difference(did=piece.did, words=piece.words) for piece in pieces)
        found.append((one, told))
        if family is not None and one.words is not None:
            newest[family] = one.words
    return found


async def laid_down(session: AsyncSession, complaint_ids: Sequence[UUID]) -> dict[UUID, list[Laid]]:
    """Return everything that was said in and laid over each of these complaints; four statements."""
    found: dict[UUID, list[Laid]] = {complaint_id: [] for complaint_id in complaint_ids}
    for told in await session.scalars(select(Complaint).where(one_of(Complaint.id, complaint_ids))):
        original = Laid("original", told.received_at, told.id, told.said.words, told.filed_by_account_id, told.channel, told=True)
        found[told.id].append(original)
    for over in await session.scalars(select(Rewording).where(one_of(Rewording.complaint_id, complaint_ids))):
        found[over.complaint_id].append(Laid("rewording", over.recorded_at, over.id, over.said.words, over.author_account_id))
    for more in await session.scalars(select(Supplement).where(one_of(Supplement.complaint_id, complaint_ids))):
        words, by = more.said.told, more.by_account_id
        beside = Laid("supplement", more.received_at, more.id, words, by, more.channel, files=more.files, told=True)
        found[more.complaint_id].append(beside)
    for told_back in await session.scalars(select(Answer).where(one_of(Answer.complaint_id, complaint_ids))):
        by, number = told_back.answered_by_account_id, told_back.round
        found[told_back.complaint_id].append(Laid("answer", told_back.answered_at, told_back.id, told_back.words, by, round=number))
    return found


async def words_of(session: AsyncSession, complaint_id: UUID) -> tuple[Overlay, ...]:
    """Return the timeline of one complaint for its complainant: offices, no names."""
    laid = (await laid_down(session, [complaint_id]))[complaint_id]
    offices, names = await offices_of(session, (one.account_id for one in laid)), await channel_names(session)
    return tuple(_overlay(one, difference, offices, names) for one, difference in in_reading_order(laid))


async def words_of_ticket(session: AsyncSession, actor: Actor, number: str) -> TicketWords:
    """Return the timeline of words of a ticket and of those merged into it, with authors. Raises what `find_visible` raises."""
    ticket = await find_visible(session, actor, number)
    query = (
        select(Complaint.id, Ticket.number, Repeat.complaint_id.is_not(None).label("repeat"))
        .join(Ticket, Ticket.id == Complaint.ticket_id)
        .outerjoin(Repeat, Repeat.complaint_id == Complaint.id)
        .where(or_(Ticket.id == ticket.id, Ticket.merged_into_id == ticket.id))
        .order_by(Complaint.received_at, Complaint.id)
    )
    rows = (await session.execute(query)).all()
    laid = await laid_down(session, [row.id for row in rows])
    accounts = {one.account_id for words in laid.values() for one in words if one.account_id is not None}
    offices, names, authors = await offices_of(session, accounts), await channel_names(session), await _authors(session, accounts)
    items = []
    for row in rows:
        words = tuple(
            AuthoredOverlay(**_overlay(one, difference, offices, names).model_dump(), author=_author(one, authors))
            for one, difference in in_reading_order(_shown(one) for one in laid[row.id])
        )
        items.append(ComplaintWords(complaint_id=row.id, number=row.number, repeat=row.repeat, words=words))
    return TicketWords(items=tuple(items))


def _shown(one: Laid) -> Laid:
    """Return words as colleagues are shown them: numbers are hidden before they are compared, so that no difference tells one."""
    return replace(one, words=hidden(one.words)) if one.words is not None else one


def _overlay(one: Laid, difference: tuple[Difference, ...], offices: Offices, names: Mapping[str, str]) -> Overlay:
    by = COMPLAINANT.name if one.told else SYSTEM.name
    if one.account_id is not None and not one.told:
        by = offices.of(one.account_id, one.at)
    return Overlay.model_validate({
        "kind": one.kind,
        "kind_name": KINDS[one.kind],
        "at": one.at,
        "by": by,
        "channel": names.get(one.channel, one.channel) if one.channel else None,
        "round": one.round,
        "words": one.words,
        "files": one.files,
        "difference": difference,
    })  # fmt: skip


def _author(one: Laid, authors: Mapping[UUID, str]) -> str:
    nobody = COMPLAINANT.name if one.told else SYSTEM.name
    return authors.get(one.account_id, nobody) if one.account_id is not None else nobody


async def _authors(session: AsyncSession, account_ids: Iterable[UUID]) -> dict[UUID, str]:
    query = select(Account.id, Member.name).join(Member, Member.id == Account.member_id).where(one_of(Account.id, account_ids))
    return {row.id: row.name for row in await session.execute(query)}
