"""Rows of the callbacks' wires: who writes from which WeCom userid."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base


class WecomBinding(Base):
    """Which member a WeCom userid is. The userid is kept as its blind index alone: it is compared, never shown or written to."""

    __tablename__ = "wecom_bindings"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    userid_index: Mapped[bytes] = mapped_column(unique=True)
    bound_at: Mapped[datetime]
