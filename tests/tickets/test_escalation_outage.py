"""Three days without a worker, many workers at once, and people who act before the worker is back: against the real database."""

import asyncio
import contextlib
import random
from dataclasses import replace
from datetime import timedelta

import orjson
from httpx import ASGITransport, AsyncClient
from pydantic import ValidationError
from sqlalchemy import select

from dispatch_worker.handlers import notify
from reporting_api.app import build
from services.deadlines.clocks import ClockState, running
from services.deadlines.escalation import reached_levels
from services.deadlines.models import Clock
from services.deadlines.queries import clock_rules
from services.journal.draining import Owed
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.database import OWNER, REPORTING, WORKER
from services.platform.errors import Problem
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.tickets.escalating import escalate_due
from services.tickets.queries import timeline
from services.tickets.rebuilding import check_clocks
from tests.county import PENGZHAI, SHUIKOU, STAFFED_GRID
from tests.reports.signing import signed_in_as
from tests.tickets.test_clock_promises import do, long_ago
from tests.tickets.test_dispatch_and_escalation import escalate, file, ticket

MANY = 12
STEPS = (0, 0.5, 1, 3)


async def older(county, by, number="%"):
    """A ticket (all of them) was entered, and its running clocks were started, so much earlier than they were."""
    await county.owner.execute("UPDATE tickets SET recorded_at = recorded_at - $1::interval WHERE number LIKE $2", by, number)
    await county.owner.execute(
        "UPDATE clocks SET started_at = started_at - $1::interval, due_at = due_at - $1::interval,"
        " first_due_at = first_due_at - $1::interval, next_level_at = next_level_at - $1::interval"
        " WHERE state = 'running' AND ticket_id IN (SELECT id FROM tickets WHERE number LIKE $2)",
        by,
        number,
    )


async def late_acceptances(county):
    return await county.fetch(
        "SELECT e.ticket_id, e.name, e.reached_at - c.due_at AS after, c.limit_amount FROM escalations e JOIN clocks c ON c.id = e.clock_id"
        " WHERE c.stage = 'accept' ORDER BY e.ticket_id, e.level"
    )


async def messages(county, state="queued"):
    rows = await county.fetch(
        "SELECT u.code, m.template, count(*) AS n FROM messages m JOIN units u ON u.id = m.unit_id"
        " WHERE m.state = $1 AND m.template LIKE ANY (ARRAY['escalated%', 'relieved']) GROUP BY 1, 2 ORDER BY 1, 2",
        state,
    )
    return {(row["code"], row["template"]): row["n"] for row in rows}


async def handled_again(county):
    """Every event is delivered to the writer of messages once more, in another order and in other batches."""
    columns = "id, 'notify', subject_id, type, data::text, happened_at, recorded_at"
    events = [list(row) for row in await county.fetch(f"SELECT {columns} FROM events WHERE type = 'ticket.escalated' ORDER BY hash")]
    owed = [Owed(new_id(), *row[:4], orjson.loads(row[4]), *row[5:], 0) for row in events]
    async with county.as_role(WORKER):
        for part in (owed[:7], owed[7:], owed):
            async with unit_of_work(SYSTEM) as work:
                await notify(work, part)


async def test_many_workers_after_an_outage_record_each_level_once_and_tell_each_unit_once(county):
    for _ in range(MANY):
        await file()
    await county.settle()
    await older(county, timedelta(days=3))

    async def worker():
        while True:
            async with unit_of_work(SYSTEM) as work:
                if not await escalate_due(work, 5):
                    return

    async with county.as_role(WORKER):
        await asyncio.gather(*(worker() for _ in range(4)))
        await worker()  # what one worker held, the others skipped
    found = await late_acceptances(county)
    assert len(found) == MANY * len(STEPS)
    assert all(row["after"] == timedelta(minutes=row["limit_amount"]) * STEPS[place % 4] for place, row in enumerate(found))
    moved = await county.fetch("SELECT u.code, count(*) AS n FROM tickets t JOIN units u ON u.id = t.lead_unit_id GROUP BY 1")
    assert [tuple(row) for row in moved] == [(SHUIKOU, MANY)], "one tier up, and no seat that could not know of it is passed over"

    await county.settle()
    assert await messages(county) == {(code, "escalated_digest"): 1 for code in ("441624", PENGZHAI, SHUIKOU, STAFFED_GRID)}, (
        "twelve tickets and four levels each are one message to each unit"
    )
    assert set((await messages(county, "digested")).values()) == {MANY}, "each ticket shows what was told of it"
    words = await county.value("SELECT m.words FROM messages m JOIN units u ON u.id = m.unit_id WHERE m.state = 'queued' AND u.code = $1"
                               " AND m.template = 'escalated_digest'", SHUIKOU)  # fmt: skip
    assert words.startswith("【大管家】你单位有12件工单超期")
    assert await county.value("SELECT bool_and(next_try_at > now()) FROM messages WHERE template = 'escalated_digest'"), "it waits for more"
    before = await county.value("SELECT count(*) FROM messages")
    await handled_again(county)
    assert await county.value("SELECT count(*) FROM messages") == before, "redelivery tells nobody again"
    await what_comes_meanwhile_is_in_the_same_digest(county)
    await the_public_list_shows(county, await county.value("SELECT count(*) FROM escalations WHERE name = 'list'"))


async def what_comes_meanwhile_is_in_the_same_digest(county):
    """Another batch, with two tickets more: few enough for messages of their own, were there no digest on its way."""
    before = await messages(county)
    more = [(await file()).number for _ in range(2)]
    await county.settle()
    for number in more:
        await older(county, timedelta(days=3), number)
    await escalate(county)
    await county.settle()
    assert await messages(county) == before
    words = await county.value(
        "SELECT m.words FROM messages m JOIN units u ON u.id = m.unit_id WHERE u.code = $1 AND m.template = 'escalated_digest'", SHUIKOU
    )
    assert words.startswith(f"【大管家】你单位有{MANY + 2}件工单超期"), words


async def the_public_list_shows(county, entries):
    """Count and list agree, month by month and under the reader's scope."""
    now = clock.now()
    months = sorted({f"{instant.astimezone(clock.SHANGHAI):%Y-%m}" for instant in (now - timedelta(days=3), now)})
    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(build()), base_url="http://door") as door:

        async def get(login, **query):
            answer = await door.get("/v1/overdue/listed", params=query, headers=await signed_in_as(login))
            assert answer.status_code == 200, answer.text
            return answer.json()

        items, total = [], 0
        for month in months:
            page = await get("pengzhai", month=month, limit=5)
            total += page["total"]
            assert page["total"] == sum(unit["listed"] for unit in page["units"])
            items += page["items"]
            while page["next"]:
                page = await get("pengzhai", month=month, limit=5, cursor=page["next"])
                items += page["items"]
        late = await get("county", month=months[0], late=STAFFED_GRID)
        assert (await get("yangming", month=months[0]))["total"] == 0
        assert (await door.get("/v1/overdue/listed?month=2026-13", headers=await signed_in_as("county"))).status_code == 422
    assert total == len(items) == entries >= MANY + 2 == len({item["number"] for item in items})
    assert {item["late"]["code"] for item in items} == {STAFFED_GRID}, "named is who was late, not who has it now"
    assert all(item["running"] and item["due_at"] < item["listed_at"] < item["recorded_at"] for item in items)
    assert late["items"]


async def test_nobody_is_listed_for_what_was_missed_before_it_was_entered(county):
    entered_late, ours = await file(ago=timedelta(days=5)), await file()
    await county.settle()
    await older(county, timedelta(days=3), ours.number)
    while await escalate(county):
        pass
    levels = await county.fetch(
        "SELECT DISTINCT t.number, e.reached_at < t.recorded_at AS before FROM escalations e JOIN tickets t ON t.id = e.ticket_id"
        " WHERE e.name = 'list'"
    )
    assert {tuple(row) for row in levels} == {(entered_late.number, True), (ours.number, False)}, "both are on record"
    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(build()), base_url="http://door") as door:
        shown = set()
        for month in sorted({f"{(clock.now() - timedelta(days=days)).astimezone(clock.SHANGHAI):%Y-%m}" for days in range(6)}):
            answer = await door.get("/v1/overdue/listed", params={"month": month}, headers=await signed_in_as("county"))
            assert answer.json()["total"] == len(answer.json()["items"])
            shown |= {item["number"] for item in answer.json()["items"]}
    assert shown == {ours.number}


async def test_what_a_clock_had_reached_is_recorded_before_somebody_moves_it(county):
    filed = await file()
    await county.settle()
    await do("grid", filed.number, "accept")
    await do("grid", filed.number, "request_extension", reason="weather", working_days=2)
    await long_ago(county, "resolve")
    await do("pengzhai", filed.number, "decide_extension", granted=True)
    rows = await county.fetch(
        "SELECT type, actor_kind, data->>'stage' AS stage FROM events WHERE subject_kind = 'ticket' ORDER BY seq DESC LIMIT 6"
    )
    assert (rows[0]["type"], rows[0]["actor_kind"]) == ("ticket.extension_decided", "member")
    late = [row for row in rows if row["type"] == "ticket.escalated"]
    assert late
    assert {row["actor_kind"] for row in late} == {"system"}
    assert {row["stage"] for row in late} == {"resolve"}, "what the deed does not touch waits for the worker"
    assert await county.value("SELECT count(*) FROM messages WHERE template LIKE 'escalated%'") == 0
    async with unit_of_work(SYSTEM) as work:
        checked = [page async for page in check_clocks(work.session)]
    columns = {name for page in checked for one in page.differences for name in (one.columns or {"missing": None})}
    assert columns <= {"started_at", "first_due_at", "due_at", "next_level_at", "stopped_at"}, "only what this test moved itself"


async def test_seat_where_nobody_sits_is_passed_over_as_soon_as_it_is_late(county):
    filed = await file()
    await county.settle()
    await county.owner.execute(
        "UPDATE posts SET valid_to = current_date - 1 WHERE unit_id = (SELECT id FROM units WHERE code = $1)", STAFFED_GRID
    )
    await county.owner.execute(
        "UPDATE clocks SET due_at = now() - interval '1 minute', next_level_at = now() - interval '1 minute' WHERE stage = 'accept'"
    )
    assert await escalate(county) == 1
    row = await ticket(county, filed.number)
    assert (row["holder"], row["status"]) == (SHUIKOU, "dispatched")
    event = orjson.loads(await county.value("SELECT data::text FROM events WHERE type = 'ticket.escalated'"))
    assert (event["name"], event["moved"]) == ("urge", True)
    why = await county.value("SELECT why->>'because' FROM assignments ORDER BY sequence DESC LIMIT 1")
    assert why == "nobody holds a post there"
    await county.settle()
    assert await messages(county) == {(SHUIKOU, "escalated"): 1, (STAFFED_GRID, "relieved"): 1}


async def test_workers_and_people_at_once_leave_out_no_level(county):
    """Ten tickets, late by anything from minutes to a week, are taken on, put off, resolved and ended while three workers record."""
    drawn = random.Random(20261122)
    numbers = [(await file()).number for _ in range(10)]
    await county.settle()
    for number in numbers:
        await older(county, timedelta(minutes=drawn.choice((1, 130, 400, 3000, 9000))), number)
    deeds = (
        ("grid", "accept", {}),
        ("grid", "resolve", {}),
        ("shuikou", "accept", {}),
        ("pengzhai", "transfer", {"unit": SHUIKOU}),
        ("county", "suspend", {"reason": "weather", "working_days": 3}),
        ("county", "resume", {}),
        ("county", "cancel", {}),
    )

    async def somebody(number):
        for login, action, more in drawn.sample(deeds, 4):
            with contextlib.suppress(Problem, ValidationError):  # refused, as it stands then
                await do(login, number, action, **more)

    async def worker():
        for _ in range(20):
            async with unit_of_work(SYSTEM) as work:
                await escalate_due(work, 3)

    async with county.as_role(OWNER):
        await asyncio.gather(*(somebody(number) for number in numbers), *(worker() for _ in range(3)))
        for _ in range(3):
            await worker()
        async with unit_of_work(SYSTEM) as work:
            rules = await clock_rules(work.session)
            kept = [ClockState.of(row) for row in await work.session.execute(select(Clock.__table__))]
    recorded = await county.fetch("SELECT clock_id, level, reached_at FROM escalations")
    assert len(recorded) > len(numbers)
    assert await county.value("SELECT count(*) FROM events WHERE actor_kind = 'member'") >= len(numbers), "people were at it as well"
    for clock_row in kept:
        found = {row["level"]: row["reached_at"] for row in recorded if row["clock_id"] == clock_row.id}
        assert sorted(found) == list(range(1, len(found) + 1)) == list(range(1, clock_row.level + 1))
        if clock_row.state in ("running", "stopped") and not clock_row.paused_for:
            dated = reached_levels(
                replace(running(clock_row), levels_done=frozenset()), rules.ladder(clock_row), clock.now(), rules.calendar(clock_row)
            )
            assert found == {one.level.index: one.at for one in dated}, clock_row.stage
    for number in numbers:
        async with unit_of_work(SYSTEM) as work:
            assert (await timeline(work.session, (await ticket(county, number))["id"])).intact
