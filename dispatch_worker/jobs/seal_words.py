"""Seal what a release before left in clear."""

from weakref import WeakValueDictionary

import structlog

from dispatch_worker.station import Station
from services.privacy.sealing import PLACES, seal_portion

log = structlog.get_logger()
_settled: WeakValueDictionary[int, Station] = WeakValueDictionary()
_over: WeakValueDictionary[int, Station] = WeakValueDictionary()


async def seal_words(station: Station) -> None:
    """Seal words that lie in clear, portion by portion, until none does; from then on this process looks for no more.

    A worker that has just begun leaves it until its next turn: a door of the release before, which reads only what lies in clear and
    writes no other, may still be open.
    """
    if _settled.get(id(station)) is not station:
        _settled[id(station)] = station
        return
    if _over.get(id(station)) is station:
        return
    portions = 0
    for place in PLACES:
        after = await seal_portion(place, None)
        while after is not None and not station.stopping.is_set():
            portions += 1
            after = await seal_portion(place, after)
    if not station.stopping.is_set():
        _over[id(station)] = station
        log.info("words.sealed", portions=portions)
