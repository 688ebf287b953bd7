"""Rows of connected systems."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, Json

KINDS = ("pbx", "open311", "platform")


class Connection(Base):
    """A system that calls us, or that we call. Its secret is sealed; `key_hash` finds it by the secret it shows.

    After a rotation the previous secret is good until `previous_until`. `options` are the adapter's (zone, addresses, mapping…).
    """

    __tablename__ = "connections"
    __table_args__ = (CheckConstraint(f"kind IN {KINDS!r}", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    adapter: Mapped[str]
    name: Mapped[str]
    options: Mapped[Json]
    secret: Mapped[bytes]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    previous_secret: Mapped[bytes | None]
    previous_key_hash: Mapped[bytes | None] = mapped_column(unique=True)
    previous_until: Mapped[datetime | None]
    active: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
