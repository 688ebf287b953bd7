"""Rows of attachments."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Double, ForeignKey, ForeignKeyConstraint, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, BigInt

FILE_ROLES = ("evidence", "before", "after", "signature", "recording")
SUBJECTS = ("complaint", "work_log", "call", "opinion", "help_item", "mediation", "matter", "service_step")
UPLOAD_STATES = ("open", "complete", "refused", "gone")


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


class Upload(Base):
    """A file that comes in pieces. `received` bytes are durable; `length` is None until the phone knows it.

    The id is the phone's own, so it names an upload of one account: the same id from somebody else is another upload.
    `created_at` also tells the lives of an id apart: what was started before the upload was ended and made anew belongs to no life of now.
    Ended ones are kept: complete for good, so that whoever asks again finds the file; the others for a while, to say so.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint(f"state IN {UPLOAD_STATES!r}", name="state"),
        CheckConstraint("received >= 0 AND received <= length", name="received"),
        CheckConstraint("(state = 'complete') = (attachment_id IS NOT NULL)", name="attachment"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended"),
        Index(None, "expires_at", postgresql_where=text("state <> 'complete'")),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    length: Mapped[int | None] = mapped_column(BigInt)
    received: Mapped[int] = mapped_column(BigInt)
    parts: Mapped[int]
    sealed_metadata: Mapped[bytes | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    attachment_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachments.id"))
    problem_code: Mapped[str | None]


class UploadPart(Base):
    """Some bytes of an upload, durable in the store under a key of their own. Parts follow each other without a gap."""

    __tablename__ = "upload_parts"
    __table_args__ = (
        CheckConstraint("size > 0", name="size"),
        ForeignKeyConstraint(["account_id", "upload_id"], ["uploads.account_id", "uploads.id"], ondelete="CASCADE"),
        UniqueConstraint("store_key"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    start: Mapped[int] = mapped_column(BigInt, primary_key=True)
    size: Mapped[int]
    store_key: Mapped[str]


class PictureFacts(Base):
    """What a picture says of itself: its size, when it was taken, where (WGS-84, as cameras write it). For staff, never for the public.

    `readable` is False for one that was kept although it could not be opened, as WeChat's are. `likeness` is the fingerprint of what it
    shows and `bands` finds others like it; both are None where there is nothing to tell it by. `likeness_version` says how they were made,
    0 where that was not tried yet.
    """

    __tablename__ = "picture_facts"
    __table_args__ = (
        CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="whole_position"),
        Index("ix_picture_facts_bands", "bands", postgresql_using="gin", postgresql_where=text("bands IS NOT NULL")),
        Index("ix_picture_facts_likeness_version", "likeness_version", "attachment_id", postgresql_where=text("readable")),
    )

    attachment_id: Mapped[UUID] = mapped_column(ForeignKey("attachments.id"), primary_key=True)
    readable: Mapped[bool]
    width: Mapped[int | None]
    height: Mapped[int | None]
    taken_at: Mapped[datetime | None]
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)
    likeness: Mapped[bytes | None]
    bands: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    likeness_version: Mapped[int] = mapped_column(server_default=text("0"))


class PublicCopy(Base):
    """The copy of a picture that may be shown: pixels and nothing else. One for each content."""

    __tablename__ = "public_copies"

    original_sha256: Mapped[bytes] = mapped_column(primary_key=True)
    sha256: Mapped[bytes]
    size: Mapped[int] = mapped_column(BigInt)
    width: Mapped[int]
    height: Mapped[int]
    made_at: Mapped[datetime]
