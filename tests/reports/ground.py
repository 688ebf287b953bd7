"""A small county to count in: units, categories and tickets written directly, as the owner would import them."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from services.platform.actor import SYSTEM
from services.platform.database import WORKER, Database, database, use_database
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.reports.counting import count
from services.reports.folding import RESTATED
from services.reports.measures import KEY
from services.reports.restating import what_they_are
from services.tickets.changes import Change, EventDraft
from services.tickets.loading import lock
from services.tickets.recording import write

ROOT = "441624"
NOON = datetime(2026, 11, 10, 4, tzinfo=UTC)
CHANNELS = ("hotline", "wechat", "field", "petition")
CATEGORIES = ("water.pipe", "water.canal", "roads.damage", "disputes")


def path(*codes: str) -> str:
    """Return the tree path of these codes below the root."""
    return "/" + "/".join((ROOT, *codes)) + "/"


TREE = [
    (ROOT, None, "county", "county", "和平县", None),
    *((f"T{t}", ROOT, "township", "township", f"{t}号镇", None) for t in (1, 2, 3)),
    *((f"T{t}V{v}", f"T{t}", "village", "village", f"{t}镇{v}村", None) for t in (1, 2, 3) for v in (1, 2)),
    *((f"T{t}V{v}G{g}", f"T{t}V{v}", "grid", "grid", f"{t}镇{v}村{g}网格", None) for t in (1, 2) for v in (1, 2) for g in (1, 2)),
    ("D-WATER", ROOT, "department", "county", "水务局", "water"),
    ("T1-WATER", "T1", "station", "township", "1号镇水利站", "water"),
]


async def plant(owner: asyncpg.Connection) -> dict[str, UUID]:
    """Write units and categories; return the id of each unit by code."""
    ids = {code: new_id() for code, *_rest in TREE}
    paths: dict[str, str] = {}
    for code, parent, kind, tier, name, function in TREE:
        paths[code] = (paths[parent] if parent else "/") + f"{code}/"
        await owner.execute(
            "INSERT INTO units (id, code, kind, tier, name, parent_id, path, function, valid_from, created_at, updated_at)"
            " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$10)",
            ids[code], code, kind, tier, name, ids.get(parent or ""), paths[code], function, date(2026, 1, 1), NOON,
        )  # fmt: skip
    for position, code in enumerate(("water", "roads", *CATEGORIES)):
        parent = code.rpartition(".")[0] or None
        await owner.execute(
            "INSERT INTO categories (code, parent_code, name, position, leaf, urgency, privacy, place_needed, evidence, limits, handler,"
            " surfaces_directly, urgent_ring, keywords, version, updated_at)"
            " VALUES ($1,$2,$3,$4,$5,'normal','normal',false,'[]','{}','lowest',false,false,'[]',1,$6)",
            code, parent, f"类{code}", position, code in CATEGORIES, NOON,
        )  # fmt: skip
    return ids


AREAS = [path(), path("T1"), path("T3", "T3V1"), path("T1", "T1V1"), path("T1", "T1V1", "T1V1G1"), path("T2", "T2V2", "T2V2G2"), path("T2")]


async def put(owner: asyncpg.Connection, *, due: datetime | None = None, first_due: datetime | None = None, **values: Any) -> UUID:
    """Write one ticket, received at noon and dispatched unless `values` say otherwise, with a resolve clock where `due` is given."""
    ticket_id: UUID = values.pop("id", None) or new_id()
    row: dict[str, Any] = {
        "id": ticket_id, "number": f"N{ticket_id.hex}", "status": "dispatched", "version": 1, "chain_head": b"", "round": 1,
        "source": "complaint", "channel": "hotline", "urgency": "normal", "privacy": "normal", "area_path": path("T1", "T1V1"),
        "received_at": NOON, "recorded_at": NOON, "updated_at": NOON,
    } | values  # fmt: skip
    if row["status"] == "merged":
        row.setdefault("merged_into_id", ticket_id)
    places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    await owner.execute(f"INSERT INTO tickets ({', '.join(row)}) VALUES ({places})", *row.values())
    if due:
        await put_clock(owner, ticket_id, row["round"], due, first_due or due, stopped_at=row.get("resolved_at"))
    return ticket_id


async def put_clock(
    owner: asyncpg.Connection, ticket_id: UUID, round_number: int, due: datetime, first_due: datetime, *, stopped_at: datetime | None
) -> None:
    """Write or move the resolve clock of a round."""
    await owner.execute(
        "INSERT INTO clocks (id, ticket_id, round, stage, turn, state, started_at, first_due_at, due_at, stopped_at,"
        " limit_amount, limit_unit, provisional)"
        " VALUES ($1,$2,$3,'resolve',1,$4,$5,$6,$7,$8,5,'working_days',false)"
        " ON CONFLICT (ticket_id, round, stage, turn)"
        " DO UPDATE SET due_at = excluded.due_at, state = excluded.state, stopped_at = excluded.stopped_at",
        new_id(), ticket_id, round_number, "stopped" if stopped_at else "running", NOON, first_due, due, stopped_at,
    )  # fmt: skip


async def scatter(owner: asyncpg.Connection, dice: random.Random, how_many: int, units: dict[str, UUID]) -> list[UUID]:
    """Write tickets of every kind, place, state and time within ten weeks around the turn of two months."""
    return [await _scattered(owner, dice, units) for _ in range(how_many)]


async def _scattered(owner: asyncpg.Connection, dice: random.Random, units: dict[str, UUID]) -> UUID:
    received = NOON + timedelta(minutes=dice.randrange(-50_000, 50_000))
    if dice.random() < 0.15:  # on the stroke of midnight in Shanghai: the first instant of a day
        received = NOON + timedelta(hours=12 + 24 * dice.randrange(-30, 30))
    state = random_state(dice, received)
    due = received + timedelta(hours=dice.randrange(1, 400)) if dice.random() < 0.8 else None
    return await put(
        owner,
        due=due,
        first_due=due - timedelta(hours=dice.choice((0, 0, 30))) if due else None,
        received_at=received,
        area_path=dice.choice(AREAS),
        channel=dice.choice(CHANNELS),
        source=dice.choice(("complaint", "complaint", "discovered")),
        category_code=dice.choice((*CATEGORIES, None)),
        lead_unit_id=dice.choice((None, *units.values())),
        desk_unit_id=units["T1"],
        **state,
    )


_STATES = ("received", "dispatched", "accepted", "resolved", "closed", "closed", "closed", "rejected", "cancelled", "merged")


def random_state(dice: random.Random, received: datetime) -> dict[str, Any]:
    """Return a status and the instants that go with it."""
    status = dice.choice(_STATES)
    if status != "closed":
        return {"status": status}
    resolved = received + timedelta(hours=dice.randrange(0, 400))
    return {"status": status, "resolved_at": resolved, "closed_at": resolved + timedelta(hours=dice.randrange(0, 90))}


async def stir(owner: asyncpg.Connection, dice: random.Random, ticket_ids: Iterable[UUID]) -> None:
    """Move tickets on: another state, place, category, round or due instant, as work on them would."""
    for ticket_id in ticket_ids:
        received = await owner.fetchval("SELECT received_at FROM tickets WHERE id = $1", ticket_id)
        state = {"closed_at": None, "resolved_at": None, "merged_into_id": None} | random_state(dice, received)
        if state["status"] == "merged":
            state["merged_into_id"] = ticket_id
        state |= {"area_path": dice.choice(AREAS), "category_code": dice.choice(CATEGORIES), "round": dice.choice((1, 1, 2))}
        settings = ", ".join(f"{name} = ${n}" for n, name in enumerate(state, start=2))
        await owner.execute(f"UPDATE tickets SET {settings}, version = version + 1 WHERE id = $1", ticket_id, *state.values())
        if dice.random() < 0.5:
            due = received + timedelta(hours=dice.randrange(1, 500))
            await put_clock(owner, ticket_id, state["round"], due, due, stopped_at=state["resolved_at"])


async def speak(owner: asyncpg.Connection, dice: random.Random, ticket_ids: Iterable[UUID]) -> None:
    """Have people say something of the results, or nobody answer; some of them more than once, and of the round before."""
    for ticket_id in ticket_ids:
        for _ in range(dice.choice((1, 1, 2, 3))):
            at, reached = NOON + timedelta(minutes=dice.randrange(-50_000, 90_000)), dice.random() < 0.7
            words = [dice.choice((True, True, False, None)) if reached else None for _ in range(3)]
            await owner.execute(
                "INSERT INTO call_backs (id, ticket_id, round, called_at, reached, contacted, solved, satisfied)"
                " SELECT $1, id, greatest(round - $3, 1), $4, $5, $6, $7, $8 FROM tickets WHERE id = $2",
                new_id(), ticket_id, dice.choice((0, 0, 1)), at, reached, *words,
            )  # fmt: skip


async def judge(owner: asyncpg.Connection, dice: random.Random, ticket_ids: Iterable[UUID], unit_id: UUID) -> None:
    """Have the demands of these tickets adjudicated, with every outcome."""
    people = [await _account(owner, nth) for nth in range(3)]
    for ticket_id in ticket_ids:
        state = dice.choice(("proposed", "granted", "granted", "refused", "appealed", "upheld", "overturned"))
        decided, closed = state != "proposed", state in ("upheld", "overturned")
        await owner.execute(
            "INSERT INTO demand_exclusions (id, ticket_id, round, state, reason, words, proposed_at, proposed_by_account_id,"
            " proposed_by_unit_id, decided_at, decided_by_account_id, closed_at, closed_by_account_id)"
            " SELECT $1, id, round, $3, 'impossible', 'x', $4, $5, $6, $7, $8, $9, $10 FROM tickets WHERE id = $2",
            new_id(), ticket_id, state, NOON, people[0], unit_id, NOON if decided else None, people[1] if decided else None,
            NOON if closed else None, people[2] if closed else None,
        )  # fmt: skip


async def _account(owner: asyncpg.Connection, nth: int) -> UUID:
    member, account = new_id(), new_id()
    columns = "id, name, party_member, version, created_at, updated_at"
    await owner.execute(f"INSERT INTO members ({columns}) VALUES ($1, 'x', false, 1, $2, $2)", member, NOON)
    await owner.execute(
        "INSERT INTO accounts (id, login, password_hash, member_id, created_at) VALUES ($1, $2, 'x', $3, $4)",
        account, f"judge{nth}", member, NOON,
    )  # fmt: skip
    return account


async def tell(ticket_ids: Iterable[UUID], at: datetime | None = None) -> None:
    """Have the journal say what these tickets are now, as known from `at` (now, where not given)."""
    async with unit_of_work(SYSTEM) as work:
        ids = sorted(set(ticket_ids))
        tickets = await lock(work.session, ids)
        said = await what_they_are(work, ids)
        changes = [Change(ticket, (EventDraft(RESTATED, said[ticket.id]),)) for ticket in tickets]
        await write(work if at is None else replace(work, now=at), changes)


async def counted(url: str, ids: list[UUID]) -> None:
    """Have the worker's role count tickets, whoever else is at work."""
    before, keeper = database(), Database(url, WORKER)
    use_database(keeper)
    try:
        async with unit_of_work(SYSTEM) as work:
            await count(work, ids)
    finally:
        use_database(before)
        await keeper.close()


async def kept_rows(owner: asyncpg.Connection) -> tuple[list[tuple[Any, ...]], ...]:
    """Return all facts, their history, and all cells, in order: what must be the same however they came about."""
    orders = {
        "report_facts": "ticket_id", "report_history": "ticket_id, known_at",
        "rollup_cells": ", ".join(KEY), "duration_cells": "measure, area, month, source, demand, minutes",
    }  # fmt: skip
    found = {table: await owner.fetch(f"SELECT * FROM {table} ORDER BY {order}") for table, order in orders.items()}
    return tuple([tuple(row) for row in rows] for rows in found.values())
