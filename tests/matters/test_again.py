"""Every action sent twice is done once; the register of two thousand matters is read in as many statements as that of two."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from services.matters.queries import AskedMatters, list_matters
from services.matters.standing import WHO
from services.platform.clock import local_day, now
from services.platform.database import database
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests.attachments.samples import JPEG
from tests.county import PENGZHAI, ROADS, SHUIKOU, WATER, actor
from tests.matters.world import World

STRIKING = frozenset({
    "report_complete", "open_notice", "object", "decide_objection", "confirm_household", "answer_refusal", "waive", "strike_off",
    "register_again",
})  # fmt: skip
"""Tried where matters are struck off."""


def _day(days: int = 0) -> str:
    return str(local_day(now()) + timedelta(days=days))


class Twice:
    """Does everything to one matter, each thing twice under one key, and keeps what was done."""

    def __init__(self, world: World, matter: str) -> None:
        self.world, self.matter = world, matter
        self.done: set[str] = set()

    async def act(self, login: str, action: str, **said: Any) -> dict[str, Any]:
        """Send an action twice; the second answer is the first, and nothing happened to the matter."""
        address, key, body = f"/v1/matters/{self.matter}/actions", str(new_id()), {"action": action, **said}
        first = await self.world.post(login, address, body, key)
        assert first.status_code == 200, first.text
        events = await self._events()
        again = await self.world.post(login, address, body, key)
        assert (again.status_code, again.json()["version"]) == (200, first.json()["version"]), (action, again.text)
        assert await self._events() == events, action
        other = await self.world.post(login, address, {**body, "unknown": 1}, key)
        assert other.status_code == 422, "another body under the same key is none"
        self.done.add(action)
        found: dict[str, Any] = first.json()
        return found

    async def _events(self) -> int:
        return int(await self.world.county.value("SELECT count(*) FROM events WHERE subject_id = $1", UUID(self.matter)))

    async def photo(self, login: str) -> str:
        """Upload a picture; return its id."""
        headers = {**await self.world.as_(login), "Content-Type": "image/jpeg"}
        answer = await self.world.client.post("/v1/attachments", content=JPEG + new_id().bytes, headers=headers)
        return str(answer.json()["id"])


async def _people(twice: Twice, world: World) -> None:
    secretary = await world.member("shuikou")
    await twice.act("county", "name_supervisor", level="village", member_id=secretary)
    await twice.act("shuikou", "supervise", happened_on=_day(), words="看过。")
    await world.did("county", "/v1/pairings", {"kind": "secretary_village", "member_id": secretary, "unit": SHUIKOU})
    await twice.act("pengzhai", "attach_follower", member_id=secretary, rhythm_days=30)
    report = {"follow_up_id": str(new_id()), "happened_on": _day(), "words": "开工。", "attachment_ids": [await twice.photo("shuikou")]}
    await twice.act("shuikou", "follow_up", **report)


async def _work(twice: Twice) -> None:
    task = (await twice.act("water", "set_task", unit=ROADS, title="运料", due_on=_day(9)))["task_list"][0]["id"]
    done = {"task_id": task, "done_on": _day(), "words": "已完成。", "attachment_ids": [await twice.photo("roads")]}
    await twice.act("roads", "report_task", **done)
    await twice.act("county", "decide_task", task_id=task, accepted=True, words="属实。")
    await twice.act("water", "block", code="funding", since=_day(-3), words="缺口。")
    await twice.act("water", "unblock", code="funding", on=_day(), words="到位。")
    stone = (await twice.act("water", "set_milestone", title="完工", planned_on=_day(9)))["milestones"][0]["id"]
    await twice.act("water", "move_milestone", milestone_id=stone, planned_on=_day(19), words="降雨。")
    await twice.act("water", "finish_milestone", milestone_id=stone, done_on=_day(), words="完工。")
    site = (await twice.act("water", "add_site", name="渠首"))["sites"][0]["id"]
    await twice.act("water", "show_site", site_id=site, shown="after", happened_on=_day(), attachment_ids=[await twice.photo("water")])
    await twice.act("county", "inspect_site", site_id=site, happened_on=_day(), passed=True, words="合格。")


async def test_every_action_twice_under_one_key_is_done_once(world: World) -> None:
    ticket = await world.tell("水渠断了", "13800000001")
    twice = Twice(world, str((await world.determined())["id"]))
    await twice.act("county", "register", lead=WATER, words="列入。")
    await _people(twice, world)
    await _work(twice)
    await twice.act("pengzhai", "join", tickets=[ticket])
    await twice.act("pengzhai", "set_tension", tension=5, words="争水。")
    money, labour = str(new_id()), str(new_id())
    source = {"source": "finance", "happened_on": _day(), "words": "款。"}
    await twice.act("water", "enter_money", entry_id=money, deed="receive", amount_fen=300, **source)
    await twice.act("water", "enter_labour", entry_id=labour, deed="pledge", half_days=3, **{**source, "source": "villagers"})
    await twice.act("water", "reverse_entry", entry_id=str(new_id()), reverses_id=money, words="错。")
    await twice.act("county", "change_lead", lead=PENGZHAI, words="就近。")
    declined = Twice(world, str((await world.determined(title="另一件"))["id"]))
    await declined.act("county", "decline", words="不列入。")
    assert twice.done | declined.done == WHO.keys() - STRIKING
    seen = (await world.doors.get("county", f"/v1/matters/{twice.matter}")).json()
    counts = [len(seen[name]) for name in ("task_list", "milestones", "sites", "tickets", "bypassed")]
    assert (counts, len(seen["ledger"]["entries"])) == ([1, 1, 1, 1, 1], 3)


_MANY = """
WITH made AS (
  INSERT INTO matters (id, number, year, sequence, unit_id, category_code, title, origin_on, tension, urgency, counted, because,
    determined_at, determined_by_account_id, state, decided_at, decided_by_account_id, decision, lead_unit_id)
  SELECT gen_random_uuid(), '挂号' || n, 2025, n, u.id, 'water.canal', '事项' || n, '2020-01-01', 3, 'normal',
    '{"weight": {"tellings": 3, "households": 3, "anonymous": 0}, "signs": [], "sources": []}', '多', now() - n * interval '1 minute', d.id,
    'registered', now(), r.id, '列入', l.id
  FROM generate_series(1, 2000) n, accounts d, accounts r, units l,
    (SELECT id, row_number() OVER (ORDER BY code) - 1 AS nth, count(*) OVER () AS of FROM units WHERE tier = 'village') u
  WHERE d.login = 'pengzhai' AND r.login = 'county' AND l.code = $1 AND u.nth = n % u.of
  RETURNING id, unit_id, lead_unit_id, determined_at, determined_by_account_id)
, states AS (
  INSERT INTO matter_states (matter_id, version, known_at, state, number, tension, lead_unit_id, round)
  SELECT id, 1, determined_at, 'registered', 'x', 3, lead_unit_id, 1 FROM made)
, tasks AS (
  INSERT INTO matter_tasks (id, matter_id, unit_id, title, due_on, recorded_at, recorded_by_account_id)
  SELECT gen_random_uuid(), id, lead_unit_id, '测量', '2025-12-31', determined_at, determined_by_account_id FROM made)
, followers AS (
  INSERT INTO matter_followers (id, matter_id, member_id, rhythm_days, since, recorded_at, recorded_by_account_id)
  SELECT gen_random_uuid(), made.id, a.member_id, 30, '2025-01-01', determined_at, determined_by_account_id
  FROM made, accounts a WHERE a.login = 'shuikou')
INSERT INTO matter_blockers (id, matter_id, code, since, words, recorded_at, recorded_by_account_id)
SELECT gen_random_uuid(), id, 'funding', '2025-06-01', '缺口', determined_at, determined_by_account_id FROM made
"""


@pytest.mark.parametrize("login", ["county", "pengzhai", "water", "shuikou"])
async def test_pages_of_two_thousand_matters_take_as_many_statements_as_pages_of_two(world: World, login: str) -> None:
    async with world.county.owner.transaction():
        await world.county.owner.execute("SET LOCAL session_replication_role = replica")
        await world.county.owner.execute(_MANY, WATER)
    counts = []
    for limit in (1, 2, 200):  # the first reads what is the same for all: the tree of units
        said: list[str] = []
        engine = database().engine.sync_engine
        event.listen(engine, "before_cursor_execute", lambda *about, to=said: to.append(about[2]))
        async with unit_of_work(await actor(login)) as work:
            said.clear()
            lines, _more = await list_matters(work, AskedMatters(), after=None, limit=limit)
        assert len(lines) == limit or login in {"pengzhai", "shuikou"}
        assert all(one.stale and one.blockers == ["funding"] and one.overdue_tasks == 1 for one in lines)
        counts.append(len(said))
    assert counts[1] == counts[2] <= 20, counts
