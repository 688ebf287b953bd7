"""Reading how a petition was received."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.confidence import in_confidence, knows_in_confidence
from services.complaints.models import Complaint
from services.deadlines.models import Clock
from services.identity.models import Account
from services.identity.permissions import may
from services.organization.models import Member
from services.petitions.models import Petitioner, Reception
from services.petitions.views import MaskedPerson, ReceptionView
from services.platform.actor import Actor
from services.platform.errors import NotFound
from services.platform.identity_numbers import masked_identity_number
from services.platform.papers import SealedPaper, read_paper
from services.platform.phones import masked_name, masked_phone
from services.tickets.queries import find_visible
from services.tickets.terms import PETITION, ROUND_NAMES

FORM_NAMES = {"visit": "来访", "letter": "来信", "on_behalf": "代办"}


async def reception_of(session: AsyncSession, actor: Actor, number: str) -> ReceptionView:
    """Return how the petition behind a ticket was received. Raises NotFound for a ticket `actor` may not see, or that is no petition."""
    ticket = await find_visible(session, actor, number)
    query = (
        select(Reception, Complaint.confidential)
        .join(Complaint, Complaint.id == Reception.complaint_id)
        .where(Complaint.ticket_id == ticket.id)
        .order_by(Reception.recorded_at)
        .limit(1)
    )
    found = (await session.execute(query)).one_or_none()
    if found is None:
        raise NotFound("petition.unknown", "This ticket was not filed at the petition desk.")
    reception, confidential = found
    names = await _names(session, reception)
    secret = in_confidence(ticket.privacy, confidential=confidential) and not knows_in_confidence(actor, ticket.desk_unit_id)
    clocks = await _clocks(session, ticket)
    inform, settle = clocks.get("inform"), clocks.get("resolve")
    return ReceptionView(
        number=ticket.number,
        form=reception.form,
        form_name=FORM_NAMES[reception.form],
        people=reception.people,
        received_on=reception.received_on,
        written_on=reception.written_on,
        postmark=reception.postmark,
        repeated=reception.repeated,
        received_by=names[reception.received_by_account_id],
        agent=names[reception.agent_account_id] if reception.agent_account_id else None,
        persons=None if secret or not may(actor, "contact.read") else await _persons(session, reception.complaint_id),
        terms=ticket.terms,
        round_name=ROUND_NAMES.get(ticket.round) if ticket.terms == PETITION else None,
        inform_by=inform.due_at if inform else None,
        informed_at=inform.stopped_at if inform else None,
        settle_by=settle.due_at if settle else None,
    )


async def _names(session: AsyncSession, reception: Reception) -> dict[UUID, str]:
    wanted = [reception.received_by_account_id, reception.agent_account_id]
    query = select(Account.id, Member.name).join(Member, Member.id == Account.member_id).where(Account.id.in_(wanted))
    return {row.id: row.name for row in await session.execute(query)}


async def _clocks(session: AsyncSession, ticket: Row[Any]) -> dict[str, Clock]:
    query = select(Clock).where(Clock.ticket_id == ticket.id, Clock.stage.in_(["inform", "resolve"])).order_by(Clock.round, Clock.turn)
    return {clock.stage: clock for clock in await session.scalars(query)}


async def _persons(session: AsyncSession, complaint_id: UUID) -> list[MaskedPerson]:
    query = (
        select(Petitioner.role, SealedPaper.id, SealedPaper.row_key, SealedPaper.sealed)
        .join(SealedPaper, SealedPaper.id == Petitioner.paper_id)
        .where(Petitioner.complaint_id == complaint_id)
        .order_by(Petitioner.position)
    )
    persons = []
    for role, paper_id, row_key, sealed in await session.execute(query):
        clear = read_paper(paper_id, row_key, sealed)
        if clear is not None:  # erased ones are gone
            persons.append(_masked(role, clear))
    return persons


def _masked(role: str, clear: dict[str, Any]) -> MaskedPerson:
    return MaskedPerson(
        role=role,
        name=masked_name(clear["name"]),
        phone=masked_phone(clear["phone"]) if clear["phone"] else None,
        id_number=masked_identity_number(clear["id_number"]) if clear["id_number"] else None,
        has_address=bool(clear["address"]),
    )
