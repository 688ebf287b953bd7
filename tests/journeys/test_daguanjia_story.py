"""The 大管家 story, told by the command through HTTP against real processes; what it left behind is looked at by SQL."""

import asyncio
import json
import re
import stat
import sys

import pytest

from daguanjia.stack import REPOSITORY
from services.journal.chain import first_broken
from tests.county import BLANK_GRID, COUNTY, DISCIPLINE, HOTLINE, ORGANIZATION, PENGZHAI, SHUIKOU, WATER
from tests.told import words_in

pytestmark = pytest.mark.slow

NUMBER = re.compile(r"受理为工单 (\d{8}-\d{6,}-\d)")


async def tell(stack, *options: str) -> str:
    """Tell the story; return the number of its ticket."""
    code, said = await stack.command("story", *options)
    assert code == 0, said
    assert "✗" not in said
    assert said.count("✓") >= 10, said
    return NUMBER.search(said)[1]


async def settled(county) -> None:
    """Wait until the worker owes nothing: every delivery drained, every message sent."""
    for _ in range(100):
        owed = await county.value("SELECT (SELECT count(*) FROM deliveries) + (SELECT count(*) FROM messages WHERE state = 'queued')")
        if owed == 0:
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"still owed: {await county.fetch('SELECT handler, last_error FROM deliveries')}")


@pytest.mark.timeout(480)  # half a year is told in it
async def test_story_is_told_twice_and_everything_is_as_it_must_be(county, stack):
    first = await tell(stack)
    second = await tell(stack)
    assert first != second, "each run is a new call"
    await settled(county)
    for number in (first, second):
        await check_ticket(county, number)
        await check_work(county, number)
        await check_messages(county, stack, number)
    people = await county.value("SELECT count(*) FROM accounts WHERE login LIKE 'story-%'")
    assert people == 13, "the people are made once"
    await check_canal(county, stack)
    assert stat.S_IMODE((stack.home / "story.json").stat().st_mode) == 0o600


async def check_canal(county, stack):
    """The second story was told once; what half a year left behind is in order of its own time, and its certificate stands alone."""
    (matter,) = await county.fetch("SELECT * FROM matters")
    assert (matter["state"], matter["title"]) == ("struck_off", "水口村3.5公里水渠修复")
    assert 120 < (matter["struck_off_at"] - matter["determined_at"]).days < 200, "five months of work, and the days of the notice"
    assert await county.value("SELECT count(*) FROM follow_up_alarms") >= 1, "the follow-up that never came"
    rows = await county.fetch("SELECT * FROM events WHERE subject_id = $1 ORDER BY seq", matter["id"])
    assert [row["recorded_at"] for row in rows] == sorted(row["recorded_at"] for row in rows)
    assert first_broken([{**row, "data": json.loads(row["data"])} for row in rows]) is None
    checked = await asyncio.create_subprocess_exec(
        sys.executable, "tools/verify_history.py", str(stack.home / "canal-certificate.json"), cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await checked.communicate()
    assert (checked.returncode, matter["number"] in said.decode()) == (0, True), said.decode()


async def check_ticket(county, number):
    (ticket,) = await county.fetch(
        "SELECT t.*, to_char(t.received_at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI') AS called, r.code AS resolved_by, c.code AS closed_by,"
        " p.code AS place FROM tickets t JOIN units r ON r.id = t.resolved_by_unit_id JOIN units c ON c.id = t.closed_by_unit_id"
        " JOIN units p ON p.id = t.place_unit_id WHERE number = $1",
        number,
    )
    assert (ticket["status"], ticket["round"], ticket["called"], ticket["place"]) == ("closed", 2, "02:10", BLANK_GRID)
    assert (ticket["resolved_by"], ticket["closed_by"]) == (WATER, PENGZHAI)
    assert ticket["closed_by_account_id"] != ticket["resolved_by_account_id"]
    rounds = await county.fetch("SELECT number, outcome FROM rounds WHERE ticket_id = $1 ORDER BY number", ticket["id"])
    assert [tuple(row) for row in rounds] == [(1, "reopened"), (2, "closed")]
    seqs = await county.fetch("SELECT seq FROM events WHERE subject_id = $1 ORDER BY seq", ticket["id"])
    assert [row["seq"] for row in seqs] == list(range(1, ticket["version"] + 1)), "no event is missing"
    await check_chain(ticket["id"])
    assert await county.value("SELECT count(*) FROM clocks WHERE ticket_id = $1 AND state IN ('running', 'paused')", ticket["id"]) == 0


async def check_chain(ticket_id):
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work
    from services.tickets.queries import timeline

    async with unit_of_work(SYSTEM) as work:
        assert (await timeline(work.session, ticket_id)).intact


async def check_work(county, number):
    complaints = await county.fetch("SELECT c.* FROM complaints c JOIN tickets t ON t.id = c.ticket_id WHERE t.number = $1", number)
    assert [words_in(row) for row in complaints] == ["水口村的自来水管爆了,水都漫到路上来了,家里没水用!"], (
        "the original words are as they were said"
    )
    holders = await county.fetch(
        "SELECT u.code, a.round, a.part, a.why->>'rule' AS rule FROM assignments a JOIN units u ON u.id = a.unit_id"
        " JOIN tickets t ON t.id = a.ticket_id WHERE t.number = $1 ORDER BY a.sequence",
        number,
    )
    assert [(row["code"], row["round"], row["part"]) for row in holders] == [
        (SHUIKOU, 1, "lead"),
        (PENGZHAI, 1, "lead"),
        (WATER, 1, "co"),
        (PENGZHAI, 2, "lead"),
        (WATER, 2, "lead"),
    ]
    assert holders[3]["rule"] == "same_seat_as_before"
    pictures = await county.fetch(
        "SELECT l.role, a.media_type FROM attachment_links l JOIN attachments a ON a.id = l.attachment_id JOIN work_logs w"
        " ON w.id = l.subject_id JOIN tickets t ON t.id = w.ticket_id WHERE t.number = $1",
        number,
    )
    assert sorted(row["role"] for row in pictures) == ["after"] * 3 + ["before"] * 3
    assert {row["media_type"] for row in pictures} == {"image/png"}
    answers = await county.value("SELECT count(*) FROM answers a JOIN tickets t ON t.id = a.ticket_id WHERE t.number = $1", number)
    assert answers == 2, "one answer a round"


async def check_messages(county, stack, number):
    sent = await county.fetch(
        "SELECT m.audience, m.template, m.state FROM messages m JOIN tickets t ON t.id = m.ticket_id WHERE t.number = $1", number
    )
    assert {row["state"] for row in sent} == {"sent"}
    told = [row["template"] for row in sent if row["audience"] != "unit"]
    assert told.count("answered") == 2, told
    assert "received" in told
    lines = [json.loads(line) for line in (stack.home / "outbox.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sum(line["ticket"] == number for line in lines) == len(sent), "each message left once"
    assert "2000580" not in json.dumps(lines), "the caller's telephone number is in no outbox"


async def test_story_that_cannot_go_on_says_why_in_one_line(county, commands):
    code, said = await commands.command("story", "--village", "441624999999")
    assert code == 1
    assert "441624999999" in said
    assert "Traceback" not in said
    code, said = await commands.command("story", "--intake-url", "http://127.0.0.1:9", "--patience", "1")
    assert code == 1
    assert "intake_api" in said
    assert "Traceback" not in said
    assert await county.value("SELECT count(*) FROM tickets") == 0
    seats = await county.fetch(
        "SELECT u.code FROM members m JOIN posts p ON p.member_id = m.id JOIN units u ON u.id = p.unit_id"
        " WHERE m.staff_number LIKE 'story-%'"
    )
    assert sorted(row["code"] for row in seats) == sorted(
        [HOTLINE, SHUIKOU, PENGZHAI, WATER, ORGANIZATION, DISCIPLINE, COUNTY, COUNTY, COUNTY, *[f"{COUNTY}-D-XZB"] * 4]
    )
