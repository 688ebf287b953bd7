"""From an event to the messages that wait: with the real handlers over Heping county."""

import asyncpg
import orjson
import pytest

from dispatch_worker.handlers import HANDLERS, notify
from services.complaints.commands import Contact, FileComplaint, Place, Telling
from services.complaints.filing_desk import file_complaint
from services.journal.draining import Owed, drain
from services.notifications.occasions import Matter, notices
from services.platform.actor import SYSTEM
from services.platform.clock import now
from services.platform.ids import new_id
from services.platform.secrets import tracking_code
from services.platform.unit_of_work import unit_of_work
from tests.conftest import TestDatabase
from tests.county import SHUIKOU
from tests.letterbox import as_worker
from tests.told import words_in

WORDS = "我家门口的水管爆了，我叫黄某，电话13805550123"


async def file(**changes: object) -> None:
    contact = Contact(name="黄某", phone="13805550123")
    told = {"words": WORDS, "category": "water.pipe_burst", "place": Place(unit_code=SHUIKOU), "contact": contact, **changes}
    await file_complaint(FileComplaint("hotline", str(new_id()), Telling(**told)), SYSTEM)


async def work_all(county: TestDatabase) -> list[asyncpg.Record]:
    """Let the worker do everything; return the messages by template."""
    async with as_worker(county.url):
        while (await drain(HANDLERS, batch=100)).taken:
            pass
    return await county.fetch("SELECT m.*, u.code FROM messages m LEFT JOIN units u ON u.id = m.unit_id ORDER BY m.template, m.id")


async def test_complainant_and_units_each_get_one_message_about_a_new_ticket(county: TestDatabase) -> None:
    await file()
    messages = await work_all(county)
    number = await county.value("SELECT number FROM tickets")
    told = {(row["audience"], row["template"], row["code"]): words_in(row) for row in messages}
    assert set(told) == {
        ("complainant", "received", None),
        ("complainant", "dispatched", None),
        ("unit", "order", SHUIKOU),
        ("unit", "ring", "441624108"),
    }
    assert all(str(number) in words for words in told.values())
    assert "水口村" in told["complainant", "dispatched", None]
    assert "自来水管破裂" in told["unit", "order", SHUIKOU]
    assert "前办结" in told["unit", "order", SHUIKOU]


async def test_no_message_repeats_what_the_villager_said_or_who_it_was(county: TestDatabase) -> None:
    await file()
    words = "".join(words_in(row) or "" for row in await work_all(county))
    assert words
    for personal in ("黄某", "13805550123", "我家门口"):
        assert personal not in words


async def test_the_tracking_code_is_stored_nowhere(county: TestDatabase) -> None:
    await file()
    (received,) = [row for row in await work_all(county) if row["template"] == "received"]
    assert "查询码{code}" in words_in(received)
    assert tracking_code(received["ticket_id"]) not in words_in(received)


async def test_handling_an_event_again_writes_nothing_twice(county: TestDatabase) -> None:
    await file()
    before = await work_all(county)
    columns = "id, 'notify', subject_id, type, data::text, happened_at, recorded_at"
    events = [list(row) for row in await county.fetch(f"SELECT {columns} FROM events WHERE subject_kind = 'ticket'")]
    owed = [Owed(new_id(), *row[:4], orjson.loads(row[4]), *row[5:], 0) for row in events]
    async with as_worker(county.url), unit_of_work(SYSTEM) as work:
        await notify(work, owed)
    assert await county.value("SELECT count(*) FROM messages") == len(before) > 0


@pytest.mark.parametrize("changes", [{"contact": None}, {"contact": Contact(name="黄某")}, {"wants_answer": False}])
async def test_who_cannot_or_does_not_want_to_be_told_is_not(county: TestDatabase, changes: dict) -> None:
    await file(**changes)
    assert {row["audience"] for row in await work_all(county)} == {"unit"}


def happened(type: str, matter: Matter, **data: object) -> list[tuple[str, object, str]]:  # noqa: A002
    owed = Owed(new_id(), new_id(), "notify", new_id(), type, data, now(), now(), 0)
    found = notices(owed, matter, {LEAD: "水口村", DESK: "彭寨镇", OTHER: "水利局"})
    return [(notice.template, notice.recipient_id, notice.words) for notice in found]


LEAD, DESK, OTHER, ONE, TWO = (new_id() for _ in range(5))
MATTER = Matter("20261122-000017-3", "自来水管破裂", 1, LEAD, DESK, None, (ONE, TWO), "580")


def test_every_complainant_of_a_ticket_gets_the_answer_that_was_written_for_them() -> None:
    told = happened("ticket.answered", MATTER, words="水管已换新", answered=[str(ONE), str(TWO), str(new_id())])
    assert [(template, recipient) for template, recipient, _ in told] == [("answered", ONE), ("answered", TWO)]
    assert "水管已换新。" in told[0][2]


@pytest.mark.parametrize(
    ("type", "data", "expected"),
    [
        ("ticket.transferred", {"unit_id": str(OTHER)}, [("order", OTHER)]),
        ("ticket.handed_up", {"unit_id": str(DESK)}, [("order", DESK)]),
        ("ticket.joined", {"unit_id": str(OTHER)}, [("order_co", OTHER)]),
        ("ticket.returned", {"reason": "not_ours", "returns": 3, "adjudication": True}, [("returned", DESK)]),
        ("ticket.resolved", {"unit_id": str(LEAD)}, [("resolved", DESK)]),
        ("ticket.closed", {}, [("closed", ONE), ("closed", TWO)]),
        ("ticket.rejected", {"words": "不属于受理范围"}, [("rejected", ONE), ("rejected", TWO)]),
        ("ticket.cancelled", {"words": "重复"}, [("cancelled", ONE), ("cancelled", TWO), ("ended", LEAD)]),
        ("ticket.merged", {"into": "20261122-000001-1"}, [("merged", ONE), ("merged", TWO), ("ended", LEAD)]),
        ("ticket.unmerged", {}, [("resumed", LEAD)]),
        ("ticket.reopened", {}, [("reopened", ONE), ("reopened", TWO)]),
        ("ticket.urged", {"to_unit_id": str(LEAD)}, [("urged", LEAD)]),
        ("ticket.supervised", {"to_unit_id": None}, [("supervised", LEAD)]),
        ("ticket.instructed", {"to_unit_id": str(OTHER), "passed_over": [str(DESK)]}, [("instructed", OTHER), ("passed_over", DESK)]),
        ("ticket.escalated", {"unit_id": str(DESK), "name": "raise"}, [("escalated", DESK), ("escalated", LEAD)]),
        ("ticket.extension_decided", {"granted": True, "working_days": 3}, [("extension", LEAD)]),
        ("ticket.work_logged", {}, []),
    ],
)
def test_each_event_tells_those_it_concerns(type: str, data: dict, expected: list[tuple[str, object]]) -> None:  # noqa: A002
    told = happened(type, MATTER, **data)
    assert [(template, recipient) for template, recipient, _ in told] == expected
    assert all("None" not in words and MATTER.number in words for _, _, words in told)


def test_the_words_of_a_third_return_ask_for_an_adjudication() -> None:
    ((_, _, words),) = happened("ticket.returned", MATTER, reason="not_ours", adjudication=True)
    assert "不属于本单位职责" in words
    assert "会商裁定" in words


def test_an_endless_answer_is_cut_so_that_a_carrier_takes_it() -> None:
    ((_, _, words), _) = happened("ticket.answered", MATTER, words="水" * 4000, answered=[str(ONE), str(TWO)])
    assert len(words.encode()) < 2048
