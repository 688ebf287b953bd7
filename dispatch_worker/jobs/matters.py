"""Propose candidates from what is open, tell supervisors of follow-ups that never came, and units of what became theirs."""

from dispatch_worker.station import Station
from services.matters.alarming import raise_alarms
from services.matters.looking import clustered, gathered, keep
from services.matters.telling import news
from services.notifications.announcing import announce
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work

FOLLOW_UP, NEWS = "matter_follow_up", "matter_news"


async def matter_candidates(_station: Station) -> None:
    """Look once at every village."""
    async with unit_of_work(SYSTEM) as work:
        found = await gathered(work)
    clusters = await clustered(found)
    async with unit_of_work(SYSTEM) as work:
        await keep(work, found.at, clusters)


async def follow_up_alarms(_station: Station) -> None:
    """Tell the supervisors of each matter, in the transaction that writes the alarm down."""
    async with unit_of_work(SYSTEM) as work:
        for alarm in await raise_alarms(work):
            await announce(
                work, unique_key=alarm.unique_key, event_id=alarm.event_id, unit_id=alarm.unit_id, template=FOLLOW_UP, words=alarm.words
            )


async def matter_news(_station: Station) -> None:
    """Tell units that they lead a matter, have a sub-task of one, or supervise one; the same again does nothing."""
    async with unit_of_work(SYSTEM) as work:
        for told in await news(work):
            await announce(work, unique_key=told.unique_key, event_id=told.event_id, unit_id=told.unit_id, template=NEWS, words=told.words)
