"""Deleting files whose time is over, whose export was called off, or that no export knows; and, long after, that there was an export.

Any number of workers may do this at once.
"""

from datetime import timedelta

from sqlalchemy import delete, select, update

from services.attachments.store import Store
from services.exports.making import DIRECTORY
from services.exports.models import Export
from services.platform.actor import SYSTEM
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work

_BATCH = 200
REMEMBERED = timedelta(days=90)
"""So long after its end an export whose file is gone is still listed; who asked for what stays in the journal."""
_ENDED = ("failed", "cancelled", "expired")
_SETTLED = timedelta(days=2)
"""So much longer than files are kept no attempt at making one can take."""


async def expire(store: Store) -> int:
    """End exports whose time is over and delete what they have in the store; return how many files that were."""
    async with unit_of_work(SYSTEM) as work:
        over = update(Export).where(Export.state == "ready", Export.expires_at <= work.now)
        await work.session.execute(over.values(state="expired"), execution_options={"synchronize_session": False})
    async with unit_of_work(SYSTEM) as work:
        query = select(Export).where(Export.state.in_(_ENDED), Export.store_key.is_not(None)).order_by(Export.id).limit(_BATCH)
        rows = (await work.session.scalars(query)).all()
        found = {row.id: row.store_key for row in rows if row.store_key}
    await store.drop(list(found.values()))
    async with unit_of_work(SYSTEM) as work:
        gone = update(Export).where(Export.id.in_(found), Export.state.in_(_ENDED))
        await work.session.execute(gone.values(store_key=None), execution_options={"synchronize_session": False})
        before = work.now - timedelta(days=settings().export_days) - _SETTLED
    await _forget()
    async for group in store.old(DIRECTORY, before):
        await store.drop(group)
    return len(found)


async def _forget() -> None:
    """Delete what is remembered of exports that ended long ago and have no file any more."""
    async with unit_of_work(SYSTEM) as work:
        ended = (Export.state.in_(_ENDED), Export.store_key.is_(None), Export.ended_at <= work.now - REMEMBERED)
        old = select(Export.id).where(*ended).order_by(Export.ended_at).limit(_BATCH).with_for_update(skip_locked=True)
        await work.session.execute(delete(Export).where(Export.id.in_(old)), execution_options={"synchronize_session": False})
