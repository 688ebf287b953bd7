"""A clock that was changed past the application is found, whatever of it was changed."""

from datetime import timedelta

from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from services.tickets.escalating import PUT_OFF
from services.tickets.rebuilding import check_clocks
from tests.tickets.test_dispatch_and_escalation import file


async def differing():
    async with unit_of_work(SYSTEM) as work:
        return [one async for page in check_clocks(work.session) for one in page.differences]


async def test_whatever_is_changed_in_a_row_is_found(county):
    await file()
    await county.settle()
    assert not await differing()
    week, (row,) = timedelta(days=7), await county.fetch("SELECT * FROM clocks WHERE stage = 'resolve'")
    changes = {
        "due_at": row["due_at"] + week,
        "first_due_at": row["first_due_at"] + week,
        "started_at": row["started_at"] + week,
        "paused_for": week,
        "limit_amount": row["limit_amount"] + 1,
        "level": 1,
        "calendar_code": "hall",
        "ladder_rule": "days",
        "next_level_at": clock.now() + timedelta(days=3650),
    }
    for column, value in changes.items():
        await county.owner.execute(f"UPDATE clocks SET {column} = $2 WHERE id = $1", row["id"], value)
        (found,) = await differing()
        assert set(found.columns) == {column}
        await county.owner.execute(f"UPDATE clocks SET {column} = $2 WHERE id = $1", row["id"], row[column])
    await county.owner.execute("DELETE FROM clocks WHERE id = $1", row["id"])
    assert [one.said() for one in await differing()] == ["only in the journal"]


async def test_a_level_that_is_looked_at_again_in_a_while_is_no_difference(county):
    await file(ago=timedelta(days=3))
    put_off = "UPDATE clocks SET next_level_at = now() + $1 WHERE stage = 'dispatch'"
    await county.owner.execute(put_off, PUT_OFF)
    assert not await differing()
    await county.owner.execute(put_off, PUT_OFF + timedelta(hours=1))
    assert len(await differing()) == 1
