"""Rows of leave 请假 and of acting for a post meanwhile 代班.

`valid_to` is the first day after, as it was entered; `over_on` the first day it is over in fact: earlier where it was ended early, and
then from that very moment. Nothing has to run at its end: a day is asked whether it lies inside. The database refuses two leaves of one
member, and two deputies for one post, on the same day (the migration says how).
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.organization.models import Member, Post
from services.platform.database import Base

LEAVE_KINDS = {
    "annual": "年休假",
    "sick": "病假",
    "personal": "事假",
    "family": "婚丧产育假",
    "training": "学习培训",
    "official": "公务外出",
    "other": "其他",
}


def _checks() -> tuple[CheckConstraint, ...]:
    return (
        CheckConstraint("valid_to > valid_from", name="interval"),
        CheckConstraint("over_on BETWEEN valid_from AND valid_to", name="over_in_time"),
        CheckConstraint("ended_at IS NOT NULL OR over_on = valid_to", name="ended_by_somebody"),
    )


class Leave(Base):
    """Days on which a member is away, by the kind of leave. Who entered it is an account; none where the operator did."""

    __tablename__ = "leaves"
    __table_args__ = (*_checks(), CheckConstraint(f"kind IN {tuple(LEAVE_KINDS)!r}", name="kind"), Index(None, "member_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey(Member.id))
    kind: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    over_on: Mapped[date]
    entered_at: Mapped[datetime]
    entered_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    ended_at: Mapped[datetime | None]
    ended_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class Acting(Base):
    """A deputy who acts for a post while its holder is on leave."""

    __tablename__ = "actings"
    __table_args__ = (
        *_checks(),
        CheckConstraint("deputy_id <> holder_id", name="somebody_else"),
        Index(None, "leave_id"),
        Index("ix_actings_deputy_id_over_on", "deputy_id", "over_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    leave_id: Mapped[UUID] = mapped_column(ForeignKey(Leave.id))
    post_id: Mapped[UUID] = mapped_column(ForeignKey(Post.id))
    holder_id: Mapped[UUID] = mapped_column(ForeignKey(Member.id))
    deputy_id: Mapped[UUID] = mapped_column(ForeignKey(Member.id))
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    over_on: Mapped[date]
    entered_at: Mapped[datetime]
    entered_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    ended_at: Mapped[datetime | None]
    ended_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
