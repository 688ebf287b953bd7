"""Rows of the channels."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, Json

CONVERSATION_STATES = ("idle", "gathering", "telling", "choosing")


class Conversation(Base):
    """How far somebody's talk with us on WeChat is. Whoever takes a turn of it holds the row locked.

    Who it is is known by `openid_index` alone. `complaint_id` is the matter further messages belong to, `asked` the verdict that waits for
    a ticket's number, `confides` that who tells the next matter is kept in confidence, `hint_message_id` the push that last said where the
    phone was, at `hint_at`.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        CheckConstraint(f"state IN {CONVERSATION_STATES!r}", name="state"),
        Index("ix_conversations_gathering", "last_at", postgresql_where=text("state = 'gathering'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    openid_index: Mapped[bytes] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default=text("'idle'"))
    complaint_id: Mapped[UUID | None] = mapped_column(ForeignKey("complaints.id"))
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    asked: Mapped[str | None]
    confides: Mapped[bool] = mapped_column(server_default=text("false"))
    told_unit_at: Mapped[datetime | None]
    hint_message_id: Mapped[UUID | None]
    hint_at: Mapped[datetime | None]
    since: Mapped[datetime]
    last_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(server_default=text("0"))


class WechatMessage(Base):
    """One push of WeChat's, stored before anything else is done with it: once for each `dedupe_key`, however often it is delivered.

    What it says lies sealed in `paper_id`. `processed_at` is when its turn in the conversation was taken; `waits` while it is a photo, a
    voice or a place without words yet. `answer` is what was replied, as ids and names of texts: a repeat is answered from it. `reply` says
    how a reply goes that did not go back with the push: owed, sent or given_up. `due_at` is when the worker looks at it next.
    """

    __tablename__ = "wechat_messages"
    __table_args__ = (
        CheckConstraint("reply IN ('owed', 'sent', 'given_up')", name="reply"),
        UniqueConstraint("dedupe_key"),
        Index("ix_wechat_messages_unprocessed", "paper_id", postgresql_where=text("processed_at IS NULL")),
        Index("ix_wechat_messages_due", "due_at", postgresql_where=text("processed_at IS NULL OR reply = 'owed'")),
        Index(None, "conversation_id"),
        Index(None, "paper_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str]
    kind: Mapped[str]
    event: Mapped[str]
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_papers.id"))
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]
    conversation_id: Mapped[UUID | None] = mapped_column(ForeignKey("conversations.id", ondelete="SET NULL"))
    processed_at: Mapped[datetime | None]
    waits: Mapped[bool] = mapped_column(server_default=text("false"))
    complaint_id: Mapped[UUID | None] = mapped_column(ForeignKey("complaints.id"))
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    answer: Mapped[Json | None]
    reply: Mapped[str | None]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    due_at: Mapped[datetime]
    last_error: Mapped[str | None]


class WechatMedium(Base):
    """A photo, voice or video that WeChat keeps for three days: `media_id` fetches it, and is forgotten when it is here or given up."""

    __tablename__ = "wechat_media"
    __table_args__ = (
        CheckConstraint("state IN ('wanted', 'fetched', 'given_up')", name="state"),
        UniqueConstraint("message_id"),
        Index("ix_wechat_media_wanted", "next_try_at", postgresql_where=text("state = 'wanted'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("wechat_messages.id"))
    kind: Mapped[str]
    media_id: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=text("'wanted'"))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    attachment_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachments.id"))
    sha256: Mapped[bytes | None]
    last_error: Mapped[str | None]
