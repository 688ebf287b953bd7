"""What reports know of each ticket, row by row: read straight from the facts, page after page, under the asker's scope."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, tuple_

from services.exports.columns import Column
from services.exports.known_columns import columns_named, described
from services.exports.paging import Page
from services.identity.permissions import scope_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.platform.errors import NotFound
from services.platform.unit_of_work import Work
from services.reports.models import ReportFact
from services.tickets.filters import TicketFilter, compile_filter, compile_scope
from services.tickets.lifecycle import STATUS_NAMES

_FACTS = ReportFact.__table__.c
_COLUMNS: dict[str, ColumnElement[Any]] = {**dict(_FACTS.items()), "id": _FACTS.ticket_id}
_PLACES = ("township", "village", "grid")
_FIRST = ("number", "status", "status_name", "category", "place", "place_name", *_PLACES, "holder", "holder_name", "desk", "desk_name")
UNTOLD = frozenset({
    "ticket_id", "version", "privacy", "area_path", "township_path", "village_path", "grid_path", "category_code", "lead_unit_id",
    "desk_unit_id", "lead_member_id",
})  # fmt: skip
"""Columns of facts that are told in other words, or to nobody."""
_PAGE = 10_000


def fact_columns() -> tuple[Column, ...]:
    """Return the columns of this table: names for paths and ids, then every other column of the facts that the dictionary describes."""
    return (*columns_named(*_FIRST), *described(name for name in _FACTS.keys() if name not in _FIRST))  # noqa: SIM118  no dictionary


async def fact_pages(work: Work, wanted: TicketFilter) -> AsyncIterator[Page]:
    """Yield the facts of `wanted`, in the order they were received. Raises NotFound ``unit.unknown``."""
    tree = await unit_tree(work.session)
    paths = {f"{name}_path": _path(tree, getattr(wanted, name)) for name in ("unit", "holder")}
    conditions = [compile_scope(scope_of(work.actor), _COLUMNS), *compile_filter(wanted, _COLUMNS, **paths)]
    total = await work.session.scalar(select(func.count()).select_from(ReportFact).where(*conditions))
    columns, order = fact_columns(), (_FACTS.received_at, _FACTS.ticket_id)
    query = select(ReportFact.__table__).where(*conditions).order_by(*order).limit(_PAGE)
    found = (await work.session.execute(query)).all()
    yield Page([_row(row, tree, columns) for row in found], total)
    while len(found) == _PAGE:
        last = found[-1]
        found = (await work.session.execute(query.where(tuple_(*order) > (last.received_at, last.ticket_id)))).all()
        yield Page([_row(row, tree, columns) for row in found])


def _path(tree: UnitTree, code: str | None) -> str | None:
    if code is None:
        return None
    unit = tree.by_code.get(code)
    if unit is None:
        raise NotFound("unit.unknown", f"There is no unit with the code {code}.")
    return unit.path


def _row(row: Row[Any], tree: UnitTree, columns: tuple[Column, ...]) -> tuple[Any, ...]:
    place = _last(row.area_path)
    unit, holder, desk = tree.by_code.get(place or ""), tree.by_id.get(row.lead_unit_id), tree.by_id.get(row.desk_unit_id)
    told = {
        "status_name": STATUS_NAMES.get(row.status, row.status),
        "category": row.category_code,
        "place": place,
        "place_name": unit.name if unit else place,
        "holder": holder.code if holder else None,
        "holder_name": holder.name if holder else None,
        "desk": desk.code if desk else None,
        "desk_name": desk.name if desk else None,
        **{name: _last(getattr(row, f"{name}_path")) for name in _PLACES},
    }
    return tuple(told[column.code] if column.code in told else getattr(row, column.code) for column in columns)


def _last(path: str | None) -> str | None:
    """Return the code of the unit a path leads to."""
    return path.strip("/").rpartition("/")[2] if path else None
