"""Sign the certificates of matters that were struck off: the anchors' key stays with the worker."""

import structlog

from dispatch_worker.station import Station
from services.anchors.signing import signing_key
from services.matters.certificates import sign_certificates
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work

log = structlog.get_logger()


async def certificates(_station: Station) -> None:
    """Sign what waits, each once; one that does not hold is refused, and said so."""
    async with unit_of_work(SYSTEM) as work:
        signed, refused = await sign_certificates(work, signing_key())
    if signed:
        log.info("certificates.signed", signed=signed)
    for certificate in refused:
        log.error("certificates.refused", certificate=certificate)
