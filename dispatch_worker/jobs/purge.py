"""Forget what was kept long enough: answered idempotency keys, wrong tracking codes, nonces of callbacks, marks of devices."""

from datetime import timedelta

from sqlalchemy import delete

from dispatch_worker.station import Station
from services.complaints.device_marks import forget_old_marks
from services.complaints.models import TrackingTry
from services.connections.replays import forget_seen_pushes
from services.hotline.drafts import erase_old_drafts
from services.hotline.phone_desk import void_overtaken
from services.identity.locking import forget_unknown_logins
from services.identity.sessions import forget_old_sessions
from services.notifications.webhooks.queries import forget_told
from services.pairing.counting import fold_counts
from services.platform.actor import SYSTEM
from services.platform.idempotency import KEPT_HOURS, IdempotencyKey
from services.platform.unit_of_work import unit_of_work
from services.shifts.forgetting import forget_shifts

_TRIES_KEPT_HOURS = 24


async def purge(_station: Station) -> None:
    """Delete idempotency keys older than the published time, tries of the day before, and nonces that no window lets in any more.

    What is counted of households is folded, so that reading it stays quick.
    """
    async with unit_of_work(SYSTEM) as work:
        await work.session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < work.now - timedelta(hours=KEPT_HOURS)))
        await work.session.execute(delete(TrackingTry).where(TrackingTry.hour < work.now - timedelta(hours=_TRIES_KEPT_HOURS)))
        await forget_seen_pushes(work)
        await erase_old_drafts(work)
        await void_overtaken(work)
        await forget_told(work)
        await forget_old_sessions(work)
        await forget_unknown_logins(work)
        await forget_shifts(work)
        await forget_old_marks(work)
        await fold_counts(work)
