"""Which device a complaint came from, as a keyed digest that ends: enough to see that one device spoke for many, and for nothing else.

What each way in knows of a device stands in docs/personal-data.md. The number of a caller and an account of WeChat are the contact's own
indexes; only what an open client says of its device (or of its own account) is kept beside, here. No address of a network is.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index, delete
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.bulk import insert_many, one_of
from services.platform.database import Base
from services.platform.secrets import blind_index
from services.platform.unit_of_work import Work

KEPT = timedelta(days=90)
"""Signs look a month back; after three nobody needs the mark of a device."""
_DEVICE = "device"


class DeviceMark(Base):
    """The keyed digest of the device a complaint came from. Equality is all it tells; it is deleted after :data:`KEPT`."""

    __tablename__ = "device_marks"
    __table_args__ = (Index(None, "mark"), Index(None, "recorded_at"))

    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id"), primary_key=True)
    mark: Mapped[bytes]
    recorded_at: Mapped[datetime]


async def keep_mark(work: Work, complaint_id: UUID, system_id: UUID, device: str | None) -> None:
    """Keep which device of a system a complaint came from; nothing where none was said. Two systems' devices are never one."""
    if device:
        row = {"complaint_id": complaint_id, "mark": blind_index(_DEVICE, f"{system_id} {device}"), "recorded_at": work.now}
        await insert_many(work.session, DeviceMark, [row])


async def forget_marks(work: Work, complaint_ids: Iterable[UUID]) -> None:
    """Delete the marks of these complaints for good."""
    await work.session.execute(delete(DeviceMark).where(one_of(DeviceMark.complaint_id, complaint_ids)))


async def forget_old_marks(work: Work) -> None:
    """Delete what is older than :data:`KEPT`."""
    await work.session.execute(delete(DeviceMark).where(DeviceMark.recorded_at < work.now - KEPT))
