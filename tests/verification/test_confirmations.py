"""Words about the result over HTTP: who may take them, by which way they came, and what each starts."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select

from services.identity.actors import forget_actors
from services.identity.models import Account
from services.organization.actions import end_post, give_post
from services.organization.commands import EndPost, GivePost
from services.organization.models import Post
from services.platform.actor import SYSTEM
from services.platform.ids import new_id
from services.platform.papers import read_paper
from services.platform.unit_of_work import unit_of_work
from tests.conftest import TestDatabase
from tests.county import PENGZHAI, SHUIKOU, WATER
from tests.journeys.people import Desk
from tests.verification.matters import answered, filed, get, hire, post, told, work_on


@pytest.fixture
async def desk(intake: Any, county: TestDatabase) -> Desk:
    return Desk(intake, county)


async def words_of(desk: Desk, number: str) -> list[tuple[Any, ...]]:
    names = ("round", "way", "reached", "contacted", "solved", "satisfied")
    return [tuple(one[name] for name in names) for one in (await get(desk, "county", f"/v1/tickets/{number}/call-backs"))["items"]]


async def test_whoever_has_the_code_confirms_apart_and_the_newest_word_counts(desk: Desk) -> None:
    number, code = await filed(desk)
    address = f"/v1/complaints/{number}/confirmations"
    told(await post(desk, None, address, code=code, solved=True), 409, "confirmation.nothing_yet")
    await work_on(desk, number)
    told(await post(desk, None, address, code=code), 422, "request.invalid")
    told(await post(desk, None, address, code="WRONG234", solved=False), 404, "tracking.not_found")
    said = {"number": number, "round": 1, "outcome": "kept"}
    assert told(await post(desk, None, address, code=code, satisfied=False), 200) == said
    for _ in range(2):
        assert told(await post(desk, None, address, code=code, solved=True, satisfied=True, contacted=True), 200) == said
    assert await words_of(desk, number) == [(1, "code", True, None, None, False), (1, "code", True, True, True, True)]
    (line, _) = (await get(desk, "county", f"/v1/tickets/{number}/call-backs"))["items"]
    assert (line["way_name"], line["strength"], line["by"], line["signed"]) == ("查询码确认", 2, None, False)
    assert told(await post(desk, None, address, code=code, solved=False), 200)["outcome"] == "next_round"
    await desk.county.settle()
    ticket = await desk.read(number)
    assert (ticket["round"], ticket["status"]) == (2, "dispatched")
    told(await post(desk, None, address, code=code, solved=True), 409, "confirmation.nothing_yet")
    await work_on(desk, number)
    for satisfied in (True, False, True, False, True):
        told(await post(desk, None, address, code=code, satisfied=satisfied), 200)
    told(await post(desk, None, address, code=code, satisfied=False), 429, "confirmation.too_often")
    for _ in range(9):  # and one above
        told(await post(desk, None, address, code="WRONG234", solved=False), 404, "tracking.not_found")
    told(await post(desk, None, address, code=code, solved=False), 429, "tracking.too_many")


async def test_a_word_after_closing_starts_the_next_round_only_within_the_days(desk: Desk) -> None:
    number, code = await answered(desk)
    address = f"/v1/complaints/{number}/confirmations"
    await desk.does("hotline", number, "call_back", reached=True, solved=True, satisfied=True, contacted=True)
    await desk.does("county", number, "close", verified_by="call_back", words="回访确认")
    await desk.county.owner.execute("UPDATE tickets SET closed_at = closed_at - interval '31 days'")
    assert told(await post(desk, None, address, code=code, solved=False), 200)["outcome"] == "kept_too_late"
    assert (await desk.read(number))["status"] == "closed"
    await desk.county.owner.execute("UPDATE tickets SET closed_at = closed_at + interval '20 days'")
    assert told(await post(desk, None, address, code=code, solved=False, satisfied=False), 200)["outcome"] == "next_round"
    await desk.county.settle()
    assert ((await desk.read(number))["status"], (await desk.read(number))["round"]) == ("dispatched", 2)
    assert await desk.county.value("SELECT count(*) FROM clocks WHERE round = 2 AND state = 'running'")


async def test_everybody_of_a_merged_ticket_is_answered_and_each_has_a_word(desk: Desk) -> None:
    main, _ = await filed(desk)
    other, code = await filed(desk, contact={"phone": "13900000456"})
    secret, _ = await filed(desk, contact={"phone": "13900000789"}, confidential=True)
    for number in (other, secret):
        await desk.does("pengzhai", number, "merge", into=main, words="同一盏路灯")
    await work_on(desk, main)
    answers = "SELECT count(*), count(DISTINCT complaint_id) FROM answers WHERE round = 1"
    assert tuple((await desk.county.fetch(answers))[0]) == (3, 3)
    confided = await desk.refused("pengzhai", main, "call_back", reached=True, solved=True)
    assert confided == "call_back.hotline_only", "somebody of a merged ticket asked for confidence"
    assert told(await post(desk, None, f"/v1/complaints/{other}/confirmations", code=code, solved=True), 200)["number"] == other
    row = (await desk.county.fetch("SELECT t.number, b.way, c.ticket_id FROM call_backs b JOIN tickets t ON t.id = b.ticket_id"
                                   " JOIN complaints c ON c.id = b.complaint_id"))[0]  # fmt: skip
    assert (row["number"], row["way"]) == (main, "code")
    assert row["ticket_id"] == await desk.county.value("SELECT id FROM tickets WHERE number = $1", other)
    complaint = await desk.county.value("SELECT id::text FROM complaints ORDER BY received_at LIMIT 1")
    await desk.does("hotline", main, "call_back", reached=True, solved=True, way="visit", complaint_id=complaint)
    stranger = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d44"
    assert await desk.refused("hotline", main, "call_back", reached=True, complaint_id=stranger) == "call_back.unknown_complaint"


async def test_nobody_of_a_unit_that_worked_on_it_takes_a_word(desk: Desk) -> None:
    number, _ = await filed(desk)
    await desk.does("shuikou", number, "accept")
    await desk.does("shuikou", number, "join", unit=PENGZHAI, task="协调物业")
    await desk.does("pengzhai", number, "finish_task", words="已协调")
    await desk.does("shuikou", number, "resolve", words="已更换灯泡")
    await desk.does("hotline", number, "answer", words="路灯已修好。")
    said = {"reached": True, "solved": True, "satisfied": True}
    for login in ("shuikou", "pengzhai"):
        assert await desk.refused(login, number, "call_back", **said) == "ticket.executor_verifies", login
    assert await desk.refused("pengzhai", number, "close", verified_by="site_check", words="查看") == "ticket.executor_verifies"
    for nth in range(3):
        ticket = await desk.does("hotline", number, "call_back", reached=False)
        assert ticket["status"] == "answered", "nobody answered: neither solved nor satisfied"
        event = (await get(desk, "county", f"/v1/tickets/{number}/events"))["items"][-1]["data"]
        assert (event["tries"], event["try_again_at"] is None) == (nth + 1, nth == 2)
    assert await desk.refused("hotline", number, "call_back", reached=False, satisfied=True) == "call_back.not_reached"
    assert await desk.refused("county", number, "close", verified_by="call_back", words="回访") == "ticket.no_call_back"
    with pytest.raises(asyncpg.CheckViolationError, match="no_answer_is_no_word"):
        await desk.county.owner.execute("UPDATE call_backs SET satisfied = true")


async def test_whoever_wrote_it_down_for_somebody_praises_no_work_of_their_own_unit_by_its_code(desk: Desk) -> None:
    person = {"contact": {"name": "黄某", "phone": "13800000123"}, "place": {"unit_code": SHUIKOU}}
    body = {"filing_id": str(new_id()), "form": "on_behalf", "words": "村口的路灯不亮", **person}
    answer = await desk.client.post("/v1/petitions", json=body, headers=await desk.as_("shuikou"))
    filed_for = told(answer, 201)
    number, code = filed_for["number"], filed_for["tracking_code"]
    await desk.county.settle()
    await work_on(desk, number)
    address = f"/v1/complaints/{number}/confirmations"
    for praise in ({"solved": True}, {"satisfied": True}, {"contacted": True, "solved": False}):
        told(await post(desk, None, address, code=code, **praise), 403, "confirmation.code_of_executor")
    assert await words_of(desk, number) == []
    assert await desk.refused("county", number, "close", verified_by="call_back", words="回访确认") == "ticket.no_call_back"
    assert told(await post(desk, None, address, code=code, solved=False, satisfied=False), 200)["outcome"] == "next_round"
    await desk.county.settle()
    await desk.does("pengzhai", number, "transfer", unit=PENGZHAI, words="镇里直接办理")
    await work_on(desk, number, "pengzhai")
    assert told(await post(desk, None, address, code=code, solved=True, satisfied=True), 200)["outcome"] == "kept", "another unit did it"


async def test_a_signed_word_needs_a_signature_a_witness_and_people_of_other_units(desk: Desk) -> None:
    number, _ = await answered(desk)
    address = f"/v1/tickets/{number}/confirmations"
    colleague = await hire(desk.county, "shuikou2", "village_secretary", SHUIKOU)
    grid = str(await desk.county.value("SELECT member_id FROM accounts WHERE login = 'grid'"))
    signature = await desk.upload("pengzhai")
    body: dict[str, Any] = {
        "solved": True,
        "satisfied": False,
        "signature": signature,
        "witness": {"name": "欧阳村民"},
        "words": "当面确认",
    }
    told(await post(desk, "shuikou", address, **body | {"signature": await desk.upload("shuikou")}), 403, "ticket.executor_verifies")
    told(await post(desk, "pengzhai", address, **body | {"witness": {"member_id": colleague}}), 403, "ticket.executor_verifies")
    own = str(await desk.county.value("SELECT member_id FROM accounts WHERE login = 'pengzhai'"))
    told(await post(desk, "pengzhai", address, **body | {"witness": {"member_id": own}}), 422, "confirmation.witness")
    told(await post(desk, "pengzhai", address, **body | {"witness": {}}), 422, "request.invalid")
    told(await post(desk, "pengzhai", address, **body | {"signature": await desk.upload("grid")}), 422, "attachment.unknown")
    told(await post(desk, "yangming", address, **body), 404, "ticket.unknown")
    assert told(await post(desk, "pengzhai", address, **body), 201) == {"number": number, "round": 1, "outcome": "kept"}
    (word,) = (await get(desk, "shuikou", f"/v1/tickets/{number}/call-backs"))["items"]
    assert (word["way"], word["strength"], word["signed"], word["by"]) == ("paper", 5, True, "调度员戊")
    assert (word["solved"], word["satisfied"], word["contacted"]) == (True, False, None)
    row = (await desk.county.fetch("SELECT p.* FROM call_backs b JOIN sealed_papers p ON p.id = b.paper_id"))[0]
    assert read_paper(row["id"], row["row_key"], row["sealed"]) == {"witness": "欧阳村民"}
    link = (await desk.county.fetch("SELECT role, subject_kind FROM attachment_links WHERE attachment_id = $1::uuid", signature))[0]
    assert tuple(link) == ("signature", "complaint")
    for (table,) in await desk.county.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        assert "欧阳村民" not in "\n".join(str(one[0]) for one in await desk.county.fetch(f"SELECT row_to_json(t)::text FROM {table} t")), (
            table
        )
    again = await desk.upload("pengzhai")
    unsolved = told(await post(desk, "pengzhai", address, solved=False, signature=again, witness={"member_id": grid}), 201)
    assert unsolved["outcome"] == "next_round"
    assert (await desk.read(number))["round"] == 2
    with pytest.raises(asyncpg.CheckViolationError, match="signed_and_witnessed"):
        await desk.county.owner.execute("UPDATE call_backs SET signature_id = NULL WHERE way = 'paper'")


async def move(desk: Desk, login: str, role: Any, unit_code: str) -> str:
    """End the posts of somebody and give them another; return the member's id."""
    async with desk.county.as_role(""), unit_of_work(SYSTEM) as work:
        member_id = await work.session.scalar(select(Account.member_id).where(Account.login == login))
        assert member_id is not None
        for post_id in (await work.session.scalars(select(Post.id).where(Post.member_id == member_id))).all():
            await end_post(work, member_id, post_id, EndPost())
        await give_post(work, member_id, GivePost(unit_code=unit_code, role=role))
    forget_actors()
    return str(member_id)


async def test_whoever_did_the_work_verifies_it_from_no_other_seat_and_a_signature_is_used_once(desk: Desk) -> None:
    number, _ = await filed(desk)
    await hire(desk.county, "shuikou2", "village_secretary", SHUIKOU)
    await desk.does("shuikou", number, "accept")
    await desk.does("shuikou", number, "log_work", words="已更换灯泡")
    await desk.does("shuikou2", number, "resolve", words="路灯已亮")
    await desk.does("hotline", number, "answer", words="路灯已修好。")
    moved = await move(desk, "shuikou", "township_dispatcher", PENGZHAI)
    for action, more in (("call_back", {"reached": True, "solved": True}), ("close", {"verified_by": "site_check", "words": "查看"})):
        assert await desk.refused("shuikou", number, action, **more) == "ticket.executor_verifies"
    offered = (await desk.read(number, "shuikou"))["allowed_actions"]
    assert not {"call_back", "close"} & set(offered)
    told(await post(desk, "shuikou", f"/v1/tickets/{number}/exclusion", reason="untrue", words="不属实"), 403, "exclusion.executor")
    address = f"/v1/tickets/{number}/confirmations"
    body: dict[str, Any] = {"solved": True, "signature": await desk.upload("pengzhai"), "witness": {"name": "某某"}}
    told(await post(desk, "pengzhai", address, **body | {"witness": {"member_id": moved}}), 403, "ticket.executor_verifies")
    head = {**await desk.as_("pengzhai"), "Content-Type": "application/pdf"}
    paper = told(await desk.client.post("/v1/attachments", content=b"%PDF-1.4\n%%EOF", headers=head), 201)["id"]
    told(await post(desk, "pengzhai", address, **body | {"signature": paper}), 422, "confirmation.signature")
    twice = await asyncio.gather(*(post(desk, "pengzhai", address, **body) for _ in range(2)))
    assert sorted(answer.status_code for answer in twice) == [201, 409]
    other, _ = await answered_by(desk, "shuikou2")
    told(await post(desk, "pengzhai", f"/v1/tickets/{other}/confirmations", **body), 409, "confirmation.signature_used")


async def answered_by(desk: Desk, login: str) -> tuple[str, str]:
    number, code = await filed(desk, contact={"phone": "13900000456"})
    await work_on(desk, number, login)
    return number, code


async def test_whoever_told_it_in_confidence_signs_nothing_that_the_units_see(desk: Desk) -> None:
    number, _ = await filed(desk, confidential=True)
    await desk.does("county", number, "transfer", unit=WATER, words="请水利局办理", designate=True)
    await work_on(desk, number, "water")
    body = {"solved": True, "signature": await desk.upload("pengzhai"), "witness": {"name": "某某"}}
    told(await post(desk, "pengzhai", f"/v1/tickets/{number}/confirmations", **body), 403, "call_back.hotline_only")
    for login in ("water", "shuikou", "pengzhai"):
        assert (await desk.try_(login, number, "call_back", reached=True, solved=True)).status_code == 403, login
    for address in ("call-backs", "complaints", "events", "work-logs"):
        text = str(await get(desk, "water", f"/v1/tickets/{number}/{address}"))
        assert "黄" not in text, address
        assert "0123" not in text, address
    assert (await get(desk, "water", f"/v1/tickets/{number}/complaints"))[0]["contact"] is None
    (task,) = await get(desk, "hotline", "/v1/hotline/phone-tasks")
    told(await post(desk, "hotline", f"/v1/hotline/phone-tasks/{task['id']}/outcome", outcome="reached", solved=True, satisfied=True), 200)
    assert await words_of(desk, number) == [(1, "phone", True, None, True, True)]
