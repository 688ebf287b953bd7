"""Writing lives into the database with COPY: a block in one transaction, tables in the order their keys refer to each other."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy.dialects.postgresql import JSONB

from daguanjia.county.copying import PLACES
from daguanjia.county.living import Living
from daguanjia.county.world import World
from services.complaints.models import Complainant, Complaint, Repeat
from services.deadlines.models import Clock, ClockMove, Escalation
from services.journal.models import Event
from services.platform.bulk import table_of
from services.platform.database import Base
from services.platform.sealed_words import seal_telling
from services.reports.counting import past_of
from services.reports.facts import Fact
from services.reports.models import PastFact, ReportFact
from services.tickets.lifecycle import OPEN
from services.tickets.models import (
    Answer,
    Assignment,
    CallBack,
    Directive,
    Extension,
    Round,
    Suspension,
    Ticket,
    WorkLog,
)
from services.verification.models import DemandExclusion

Row = dict[str, Any]
_BESIDE = (Round, Assignment, WorkLog, Extension, Suspension, Directive, Answer, CallBack, ClockMove, Escalation, DemandExclusion)


async def write_block(connection: asyncpg.Connection, lives: Sequence[Living], facts: Sequence[Sequence[Fact]], *, journal: bool) -> None:
    """Write tickets, facts and, with `journal`, everything beside them; without it only what is open now keeps its clocks and holders."""
    async with connection.transaction():
        if journal:
            await write_beside(connection, lives)
            await copy_rows(connection, Event, [event for living in lives for event in living.life.events])
        else:
            await _write_open(connection, lives)
        await _copy_facts(connection, facts, journal=journal)
        await connection.copy_records_to_table(PLACES, records=[(living.ticket_id, living.plan.nth, living.plan.spot) for living in lives])


async def write_beside(connection: asyncpg.Connection, lives: Sequence[Living]) -> None:
    """Write everything but the events and the facts that follow from them."""
    await copy_rows(connection, Ticket, [living.life.ticket for living in lives])
    told = [one for living in lives for one in living.told]
    await copy_rows(connection, Complaint, [_sealed(one.complaint) for one in told])
    await copy_rows(connection, Complainant, [row for one in told if (row := one.complainant()) is not None])
    await copy_rows(connection, Repeat, [one.repeat for one in told if one.repeat is not None])
    await copy_rows(connection, Clock, [row for living in lives for row in living.life.rows_of_clocks()])
    for model in _BESIDE:
        await copy_rows(connection, model, [row for living in lives for row in living.life.rows.get(model, {}).values()])


def _sealed(complaint: Row) -> Row:
    """A complaint as it is stored: what was said is sealed."""
    return complaint | {"words": None, "place_words": None} | seal_telling(complaint["id"], complaint["words"], complaint["place_words"])


async def _write_open(connection: asyncpg.Connection, lives: Sequence[Living]) -> None:
    await copy_rows(connection, Ticket, [living.life.ticket for living in lives])
    still = [living.life for living in lives if living.life.status in OPEN]
    await copy_rows(connection, Clock, [row for life in still for row in life.rows_of_clocks() if row["state"] in ("running", "paused")])
    held = [row for life in still for row in life.rows.get(Assignment, {}).values()]
    await copy_rows(connection, Assignment, [row for row in held if row.get("ended_at") is None])


async def _copy_facts(connection: asyncpg.Connection, facts: Sequence[Sequence[Fact]], *, journal: bool) -> None:
    present = [versions[-1] for versions in facts]
    await connection.copy_records_to_table(table_of(ReportFact).name, records=present, columns=Fact._fields)
    if journal:
        past = [(*fact, until) for versions in facts for fact, until in past_of(versions, None)]
        await connection.copy_records_to_table(table_of(PastFact).name, records=past, columns=(*Fact._fields, "known_until"))


async def copy_rows(connection: asyncpg.Connection, model: type[Base], rows: Sequence[Row]) -> None:
    """Write rows of one table with COPY; a column that a row does not name is NULL, one that none names has its default."""
    if not rows:
        return
    table = table_of(model)
    names = [column.name for column in table.columns if any(column.name in row for row in rows)]
    json = [nth for nth, name in enumerate(names) if isinstance(table.c[name].type, JSONB)]
    records = []
    for row in rows:
        record = [row.get(name) for name in names]
        for nth in json:
            if record[nth] is not None:
                record[nth] = orjson.dumps(record[nth]).decode()
        records.append(record)
    await connection.copy_records_to_table(table.name, records=records, columns=names)


def digest(world: World, lives: Sequence[Living], facts: Sequence[Sequence[Fact]]) -> bytes:
    """Return the hash of what a block says: facts and events, units by their codes, without anything that another database makes anew."""
    found = sha256()
    for living, versions in zip(lives, facts, strict=True):
        events = [
            (e["seq"], e["type"], e["happened_at"], e["recorded_at"], e["actor_kind"], _plain(world, e["actor_unit_id"]))
            for e in living.life.events
        ]
        told = [(one.complaint["id"], one.complaint["words"], one.household) for one in living.told]
        lines = [[_plain(world, value) for value in fact] for fact in versions]
        found.update(orjson.dumps([events, told, lines]))
    return found.digest()


def _plain(world: World, value: Any) -> Any:
    if isinstance(value, UUID):
        unit = world.tree.by_id.get(value)
        return unit.code if unit else str(value)
    return value
