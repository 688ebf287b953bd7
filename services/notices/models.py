"""Rows of the public page."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.models import Account
from services.organization.models import Post
from services.platform.database import Base, Json

ACTS = ("recount", "withdraw")
REASONS = {"late_records": "补录的办理情况", "wrong_records": "原始记录有误", "wrong_area": "区划或归属更正", "not_public": "不宜公开"}
"""Why a correction was ordered, in words of ours: what people would write themselves could name somebody."""


class NoticeOrder(Base):
    """An administrator's order to count a published month again, or to take a period back. `outcome` is what the worker made of it."""

    __tablename__ = "notice_orders"
    __table_args__ = (
        CheckConstraint(f"act IN {ACTS!r}", name="act"),
        CheckConstraint(f"reason IN {tuple(REASONS)!r}", name="reason"),
        CheckConstraint("outcome IN ('corrected', 'unchanged', 'too_small', 'withdrawn')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (done_at IS NULL)", name="done"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    period: Mapped[str]
    act: Mapped[str]
    reason: Mapped[str]
    ordered_at: Mapped[datetime]
    ordered_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey(Account.id))
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class Notice(Base):
    """What is published of one area for one period, frozen. Never changed: a correction is the next version, made for `order_id`.

    `content` is what anybody may read, `sha256` of its canonical bytes. `basis`, kept on the row of the whole jurisdiction alone, is what
    was told of every cell with the wholes behind shares: longer periods are sums of it. It is not for the reporting door.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("period", "area_code", "version"),
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    period: Mapped[str]
    area_code: Mapped[str]
    version: Mapped[int]
    content: Mapped[Json]
    basis: Mapped[Json | None]
    sha256: Mapped[str]
    as_of: Mapped[datetime]
    frozen_at: Mapped[datetime]
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey(NoticeOrder.id))


class PublishedPost(Base):
    """A post whose holder's name stands in the public directory, because an administrator said so. No row: the name is not shown."""

    __tablename__ = "published_posts"

    post_id: Mapped[UUID] = mapped_column(ForeignKey(Post.id), primary_key=True)
    published_at: Mapped[datetime]
    published_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey(Account.id))
