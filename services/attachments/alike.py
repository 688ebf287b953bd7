"""Finding pictures like a picture among all there are, and giving fingerprints to those that came before there were any.

A look-up meets only pictures that share a band with the fingerprint (`ix_picture_facts_bands`): a few in ten thousand. How far those
really are apart is counted here, from their fingerprints.
"""

from io import BytesIO
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.attachments.likeness import VERSION, alike, bands
from services.attachments.models import Attachment, PictureFacts
from services.attachments.pictures import examined
from services.attachments.store import Store
from services.platform.actor import SYSTEM
from services.platform.errors import Unavailable
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work


def traces(fingerprint: bytes | None) -> dict[str, Any]:
    """Return the columns of `picture_facts` that hold a fingerprint, made as they are now."""
    return {"likeness": fingerprint, "bands": None if fingerprint is None else bands(fingerprint), "likeness_version": VERSION}


async def pictures_like(session: AsyncSession, fingerprint: bytes) -> dict[UUID, int]:
    """Return the pictures that show what one with this `fingerprint` shows, itself among them, each with its distance in bits."""
    wanted = bindparam("bands", bands(fingerprint), ARRAY(Integer))
    query = select(PictureFacts.attachment_id, PictureFacts.likeness).where(
        PictureFacts.bands.bool_op("&&")(wanted), PictureFacts.likeness_version == VERSION
    )
    rows = await session.execute(query)
    return {row.attachment_id: apart for row in rows if (apart := alike(fingerprint, row.likeness)) is not None}


async def fill_likenesses(store: Store, after: UUID, limit: int) -> list[UUID]:
    """Give a fingerprint to up to `limit` pictures behind `after` that have none of the present making; return those looked at, in order.

    One whose bytes cannot be had now is looked at again the next time; one that cannot be opened has none for good. Twice is harmless.
    """
    async with unit_of_work(SYSTEM) as work:
        query = (
            select(PictureFacts.attachment_id, Attachment.store_key)
            .join(Attachment, Attachment.id == PictureFacts.attachment_id)
            .where(PictureFacts.readable, PictureFacts.likeness_version < VERSION, PictureFacts.attachment_id > after)
            .order_by(PictureFacts.attachment_id)
            .limit(limit)
        )
        found = (await work.session.execute(query)).all()
    for row in found:
        await _fill(store, row.attachment_id, row.store_key)
    return [row.attachment_id for row in found]


async def _fill(store: Store, attachment_id: UUID, store_key: str) -> None:
    """Fingerprint one picture: read and opened outside of any transaction, in the two threads there are for it."""
    try:
        content = b"".join([piece async for piece in store.read(store_key)])
    except Unavailable:
        return
    facts = await examined(BytesIO(content), settings().picture_pixels, keep_unreadable=True)
    async with unit_of_work(SYSTEM) as work:
        mine = (PictureFacts.attachment_id == attachment_id, PictureFacts.likeness_version < VERSION)
        await work.session.execute(update(PictureFacts).where(*mine).values(**traces(facts.likeness)))
