"""Storing changes: any number of them in a number of statements that does not grow with it.

Whoever calls holds the tickets locked. The order of statements is fixed and rows go in order of id, so that two writers
never wait for each other in a ring.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, bindparam, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attachments.linking import link
from services.journal.recording import Row, new_event, record
from services.platform.database import Base
from services.platform.unit_of_work import Work
from services.tickets.changes import Change
from services.tickets.models import Ticket


async def write(work: Work, changes: Sequence[Change], *, unit_id: UUID | None = None) -> None:
    """Store `changes`, at most one a ticket, with their events. `unit_id` is the seat acted from."""
    if not changes:
        return
    connection = await work.session.connection()
    events: list[Row] = []
    tickets: list[Row] = []
    for change in sorted(changes, key=lambda change: change.ticket.id):
        drafted = _events(work, change, unit_id)
        events += drafted
        last = drafted[-1]
        tickets.append(
            {**change.values, "id": change.ticket.id, "version": last["seq"], "chain_head": last["hash"], "updated_at": work.now}
        )
    await _update(connection, Ticket, tickets)
    await _insert_all(connection, (insert for change in changes for insert in change.inserts))
    await _update_all(connection, (item for change in changes for item in change.updates))
    await record(work, events)
    await _link_files(work, changes)


def _events(work: Work, change: Change, unit_id: UUID | None) -> list[Row]:
    seq, previous, rows = change.ticket.version, change.ticket.chain_head, []
    for draft in change.events:
        seq += 1
        row = new_event(
            work.actor,
            work.now,
            subject_kind="ticket",
            subject_id=change.ticket.id,
            seq=seq,
            type=draft.type,
            data=draft.data,
            previous_hash=previous,
            happened_at=draft.happened_at,
            unit_id=unit_id,
        )
        previous = row["hash"]
        rows.append(row)
    return rows


async def _insert_all(connection: AsyncConnection, inserts: Iterable[Any]) -> None:
    groups: dict[tuple[type[Base], frozenset[str]], list[Row]] = defaultdict(list)
    for insert in inserts:
        groups[insert.model, frozenset(insert.row)].append(insert.row)
    for (model, _), rows in sorted(groups.items(), key=lambda item: item[0][0].__tablename__):
        await connection.execute(_table(model).insert(), rows)


async def _update_all(connection: AsyncConnection, updates: Iterable[Any]) -> None:
    groups: dict[type[Base], list[Row]] = defaultdict(list)
    for item in updates:
        groups[item.model].append({**item.values, "id": item.id})
    for model, rows in sorted(groups.items(), key=lambda item: item[0].__tablename__):
        await _update(connection, model, rows)


async def _update(connection: AsyncConnection, model: type[Base], rows: list[Row]) -> None:
    """Give rows of `model` new values; rows with the same set of columns share a statement."""
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["id"]):
        groups[tuple(sorted(row))].append({f"new_{key}": value for key, value in row.items()})
    table = _table(model)
    for columns, bound in groups.items():
        values: dict[str, Any] = {column: bindparam(f"new_{column}") for column in columns if column != "id"}
        await connection.execute(update(table).where(table.c.id == bindparam("new_id")).values(values), bound)


async def _link_files(work: Work, changes: Sequence[Change]) -> None:
    logs: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    for change in changes:
        for file in change.links:
            logs[file.work_log_id][file.attachment_id] = file.role
    for log_id, roles in logs.items():
        await link(work, list(roles), "work_log", log_id, roles)


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table
