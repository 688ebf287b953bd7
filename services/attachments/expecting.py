"""Files that are named before they are here: a phone without much of a network sends the words first and the pictures after.

A phone makes an id for each upload (a UUID). Whatever completes the upload calls :func:`arrived`; whatever names it calls
:func:`arrived_ones` and, for those that are not there yet, :func:`expect`. Both take the same lock for each upload first, so that neither
can miss the other, in whatever order and processes they come. An upload belongs to the account that made it: the same id from somebody
else is another upload.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from services.attachments.models import AttachmentLink
from services.journal.noting import note
from services.platform.bulk import insert_many, one_of
from services.platform.database import Base
from services.platform.secrets import fingerprint
from services.platform.unit_of_work import Work

_ONCE = "ON CONFLICT DO NOTHING"
EXPECTED = ("complaint", "work_log", "opinion", "help_item", "mediation", "service_step")
"""What files are waited for by."""


class ArrivedUpload(Base):
    """An upload that is complete, and the file it became."""

    __tablename__ = "arrived_uploads"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    attachment_id: Mapped[UUID] = mapped_column(ForeignKey("attachments.id"))
    arrived_at: Mapped[datetime]


class ExpectedFile(Base):
    """What an upload will belong to, and as what, once it is complete; `linked_at` says when it was."""

    __tablename__ = "expected_files"
    __table_args__ = (CheckConstraint(f"subject_kind IN {EXPECTED!r}", name="subject_kind"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_kind: Mapped[str]
    role: Mapped[str]
    expected_at: Mapped[datetime]
    linked_at: Mapped[datetime | None]


async def arrived(work: Work, account_id: UUID, upload_id: UUID, attachment_id: UUID) -> int:
    """Note, in the transaction that made the file, that the upload `upload_id` of `account_id` became it; link it where it is expected.

    Returns how many links were made. The same upload again changes nothing: the first file stands.
    """
    await _lock(work.session, account_id, [upload_id])
    row = {"account_id": account_id, "upload_id": upload_id, "attachment_id": attachment_id, "arrived_at": work.now}
    await insert_many(work.session, ArrivedUpload, [row], condition=_ONCE)
    mine = (ExpectedFile.account_id == account_id, ExpectedFile.upload_id == upload_id, ExpectedFile.linked_at.is_(None))
    found = await work.session.execute(
        update(ExpectedFile)
        .where(*mine)
        .values(linked_at=work.now)
        .returning(ExpectedFile.subject_id, ExpectedFile.subject_kind, ExpectedFile.role)
    )
    first = await work.session.scalar(
        select(ArrivedUpload.attachment_id).where(ArrivedUpload.account_id == account_id, ArrivedUpload.upload_id == upload_id)
    )
    links = [{"attachment_id": first, **row._mapping, "linked_at": work.now} for row in found]  # noqa: SLF001  SQLAlchemy's public name
    await insert_many(work.session, AttachmentLink, links, condition=_ONCE)
    for made in links:  # whoever judges files by what they show has seen the words without them
        data = {"attachment_id": str(first), "role": made["role"]}
        await note(work, made["subject_kind"], made["subject_id"], f"{made['subject_kind']}.file_arrived", data)
    return len(links)


async def arrived_ones(work: Work, upload_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return the files that uploads of `work.actor` became, by upload. Those left out are not here yet, until the transaction ends."""
    wanted, account_id = sorted(set(upload_ids)), work.actor.account_id
    if not wanted or account_id is None:
        return {}
    await _lock(work.session, account_id, wanted)
    query = select(ArrivedUpload.upload_id, ArrivedUpload.attachment_id)
    rows = await work.session.execute(query.where(ArrivedUpload.account_id == account_id, one_of(ArrivedUpload.upload_id, wanted)))
    return {row.upload_id: row.attachment_id for row in rows}


async def expect(work: Work, role_by_upload: Mapping[UUID, str], subject_kind: str, subject_id: UUID) -> None:
    """Have uploads of `work.actor` linked to a complaint or a work log once they are complete: those :func:`arrived_ones` left out."""
    rows = [
        {
            "account_id": work.actor.account_id,
            "upload_id": upload_id,
            "subject_id": subject_id,
            "subject_kind": subject_kind,
            "role": role,
            "expected_at": work.now,
            "linked_at": None,
        }
        for upload_id, role in role_by_upload.items()
    ]
    await insert_many(work.session, ExpectedFile, rows, condition=_ONCE)


async def _lock(session: AsyncSession, account_id: UUID, upload_ids: Iterable[UUID]) -> None:
    """Wait for whoever has to do with these uploads at the same moment; in the order of their ids, so that nobody waits in a ring."""
    for upload_id in upload_ids:
        number = int.from_bytes(fingerprint(b"upload", account_id.bytes, upload_id.bytes)[:8], "big", signed=True)
        await session.execute(select(func.pg_advisory_xact_lock(number)))
