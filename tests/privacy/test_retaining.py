"""What was kept long enough after its matter ended is planned for erasure, by the rules in force, and nothing else."""

from datetime import timedelta

import pytest

from services.attachments.store import store
from services.complaints.retention import BUILT_IN, CLASSES, KIND, KINDS, RetentionRules
from services.platform import clock
from services.platform.database import WORKER, database
from services.platform.papers import seal_paper
from services.platform.secrets import tracking_code
from services.privacy.erasing import erase_next
from services.privacy.masking import TAKEN_OUT, without
from services.privacy.retaining import plan_due


def test_every_class_says_something_of_every_kind_and_words_are_kept():
    assert set(BUILT_IN) == set(CLASSES)
    assert all(set(one) == set(KINDS) for one in BUILT_IN.values())
    assert {one["words"] for one in BUILT_IN.values()} == {None}
    assert BUILT_IN["petitions"]["contact"] >= 120, "the archives' shortest term"
    RetentionRules.model_validate(BUILT_IN)


async def test_rules_that_say_nothing_of_a_kind_or_too_little_are_not_brought_into_force(empty):
    async with database().transaction() as session:
        assert await KIND.check(session, BUILT_IN) == []
        bad = {**BUILT_IN, "usual": {**BUILT_IN["usual"], "contact": 0}, "more": {}}
        assert {finding.rule for finding in await KIND.check(session, bad)} == {"/usual/contact", "/more"}


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("电话１３８00000123。", f"电话{TAKEN_OUT}。"),
        ("卡号6222022012345678901，请退款", f"卡号{TAKEN_OUT}，请退款"),
        ("身份证 441624199001011236", f"身份证 {TAKEN_OUT}"),
        ("工单20261122-000123-6，水压0.3", "工单20261122-000123-6，水压0.3"),
        ("张三和张三丰", f"{TAKEN_OUT}和{TAKEN_OUT}"),
        ("①㈱ 13800000123", f"①㈱ {TAKEN_OUT}"),
    ],
)
def test_numbers_and_passages_are_taken_out_and_nothing_else(words, left):
    assert without(words, ["张三", "张三丰", "张"]) == left


async def _rest(county) -> list[str]:
    return [row["kind"] for row in await county.fetch("SELECT kind FROM erasures ORDER BY kind")]


async def test_what_was_kept_long_enough_is_planned_once_and_what_is_held_or_asked_about_waits(desk, county, monkeypatch):
    numbers = [await desk.file(contact={"name": "黄某", "phone": "13800000123"}) for _ in range(3)]
    ended, held, going_on = numbers
    for number in (ended, held):
        await county.owner.execute(
            "UPDATE tickets SET status = 'closed', closed_at = now() - interval '37 months' WHERE number = $1", number
        )
    await county.owner.execute(
        "INSERT INTO legal_holds (id, ticket_id, reason, words, until, placed_at, placed_by_account_id)"
        " SELECT gen_random_uuid(), t.id, 'audit', '专项', now() + interval '1 year', now(), a.id FROM tickets t, accounts a"
        " WHERE number = $1 AND login = 'county'",
        held,
    )
    async with county.as_role(WORKER):
        assert await plan_due() == 5
        assert await plan_due() == 0, "planned once"
        assert await _rest(county) == ["contact", "conversations", "files", "papers", "recordings"]
        while await erase_next(store()):
            pass
        assert await plan_due() == 0, "and not again when it is done"
    left = await county.fetch(
        "SELECT t.number FROM tickets t JOIN complaints c ON c.ticket_id = t.id JOIN complainants p ON p.complaint_id = c.id"
        " WHERE p.row_key IS NOT NULL"
    )
    assert {row["number"] for row in left} == {held, going_on}

    await county.owner.execute("UPDATE legal_holds SET until = now() - interval '1 second', placed_at = now() - interval '1 day'")
    [ticket] = await county.fetch("SELECT id FROM tickets WHERE number = $1", held)
    path = f"/v1/complaints/{held}/personal-data/requests"
    asked = await desk.client.post(path, json={"kind": "access"}, headers={"X-Tracking-Code": tracking_code(ticket["id"])})
    assert asked.status_code == 200
    async with county.as_role(WORKER):
        assert await plan_due() == 0, "somebody asks about it"
    await county.owner.execute("UPDATE person_requests SET state = 'done', decided_at = now()")
    async with county.as_role(WORKER):
        assert await plan_due() == 5


async def test_papers_of_calls_that_led_to_nothing_are_erased_when_their_time_is_over(desk, county, monkeypatch):
    papers = [seal_paper("call", {"number": phone}, clock.now(), phone=phone) for phone in ("13800000123", "13900000123")]
    for nth, paper in enumerate(papers):
        await county.owner.execute(
            "INSERT INTO sealed_papers (id, kind, row_key, sealed, phone_index, recorded_at) VALUES ($1, 'call', $2, $3, $4, $5)",
            *(paper[name] for name in ("id", "row_key", "sealed", "phone_index", "recorded_at")),
        )
        await county.owner.execute(
            "INSERT INTO calls (id, source, call_id, linked_id, direction, paper_id, arrived_at, basis, queued, first_heard_at, updated_at)"
            " VALUES (gen_random_uuid(), 'pbx', $1, $1, 'inbound', $2, now(), 'queue', true, now(), now())",
            f"call-{nth}",
            paper["id"],
        )
    await desk.file(call_id="call-0")
    later = clock.now() + timedelta(days=200)
    async with county.as_role(WORKER):
        assert await plan_due() == 0
        monkeypatch.setattr(clock, "now", lambda: later)
        assert await plan_due() == 1
    assert await county.value("SELECT row_key IS NULL FROM sealed_papers WHERE id = $1", papers[1]["id"])
    assert not await county.value("SELECT row_key IS NULL FROM sealed_papers WHERE id = $1", papers[0]["id"]), "its matter goes on"
