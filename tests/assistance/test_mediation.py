"""调解 over HTTP: two sides, each sealed by itself and never shown to the other; the ledger counts the dispute without a word of it."""

from datetime import timedelta

import pytest

from services.platform import clock
from services.platform.database import WORKER
from services.privacy.retaining import plan_due
from tests.assistance.doors import DAY, Desk, fresh
from tests.conftest import TestDatabase
from tests.county import STAFFED_GRID

pytestmark = pytest.mark.asyncio
A, B = "黄某某", "李某某"


def case(**said: object) -> dict[str, object]:
    """Return a mediation to be opened."""
    sides = {"party_a": {"name": A, "phone": "13800000123", "wants": "上午放水"}, "party_b": {"name": B, "phone": "13900000456"}}
    told = {"unit": STAFFED_GRID, "kind": "water", "opened_on": DAY, "words": "甲方与乙方为放水起争执", **sides}
    return {"mediation_id": fresh(), **told, **said}


def session(**said: object) -> dict[str, object]:
    """Return a session."""
    return {"session_id": fresh(), "held_on": "2026-11-03", "present": "both", "words": "双方都到了", **said}


def ending(**said: object) -> dict[str, object]:
    """Return an ending."""
    return {"ending_id": fresh(), "outcome": "settled", "ended_on": "2026-11-04", "agreement": "甲方上午，乙方下午", **said}


async def test_a_dispute_from_first_words_to_follow_up(desk: Desk, county: TestDatabase):
    opened = case()
    first = await desk.post("grid", "/mediations", opened, 201)
    assert [(one["name"], one["wants"]) for one in first["parties"]] == [("黄**", "上午放水"), ("李**", None)]
    assert await desk.post("grid", "/mediations", opened, 200) == first
    at = f"/mediations/{opened['mediation_id']}"
    assert await desk.refused("grid", f"{at}/ending", ending()) == (409, "mediation.no_session")
    named = session(words=f"{A}先开口")
    assert await desk.refused("grid", f"{at}/sessions", named) == (422, "mediation.names_a_party")
    for held in (session(), session(present="b", words="乙方单独说的话")):
        for status in (201, 200):
            await desk.post("grid", f"{at}/sessions", held, status)
    assert await desk.refused("grid", f"{at}/ending", ending(agreement=None)) == (422, "mediation.agreement_missing")
    settled = ending()
    for status in (201, 200):
        shown = await desk.post("grid", f"{at}/ending", settled, status)
    assert (shown["state"], shown["follow_up_on"], shown["follow_up"]) == ("settled", "2026-12-04", "waiting")
    assert await desk.refused("grid", f"{at}/ending", ending()) == (409, "mediation.ended")
    entry = (await county.fetch("SELECT kind, outcome, paper_id FROM activities WHERE id = $1", settled["ending_id"]))[0]
    assert tuple(entry) == ("dispute", "settled", None), "counted, and not a word of it in the ledger"
    assert await desk.ledger("disputes_settled") == 1
    for side, own, other in (("a", A, B), ("b", B, A)):
        text = (await desk.post("grid", f"{at}/parties/{side}/statement", None, 200))["text"]
        assert own in text
        assert other not in text
        assert "甲方上午，乙方下午" in text
    asked = {"follow_up_id": fresh(), "held_on": "2026-11-20", "found": "broken", "words": "乙方没有让水"}
    shown = await desk.post("grid", f"{at}/follow-ups", asked, 201)
    assert (shown["follow_up"], shown["ending"]["follow_ups"][0]["found_name"]) == ("done", "未履行")
    again = case(follows_id=opened["mediation_id"])
    assert (await desk.post("grid", "/mediations", again, 201))["follows_id"] == opened["mediation_id"]

    listed = str(await desk.get("county", "/mediations"))
    stored = str([await county.fetch(f"SELECT * FROM {table}") for table in ("mediations", "mediation_sessions", "events", "activities")])
    for secret in (A, B, "黄", "李某", "13800000123", "13900000456", "乙方单独"):
        assert secret not in listed
        assert secret not in stored
    report = await desk.get("county", "/reports/assistance", **{"from": "2026-11-01", "to": "2026-11-30"})
    counted = {one["figure"]: one["value"] for one in report["figures"]}
    assert [counted[name] for name in ("mediations_begun", "mediations_open", "settled", "broken", "follow_ups_due")] == [2, 1, 1, 1, 0]


async def test_whoever_looks_after_one_side_learns_nothing_of_the_other(desk: Desk):
    one, other = await desk.home("3-001"), await desk.home("3-002")
    opened = case(
        party_a={"name": A, "household_id": one}, party_b={"name": B, "household_id": other}, mediator_id=await desk.member("grid")
    )
    await desk.post("grid", "/mediations", opened, 201)
    at = f"/mediations/{opened['mediation_id']}"
    await desk.post("grid", f"{at}/sessions", session(present="b", words="乙方单独说的话"), 201)
    why = {"purpose": "session", "words": "约时间"}
    assert (await desk.post("shuikou", f"{at}/parties/b/contact", why, 200))["name"] == B, "the village reads in clear, for a purpose"
    pair = {"kind": "member_household", "member_id": await desk.member("shuikou"), "household_id": one}
    await desk.post("county", "/pairings", pair, 201)
    shown = await desk.get("shuikou", at)
    assert [(side["name"], side["hidden"]) for side in shown["parties"]] == [("黄**", False), (None, True)]
    assert shown["held"][0]["words"] is None, "what the other side said alone"
    assert (await desk.post("shuikou", f"{at}/parties/a/contact", why, 200))["name"] == A
    for door in ("contact", "statement"):
        assert await desk.refused("shuikou", f"{at}/parties/b/{door}", why) == (403, "mediation.other_side")
    assert await desk.refused("shuikou", f"{at}/sessions", session()) == (403, "mediation.takes_side")
    for login, status in (("grid", 200), ("pengzhai", 200), ("yangming", 404), ("water", 403), ("analyst", 403)):
        assert (await desk.ask(login, "GET", at)).status_code == status, login
    theirs = case(mediator_id=await desk.member("shuikou"))
    await desk.post("pengzhai", "/mediations", theirs, 201)
    assert (await desk.ask("grid", "GET", f"/mediations/{theirs['mediation_id']}")).status_code == 404, (
        "below the village each has their own"
    )
    same = case(party_a={"name": A, "household_id": one}, party_b={"name": B, "household_id": one})
    assert await desk.refused("grid", "/mediations", same) == (422, "mediation.one_party")
    assert await desk.refused("grid", "/mediations", case(words=f"{B}不让水")) == (422, "mediation.names_a_party")


async def test_an_ending_is_taken_back_here_or_at_the_ledger_and_the_mediation_goes_on(desk: Desk, county: TestDatabase):
    opened = case()
    await desk.post("grid", "/mediations", opened, 201)
    at = f"/mediations/{opened['mediation_id']}"
    await desk.post("grid", f"{at}/sessions", session(), 201)
    await desk.post("grid", f"{at}/ending", ending(), 201)
    assert (await desk.post("grid", f"{at}/ending/withdrawal", {"reason": "typing_error"}, 200))["state"] == "open"
    assert await desk.refused("grid", f"{at}/ending/withdrawal", {"reason": "typing_error"}) == (409, "mediation.open")
    second = ending(outcome="unsettled", agreement="各执一词")
    await desk.post("grid", f"{at}/ending", second, 201)
    assert await desk.ledger("disputes_settled") == 0
    await desk.post("grid", f"/activities/{second['ending_id']}/withdrawal", {"reason": "did_not_happen"}, 200)
    assert (await desk.get("grid", at))["state"] == "open", "the ledger is the source"
    withdrawn = await desk.post("grid", f"{at}/ending", ending(outcome="withdrawn", agreement=None), 201)
    assert (withdrawn["state"], withdrawn["follow_up_on"]) == ("withdrawn", None)
    assert await county.value("SELECT count(*) FROM activities WHERE withdrawn_at IS NULL") == 0, (
        "a dispute that was withdrawn is no figure"
    )
    follow = {"follow_up_id": fresh(), "held_on": "2026-11-20", "found": "kept"}
    assert await desk.refused("grid", f"{at}/follow-ups", follow) == (409, "mediation.not_settled")


_TICKET = (
    "WITH t AS (INSERT INTO tickets (id, number, status, version, chain_head, round, source, channel, urgency, privacy, area_path,"
    " received_at, recorded_at, updated_at, desk_unit_id) SELECT gen_random_uuid(), '20261120-000001-1', 'closed', 1, 'h', 1, 'complaint',"
    " 'hotline', 'normal', 'normal', '/', now(), now(), now(), id FROM units WHERE parent_id IS NULL RETURNING id)"
    " UPDATE mediations SET ticket_id = t.id FROM t"
)
_HOLD = (
    "INSERT INTO legal_holds (id, ticket_id, reason, words, until, placed_at, placed_by_account_id)"
    " SELECT gen_random_uuid(), t.id, 'audit', 'x', '2030-01-01', now(), a.id FROM tickets t, accounts a WHERE a.login = 'admin'"
)


async def test_one_side_is_erased_without_the_other(desk: Desk, county: TestDatabase, monkeypatch: pytest.MonkeyPatch):
    opened = case()
    await desk.post("grid", "/mediations", opened, 201)
    at = f"/mediations/{opened['mediation_id']}"
    erase = {"because": "request"}
    assert await desk.refused("pengzhai", f"{at}/parties/b/erasure", erase) == (403, "permission.denied")
    assert await desk.refused("county", f"{at}/parties/b/erasure", erase) == (409, "mediation.open")
    await desk.post("grid", f"{at}/sessions", session(), 201)
    await desk.post("grid", f"{at}/ending", ending(), 201)
    for _ in range(2):
        shown = await desk.post("county", f"{at}/parties/b/erasure", erase, 200)
    assert [(side["name"], side["erased"]) for side in shown["parties"]] == [("黄**", False), (None, True)]
    assert (await desk.post("grid", f"{at}/parties/b/contact", {"purpose": "follow_up", "words": "回访"}, 200))["name"] is None
    assert await desk.refused("grid", f"{at}/parties/b/statement", None) == (409, "mediation.erased")
    left = "SELECT count(*) FROM sealed_papers WHERE kind = 'mediation_party' AND row_key IS NOT NULL"
    assert await county.value(left) == 2, "seen by nobody; destroyed by the worker"
    await county.owner.execute(_TICKET)
    await county.owner.execute(_HOLD)
    async with county.as_role(WORKER):
        while await plan_due():
            pass
        assert await county.value(left) == 2, "while its ticket is held nothing of it is destroyed"
        await county.owner.execute("UPDATE legal_holds SET until = now()")
        while await plan_due():
            pass
        assert await county.value(left) == 1
        year = clock.now() + timedelta(days=365)
        with monkeypatch.context() as later:
            later.setattr(clock, "now", lambda: year)
            while await plan_due():
                pass
    assert await county.value(left) == 0, "the other one when its time is over"
    assert (await desk.get("grid", at))["ending"]["agreement"] == "甲方上午，乙方下午", "what names nobody stays"
