"""What a release before left in clear is sealed by the worker, and read by everybody meanwhile and afterwards."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from dispatch_worker.jobs.seal_words import seal_words
from dispatch_worker.station import Station
from services.notifications.senders import Senders
from services.platform import clock
from services.platform.database import INTAKE, WORKER, database
from services.platform.ids import new_id
from services.platform.row_keys import key_of
from services.privacy.sealing import PLACES, seal_portion
from services.privacy.turning import turn_next
from tests.told import place_in, told_in, words_in

SAID, PLACE = "家门口的水管爆了，我是欧阳", "欧阳家门口"
_DAYS = {"complaints": "received_at", "supplements": "received_at", "rewordings": "recorded_at", "call_backs": "called_at"}
_DAYS |= {"messages": "created_at", "phone_tasks": "created_at"}
_AS_BEFORE = (
    (
        "INSERT INTO supplements (id, complaint_id, channel, channel_message_id, words, place_words, received_at)"
        " SELECT $2, id, 'hotline', 'm', '水漫到路上', '老井旁', $3 FROM complaints WHERE id = $1"
    ),
    (
        "INSERT INTO rewordings (id, complaint_id, words, author_account_id, recorded_at)"
        " SELECT $2, $1, '欧阳说的是村委会门口', (SELECT id FROM accounts WHERE login = 'hotline'), $3"
    ),
    (
        "INSERT INTO call_backs (id, ticket_id, round, called_at, reached, words, way, complaint_id)"
        " SELECT $2, ticket_id, 1, $3, true, '修好了', 'phone', id FROM complaints WHERE id = $1"
    ),
    (
        "INSERT INTO messages (id, unique_key, ticket_id, event_id, audience, complaint_id, template, words, state,"
        " next_try_at, created_at)"
        " SELECT $2, 'x', c.ticket_id, e.id, 'complainant', c.id, 'received', '已受理', 'sent', now(), $3"
        " FROM complaints c JOIN events e ON e.subject_id = c.ticket_id WHERE c.id = $1 LIMIT 1"
    ),
    (
        "INSERT INTO phone_tasks (id, ticket_id, complaint_id, purpose, words, state, not_before, created_at)"
        " SELECT $2, ticket_id, id, 'tell', '请转告', 'open', now(), $3 FROM complaints WHERE id = $1"
    ),
)


async def _as_before(county, desk):
    """A complaint, and one row of every other table of words, as the release before left them: 400 days ago, but the last today."""
    await desk.file(SAID)
    complaint = await county.value("SELECT id FROM complaints")
    long_ago = clock.now() - timedelta(days=400)
    clear = "UPDATE complaints SET row_key = NULL, sealed_words = NULL, sealed_place = NULL, words = $2, place_words = $3, received_at = $4"
    await county.owner.execute(f"{clear} WHERE id = $1", complaint, SAID, PLACE, long_ago)
    for nth, statement in enumerate(_AS_BEFORE):
        told_at = clock.now() if nth == len(_AS_BEFORE) - 1 else long_ago
        await county.owner.execute(statement, complaint, new_id(), told_at)
    return complaint


async def _rows(county, complaint):
    """The newest row of each table that tells of the complaint."""
    found = {}
    for table in PLACES:
        key = "id" if table == "complaints" else "complaint_id"
        found[table] = (await county.fetch(f"SELECT * FROM {table} WHERE {key} = $1 ORDER BY id DESC LIMIT 1", complaint))[0]
    return found


async def test_what_lies_in_clear_is_read_sealed_and_read_again(desk, county):
    complaint = await _as_before(county, desk)
    number = await county.value("SELECT number FROM tickets")
    before = {table: words_in(row) for table, row in (await _rows(county, complaint)).items()}
    assert set(before) == set(PLACES)
    assert all(before.values())
    address = f"/v1/tickets/{number}/complaints"
    shown = (await desk.client.get(address, headers=await desk.as_("county"))).json()
    assert (shown[0]["words"], shown[0]["place_words"]) == (SAID, PLACE)

    station = Station({}, Senders(), 50)
    async with county.as_role(WORKER):
        await seal_words(station)
        assert {words_in(row) for row in (await _rows(county, complaint)).values() if row["row_key"] is None} == set(before.values())
        await asyncio.gather(seal_words(station), seal_words(station))
    rows = await _rows(county, complaint)
    assert {table: words_in(row) for table, row in rows.items()} == before
    assert (place_in(rows["complaints"]), place_in(rows["supplements"])) == (PLACE, "老井旁")
    for table, row in rows.items():
        assert (row["words"], row.get("place_words")) == (None, None), table
        assert key_of(row["row_key"]).day == row[_DAYS[table]].date(), "under the key of the day it was told on"
    assert (await desk.client.get(address, headers=await desk.as_("county"))).json() == shown
    async with county.as_role(WORKER):
        assert {place: await seal_portion(place, None) for place in PLACES} == dict.fromkeys(PLACES)
        assert dict(await _rows(county, complaint)) == rows, "once is enough"
    assert set(await told_in(county, "messages", "audience = 'unit'")) == {
        row["words"] for row in await county.fetch("SELECT words FROM messages WHERE audience = 'unit'")
    }, "what units are told stays in clear"


async def test_sealing_changes_nothing_that_is_sealed_and_only_the_worker_may(desk, county):
    await desk.file(SAID)
    complaint = await county.value("SELECT id FROM complaints")
    before = await county.fetch("SELECT * FROM complaints")
    call = text("SELECT seal_words('complaints', ARRAY[CAST(:id AS uuid)], ARRAY['k'::bytea], ARRAY['w'::bytea], ARRAY[NULL::bytea])")
    async with county.as_role(WORKER), database().transaction() as session:
        assert await session.scalar(call, {"id": complaint}) == 0
    assert await county.fetch("SELECT * FROM complaints") == before
    for role, statement in (
        (INTAKE, call),
        (WORKER, text("UPDATE complaints SET sealed_words = '' WHERE id = :id")),
        (INTAKE, text("UPDATE complaints SET row_key = NULL WHERE id = :id")),
    ):
        async with county.as_role(role):
            with pytest.raises(Exception, match="permission denied"):
                async with database().transaction() as session:
                    await session.execute(statement, {"id": complaint})


async def test_a_key_is_not_destroyed_while_words_are_sealed_under_it(desk, county, monkeypatch):
    complaint = await _as_before(county, desk)
    day = (clock.now() - timedelta(days=400)).date()
    await county.owner.execute("INSERT INTO key_turns (day, generation, since) VALUES ($1, 1, now() - interval '1 day')", day)
    async with county.as_role(WORKER):
        for _ in range(3):
            await asyncio.gather(*(seal_portion(place, None) for place in PLACES), turn_next(timedelta(0)), return_exceptions=False)
        while await turn_next(timedelta(0)):
            pass
    rows = await _rows(county, complaint)
    assert {words_in(row) for table, row in rows.items() if table != "phone_tasks"} >= {SAID, "修好了", "已受理", "水漫到路上"}
    assert {key_of(row["row_key"]).generation for table, row in rows.items() if table != "phone_tasks"} == {2}
