"""Who opened contacts and listened to recordings, across the jurisdiction: for those who watch over it. Never whose they were."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row, literal, null, select, tuple_, union_all

from services.calls.models import RecordingAccess
from services.complaints.models import Complaint
from services.complaints.offices import Offices, offices_of
from services.hotline.models import ContactReveal
from services.identity.models import Account
from services.identity.permissions import scope_of
from services.identity.views import MemberName
from services.organization.models import Member
from services.platform.errors import Forbidden
from services.platform.text import hidden
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket
from services.tickets.numbers import read_number

_EXAMPLE: dict[str, Any] = {
    "id": "0198f2a0-7c00-7000-8000-000000000061",
    "kind": "contact",
    "at": "2026-11-22T02:10:00Z",
    "member": {"id": "0198f2a0-7c00-7000-8000-000000000001", "name": "黄小明"},
    "office": "580热线",
    "purpose": "回访",
    "number": "20261122-000123-6",
    "call_id": None,
}


class RevealView(BaseModel):
    """One look: a number shown in clear, or a recording listened to."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: UUID
    kind: Literal["contact", "recording"]
    at: datetime
    member: MemberName
    office: str = Field(description="Where they sat on that day.")
    purpose: str = Field(description="What they said it was for; numbers in it are hidden.")
    number: str | None = Field(description="The ticket whose complainant it was; of recordings null.")
    call_id: UUID | None = Field(description="The call whose recording it was; of contacts null.")


@dataclass(frozen=True, slots=True)
class RevealFilter:
    """Which looks are wanted: of a ticket's contacts, by a member; whatever where None."""

    number: str | None = None
    member_id: UUID | None = None


async def list_reveals(work: Work, wanted: RevealFilter, after: tuple[datetime, UUID] | None, limit: int) -> list[RevealView]:
    """Return looks, the newest first, those before `after`. Raises 403 ``reveal.whole_jurisdiction`` from an office of a part of it."""
    if not scope_of(work.actor).everything:
        raise Forbidden("reveal.whole_jurisdiction", "Who looked is told to the office that watches over the whole jurisdiction.")
    looks = union_all(_contacts(), _recordings()).subquery()
    query = (
        select(looks, Member.id.label("member_id"), Member.name)
        .join(Account, Account.id == looks.c.account_id)
        .join(Member, Member.id == Account.member_id)
        .order_by(looks.c.at.desc(), looks.c.id.desc())
        .limit(limit)
    )
    if wanted.number is not None:
        query = query.where(looks.c.number == (read_number(wanted.number) or ""))
    if wanted.member_id is not None:
        query = query.where(Member.id == wanted.member_id)
    if after is not None:
        query = query.where(tuple_(looks.c.at, looks.c.id) < after)
    rows = (await work.session.execute(query)).all()
    offices = await offices_of(work.session, (row.account_id for row in rows))
    return [_view(row, offices) for row in rows]


def _contacts() -> Any:
    return (
        select(
            ContactReveal.id, literal("contact").label("kind"), ContactReveal.revealed_at.label("at"), ContactReveal.account_id,
            ContactReveal.purpose, Ticket.number.label("number"), null().label("call_id"),
        )
        .join(Complaint, Complaint.id == ContactReveal.complaint_id)
        .join(Ticket, Ticket.id == Complaint.ticket_id)
    )  # fmt: skip


def _recordings() -> Any:
    return select(
        RecordingAccess.id, literal("recording"), RecordingAccess.accessed_at, RecordingAccess.account_id, RecordingAccess.purpose,
        null(), RecordingAccess.call_id,
    )  # fmt: skip


def _view(row: Row[Any], offices: Offices) -> RevealView:
    return RevealView(
        id=row.id,
        kind=row.kind,
        at=row.at,
        member=MemberName(id=row.member_id, name=row.name),
        office=offices.of(row.account_id, row.at),
        purpose=hidden(row.purpose),
        number=row.number,
        call_id=row.call_id,
    )
