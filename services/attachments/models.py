"""Rows of attachments."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, BigInt

FILE_ROLES = ("evidence", "before", "after", "signature", "recording")
SUBJECTS = ("complaint", "work_log", "call")


class Attachment(Base):
    """A file as it was uploaded. `media_type` is what its bytes say, not what the sender claimed."""

    __tablename__ = "attachments"
    __table_args__ = (Index(None, "sha256"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[bytes]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInt)
    store_key: Mapped[str]
    uploaded_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    uploaded_at: Mapped[datetime]


class AttachmentLink(Base):
    """What a file belongs to, and as what."""

    __tablename__ = "attachment_links"
    __table_args__ = (
        CheckConstraint(f"role IN {FILE_ROLES!r}", name="role"),
        CheckConstraint(f"subject_kind IN {SUBJECTS!r}", name="subject_kind"),
        Index(None, "subject_id"),
    )

    attachment_id: Mapped[UUID] = mapped_column(ForeignKey("attachments.id"), primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_kind: Mapped[str]
    role: Mapped[str]
    linked_at: Mapped[datetime]
