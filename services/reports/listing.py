"""Tickets as reports see them, as a list: any filter, now or as they were known at an instant."""

from datetime import datetime

from sqlalchemy import func, select, tuple_

from services.identity.permissions import scope_of
from services.organization.queries import unit_tree
from services.platform.unit_of_work import Work
from services.reports.drilldown import Place, ticket_view
from services.reports.figures import one_snapshot
from services.reports.known import known_when, require_known
from services.reports.questions import find_holder, find_place
from services.reports.selecting import columns_of
from services.reports.views import TicketList
from services.tickets.filters import TicketFilter, compile_filter, compile_scope


async def list_known(
    work: Work, wanted: TicketFilter, *, as_of: datetime | None, after: Place | None, limit: int, total: int | None = None
) -> tuple[TicketList, Place | None]:
    """Return a page of the tickets `wanted` selects and the reader may know of, oldest received first, and where the next page goes on.

    `total`: where a page before, of the same snapshot, told it. Raises NotFound, Forbidden or Invalid for a unit as reports do, and
    Invalid ``as_of.future``.
    """
    await one_snapshot(work.session)
    require_known(as_of, work.now)
    tree, scope = await unit_tree(work.session), scope_of(work.actor)
    place, seat = find_place(tree, scope, wanted.unit), find_holder(tree, scope, wanted.holder)
    known = await known_when(work, as_of)
    columns = columns_of(known.facts)
    paths = {"unit_path": place.path if place else None, "holder_path": seat.path if seat else None}
    conditions = [*compile_filter(wanted, columns, **paths), compile_scope(scope, columns, as_of=as_of)]
    if total is None:
        total = await work.session.scalar(select(func.count()).select_from(known.facts).where(*conditions))
    order = (known.facts.c.received_at, known.facts.c.ticket_id)
    query = select(known.facts).where(*conditions).order_by(*order).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    found = (await work.session.execute(query)).all()
    items = [ticket_view(row, tree) for row in found[:limit]]
    told = TicketList(as_of=known.as_of, stale_seconds=known.stale_seconds, total=total or 0, items=items)
    last = found[limit - 1] if len(found) > limit else None
    return told, (last.received_at, last.ticket_id) if last is not None else None
