"""The letterbox: everything that was told is kept once, together with its neighbours or alone."""

import asyncio

import pytest

from services.complaints.filing import Bearings
from services.complaints.letterbox import Letterbox
from services.journal.chain import first_broken
from services.platform.database import INTAKE, Database
from services.platform.errors import Invalid, Unavailable
from services.platform.ids import new_id
from services.tickets.numbers import read_number
from tests.complaints.filings import NAME, PHONE, WORDS, filing
from tests.told import only_told_in

TABLES = ("complaints", "tickets", "complainants", "clocks", "events")


async def counts(database) -> dict[str, int]:
    return {table: await database.value(f"SELECT count(*) FROM {table}") for table in TABLES}


async def test_a_filing_is_kept_whole_with_everything_owed_for_it(empty):
    outcome = await Letterbox().file(filing())

    assert outcome.status == 201
    assert read_number(outcome.number) == outcome.number
    assert await counts(empty) == dict.fromkeys(TABLES, 1)
    (row,) = await empty.fetch("SELECT t.*, c.received_at AS learned_at FROM tickets t JOIN complaints c ON c.ticket_id = t.id")
    assert (row["id"], row["number"], row["status"]) == (outcome.ticket_id, outcome.number, "received")
    assert await only_told_in(empty, "complaints") == WORDS
    (event,) = await empty.fetch("SELECT * FROM events")
    assert event["hash"] == row["chain_head"]
    handlers = await empty.fetch("SELECT handler FROM deliveries ORDER BY handler")
    assert [handler[0] for handler in handlers] == ["count", "notify", "route"]


async def test_the_chain_of_a_stored_event_still_holds(empty):
    import json

    await Letterbox().file(filing())
    stored = [dict(row) | {"data": json.loads(row["data"])} for row in await empty.fetch("SELECT * FROM events")]
    assert first_broken(stored) is None
    stored[0]["data"]["urgency"] = "urgent"
    assert first_broken(stored) == 1


@pytest.mark.parametrize(
    "words",
    ["  前后有空格\t\n", "换行\r\n", "\ufeff零宽\u200b字符", "👨‍👩‍👧 表情 𠮷", '引号"\\反斜杠\\u0041 {"a":1}', "e\u0301未合成", "\x01\x1f"],
)
async def test_words_are_kept_byte_for_byte(empty, words):
    await Letterbox().file(filing(words=words))
    assert await only_told_in(empty, "complaints") == words


async def test_neither_words_nor_person_are_anywhere_but_sealed_in_their_own_rows(empty):
    await Letterbox().file(filing())
    for table in ("tickets", "events", "deliveries", "clocks"):
        for (text,) in await empty.fetch(f"SELECT row_to_json(x)::text FROM {table} x"):
            for secret in (WORDS, NAME, PHONE, "太平村"):
                assert secret not in text
    (complaint,) = await empty.fetch("SELECT row_to_json(c)::text AS text, sealed_words FROM complaints c")
    assert not [secret for secret in (WORDS, NAME, PHONE, "太平村") if secret in complaint["text"]]
    assert WORDS.encode() not in complaint["sealed_words"]
    sealed = await empty.value("SELECT sealed FROM complainants")
    assert PHONE.encode() not in sealed


async def test_many_callers_share_their_commits(empty):
    box = Letterbox()
    before = await empty.value("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
    outcomes = await asyncio.gather(*(box.file(filing(f"call-{nth}#1")) for nth in range(200)))
    await empty.owner.execute("SELECT pg_stat_clear_snapshot()")
    after = await empty.value("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")

    assert len({outcome.number for outcome in outcomes}) == 200
    assert await counts(empty) == dict.fromkeys(TABLES, 200)
    assert after - before < 100
    assert {outcome.ticket_id for outcome in outcomes} == {row[0] for row in await empty.fetch("SELECT id FROM tickets")}


async def test_fifty_deliveries_of_one_message_make_one_ticket(empty):
    box = Letterbox()
    outcomes = await asyncio.gather(*(box.file(filing("same#1")) for _ in range(50)))

    assert len({(outcome.number, outcome.complaint_id) for outcome in outcomes}) == 1
    assert sorted(outcome.status for outcome in outcomes) == [200] * 49 + [201]
    assert await counts(empty) == dict.fromkeys(TABLES, 1)
    assert await empty.value("SELECT count(*) FROM deliveries") == 3


async def test_the_same_messages_in_two_processes_and_in_opposite_order_neither_double_nor_lock(empty, monkeypatch):
    other = Database(empty.url, INTAKE)
    try:
        from services.complaints import letterbox, writing

        names = [f"m{nth}" for nth in range(40)]

        async def write_in(database, order, key):
            filings = [filing(name, key=f"{key}{name}") for name in order]
            async with database.raw() as connection, connection.transaction():
                return await writing.write(connection, filings)

        assert letterbox  # the module under test writes with the very same function
        outcomes = await asyncio.gather(
            *(write_in(database, order, key) for key, (database, order) in enumerate([(empty.database, names), (other, names[::-1])] * 3))
        )
    finally:
        await other.close()
    assert await counts(empty) == dict.fromkeys(TABLES, 40)
    assert sum(outcome.status == 201 for batch in outcomes for outcome in batch) == 40


async def test_one_bad_row_does_not_fail_its_neighbours(empty):
    box = Letterbox()
    bad = filing("bad#1", bearings=Bearings("/441624/", surface_to_id=new_id()))
    good = [filing(f"good-{nth}#1") for nth in range(20)]
    results = await asyncio.gather(*(box.file(one) for one in [*good[:10], bad, *good[10:]]), return_exceptions=True)

    refused = results.pop(10)
    assert isinstance(refused, Invalid)
    assert refused.code == "complaint.not_storable"
    assert all(result.status == 201 for result in results)
    assert await counts(empty) == dict.fromkeys(TABLES, 20)


async def test_a_caller_who_hangs_up_does_not_take_the_filing_back(empty):
    box = Letterbox()
    caller = asyncio.create_task(box.file(filing()))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await box.rest()
    assert await counts(empty) == dict.fromkeys(TABLES, 1)


async def test_a_broken_connection_is_tried_again_and_loses_nothing(empty):
    box = Letterbox()
    await box.file(filing("first#1"))
    await empty.owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    outcome = await box.file(filing("second#1"))
    assert outcome.status == 201
    assert await counts(empty) == dict.fromkeys(TABLES, 2)


async def test_a_database_that_is_away_is_a_clear_answer(empty, monkeypatch):
    await empty.owner.execute("ALTER TABLE complaints RENAME TO complaints_away")
    with pytest.raises(Unavailable) as refused:
        await Letterbox().file(filing())
    assert refused.value.code == "letterbox.unavailable"


async def test_a_filing_whose_answer_was_lost_finds_itself_and_is_no_repeat(empty):
    once = filing("lost#1", key="k")
    first = await Letterbox().file(once)
    again = await Letterbox().file(once)
    assert again == first
    assert again.status == 201


async def test_a_key_used_again_gets_the_first_answer(empty):
    box = Letterbox()
    first = await box.file(filing("a#1", key="k"))
    again = await box.file(filing("b#1", key="k"))
    assert (again.number, again.complaint_id, again.status, again.replayed) == (first.number, first.complaint_id, 201, True)
    assert await counts(empty) == dict.fromkeys(TABLES, 1)


async def test_a_key_used_for_another_request_is_refused_and_writes_nothing(empty):
    box = Letterbox()
    await box.file(filing("a#1", key="k", fingerprint=b"one"))
    with pytest.raises(Invalid) as refused:
        await box.file(filing("b#1", key="k", fingerprint=b"two"))
    assert refused.value.code == "idempotency.payload_differs"
    assert await counts(empty) == dict.fromkeys(TABLES, 1)


async def test_another_key_for_the_same_message_is_a_repeat_and_its_key_remembers_that(empty):
    box = Letterbox()
    first = await box.file(filing("a#1", key="k1"))
    repeat = await box.file(filing("a#1", key="k2"))
    replay = await box.file(filing("a#1", key="k2"))
    assert (repeat.number, repeat.status, repeat.replayed) == (first.number, 200, False)
    assert (replay.number, replay.status, replay.replayed) == (first.number, 200, True)


async def test_concurrent_twins_of_one_key_get_one_answer(empty):
    boxes = [Letterbox() for _ in range(4)]
    twins = [boxes[nth % 4].file(filing(f"m{nth}#1", key="k")) for nth in range(40)]
    outcomes = await asyncio.gather(*twins)
    assert len({outcome.number for outcome in outcomes}) == 1
    assert sum(not outcome.replayed for outcome in outcomes) == 1
    assert await counts(empty) == dict.fromkeys(TABLES, 1)


async def test_twins_with_key_and_known_message_in_one_batch_agree(empty):
    first = await Letterbox().file(filing("a#1"))
    box = Letterbox()
    outcomes = await asyncio.gather(*(box.file(filing("a#1", key="k")) for _ in range(10)))
    assert {(outcome.number, outcome.complaint_id, outcome.status) for outcome in outcomes} == {(first.number, first.complaint_id, 200)}


async def test_an_idempotency_row_holds_neither_words_nor_person_nor_tracking_code(empty):
    from services.platform.secrets import tracking_code

    outcome = await Letterbox().file(filing(key="k"))
    (row,) = await empty.fetch("SELECT row_to_json(k)::text AS text FROM idempotency_keys k")
    for secret in (WORDS, NAME, PHONE, tracking_code(outcome.ticket_id)):
        assert secret not in row["text"]
