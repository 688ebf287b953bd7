"""What lies with a unit goes on with the one that takes its place: rows that name a unit are brought along."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, update

from services.organization.models import Unit
from services.organization.tree import heirs_of
from services.platform.unit_of_work import Work


async def heirs(work: Work) -> dict[UUID, UUID]:
    """Return the unit that follows each ended one alone."""
    query = select(Unit.id, Unit.predecessor_id).where(Unit.predecessor_id.is_not(None))
    return heirs_of({row.id: row.predecessor_id for row in await work.session.execute(query)})


async def follow(work: Work, columns: Iterable[Any]) -> int:
    """Give `columns` (of row classes) the unit that follows the one they name; return how many rows changed.

    Of a unit that was split nothing is moved: there people decide. What was known when is not touched. Done again it changes nothing.
    """
    following = await heirs(work)
    if not following:
        return 0
    old, now = (bindparam(None, list(ids), ARRAY(Uuid())) for ids in (following, following.values()))
    moved = func.unnest(old, now).table_valued("was", "now").render_derived(name="moved")
    done = 0
    for column in columns:
        row_class = column.class_
        changed = update(row_class).values({column: moved.c.now}).where(column == moved.c.was).returning(row_class.id)
        done += len((await work.session.scalars(changed)).all())
    return done
