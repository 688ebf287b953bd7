"""What became of uploads that nobody goes on with: finished where all bytes came, forgotten where they did not, with their parts.

For the worker. Any number of workers may do this at once, again and again: rows are claimed with SKIP LOCKED, and files whose rows are gone
are found by looking through the store, so that a process killed anywhere leaves nothing behind for good.
"""

from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, Text, any_, bindparam, delete, select

from services.attachments.models import Upload, UploadPart
from services.attachments.store import Store
from services.attachments.uploading import PARTS, finish
from services.platform.actor import SYSTEM, Actor
from services.platform.errors import Problem, Unavailable
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work

log = structlog.get_logger()

_BATCH = 50
_SETTLED = timedelta(minutes=2)
"""So long the door itself is given to finish what came."""
_TOLD_FOR = timedelta(days=7)
"""So long one that was ended answers 410, and 404 from then on."""


async def finish_left_uploads(store: Store) -> int:
    """Make files of uploads whose last byte came while their door died; return how many were looked at."""
    async with unit_of_work(SYSTEM) as work:
        whole = (Upload.state == "open", Upload.received == Upload.length)
        left_alone = Upload.expires_at < work.now + timedelta(hours=settings().upload_hours) - _SETTLED
        query = select(Upload.account_id, Upload.id).where(*whole, left_alone).order_by(Upload.expires_at).limit(_BATCH)
        found: list[tuple[UUID, UUID]] = [(row.account_id, row.id) for row in await work.session.execute(query)]
    for account_id, upload_id in found:
        try:
            await finish(Actor(kind="member", account_id=account_id), upload_id, store)
        except Unavailable:
            raise
        except Problem as problem:  # its content is not taken; the upload says so now
            log.info("upload.refused", code=problem.code)
    return len(found)


async def forget_uploads() -> int:
    """End uploads to which nothing came for too long, take their parts off the books, and forget those ended long ago.

    One whose bytes are all there is never forgotten, however long nobody finished it. Returns how many were ended.
    """
    async with unit_of_work(SYSTEM) as work:
        unfinished = Upload.length.is_(None) | (Upload.received < Upload.length)
        over = select(Upload).where(Upload.state == "open", unfinished, Upload.expires_at <= work.now)
        rows = list(await work.session.scalars(over.order_by(Upload.expires_at).limit(_BATCH).with_for_update(skip_locked=True)))
        for row in rows:
            row.state, row.ended_at = "gone", work.now
            await work.session.execute(delete(UploadPart).where(UploadPart.account_id == row.account_id, UploadPart.upload_id == row.id))
        told_enough = (Upload.state.in_(("gone", "refused")), Upload.ended_at < work.now - _TOLD_FOR)
        await work.session.execute(delete(Upload).where(*told_enough))
    return len(rows)


async def sweep_parts(store: Store) -> int:
    """Drop what lies among the parts for longer than an upload lives and belongs to none; return how many.

    A part is written before its row, so a young one without a row may yet get it.
    """
    dropped = 0
    async with unit_of_work(SYSTEM) as work:
        before = work.now - timedelta(hours=settings().upload_hours)
    async for keys in store.old(PARTS, before):
        async with unit_of_work(SYSTEM) as work:
            wanted = UploadPart.store_key == any_(bindparam(None, keys, ARRAY(Text())))
            kept = set(await work.session.scalars(select(UploadPart.store_key).where(wanted)))
        unclaimed = [key for key in keys if key not in kept]
        await store.drop(unclaimed)
        dropped += len(unclaimed)
    return dropped
