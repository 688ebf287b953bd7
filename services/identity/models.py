"""Rows of identity."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base


class Account(Base):
    """A way for a member to sign in. The password is kept as an argon2id hash."""

    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), unique=True)
    failed_tries: Mapped[int] = mapped_column(server_default=text("0"))
    locked_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    session_epoch: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime]
