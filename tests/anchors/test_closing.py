"""Days are closed once, in order, over everything that was recorded by then."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from dispatch_worker.jobs.anchors import anchors
from dispatch_worker.station import Station
from services.anchors import blocks
from services.anchors.closing import SUBJECT_ID
from services.anchors.merkle import consistency_path, consistent, root
from services.anchors.signing import signed_by
from services.anchors.statements import Head, logged, statement_of
from services.notifications.senders import Senders
from services.platform.database import INTAKE, REPORTING, WORKER
from services.platform.settings import settings
from tests.anchors.world import KEY, OTHER_KEY, Journal, day, noon, subjects
from tests.conftest import TestDatabase

STATION = Station(handlers={}, senders=Senders(), batch=1)


async def heads_of(database: TestDatabase, back: int) -> list[Head]:
    rows = await database.fetch(
        "SELECT DISTINCT ON (subject_id) subject_id, subject_kind, seq, hash FROM anchored_heads WHERE day <= $1"
        " ORDER BY subject_id, day DESC",
        day(back),
    )
    return [Head(*row) for row in rows]


async def test_days_follow_each_other_whatever_became_of_the_worker(empty, monkeypatch):
    monkeypatch.setattr(blocks, "WIDTH", 4)
    journal, first = Journal(empty), subjects(6)
    assert await journal.close() == [], "there is nothing to sign yet"
    await journal.write(noon(5), *first)
    [opening] = await journal.close(at=noon(3))
    assert (opening.day, opening.number, opening.leaves, opening.previous) == (day(4), 0, 6, b"")
    assert await journal.close(at=noon(3)) == [], "once"
    await journal.write(noon(3), *first[:2], *subjects(7))
    await journal.write(noon(1), first[4])
    closed = await journal.close(OTHER_KEY)  # away for two days, and back with another key
    # the closing of the first day is an event too
    assert [(one.day, one.number, one.leaves) for one in closed] == [(day(3), 1, 14), (day(2), 2, 14), (day(1), 3, 14)]
    assert closed[0].root == closed[1].root, "a day without events is closed over the same heads"
    for back, statement in ((4, opening), (3, closed[0]), (2, closed[1]), (1, closed[2])):
        assert statement.root == root([head.leaf() for head in await heads_of(empty, back)])
    rows = await empty.fetch("SELECT anchors.*, public_key FROM anchors JOIN anchor_keys USING (key_id) ORDER BY number")
    statements = [statement_of(row_named(row)) for row in rows]
    assert statements == [opening, *closed]
    assert [one.previous for one in closed] == [opening.print(), closed[0].print(), closed[1].print()]
    assert all(signed_by(row["public_key"], row["signature"], one.signed_bytes()) for row, one in zip(rows, statements, strict=True))
    assert [row["public_key"] for row in rows] == [KEY.public, *[OTHER_KEY.public] * 3]
    log = logged(statements)
    assert consistent(1, 4, opening.log_root, closed[2].log_root, consistency_path(log, 1))
    kept = await empty.fetch("SELECT leaves, hash FROM anchor_blocks ORDER BY number")
    assert [row["leaves"] for row in kept] == [4, 4, 4, 2]
    assert root([row["hash"] for row in kept]) == closed[2].root
    told = await empty.fetch("SELECT data FROM events WHERE subject_id = $1 ORDER BY seq", SUBJECT_ID)
    assert len(told) == 4


def row_named(row: asyncpg.Record) -> object:
    return type("Row", (), dict(row))()


async def test_a_subject_between_others_moves_the_leaves_behind_it(empty, monkeypatch):
    monkeypatch.setattr(blocks, "WIDTH", 4)
    journal, middle = Journal(empty), UUID(int=5)
    await journal.write(noon(4), *(UUID(int=at) for at in range(1, 19) if at != 5))
    await journal.close(at=noon(2))
    await journal.write(noon(2), middle, UUID(int=2), UUID(int=18))
    [closed] = await journal.close(at=noon(1))
    held = await heads_of(empty, 2)
    assert middle in {head.subject_id for head in held}
    assert closed.root == root([head.leaf() for head in held])
    kept = await empty.fetch("SELECT leaves, hash FROM anchor_blocks ORDER BY number")
    assert root([row["hash"] for row in kept]) == closed.root
    assert sum(row["leaves"] for row in kept) == closed.leaves == len(held)


async def test_what_is_committed_late_or_by_a_wrong_clock_is_anchored_with_a_later_day(empty):
    journal, [late, ahead] = Journal(empty), subjects(2)
    await journal.write(noon(4), late, ahead)
    await journal.close(at=noon(3))
    await journal.write(noon(4), late)  # of a day that is closed already
    await journal.write(noon(1), ahead)  # a clock two days ahead
    await journal.write(noon(3), ahead)  # which was put right
    await journal.close(at=noon(2))
    held = {head.subject_id: head.seq for head in await heads_of(empty, 3)}
    assert (held[late], held[ahead]) == (2, 1), "up to the first event of a later day"
    await journal.close()
    held = {head.subject_id: head.seq for head in await heads_of(empty, 1)}
    assert (held[late], held[ahead]) == (2, 3)


async def test_a_day_is_not_closed_before_its_last_transactions_are_in(empty):
    journal = Journal(empty)
    await journal.write(noon(2), *subjects(1))
    midnight = noon(1) - timedelta(hours=12)
    assert await journal.close(at=midnight + timedelta(minutes=9)) == []
    assert [one.day for one in await journal.close(at=midnight + timedelta(minutes=11))] == [day(2)]
    assert await journal.close(at=noon(3)) == [], "a clock that was put back closes nothing again"


async def test_many_workers_close_each_day_once(empty, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_ANCHOR_KEY", "33" * 32)
    settings.cache_clear()
    try:
        journal = Journal(empty)
        await journal.write(noon(4), *subjects(3))
        await journal.close(at=noon(3))
        async with empty.as_role(WORKER):
            await asyncio.gather(*(anchors(STATION) for _ in range(4)))
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert [row["day"] for row in await empty.fetch("SELECT day FROM anchors ORDER BY number")] == [day(4), day(3), day(2), day(1)]
    assert await empty.value("SELECT count(*) FROM anchor_keys") == 2


@pytest.mark.parametrize("role", [INTAKE, REPORTING, WORKER])
async def test_nobody_changes_an_anchor(empty, role):
    journal = Journal(empty)
    await journal.write(noon(2), *subjects(1))
    await journal.close()
    connection = await asyncpg.connect(empty.url)
    try:
        await connection.execute(f"SET ROLE {role}")
        for table in ("anchors", "anchor_keys", "anchored_heads"):
            for words in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(words)
        for words in ("UPDATE anchors SET leaves = 2", "UPDATE anchored_heads SET seq = 2", "UPDATE anchor_keys SET key_id = 'x'"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(words)
    finally:
        await connection.close()
