"""When the state, the round or the lead of matters changed, as it was known at an instant."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from services.matters.models import Matter, MatterState
from services.organization.models import Unit
from services.platform.unit_of_work import Work

_TURNING = (MatterState.state, MatterState.lead_unit_id, MatterState.round)


async def turns_of(work: Work, where: Sequence[ColumnElement[bool]], at: datetime) -> defaultdict[UUID, list[Any]]:
    """Return the versions of each matter at which it changed its state, round or lead, oldest first. `where`: over matters and units."""
    wanted = select(Matter.id).join(Unit, Unit.id == Matter.unit_id).where(*where)
    of, by = MatterState.matter_id, MatterState.version
    each = (
        select(MatterState, *(func.lag(column).over(partition_by=of, order_by=by).label(f"was_{column.key}") for column in _TURNING))
        .where(MatterState.matter_id.in_(wanted), MatterState.known_at <= at)
        .subquery()
    )
    turned = [each.c[column.key].is_distinct_from(each.c[f"was_{column.key}"]) for column in _TURNING]
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in await work.session.execute(select(each).where(or_(*turned)).order_by(each.c.matter_id, each.c.version)):
        found[row.matter_id].append(row)
    return found
