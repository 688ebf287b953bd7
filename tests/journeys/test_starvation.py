"""S6: ten thousand newer open tickets and one overdue that nobody was given, after the worker was away for three days.

It is escalated first, every level it missed stands at its true time, and each unit is told once.
"""

from datetime import timedelta

from services.platform.actor import SYSTEM
from services.platform.database import WORKER
from services.platform.unit_of_work import unit_of_work
from services.tickets.escalating import escalate_due
from tests.county import PENGZHAI, STAFFED_GRID
from tests.tickets.test_dispatch_and_escalation import file

FLOOD = 10_000


async def flood(county, like):
    """Copy a ticket and its clock ten thousand times, each received after it, a fifth of them due by now as well."""
    await county.owner.execute(
        """
        INSERT INTO tickets SELECT (jsonb_populate_record(t, jsonb_build_object(
            'id', gen_random_uuid(), 'number', 'flood-' || n, 'received_at', t.received_at + interval '1 minute' * (n % 600 + 1)))).*
        FROM tickets t, generate_series(1, $2) n WHERE t.id = $1
        """,
        like,
        FLOOD,
    )
    await county.owner.execute(
        """
        INSERT INTO clocks SELECT (jsonb_populate_record(c, jsonb_build_object(
            'id', gen_random_uuid(), 'ticket_id', t.id, 'started_at', t.received_at,
            'due_at', c.due_at + (t.received_at - o.received_at), 'first_due_at', c.due_at + (t.received_at - o.received_at),
            'next_level_at', c.due_at + (t.received_at - o.received_at)))).*
        FROM clocks c JOIN tickets o ON o.id = c.ticket_id, tickets t WHERE c.ticket_id = $1 AND t.id <> $1
        """,
        like,
    )
    await county.owner.execute("ANALYZE tickets; ANALYZE clocks")


async def three_days_pass(county, ticket_id):
    """The worker was away: everything about this ticket happened three days earlier than it did."""
    await county.owner.execute("UPDATE tickets SET received_at = received_at - interval '3 days' WHERE id = $1", ticket_id)
    await county.owner.execute(
        "UPDATE clocks SET started_at = started_at - interval '3 days', due_at = due_at - interval '3 days',"
        " first_due_at = first_due_at - interval '3 days', next_level_at = next_level_at - interval '3 days' WHERE ticket_id = $1",
        ticket_id,
    )


async def test_the_one_overdue_ticket_nobody_holds_is_escalated_first_and_told_once(county):
    oldest = await file(unit=STAFFED_GRID, ago=timedelta(hours=11))
    lost = await county.value("SELECT id FROM tickets WHERE number = $1", oldest.number)
    await county.owner.execute("DELETE FROM deliveries")  # the worker lost its way: nobody was ever given this one
    await flood(county, lost)
    await three_days_pass(county, lost)
    assert await county.value("SELECT count(*) FROM tickets WHERE status = 'received' AND lead_unit_id IS NULL") == FLOOD + 1

    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        assert await escalate_due(work, 1) == 1

    recorded = await county.fetch("SELECT ticket_id, name, reached_at, recorded_at FROM escalations ORDER BY level")
    assert {row["ticket_id"] for row in recorded} == {lost}, "the longest overdue comes first, however many are newer"
    assert [row["name"] for row in recorded] == ["urge", "supervise", "raise", "list"]
    due, limit = await county.owner.fetchrow("SELECT due_at, limit_amount FROM clocks WHERE ticket_id = $1", lost)
    assert [row["reached_at"] - due for row in recorded] == [timedelta(minutes=limit) * part for part in (0, 0.5, 1, 3)]
    assert all(row["recorded_at"] - row["reached_at"] > timedelta(days=2) for row in recorded), "at their true times, not at the worker's"
    desk = await county.value("SELECT u.code FROM tickets t JOIN units u ON u.id = t.desk_unit_id WHERE t.id = $1", lost)
    assert desk == "441624", "the desk above the township's now has it in view"

    await each_unit_is_told_once(county)
    await the_rest_follows_in_due_order(county)


async def each_unit_is_told_once(county):
    await county.settle()
    told = await county.fetch("SELECT u.code, m.template, m.state FROM messages m JOIN units u ON u.id = m.unit_id ORDER BY u.code")
    assert [tuple(row) for row in told] == [("441624", "escalated", "queued"), (PENGZHAI, "escalated", "queued")]


async def the_rest_follows_in_due_order(county):
    plan = await county.fetch(
        "EXPLAIN SELECT ticket_id FROM clocks WHERE state IN ('running', 'stopped') AND next_level_at <= now()"
        " ORDER BY next_level_at, id LIMIT 100"
    )
    text = "\n".join(row[0] for row in plan)
    assert "ix_clocks_next_level" in text, text
    assert "Sort" not in text, text
    async with county.as_role(WORKER):
        for _ in range(3):
            async with unit_of_work(SYSTEM) as work:
                await escalate_due(work, 50)
    taken = await county.fetch(
        "SELECT min(c.due_at) AS due FROM escalations e JOIN clocks c ON c.id = e.clock_id GROUP BY e.recorded_at ORDER BY e.recorded_at"
    )
    assert [row["due"] for row in taken] == sorted(row["due"] for row in taken)
