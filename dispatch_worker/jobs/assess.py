"""Make the assessments that were asked for, and tell the units of those that were published."""

from dispatch_worker.station import Station
from services.assessment.making import make_next
from services.assessment.telling import tellings
from services.notifications.announcing import announce
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import Work, unit_of_work

TEMPLATE = "assessment_published"


async def assess(station: Station) -> None:
    """Make one run after another, a transaction for each; several workers at once make each run, and tell of it, once."""
    made = told = True
    while (made or told) and not station.stopping.is_set():
        async with unit_of_work(SYSTEM) as work:
            made = await make_next(work) is not None
        async with unit_of_work(SYSTEM) as work:
            told = await _tell(work)


async def _tell(work: Work) -> bool:
    found = await tellings(work)
    for one in found:
        await announce(work, unique_key=one.unique_key, event_id=one.event_id, unit_id=one.unit_id, template=TEMPLATE, words=one.words)
    return bool(found)
