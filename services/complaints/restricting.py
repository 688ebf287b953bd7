"""The restricted state: who complained, and what they sent, is shown to nobody while something about it is disputed or asked.

The matter itself goes on: words stay readable, or nobody could work on it. The contact opens for a named purpose only, and each time is
written down (`services/privacy/restricting.py`).
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, exists, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from services.calls.models import Call
from services.complaints.models import Complaint
from services.platform.bulk import one_of
from services.platform.database import Base
from services.platform.errors import Conflict

RESTRICTED_BECAUSE = {"request": "正在处理当事人请求", "dispute": "当事人有争议", "safety": "保护举报人安全"}
"""Why nobody sees the contact for now."""


class Restriction(Base):
    """The contact and the files of a complaint are shown to nobody but for a named purpose.

    With `request_id`, until that is decided.
    """

    __tablename__ = "restrictions"
    __table_args__ = (
        CheckConstraint(f"because IN {tuple(RESTRICTED_BECAUSE)!r}", name="because"),
        Index("ix_restrictions_standing", "complaint_id", postgresql_where=text("lifted_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id"))
    because: Mapped[str]
    request_id: Mapped[UUID | None] = mapped_column(ForeignKey("person_requests.id"))
    placed_at: Mapped[datetime]
    placed_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    lifted_at: Mapped[datetime | None]
    lifted_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


def is_restricted(complaint_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that the complaint with this id is restricted now."""
    return exists(select(Restriction.id).where(Restriction.complaint_id == complaint_id, Restriction.lifted_at.is_(None)))


async def restricted_among(session: AsyncSession, complaint_ids: Iterable[UUID]) -> set[UUID]:
    """Return which of these complaints are restricted now."""
    query = select(Restriction.complaint_id).where(one_of(Restriction.complaint_id, complaint_ids), Restriction.lifted_at.is_(None))
    return set(await session.scalars(query))


async def require_unrestricted(session: AsyncSession, complaint_id: UUID | None) -> None:
    """Raise Conflict ``contact.restricted`` where the contact of a complaint is not to be shown now."""
    if complaint_id is not None and await restricted_among(session, [complaint_id]):
        detail = "This person's data is restricted for now; the county's supervisors open it for a named purpose."
        raise Conflict("contact.restricted", detail)


async def require_call_unrestricted(session: AsyncSession, call_id: UUID) -> None:
    """Raise Conflict ``contact.restricted`` where something was told in this call (the row's id) whose person's data is restricted."""
    told = select(Complaint.id).join(Call, or_(Call.call_id == Complaint.call_id, Call.linked_id == Complaint.call_id))
    for complaint_id in await session.scalars(told.where(Call.id == call_id)):
        await require_unrestricted(session, complaint_id)
