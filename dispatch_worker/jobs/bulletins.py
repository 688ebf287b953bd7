"""Draft the bulletins of periods that are over, each once, and tell the units whose they are."""

from typing import get_args

from dispatch_worker.station import Station
from services.bulletins.collecting import collect
from services.bulletins.drafting import make_draft
from services.bulletins.due import DueBulletin, due_bulletins
from services.bulletins.periods import Kind
from services.notifications.announcing import announce
from services.organization.queries import unit_tree
from services.platform.actor import SYSTEM
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work


async def bulletins(station: Station) -> None:
    """Draft what is due, oldest first, a transaction for the reading and one for the writing of each."""
    chosen = settings()
    kinds: list[Kind] = [kind for kind in get_args(Kind) if kind in chosen.bulletin_kinds.split(",")]
    async with unit_of_work(SYSTEM) as work:
        due = await due_bulletins(work, kinds, chosen.bulletin_grace_days, townships=chosen.bulletin_townships)
    for one in due:
        if station.stopping.is_set():
            return
        await draft(one)


async def draft(due: DueBulletin) -> bool:
    """Draft one bulletin and tell its unit; return whether it was made: another worker may have been quicker."""
    async with unit_of_work(SYSTEM) as reading:
        figures = await collect(reading, due.unit, due.period)
    async with unit_of_work(SYSTEM) as work:
        made = await make_draft(work, figures)
        if made is None:
            return False
        unit = (await unit_tree(work.session)).by_code[due.unit]
        title = f"{figures.unit_name}{due.period.label}群众诉求办理情况通报"
        words = f"{title}已由系统起草，编号{made.number}，请核对数字、补充文字后交另一人签发。"
        await announce(
            work, unique_key=f"bulletin:{made.id}", event_id=made.event_id, unit_id=unit.id, template="bulletin_drafted", words=words
        )
    return True
