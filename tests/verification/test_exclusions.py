"""Unreasonable demands over HTTP: three people, a reason, an appeal, and nothing taken from whoever complained."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.actors import forget_actors
from services.organization.actions import give_post
from services.organization.commands import GivePost
from services.platform.actor import SYSTEM
from services.platform.errors import Conflict
from services.platform.papers import read_paper
from services.platform.unit_of_work import unit_of_work
from services.verification.excluding import Adjudication, require_appealable
from services.verification.models import IN_FORCE, STATES
from tests.conftest import TestDatabase
from tests.county import COUNTY, PENGZHAI, SHUIKOU
from tests.journeys.people import Desk
from tests.told import only_told_in
from tests.verification.matters import answered, filed, get, hire, post, told, work_on

WHY = {"reason": "beyond_policy", "words": "要求为个人宅基地修建专用道路，超出政策。"}
YES = {"granted": True, "words": "经核属实，同意认定。"}


@pytest.fixture
async def desk(intake: Any, county: TestDatabase) -> Desk:
    await hire(county, "county2", "county_supervisor", COUNTY)
    await hire(county, "county3", "county_supervisor", COUNTY)
    return Desk(intake, county)


@given(st.sampled_from(STATES), st.integers(-60, 60))
def test_only_what_was_granted_is_appealed_against_and_only_in_time(state: str, minutes: int) -> None:
    until = datetime(2026, 11, 29, 16, tzinfo=UTC)
    now = datetime.fromtimestamp(until.timestamp() + 60 * minutes, UTC)
    found = Adjudication(state, uuid4(), uuid4(), None, until if state != "proposed" else None)
    if state == "granted" and minutes < 0:
        require_appealable(found, now)
        return
    with pytest.raises(Conflict) as refused:
        require_appealable(found, now)
    assert refused.value.code == ("appeal.too_late" if state == "granted" else "appeal.nothing")


async def test_two_people_adjudicate_a_third_hears_the_appeal_and_the_complainant_keeps_everything(desk: Desk) -> None:
    county = desk.county
    number, code = await filed(desk)
    address = f"/v1/tickets/{number}/exclusion"
    told(await post(desk, "pengzhai", address, **WHY), 409, "exclusion.not_answered")
    await work_on(desk, number)
    before = await desk.read(number)
    told(await post(desk, "county", f"{address}/decision", **YES), 404, "exclusion.unknown")
    told(await post(desk, "shuikou", address, **WHY), 403, "permission.denied")
    told(await post(desk, "yangming", address, **WHY), 404, "ticket.unknown")
    proposed = told(await post(desk, "pengzhai", address, **WHY), 201)
    assert (proposed["state"], proposed["counts"], proposed["proposed_by"]) == ("proposed", False, "调度员戊")
    told(await post(desk, "county", address, **WHY), 409, "exclusion.exists")
    told(await post(desk, "pengzhai", f"{address}/decision", **YES), 403, "permission.denied")
    told(await post(desk, None, f"/v1/complaints/{number}/appeals", code=code, words="不同意"), 409, "appeal.nothing")
    decided = told(await post(desk, "county", f"{address}/decision", **YES), 200)
    assert (decided["state"], decided["counts"], decided["decided_by"]) == ("granted", True, "督办员乙")
    told(await post(desk, "county2", f"{address}/decision", **YES), 409, "exclusion.decided")
    await county.settle()
    words = str(await only_told_in(county, "messages", "template = 'excluded' AND audience = 'complainant'"))
    assert "超出政策规定" in words
    assert "申诉" in words
    assert "各项权利不变" in words
    after = await desk.read(number)
    same = [name for name in before if name not in ("version", "allowed_actions")]
    assert [after[name] for name in same] == [before[name] for name in same], "the ticket itself is not touched"

    told(await post(desk, None, f"/v1/complaints/{number}/appeals", code="WRONG234", words="不同意"), 404, "tracking.not_found")
    told(await post(desk, None, f"/v1/complaints/{number}/appeals", code=code, words="修的是公共道路，欧阳某可以作证"), 200)
    appealed = await get(desk, "pengzhai", address)
    assert (appealed["state"], appealed["counts"]) == ("appealed", False), "while an appeal is open it counts everywhere"
    assert [one["number"] for one in (await get(desk, "county3", "/v1/exclusions?state=appealed"))["items"]] == [number]
    row = (await county.fetch("SELECT p.* FROM demand_exclusions e JOIN sealed_papers p ON p.id = e.appeal_paper_id"))[0]
    assert read_paper(row["id"], row["row_key"], row["sealed"]) == {"words": "修的是公共道路，欧阳某可以作证"}
    over = {"upheld": False, "words": "经复核为公共道路，撤销认定。"}
    told(await post(desk, "county", f"{address}/appeal/decision", **over), 403, "exclusion.had_a_part")
    closed = told(await post(desk, "county2", f"{address}/appeal/decision", **over), 200)
    assert (closed["state"], closed["counts"], closed["closed_by"]) == ("overturned", False, "新人county2")
    told(await post(desk, "county3", f"{address}/appeal/decision", **over), 409, "exclusion.no_appeal")
    await county.settle()
    assert await county.value("SELECT count(*) FROM messages WHERE template = 'exclusion_overturned' AND audience = 'complainant'") == 1
    told(await post(desk, None, f"/v1/complaints/{number}/confirmations", code=code, solved=False), 200)
    timeline = await get(desk, "county", f"/v1/tickets/{number}/events")
    assert timeline["intact"]
    assert "欧阳" not in str(timeline)


async def test_nobody_of_a_unit_that_worked_on_it_has_a_part_and_nobody_has_two(desk: Desk) -> None:
    county = desk.county
    number, _ = await filed(desk)
    await desk.does("pengzhai", number, "transfer", unit=PENGZHAI, words="镇里直接办理")
    await work_on(desk, number, "pengzhai")
    address = f"/v1/tickets/{number}/exclusion"
    told(await post(desk, "pengzhai", address, **WHY), 403, "exclusion.executor")
    told(await post(desk, "county", address, **WHY), 201)
    told(await post(desk, "county", f"{address}/decision", **YES), 403, "exclusion.own_proposal")
    told(await post(desk, "county2", f"{address}/decision", **YES), 200)
    told(await post(desk, "hotline", f"{address}/appeal", words="来电表示不同意"), 200)
    for login in ("county", "county2"):
        told(await post(desk, login, f"{address}/appeal/decision", upheld=True, words="维持"), 403, "exclusion.had_a_part")
    for change in ("decided_by_account_id = proposed_by_account_id", "closed_by_account_id = decided_by_account_id"):
        with pytest.raises(asyncpg.CheckViolationError):
            await county.owner.execute(f"UPDATE demand_exclusions SET {change}")
    assert told(await post(desk, "county3", f"{address}/appeal/decision", upheld=True, words="维持"), 200)["counts"]
    assert set(IN_FORCE) < set(STATES)


async def test_who_worked_in_an_older_round_decides_on_no_appeal_while_the_next_one_runs(desk: Desk) -> None:
    number, code = await filed(desk)
    member = await hire(desk.county, "once", "village_secretary", SHUIKOU)
    await work_on(desk, number, "once")
    address = f"/v1/tickets/{number}/exclusion"
    told(await post(desk, "pengzhai", address, **WHY), 201)
    told(await post(desk, "county", f"{address}/decision", **YES), 200)
    told(await post(desk, None, f"/v1/complaints/{number}/confirmations", code=code, solved=False), 200)
    told(await post(desk, None, f"/v1/complaints/{number}/appeals", code=code, words="灯还是不亮"), 200)
    await desk.county.settle()
    assert (await desk.read(number))["round"] == 2
    async with desk.county.as_role(""), unit_of_work(SYSTEM) as work:
        await give_post(work, UUID(member), GivePost(unit_code=COUNTY, role="county_supervisor", valid_from=date(2024, 1, 1)))
    forget_actors()
    answer = await post(desk, "once", f"{address}/appeal/decision", upheld=True, words="维持")
    told(answer, 403, "exclusion.executor")
    told(await post(desk, "county2", f"{address}/appeal/decision", upheld=True, words="维持"), 200)


async def test_an_appeal_comes_in_time_and_the_next_round_is_judged_anew(desk: Desk) -> None:
    county = desk.county
    number, code = await answered(desk)
    address = f"/v1/tickets/{number}/exclusion"
    told(await post(desk, "pengzhai", address, **WHY), 201)
    told(await post(desk, None, f"/v1/complaints/{number}/confirmations", code=code, solved=False), 200)
    told(await post(desk, "county", f"{address}/decision", **YES), 409, "exclusion.round_over")
    told(await post(desk, "county", f"{address}/decision", granted=False, words="要求合理，不予认定"), 200)
    told(await post(desk, None, f"/v1/complaints/{number}/appeals", code=code, words="x"), 409, "appeal.nothing")
    await county.settle()
    await work_on(desk, number)
    told(await post(desk, "pengzhai", address, **WHY), 201)
    granted = told(await post(desk, "county", f"{address}/decision", **YES), 200)
    assert (granted["round"], granted["appeal_until"] > granted["decided_at"]) == (2, True)
    await county.owner.execute("UPDATE demand_exclusions SET appeal_until = now() - interval '1 second' WHERE round = 2")
    told(await post(desk, None, f"/v1/complaints/{number}/appeals", code=code, words="x"), 409, "appeal.too_late")
    told(await post(desk, None, f"/v1/complaints/{number}/confirmations", code=code, solved=False), 200)
    assert not (await get(desk, "county", address))["counts"], "the third round is judged anew"
    found, _ = await filed(desk)
    await county.owner.execute("UPDATE tickets SET source = 'discovered', status = 'closed' WHERE number = $1", found)
    told(await post(desk, "pengzhai", f"/v1/tickets/{found}/exclusion", **WHY), 409, "exclusion.no_demand")
