"""Bring versions of rules that were dated later into the tables made from them, when their time has come."""

from dispatch_worker.station import Station
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from services.policies.actions import apply_due
from services.simulation.kinds import KINDS, forget_rules


async def apply_policies(station: Station) -> None:  # noqa: ARG001  every duty is given its station
    """Apply what is due, a transaction for each kind; several workers at once do it once."""
    for kind in (kind for kind in KINDS.values() if kind.apply is not None):
        async with unit_of_work(SYSTEM) as work:
            applied = await apply_due(work, kind)
        if applied:
            forget_rules()
