"""Idempotency keys: a creating request that is sent again gets the first answer, and its effect happens once.

The row is written in the same transaction as the effect. Draft-ietf-httpapi-idempotency-key-header-07.
"""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, Json

KEPT_HOURS = 72


class IdempotencyKey(Base):
    """One key of one caller for one endpoint: what was asked (as a fingerprint) and what was answered."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "created_at"),)

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    status: Mapped[int]
    body: Mapped[Json]
    headers: Mapped[Json]
    created_at: Mapped[datetime]
