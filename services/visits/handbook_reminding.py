"""Telling desks of opinions nothing became of: each desk once for each opinion, after a number of natural days that the county sets.

The township's desk is told; where there is none, the county's.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from services.journal.noting import note
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import insert_many
from services.platform.settings import settings
from services.platform.unit_of_work import Work
from services.visits.opinions import SUBJECT
from services.visits.opinions_models import OpinionReminder
from services.visits.opinions_rules import ENDED_IN_NOTHING

AT_ONCE = 200
_LOCK = 0x6F70696E
_DROPPED = ", ".join(f"'{status}'" for status in ENDED_IN_NOTHING)
# What holds is said as in `handbook_figures.py`, of tickets as they are now. Whoever was told is not told again.
_LATE = text(
    "SELECT o.id, o.unit_id, o.heard_at FROM opinions o JOIN activities a ON a.id = o.id"  # noqa: S608  our own words
    " WHERE o.heard_at <= :before AND a.withdrawn_at IS NULL"
    " AND NOT EXISTS (SELECT FROM opinion_reminders r WHERE r.opinion_id = o.id)"
    " AND NOT EXISTS (SELECT FROM opinion_outcomes x"
    " LEFT JOIN tickets t ON t.id = x.ticket_id LEFT JOIN tickets i ON i.id = t.merged_into_id"
    f" WHERE x.opinion_id = o.id AND (x.kind <> 'ticket' OR coalesce(i.status, t.status) NOT IN ({_DROPPED})))"
    " ORDER BY o.heard_at, o.id LIMIT :many"
)


@dataclass(frozen=True, slots=True)
class Reminder:
    """What a desk is to be told: of how many opinions of its area, by which event."""

    unit_id: UUID
    event_id: UUID
    unique_key: str
    words: str


async def remind(work: Work) -> list[Reminder]:
    """Note which opinions are late and whose desk is told of them; return what to tell. Only one worker at a time; nothing twice."""
    if not await work.session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}):
        return []
    days = settings().opinion_open_days
    rows = (await work.session.execute(_LATE, {"before": work.now - timedelta(days=days), "many": AT_ONCE})).all()
    tree = await unit_tree(work.session)
    by_desk: dict[UUID, list[UUID]] = {}
    for row in rows:
        desk = desk_over(tree, tree.by_id[row.unit_id])
        if desk is not None:
            by_desk.setdefault(desk.id, []).append(row.id)
    return [await _told(work, desk_id, opinions, days) for desk_id, opinions in by_desk.items()]


def desk_over(tree: UnitTree, unit: UnitNode) -> UnitNode | None:
    """Return the township `unit` lies in, else the county; None of a tree that has neither."""
    around = [found for found in (unit, *tree.ancestors(unit)) if found.active]
    township = next((found for found in around if found.kind == "township"), None)
    return township or next((found for found in around if found.kind in ("county", "city")), tree.root)


async def _told(work: Work, desk_id: UUID, opinions: list[UUID], days: int) -> Reminder:
    rows = [{"opinion_id": opinion_id, "unit_id": desk_id, "told_at": work.now} for opinion_id in opinions]
    await insert_many(work.session, OpinionReminder, rows)
    for opinion_id in opinions:
        await note(work, SUBJECT, opinion_id, "opinion.late", {"unit_id": str(desk_id), "days": days})
    event_id = await _event_of(work, opinions[0])
    words = f"有{len(opinions)}条群众意见听取后满{days}天仍未办结，请到《服务群众工作手册》未办结清单中查看，逐条落实去向并告知群众。"
    return Reminder(desk_id, event_id, f"opinion.late:{opinions[0]}:{desk_id}", words)


async def _event_of(work: Work, opinion_id: UUID) -> UUID:
    query = text("SELECT id FROM events WHERE subject_id = :subject ORDER BY seq DESC LIMIT 1")
    found: UUID = (await work.session.execute(query, {"subject": opinion_id})).scalar_one()
    return found
