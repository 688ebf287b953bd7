"""What is told of a ticket's evidence: what its category demands, what is there, and what about it somebody should look at."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.attachments.models import AttachmentLink, PictureFacts
from services.identity.models import Account
from services.identity.permissions import scope_of
from services.organization.models import Member
from services.platform.actor import Actor
from services.platform.bulk import one_of
from services.platform.text import ShownWords
from services.tickets.case import TicketState
from services.tickets.evidence import ACROSS, DEMAND_NAMES, KIND_NAMES, lacking
from services.tickets.evidence_models import EvidenceFlag
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.loading import plain_cases
from services.tickets.models import Ticket
from services.tickets.shown import shown_roles, stands


class Demand(BaseModel):
    """Something the category demands before the work counts as done."""

    code: str = Field(description="`text`, `photo`, `before_photo`, `after_photo` or `place`.")
    name: str
    there: bool = Field(description="Whether the present round has it; words come when the work is said to be done.")


class Compared(BaseModel):
    """What a flagged picture was compared with: it was there first."""

    ticket: str | None = Field(description="Its number; null where it is another ticket that the reader may not know of.")
    attachment_id: UUID | None = Field(description="The picture there; null likewise, and where it was compared with no picture.")
    shown_at: datetime | None


class Flag(BaseModel):
    """Something about a picture that whoever closes should have looked at. It accuses nobody."""

    id: UUID
    kind: str = Field(description="`reused`, `same_file`, `before_is_after`, `older_than_matter` or `elsewhere`.")
    name: str
    round: int
    work_log_id: UUID
    attachment_id: UUID
    role: str
    shown_at: datetime
    taken_at: datetime | None = Field(description="As the camera says.")
    compared_with: Compared
    distance: int | None = Field(description="Bits of 256 in which two fingerprints differ: 0 for the same picture, 40 at most.")
    metres: int | None = Field(description="How far from the ticket's point it was taken.")
    since: datetime | None = Field(description='When the matter was received, or its round opened: an "after" should not be older.')
    found_at: datetime
    stands: bool = Field(description="False once both tickets were merged: they are one matter now.")
    reviewed_at: datetime | None
    reviewed_by: str | None
    review_words: ShownWords | None


class Evidence(BaseModel):
    """The evidence of a ticket."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "round": 1,
                    "demands": [
                        {"code": "text", "name": "文字说明", "there": True},
                        {"code": "after_photo", "name": "处置后照片", "there": True},
                    ],
                    "missing": [],
                    "flags": [
                        {
                            "id": "019aa7b0-0000-7000-8000-00000000000a",
                            "kind": "reused",
                            "name": "另一工单用过看起来相同的照片",
                            "round": 1,
                            "work_log_id": "019aa7b0-0000-7000-8000-000000000009",
                            "attachment_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e",
                            "role": "after",
                            "shown_at": "2026-11-22T02:10:00Z",
                            "taken_at": None,
                            "compared_with": {
                                "ticket": "20261119-000101-1",
                                "attachment_id": "019aa7c0-0000-7c60-a0b4-5d1f6a2f9d3f",
                                "shown_at": "2026-11-19T07:02:00Z",
                            },
                            "distance": 6,
                            "metres": None,
                            "since": None,
                            "found_at": "2026-11-22T02:10:02Z",
                            "stands": True,
                            "reviewed_at": None,
                            "reviewed_by": None,
                            "review_words": None,
                        }
                    ],
                }
            ]
        }
    )

    round: int
    demands: list[Demand]
    missing: list[str] = Field(description="What is demanded and not there; `resolve` is refused until it comes with it or before.")
    flags: list[Flag] = Field(description="Of all rounds, oldest first; those of the present one hold up its closing until reviewed.")


async def evidence_of(session: AsyncSession, actor: Actor, ticket: TicketState) -> Evidence:
    """Return the evidence of a ticket as `actor` may see it. The caller has checked that they may see the ticket."""
    (case,) = await plain_cases(session, [ticket])
    lacks = lacking(case, await shown_roles(session, ticket.id, ticket.round))
    demanded = case.category.evidence if case.category else ()
    return Evidence(
        round=ticket.round,
        demands=[Demand(code=code, name=DEMAND_NAMES[code], there=code not in lacks) for code in demanded],
        missing=lacks,
        flags=await _flags(session, actor, ticket.id),
    )


async def _flags(session: AsyncSession, actor: Actor, ticket_id: UUID) -> list[Flag]:
    query = (
        select(*EvidenceFlag.__table__.c, stands().label("stands"), AttachmentLink.role, PictureFacts.taken_at)
        .join(
            AttachmentLink,
            (AttachmentLink.attachment_id == EvidenceFlag.attachment_id) & (AttachmentLink.subject_id == EvidenceFlag.work_log_id),
        )
        .outerjoin(PictureFacts, PictureFacts.attachment_id == EvidenceFlag.attachment_id)
        .where(EvidenceFlag.ticket_id == ticket_id)
        .order_by(EvidenceFlag.found_at, EvidenceFlag.id)
    )
    rows = (await session.execute(query)).all()
    if not rows:
        return []
    numbers = await _visible_numbers(session, actor, {row.other_ticket_id for row in rows})
    reviewers = await _names(session, {row.reviewed_by_account_id for row in rows if row.reviewed_by_account_id})
    return [_flag(row, numbers, reviewers) for row in rows]


def _flag(row: Any, numbers: dict[UUID, str], reviewers: dict[UUID, str]) -> Flag:
    number = numbers.get(row.other_ticket_id)
    other = row.other_attachment_id if number is not None or row.kind not in ACROSS else None
    same = (
        "id", "kind", "round", "work_log_id", "attachment_id", "role", "taken_at", "distance", "metres", "since", "found_at", "stands",
        "shown_at", "reviewed_at", "review_words",
    )  # fmt: skip
    return Flag(
        **{name: getattr(row, name) for name in same},
        name=KIND_NAMES[row.kind],
        compared_with=Compared(ticket=number, attachment_id=other, shown_at=row.other_shown_at),
        reviewed_by=reviewers.get(row.reviewed_by_account_id),
    )


async def _visible_numbers(session: AsyncSession, actor: Actor, ticket_ids: Collection[UUID]) -> dict[UUID, str]:
    query = select(Ticket.id, Ticket.number).where(one_of(Ticket.id, ticket_ids), compile_scope(scope_of(actor), TICKETS))
    return {row.id: row.number for row in await session.execute(query)}


async def _names(session: AsyncSession, account_ids: Collection[UUID]) -> dict[UUID, str]:
    query = select(Account.id, Member.name).join(Member, Member.id == Account.member_id).where(one_of(Account.id, account_ids))
    return {row.id: row.name for row in await session.execute(query)}
