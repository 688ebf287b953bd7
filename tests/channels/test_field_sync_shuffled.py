"""Whatever way the same commands take (torn into batches, twice, shuffled, from two devices at once, with the worker and the uploads in
between): in the end the same state is in the real database."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.attachments.expecting import arrived
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests.channels.phone import Phone
from tests.county import actor
from tests.journeys.people import Desk
from tests.told import told_in


@pytest.fixture
def desk(intake, county, tmp_path, monkeypatch):
    from services.platform.settings import settings as ours

    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    ours.cache_clear()
    yield Desk(intake, county)
    ours.cache_clear()


@dataclass
class Day:
    """What a worker did in a day without network: two matters from the report to the end of the work, and the pictures of it."""

    commands: list[dict[str, Any]]
    uploads: list[str]
    reports: list[str]


def a_day(phone: Phone) -> Day:
    """Make the commands of a day, in their causal order, each knowing what it builds on."""
    found = Day([], [], [])
    for place in range(2):
        before, after = str(new_id()), str(new_id())
        ago = [timedelta(hours=hours) for hours in range(9, 0, -1)]
        report = phone.report(f"第{place}处漏水", ago=ago[0], upload_ids=[before])
        report_id = report["report"]["report_id"]
        more = phone.command("supplement", ago=ago[1], report_id=report_id, words="水更大了", upload_ids=[after])
        other = phone.command("reword", ago=ago[2], report_id=report_id, words="应为村口", after=(report,))
        accepted = phone.action(report, "accept", ago=ago[3], after=(report,))
        worked = [
            phone.action(report, "log_work", ago=ago[4 + turn], after=(accepted,), words=f"第{turn}次到场", contacted=turn == 1)
            for turn in range(2)
        ]
        worked[1]["uploads"] = [{"upload_id": before, "role": "before"}]
        shown = [{"upload_id": before, "role": "before"}, {"upload_id": after, "role": "after"}]
        done = phone.action(report, "resolve", ago=ago[7], after=tuple(worked), words="已换好水管", uploads=shown)
        found.commands += [report, more, other, accepted, *worked, done]
        found.uploads += [before, after]
        found.reports.append(report_id)
    return found


async def come(desk: Desk, upload_id: str) -> None:
    """Complete an upload; twice is once."""
    person = await actor("grid")
    file = UUID(await desk.upload("grid"))
    async with unit_of_work(person) as work:
        await arrived(work, person.account_id, UUID(upload_id), file)


async def finish(desk: Desk, phone: Phone, day: Day) -> None:
    """Let everything arrive that has not yet, and the worker do its part, until nothing waits."""
    for upload_id in day.uploads:
        await come(desk, upload_id)
    for _ in range(3):
        results = await phone.send(*day.commands)
        await desk.county.settle()
    assert {one["status"] for one in results} == {"replayed"}, results


STATE = """
SELECT c.happened_at - $2 AS told, t.status, t.version,
  (SELECT jsonb_agg(jsonb_build_array(e.type, e.happened_at - $2) ORDER BY e.type, e.happened_at) FROM events e
    WHERE e.subject_id = t.id AND e.actor_kind <> 'system' AND e.type <> 'ticket.supplemented') AS events,
  (SELECT jsonb_agg(jsonb_build_array(w.kind, w.words, w.happened_at - $2,
      (SELECT jsonb_agg(l.role ORDER BY l.role) FROM attachment_links l WHERE l.subject_id = w.id)) ORDER BY w.words, w.happened_at)
    FROM work_logs w WHERE w.ticket_id = t.id) AS logs,
  (SELECT jsonb_agg(s.files ORDER BY s.id) FROM supplements s WHERE s.complaint_id = c.id) AS supplements,
  (SELECT count(*) FROM attachment_links l WHERE l.subject_id = c.id) AS files,
  (SELECT jsonb_agg(a.part ORDER BY a.sequence) FROM assignments a WHERE a.ticket_id = t.id) AS orders
FROM complaints c JOIN tickets t ON t.id = c.ticket_id WHERE c.channel_message_id = $1
"""


async def state(desk: Desk, day: Day) -> list[tuple[Any, ...]]:
    """Everything that is there of a day, its times counted from its first command."""
    start = datetime.fromisoformat(day.commands[0]["happened_at"])
    base = start.replace(microsecond=0)
    rows = [(await desk.county.fetch(STATE, report_id, base))[0] for report_id in day.reports]
    complaint = "(SELECT id FROM complaints WHERE channel_message_id = $1)"
    keys = {"complaints": "id", "rewordings": "complaint_id", "supplements": "complaint_id"}
    said = [
        [await told_in(desk.county, table, f"{key} = {complaint}", report_id) for table, key in keys.items()] for report_id in day.reports
    ]
    return [(str(words), *[str(value) for value in row]) for words, row in zip(said, rows, strict=True)]


def same_times(first: Day, second: Day) -> None:
    """Give a second day the times of the first."""
    for one, other in zip(first.commands, second.commands, strict=True):
        other["happened_at"] = one["happened_at"]


PLACES = st.integers(0, 13)
STEP = st.one_of(
    st.tuples(st.just("send"), st.lists(PLACES, min_size=1, max_size=8)),
    st.tuples(st.just("both"), st.lists(PLACES, min_size=1, max_size=8)),
    st.tuples(st.just("come"), st.integers(0, 3)),
    st.tuples(st.just("worker"), st.none()),
)


@pytest.mark.slow
@settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example is a day of work; making a failing one smaller takes hours
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, max_size=9), order=st.permutations(range(14)))
async def test_any_way_the_commands_take_leads_to_the_same_state(desk, steps, order):
    phone, other = Phone(desk), Phone(desk)
    if not hasattr(desk, "straight"):
        desk.straight = a_day(phone)
        for command in desk.straight.commands:
            await phone.send(command)
        await finish(desk, phone, desk.straight)
    straight, shuffled = desk.straight, a_day(phone)
    same_times(straight, shuffled)

    for step, given_ in steps:
        if step == "send":
            await phone.send(*(shuffled.commands[place] for place in given_))
        elif step == "both":
            batch = [shuffled.commands[place] for place in given_]
            await asyncio.gather(phone.send(*batch), other.send(*reversed(batch)))
        elif step == "come":
            await come(desk, shuffled.uploads[given_])
        else:
            await desk.county.settle()
    await other.send(*(shuffled.commands[place] for place in order))
    await finish(desk, other, shuffled)

    assert await state(desk, shuffled) == await state(desk, straight)
    ids = [command["command_id"] for command in shuffled.commands]
    states = await desk.county.fetch("SELECT state FROM field_commands WHERE command_id = ANY($1::uuid[])", ids)
    assert Counter(row["state"] for row in states) == {"applied": len(ids)}
