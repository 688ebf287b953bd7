"""Storing changes: any number of them in a number of statements that does not grow with it.

Whoever calls holds the tickets locked. The order of statements is fixed and rows go in order of id, so that two writers
never wait for each other in a ring.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.attachments.linking import link
from services.journal.recording import Row, new_event, record
from services.platform.actor import Actor
from services.platform.bulk import insert_many, update_many
from services.platform.database import Base
from services.platform.unit_of_work import Work
from services.tickets.changes import Change, Insert, Update
from services.tickets.models import Ticket
from services.tickets.telling import told


async def write(work: Work, changes: Sequence[Change], *, unit_id: UUID | None = None) -> None:
    """Store `changes`, at most one a ticket, with their events. `unit_id` is the seat acted from.

    What was done to clocks stands in the first event of a change, those that were there before those it starts; and so does what the ticket
    is after it (`telling.py`).
    """
    if not changes:
        return
    events: list[Row] = []
    tickets: list[Row] = []
    for change in sorted(changes, key=lambda change: change.ticket.id):
        drafted = events_of(change, work.actor, work.now, unit_id)
        events += drafted
        last = drafted[-1]
        tickets.append(
            {**change.values, "id": change.ticket.id, "version": last["seq"], "chain_head": last["hash"], "updated_at": work.now}
        )
    await update_many(work.session, Ticket, tickets)
    await _insert_all(work.session, (insert for change in changes for insert in change.inserts))
    await _update_all(work.session, (item for change in changes for item in change.updates))
    await record(work, events)
    await _link_files(work, changes)


def events_of(change: Change, actor: Actor, now: datetime, unit_id: UUID | None) -> list[Row]:
    """Return the rows of the events of `change`, chained to the ticket's last, as `actor` writes them at `now`. Pure."""
    seq, previous, rows = change.ticket.version, change.ticket.chain_head, []
    deeds = [dict(deed) for update in change.updates for deed in update.deeds]
    deeds += [dict(deed) for insert in change.inserts for deed in insert.deeds]
    after = told(change)
    more = {**({"clocks": deeds} if deeds else {}), **({"now": after} if after else {})}
    for nth, draft in enumerate(change.events):
        seq += 1
        data = {**draft.data, **more} if nth == 0 else draft.data
        row = new_event(
            actor,
            now,
            subject_kind="ticket",
            subject_id=change.ticket.id,
            seq=seq,
            type=draft.type,
            data=data,
            previous_hash=previous,
            happened_at=draft.happened_at,
            unit_id=unit_id,
        )
        previous = row["hash"]
        rows.append(row)
    return rows


async def _insert_all(session: AsyncSession, inserts: Iterable[Insert]) -> None:
    by_model: defaultdict[type[Base], list[Row]] = defaultdict(list)
    for insert in inserts:
        by_model[insert.model].append(insert.row)
    for model in sorted(by_model, key=_name):
        await insert_many(session, model, by_model[model])


async def _update_all(session: AsyncSession, updates: Iterable[Update]) -> None:
    by_model: defaultdict[type[Base], list[Row]] = defaultdict(list)
    for update in updates:
        by_model[update.model].append({**update.values, "id": update.id})
    for model in sorted(by_model, key=_name):
        await update_many(session, model, by_model[model])


def _name(model: type[Base]) -> str:
    return str(model.__tablename__)


async def _link_files(work: Work, changes: Sequence[Change]) -> None:
    logs: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    for change in changes:
        for file in change.links:
            logs[file.work_log_id][file.attachment_id] = file.role
    for log_id, roles in logs.items():
        await link(work, list(roles), "work_log", log_id, roles)
