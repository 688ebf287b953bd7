"""Propose candidates from what is open, and tell supervisors of follow-ups that never came."""

from dispatch_worker.station import Station
from services.matters.alarming import raise_alarms
from services.matters.looking import look
from services.notifications.announcing import announce
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work

TEMPLATE = "matter_follow_up"


async def matter_candidates(_station: Station) -> None:
    """Look once at every village."""
    async with unit_of_work(SYSTEM) as work:
        await look(work)


async def follow_up_alarms(_station: Station) -> None:
    """Tell the supervisors of each matter, in the transaction that writes the alarm down."""
    async with unit_of_work(SYSTEM) as work:
        for alarm in await raise_alarms(work):
            await announce(
                work, unique_key=alarm.unique_key, event_id=alarm.event_id, unit_id=alarm.unit_id, template=TEMPLATE, words=alarm.words
            )
