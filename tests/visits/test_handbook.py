"""The handbook over HTTP: the villager's words, five kinds of confirmation bound to them, nothing that ends in nothing, 直达."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from asyncpg import CheckViolationError, InsufficientPrivilegeError

from services.channels.wechat.conversation import Kind
from services.channels.wechat.hearing import Heard, hear_text
from services.notifications.opinion_codes import send_codes
from services.notifications.senders import Senders
from services.notifications.senders.file import FileSender
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.bulk import insert_many
from services.platform.database import OWNER, REPORTING, WORKER
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, seal_paper
from services.platform.unit_of_work import unit_of_work
from services.verification.codes import sms_code
from services.visits.handbook_reminding import remind
from services.visits.opinions_codes import confirm_by_wechat
from services.visits.opinions_rules import words_hash
from tests.county import SHUIKOU, WATER, sign_in
from tests.journeys.people import Desk
from tests.told import words_in
from tests.visits.handbook import PHONE, WORDS, Round, confirmation, now
from tests.web.doors import client_of

BETTER = "水渠从水口到上寨一段要修，田里没有水。"


@pytest.fixture
async def round_(intake, county, tmp_path, monkeypatch):
    from services.platform.settings import settings

    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    yield Round(intake, county, Desk(intake, county))
    settings.cache_clear()


async def test_words_are_the_villagers_and_what_is_confirmed_is_bound_to_them(round_):
    mine, theirs = await round_.member("mine"), await round_.member("theirs")
    home, other = await round_.home("3-012", mine), await round_.home("3-013", theirs, None)
    visit = {"visit_id": str(new_id()), "household_id": home}
    assert (await round_.post("mine", "/v1/visits", visit)).status_code == 201
    body = {"opinion_id": str(new_id()), "household_id": home, "words": WORDS, "heard_at": now(), "visit_id": visit["visit_id"]}
    made = await round_.post("mine", "/v1/opinions", body)
    assert (made.status_code, made.json()["words"], made.json()["confirmed"]) == (201, WORDS, "unconfirmed"), made.text
    again = await round_.post("mine", "/v1/opinions", body)
    assert (again.status_code, again.json()) == (200, made.json())
    assert await round_.code("mine", "/v1/opinions", {**body, "words": "别的"}) == "opinion.id_taken"
    assert await round_.code("mine", "/v1/opinions", {**body, "opinion_id": str(new_id()), "household_id": other}) == "household.unknown"
    opinion, hashed = body["opinion_id"], words_hash(WORDS).hex()
    assert made.json()["words_hash"] == hashed
    address, confirm = f"/v1/opinions/{opinion}", f"/v1/opinions/{opinion}/confirmations"

    completion = f"/v1/visits/{visit['visit_id']}/completion"
    missing = await round_.post("mine", completion, {})
    assert (missing.json()["code"], missing.json()["opinions"]) == ("visit.unconfirmed", [opinion])
    own = confirmation("witness", hashed, witness={"member_id": mine})
    assert await round_.code("mine", confirm, own) == "confirmation.own_witness"
    assert (
        await round_.code("mine", confirm, confirmation("witness", "0" * 64, witness={"name": "黄小明"})) == "confirmation.waits_for_words"
    )
    seen = confirmation("witness", hashed, witness={"name": "黄小明"})
    assert [(await round_.post("mine", confirm, seen)).status_code for _ in range(2)] == [201, 200]
    picture = await round_.desk.upload("mine")
    signed = await round_.post("mine", confirm, confirmation("signature", hashed, attachment_id=picture))
    told = signed.json()
    assert (told["confirmed"], told["strength"], [one["witness"] for one in told["confirmations"]]) == ("confirmed", 5, ["黄**", None])
    used = confirmation("signature", hashed, attachment_id=picture)
    assert await round_.code("mine", confirm, used) == "confirmation.signature_used"
    assert (await round_.post("mine", completion, {})).status_code == 200
    late = {**body, "opinion_id": str(new_id())}
    assert await round_.code("mine", "/v1/opinions", late) == "opinion.visit_completed"

    wording = {"wording_id": str(new_id()), "words": BETTER, "because": "villager_corrects", "happened_at": now()}
    assert await round_.code("shuikou", f"{address}/wordings", wording) == "opinion.not_heard_by_you"
    voided = (await round_.post("mine", f"{address}/wordings", wording)).json()
    assert (voided["words"], voided["confirmed"], voided["strength"]) == (BETTER, "void", 0)
    assert [one["words"] for one in voided["wordings"]] == [WORDS, BETTER], "the villager's own words stay"
    assert {one["void"] for one in voided["confirmations"]} == {True}
    assert (await round_.post("mine", confirm, confirmation("witness", hashed, witness={"name": "黄二"}))).json()["confirmed"] == "void"
    assert await round_.code("mine", f"{address}/wordings", {**wording, "wording_id": str(new_id())}) == "opinion.same_words"

    await _others_know_nothing(round_, home, address, picture)
    (entry,) = await round_.county.fetch("SELECT kind, within_id, household IS NOT NULL AS known FROM activities WHERE kind = 'opinion'")
    assert (str(entry["within_id"]), entry["known"]) == (visit["visit_id"], True), "it is counted in the ledger once"
    for kept in await round_.county.fetch("SELECT data::text AS data FROM events WHERE subject_id = $1", UUID(opinion)):
        assert "水渠" not in kept["data"]
        assert "黄" not in kept["data"]
    await _the_database_holds_it(round_, opinion)


async def _others_know_nothing(round_, home, address, picture):
    files = f"{address}/files/{picture}"
    given = await round_.client.get(files, headers=await round_.desk.as_("shuikou"))
    assert (given.status_code, given.headers["content-type"]) == (200, "image/png")
    assert (await round_.client.get(files, headers=await round_.desk.as_("theirs"))).json()["code"] == "opinion.unknown"
    for login in ("theirs", "yangming", "water"):
        answer = await round_.client.get(address, headers=await round_.desk.as_(login))
        assert (answer.status_code, answer.json()["code"]) == (404, "opinion.unknown"), login
        assert (await round_.client.get(f"/v1/handbooks/{home}", headers=await round_.desk.as_(login))).status_code == 404
    pages = await round_.get("shuikou", f"/v1/handbooks/{home}")
    paper = await round_.client.get(f"/v1/handbooks/{home}/page", headers=await round_.desk.as_("shuikou"))
    assert (paper.status_code, BETTER in paper.text, words_hash(WORDS).hex() in paper.text) == (200, True, True)
    assert (pages["number"], pages["head"], pages["open"], pages["unconfirmed"], len(pages["visits"])) == ("3-012", "黄**", 1, 1, 1)


async def _the_database_holds_it(round_, opinion):
    """Nobody is their own witness, and nothing that was said or confirmed is changed, whatever door asks."""
    row = (
        "INSERT INTO opinion_confirmations SELECT gen_random_uuid(), opinion_id, sequence, words_hash, 'witness', NULL, NULL, NULL, {who},"
    )
    row += " NULL, fingerprint, happened_at, recorded_at, by_account_id FROM opinion_confirmations WHERE opinion_id = $1 LIMIT 1"
    with pytest.raises(CheckViolationError, match="another_witnesses"):
        await round_.county.fetch(row.format(who="by_account_id"), UUID(opinion))
    from sqlalchemy import text
    from sqlalchemy.exc import ProgrammingError

    for table in ("opinions", "opinion_wordings", "opinion_confirmations", "opinion_outcomes"):
        for statement in (f"UPDATE {table} SET fingerprint = ''", f"DELETE FROM {table}"):
            with pytest.raises(ProgrammingError) as refused:
                async with round_.county.database.transaction() as session:
                    await session.execute(text(statement))
            assert isinstance(refused.value.orig.__cause__, InsufficientPrivilegeError)


async def test_codes_and_calls_confirm_what_the_household_was_read_and_nothing_else(round_, tmp_path):
    mine = await round_.member("mine")
    home = await round_.home("3-012", mine)
    said = await round_.hears("mine", home)
    address, hashed = f"/v1/opinions/{said['id']}", said["words_hash"]
    asked = {"code_id": str(new_id()), "way": "sms_code", "words_hash": hashed}
    first = await round_.post("mine", f"{address}/codes", asked)
    assert (first.status_code, first.json()["code"]) == (201, None), "it is told to the villager alone"
    assert (await round_.post("mine", f"{address}/codes", asked)).status_code == 200
    outbox = tmp_path / "outbox.jsonl"
    async with round_.county.as_role(WORKER):
        assert [await send_codes(Senders(file=FileSender(str(outbox))), 10) for _ in range(2)] == [1, 0]
    code = sms_code(UUID(asked["code_id"]), bytes.fromhex(hashed))
    assert code in outbox.read_text()
    assert PHONE not in outbox.read_text()
    wrong = "000000" if code != "000000" else "000001"
    tries = await asyncio.gather(
        *(round_.post("mine", f"{address}/confirmations", confirmation("sms_code", hashed, code=wrong)) for _ in range(7))
    )
    assert sorted(one.json()["code"] for one in tries) == ["confirmation.code_wrong"] * 5 + ["confirmation.too_many_tries"] * 2
    right = confirmation("sms_code", hashed, code=code)
    assert await round_.code("mine", f"{address}/confirmations", right) == "confirmation.too_many_tries", "the sixth, though right"
    asked = {**asked, "code_id": str(new_id())}
    assert (await round_.post("mine", f"{address}/codes", asked)).status_code == 201
    right = confirmation("sms_code", hashed, code=sms_code(UUID(asked["code_id"]), bytes.fromhex(hashed)))
    told = (await round_.post("mine", f"{address}/confirmations", right)).json()
    assert (told["confirmed"], told["strength"]) == ("confirmed", 2)
    again = [(await round_.post("mine", f"{address}/confirmations", right)).status_code for _ in range(6)]
    assert again == [200] * 6, "an answer that was lost is asked for as often as one likes"

    shown = await round_.post("mine", f"{address}/codes", {"code_id": str(new_id()), "way": "wechat", "words_hash": hashed})
    async with round_.county.as_role(WORKER):
        for given, found in (("XXXXXXXX", None), (shown.json()["code"].lower(), hashed), (shown.json()["code"], hashed)):
            async with unit_of_work(SYSTEM) as work:
                assert await confirm_by_wechat(work, "o-villager", given) == found
    assert hear_text("确认 " + shown.json()["code"]) == Heard(Kind.STANDS, number=shown.json()["code"])
    call = await recorded_call(round_.county, PHONE)
    heard = confirmation("call_recording", hashed, call_id=call)
    assert await round_.code("mine", f"{address}/confirmations", heard) == "permission.denied"
    assert await round_.code(
        "hotline", f"{address}/confirmations", {**heard, "call_id": await recorded_call(round_.county, "13900000000")}
    ) == ("confirmation.other_number")
    told = (await round_.post("hotline", f"{address}/confirmations", heard)).json()
    assert [(one["kind"], one["strength"]) for one in told["confirmations"]] == [("sms_code", 2), ("wechat", 3), ("call_recording", 4)]
    silent = await round_.home("3-014", mine, None)
    mute = await round_.hears("mine", silent)
    nobody = {"code_id": str(new_id()), "way": "sms_code", "words_hash": mute["words_hash"]}
    assert await round_.code("mine", f"/v1/opinions/{mute['id']}/codes", nobody) == "confirmation.no_telephone"
    left = await round_.county.fetch("SELECT data::text AS data FROM events UNION ALL SELECT body::text FROM idempotency_keys")
    assert not [row for row in left if PHONE in (row["data"] or "") or code in (row["data"] or "")]


async def recorded_call(county, number: str) -> str:
    """A call that was answered a moment ago and recorded; return its id."""
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        paper = seal_paper("call", {"number": number}, work.now, phone=number)
        await insert_many(work.session, SealedPaper, [paper])
    call, picture = new_id(), await county.value("SELECT id FROM attachments LIMIT 1")
    if picture is None:
        picture = new_id()
        await county.owner.execute(
            "INSERT INTO attachments (id, sha256, media_type, size, store_key, uploaded_at) VALUES ($1, 'x', 'audio/wav', 1, 'x', now())",
            picture,
        )
    await county.owner.execute(
        "INSERT INTO calls (id, source, call_id, linked_id, direction, paper_id, arrived_at, answered_at, disposition, basis, queued,"
        " recording_state, recording_attachment_id, first_heard_at, updated_at)"
        " VALUES ($1, 'pbx', $2, $2, 'outbound', $3, now(), now(), 'answered', 'record', false, 'kept', $4, now(), now())",
        call, str(call), paper["id"], picture,
    )  # fmt: skip
    return str(call)


async def test_an_opinion_goes_straight_to_the_department_and_below_they_read_it_and_no_more(round_):
    """S4: the town tries to edit, to hide and to close it; each try is refused and kept, and every hop says how long it took."""
    mine = await round_.member("mine")
    home = await round_.home("3-012", mine)
    said = await round_.hears("mine", home)
    file = {"outcome_id": str(new_id()), "happened_at": now(), "direct_to": WATER}
    assert await round_.code("mine", f"/v1/opinions/{said['id']}/ticket", {**file, "direct_to": SHUIKOU}) == "complaint.department_unknown"
    filed = await round_.post("mine", f"/v1/opinions/{said['id']}/ticket", file)
    assert (filed.status_code, filed.json()["ended_in"]) == (201, "ticket"), filed.text
    assert (await round_.post("mine", f"/v1/opinions/{said['id']}/ticket", file)).json() == filed.json()
    number = filed.json()["outcomes"][0]["ticket"]
    second = {**file, "outcome_id": str(new_id())}
    assert await round_.code("mine", f"/v1/opinions/{said['id']}/ticket", second) == "opinion.has_ticket"
    await round_.county.settle()
    seen = await round_.desk.read(number, "pengzhai")
    assert (seen["holder"]["code"], seen["channel"], seen["allowed_actions"]) == (WATER, "visit", [])
    tried = (("transfer", {"unit": SHUIKOU, "words": "转"}), ("cancel", {"reason": "withdrawn", "words": "撤"}),
             ("close", {"verified_by": "site_check", "words": "结"}), ("seal", {"words": "藏"}))  # fmt: skip
    for login in ("pengzhai", "shuikou"):
        for action, more in tried:
            assert await round_.desk.refused(login, number, action, **more) == "ticket.direct", (login, action)
    (complaint,) = await round_.county.fetch("SELECT * FROM complaints")
    assert (words_in(complaint), complaint["channel"]) == (WORDS, "visit")
    assert await round_.code("pengzhai", f"/v1/complaints/{complaint['id']}/rewordings", {"words": "没有问题"}) == "ticket.direct"
    kept = (await round_.get("county", f"/v1/tickets/{number}/tries"))["items"]
    assert [one["action"] for one in kept] == [action for _ in range(2) for action, _ in tried] + ["reword"]
    assert {one["by"] for one in kept} == {"调度员戊", "书记庚"}
    assert (await round_.get("pengzhai", f"/v1/opinions?ticket={number}"))["items"][0]["id"] == said["id"], "the ticket finds its opinion"
    hops = (await round_.get("pengzhai", f"/v1/tickets/{number}/hops"))["items"]
    assert (hops[-1]["unit"], hops[-1]["until"], all(one["minutes"] >= 0 for one in hops)) == ("和平县水利局", None, True)
    assert await round_.county.value("SELECT count(*) FROM events WHERE type = 'direct.refused'") == 9


async def test_no_opinion_ends_in_nothing_and_a_desk_is_told_once(round_):
    mine = await round_.member("mine")
    home = await round_.home("3-012", mine)
    old, done, gone, lost = [await round_.hears("mine", home, f"第{nth}件") for nth in range(4)]
    for one in (old, done):
        seen = confirmation("witness", one["words_hash"], witness={"name": "黄小明"})
        assert (await round_.post("mine", f"/v1/opinions/{one['id']}/confirmations", seen)).status_code == 201
    wording = {"wording_id": str(new_id()), "words": BETTER, "because": "misheard", "happened_at": now()}
    assert (await round_.post("mine", f"/v1/opinions/{old['id']}/wordings", wording)).json()["confirmed"] == "void"
    spot = await round_.became("mine", done["id"], "on_the_spot", words="当场接好了水管")
    assert (spot.status_code, spot.json()["ended_in"]) == (201, "on_the_spot")
    early = await round_.became("mine", old["id"], "answered", because="explained", words="已解释", happened_at=now(days=1))
    assert early.json()["code"] == "opinion.ended_before_said"
    filed = (await round_.post("mine", f"/v1/opinions/{gone['id']}/ticket", {"outcome_id": str(new_id()), "happened_at": now()})).json()
    number = filed["outcomes"][0]["ticket"]
    await round_.county.settle()
    before = clock.now().isoformat()
    await round_.desk.does("county", number, "cancel", reason="withdrawn", words="撤销")
    again = await round_.get("mine", f"/v1/opinions/{gone['id']}")
    assert (again["ended_in"], again["outcomes"][0]["holds"]) == ("open", False), "a ticket that was dropped ended nothing"
    reason = {"reason": "recorded_twice"}
    assert (await round_.post("county", f"/v1/activities/{lost['id']}/withdrawal", reason)).status_code == 200
    assert (await round_.became("mine", lost["id"], "on_the_spot", words="x")).json()["code"] == "opinion.withdrawn"
    await round_.county.owner.execute("UPDATE opinions SET heard_at = heard_at - interval '16 days' WHERE id = $1", UUID(old["id"]))

    from intake_api import sessions
    from reporting_api import handbook

    async with client_of([sessions.router, handbook.router]) as reports:
        headers, unasked = await sign_in(reports, "county"), await sign_in(reports, "mine")
        async with round_.county.as_role(REPORTING):
            figures = (await reports.get("/v1/reports/opinions", headers=headers)).json()
            listed = (await reports.get("/v1/reports/opinions/open", headers=headers)).json()
            pages = [(await reports.get("/v1/reports/opinions/open?limit=1", headers=headers)).json()]
            pages.append((await reports.get(f"/v1/reports/opinions/open?limit=1&cursor={pages[0]['next']}", headers=headers)).json())
            then = (await reports.get("/v1/reports/opinions", params={"as_of": before}, headers=headers)).json()
            never = (await reports.get("/v1/reports/opinions", params={"as_of": now(days=40)}, headers=headers)).json()
            refused = await reports.get("/v1/reports/opinions", headers=unasked)
    assert figures == {
        "heard": 3, "withdrawn": 1, "ended_in": {"open": 2, "on_the_spot": 1}, "late": 1,
        "confirmed": {"unconfirmed": 1, "void": 1, "witness": 1},
    }  # fmt: skip
    assert [(one["id"], one["late"], one["dropped_ticket"]) for one in listed["items"]] == [
        (old["id"], True, None),
        (gone["id"], False, number),
    ]
    assert [page["items"][0]["id"] for page in pages] == [old["id"], gone["id"]]
    assert {page["total"] for page in [listed, *pages]} == {figures["ended_in"]["open"]}
    assert (then["heard"], then["ended_in"]["ticket"], never["heard"], refused.status_code) == (4, 1, 0, 403)

    shown = [one for one in (await round_.get("county", "/v1/opinions"))["items"] if one["withdrawn_at"] is None]
    assert Counter(one["ended_in"] for one in shown) == figures["ended_in"], "the rules and the figures say the same"
    assert Counter(_stands(one) for one in shown) == figures["confirmed"]

    async with round_.county.as_role(WORKER):
        for wanted in (1, 0):
            async with unit_of_work(SYSTEM) as work:
                told = await remind(work)
            assert len(told) == wanted
    assert await round_.county.value("SELECT u.code FROM opinion_reminders r JOIN units u ON u.id = r.unit_id") == "441624108"


def _stands(opinion):
    """The strongest kind that counts, else how it stands; by the rules, as the handbook shows them."""
    counting = [one for one in opinion["confirmations"] if not one["void"]]
    return max(counting, key=lambda one: one["strength"])["kind"] if counting else opinion["confirmed"]


async def test_a_phone_that_was_away_sends_signatures_before_words_and_words_before_visits(round_):
    mine = await round_.member("mine")
    home = await round_.home("3-012", mine)
    visit, opinion, picture = str(new_id()), str(new_id()), await round_.desk.upload("mine")

    def command(kind, minutes, **more):
        return {"kind": kind, "command_id": str(new_id()), "happened_at": now(minutes=minutes), **more}

    again = {"wording_id": str(new_id()), "words": BETTER, "because": "clearer", "happened_at": now()}
    signed = confirmation("signature", words_hash(BETTER).hex(), attachment_id=picture)
    ended = {"kind": "on_the_spot", "outcome_id": str(new_id()), "happened_at": now(), "words": "当场疏通"}
    commands = [
        command("visit", 50, visit={"visit_id": visit, "household_id": home}),
        command("opinion", 45, opinion={"opinion_id": opinion, "household_id": home, "words": WORDS, "visit_id": visit, "heard_at": now()}),
        command("opinion_wording", 40, opinion_id=opinion, wording=again),
        command("confirmation", 35, opinion_id=opinion, confirmation=signed),
        command("opinion_outcome", 30, opinion_id=opinion, outcome=ended),
        command("visit_completion", 25, visit_id=visit, completion={"opinion_ids": [opinion]}),
    ]
    headers = await round_.desk.as_("mine")

    async def send(*some):
        body = {"device_id": str(new_id()), "sent_at": clock.now().isoformat(), "commands": list(some)}
        answer = await round_.client.post("/v1/field-reports/sync", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    first = await send(*commands[:0:-1])
    assert {one["status"] for one in first["results"]} == {"waiting"}
    last = await send(commands[0])
    assert [one["status"] for one in last["results"] + last["caught_up"]] == ["applied"] * 6, last
    assert {one["status"] for one in (await send(*commands))["results"]} == {"replayed"}
    told = await round_.get("mine", f"/v1/opinions/{opinion}")
    assert (told["words"], told["confirmed"], told["strength"], told["ended_in"]) == (BETTER, "confirmed", 5, "on_the_spot")
    away = clock.now() - datetime.fromisoformat(told["heard_at"])
    assert timedelta(minutes=44) < away < timedelta(minutes=47), "when it was heard, by the phone's clock"
    (done,) = await round_.county.fetch("SELECT completed_at, unconfirmed_because FROM visits")
    assert done["completed_at"] is not None
    assert done["unconfirmed_because"] is None
