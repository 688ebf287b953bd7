"""销号 over HTTP: each thing that lacks is named until nothing does; who never strikes off; one certificate that strangers check."""

import asyncio
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from asyncpg import CheckViolationError

from services.anchors.files import check
from services.anchors.publishing import export_chain
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.canonical import canonical
from services.platform.database import WORKER
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests.conftest import TestDatabase
from tests.county import WATER
from tests.matters.striking import PHONES, SEGMENT, Canal

TOOL = Path(__file__).resolve().parents[2] / "tools" / "verify_history.py"


@pytest.fixture
def canal(intake, county: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Canal:
    """The canal, and the hands of the clock."""
    real = clock.now
    return Canal(intake, county, moved=lambda ahead: monkeypatch.setattr(clock, "now", lambda: real() + ahead))


async def test_the_canal_is_struck_off_when_nothing_lacks_and_each_thing_is_named_before(canal: Canal) -> None:
    await canal.begun()
    assert await canal.missing() == [
        "completion.none", "tasks.none", "sites.none", "segment.not_inspected", *["supervisor.no_note"] * 3,
        "teller.unasked", "teller.unasked", "households.too_few", "notice.none",
    ]  # fmt: skip
    await canal.refused("matter.not_complete", "pengzhai", canal.matter, "open_notice", notice_id=str(new_id()), words="公示。")
    await canal.work_done()
    first = await canal.site("渠首段", SEGMENT[0], 119_000)
    await canal.completed()
    assert await canal.missing() == ["segment.not_inspected", *["teller.unasked"] * 2, "households.too_few", "notice.none"]
    gap = (await canal.strike()).json()["missing"][0]["about"]
    assert gap == "119000-121500", "3.5 km, of which one is inspected"
    await canal.site("渠尾段", 119_000, SEGMENT[1])
    for home in range(4):
        await canal.says(home)
    await canal.says(0)
    assert await canal.missing() == ["households.too_few", "notice.none"], "one that says it twice counts once"
    await canal.says(4)
    await canal.published()
    await canal.refused("notice.open", "pengzhai", canal.matter, "open_notice", notice_id=str(new_id()), words="再次公示。")
    assert await canal.missing() == ["notice.running"]
    canal.later(days=7)
    assert await canal.missing() == ["notice.running"], "the day it was opened does not count"
    canal.later(days=1)
    await canal.do("pengzhai", "inspect_site", site_id=first, happened_on=canal.today(), passed=False, words="又渗漏。")
    assert await canal.missing() == ["site.not_inspected", "segment.not_inspected"]
    await canal.do("pengzhai", "inspect_site", site_id=first, happened_on=canal.today(), passed=True, words="已修补。")
    await canal.do("pengzhai", "block", code="land", since=canal.today(), words="占地争议。")
    assert await canal.missing() == ["blocker.open"]
    await canal.do("pengzhai", "unblock", code="land", on=canal.today(), words="已协调。")
    struck = await canal.strike()
    view = struck.json()
    assert (struck.status_code, view["state"], view["state_name"], view["striking"]) == (200, "struck_off", "已销号", None), struck.text
    assert (view["certificate"]["round"], view["certificate"]["signed"]) == (1, False)
    assert (await canal.strike()).json()["code"] == "matter.not_in_state"
    assert view["allowed_actions"] == ["register_again"]
    assert (await canal.doors.get("county", "/v1/matters", state="struck_off")).json()["items"][0]["id"] == canal.matter


async def test_money_promised_or_held_labour_and_milestones_stand_in_the_way(canal: Canal) -> None:
    await canal.ready()
    money = {"action": "enter_money", "source": "finance", "happened_on": canal.today(), "words": "首期款。"}

    async def enter(deed: str, amount: int, **more: str) -> dict:
        return await canal.do("water", **{**money, **more}, entry_id=str(new_id()), deed=deed, amount_fen=amount)

    await enter("pledge", 500)
    await enter("receive", 300)
    milestone = (await canal.do("water", "set_milestone", title="通水", planned_on=canal.today(3)))["milestones"][0]["id"]
    labour = {"source": "villagers", "happened_on": canal.today(), "words": "投工。"}
    await canal.do("water", "enter_labour", entry_id=str(new_id()), deed="pledge", half_days=4, **labour)
    assert await canal.missing() == ["milestone.open", "money.pledged", "money.held", "labour.pledged"]
    await canal.do("water", "finish_milestone", milestone_id=milestone, done_on=canal.today(), words="通水。")
    await canal.refused("ledger.not_due", "water", canal.matter, entry_id=str(new_id()), deed="write_off", amount_fen=201, **money)
    await enter("write_off", 200)
    await enter("spend", 100)
    shown = await enter("give_back", 200)
    await canal.do("water", "enter_labour", entry_id=str(new_id()), deed="write_off", half_days=4, **labour)
    assert [one["settled"] for one in shown["ledger"]["sums"]] == [True, False]
    assert (await canal.strike()).status_code == 200


async def test_what_a_household_says_counts_as_it_stands_and_a_refusal_is_answered_or_the_work_redone(canal: Canal) -> None:
    await canal.begun()
    early = await canal.opinion(0)
    await canal.refused("matter.not_complete", "shuikou", canal.matter, "confirm_household", opinion_id=early["id"], solved=True)
    await canal.work_done()
    await canal.site("水口村渠段", *SEGMENT)
    await canal.completed()
    await canal.refused("word.too_early", "shuikou", canal.matter, "confirm_household", opinion_id=early["id"], solved=True)
    unconfirmed = await canal.opinion(1, confirmed=False)
    await canal.refused("word.unconfirmed", "shuikou", canal.matter, "confirm_household", opinion_id=unconfirmed["id"], solved=True)
    await canal.refused("opinion.unknown", "shuikou", canal.matter, "confirm_household", opinion_id=str(new_id()), solved=True)
    await canal.refused("matter.not_yours", "water", canal.matter, "confirm_household", opinion_id=unconfirmed["id"], solved=False)
    for home in range(4):
        await canal.says(home)
    no = await canal.says(4, solved=False)
    await canal.refused("word.taken", "shuikou", canal.matter, "confirm_household", opinion_id=no, solved=True)
    assert await canal.missing() == ["households.too_few", "word.not_solved", "notice.none"]
    answer = {"word_id": no, "because": "separate_matter", "words": "支渠另行立项。"}
    await canal.refused("matter.own_work", "shuikou", canal.matter, "answer_refusal", **answer)
    await canal.refused("word.unknown", "pengzhai", canal.matter, "answer_refusal", **{**answer, "word_id": str(new_id())})
    await canal.do("pengzhai", "answer_refusal", **answer)
    assert await canal.missing() == ["households.too_few", "notice.none"], "answered, it stands in nobody's way, and confirms nothing"
    await canal.completed()
    yes = await canal.says(4)
    await canal.published()
    canal.later(days=8)
    said = {"wording_id": str(new_id()), "words": "渠尾没修好。", "because": "villager_corrects", "happened_at": clock.now().isoformat()}
    await canal.did("shuikou", f"/v1/opinions/{yes}/wordings", said)
    assert await canal.missing() == ["households.too_few"], "worded otherwise since, nobody stands by it any more"
    few = {"about": "households", "because": "few_households", "words": "受益户只有四户。"}
    await canal.refused("matter.own_work", "shuikou", canal.matter, "waive", **few)
    await canal.do("pengzhai", "waive", **few)
    assert (await canal.strike()).status_code == 200


async def test_whoever_told_it_is_asked_and_a_call_back_counts(canal: Canal) -> None:
    await canal.ready()
    joined = await canal.tell("水渠又断了", "13900000777")
    nobody = await canal.tell("水渠断了,不留名", None)
    shown = await canal.do("pengzhai", "join", tickets=[joined, nobody])
    tellers = {one["number"]: one for one in shown["striking"]["tellers"]}
    assert {one: (tellers[one]["state"], tellers[one]["household"] > 0) for one in (joined, nobody)} == {
        joined: ("unasked", True), nobody: ("anonymous", False),
    }  # fmt: skip
    assert sorted(one["state"] for one in shown["striking"]["tellers"]) == ["anonymous", "solved", "solved", "unasked"]
    assert await canal.missing() == ["teller.unasked"]
    waived = {"about": "teller", "because": "moved_away", "words": "全户已迁出。"}
    await canal.refused("teller.unknown", "pengzhai", canal.matter, "waive", teller_ids=[str(new_id())], **waived)
    ticket = await canal.county.value("SELECT id FROM tickets WHERE number = $1", joined)
    await canal.county.owner.execute(
        "INSERT INTO call_backs (id, ticket_id, round, called_at, reached, solved, way) VALUES ($1, $2, 1, $3, true, false, 'code')",
        new_id(), ticket, clock.now(),
    )  # fmt: skip
    assert await canal.missing() == ["teller.unasked", "word.not_solved"], "what the complainant answers counts without being entered"
    await canal.county.owner.execute("UPDATE call_backs SET solved = true")
    gone = await canal.tell("水渠断流", "13900000778")
    shown = await canal.do("pengzhai", "join", tickets=[gone])
    [teller] = [one["id"] for one in shown["striking"]["tellers"] if one["state"] == "unasked"]
    await canal.refused("matter.own_work", "shuikou", canal.matter, "waive", teller_ids=[teller], **waived)
    shown = await canal.do("pengzhai", "waive", teller_ids=[teller], **waived)
    assert {one["because"] for one in shown["striking"]["tellers"] if one["state"] == "waived"} == {"moved_away"}
    assert (await canal.strike()).status_code == 200


async def test_an_objection_is_decided_by_another_and_upheld_begins_the_notice_anew(canal: Canal) -> None:
    await canal.ready()
    objection = {"objection_id": str(new_id()), "household_id": canal.homes[2], "words": "黄培荣说:渠尾还在漏水,电话13800000103"}
    seen = await canal.do("shuikou", "object", **objection)
    assert (await canal.do("shuikou", "object", **objection))["version"] == seen["version"]
    await canal.refused("matter.id_taken", "shuikou", canal.matter, "object", **{**objection, "words": "别的话。"})
    assert await canal.missing() == ["objection.open"]
    decide = {"objection_id": objection["objection_id"], "upheld": True, "words": "属实,整改。"}
    await canal.refused("matter.not_yours", "water", canal.matter, "decide_objection", **decide)
    await canal.refused("matter.own_work", "shuikou", canal.matter, "decide_objection", **decide)
    words = await canal.client.get(f"/v1/matters/{canal.matter}/objections", headers=await canal.as_("pengzhai"))
    assert "渠尾还在漏水" in words.json()["items"][0]["words"]
    assert (await canal.client.get(f"/v1/matters/{canal.matter}/objections", headers=await canal.as_("water"))).status_code == 403
    assert "漏水" not in str(
        await canal.county.fetch("SELECT o::text, p::text FROM matter_objections o JOIN sealed_papers p ON p.id = paper_id")
    )
    await canal.do("pengzhai", "decide_objection", **decide)
    await canal.refused("objection.decided", "pengzhai", canal.matter, "decide_objection", **decide)
    assert await canal.missing() == ["notice.none", "objection.upheld"]
    assert any(unit == WATER and "异议" in words for unit, words in await canal.told()), "the lead is told to mend it"
    await canal.completed()
    assert await canal.missing() == ["notice.none"]
    await canal.published()
    own = {**objection, "objection_id": str(new_id())}
    await canal.do("pengzhai", "object", **own)
    canal.later(days=8)
    await canal.refused("objection.own_record", "pengzhai", canal.matter, "decide_objection",
                        objection_id=own["objection_id"], upheld=False, words="无渗漏。")  # fmt: skip
    await canal.do("county", "decide_objection", objection_id=own["objection_id"], upheld=False, words="无渗漏。")
    number, code = canal.told_first
    by_code = {"code": code, "words": "水还是没到我家田里。"}
    outsider = await canal.client.post(f"/v1/complaints/{number}/objections", json={**by_code, "code": "K7M3QX5A"})
    taken = [await canal.client.post(f"/v1/complaints/{number}/objections", json=by_code) for _ in range(2)]
    assert (outsider.status_code, taken[0].status_code, taken[0].json()) == (404, 200, taken[1].json()), taken[0].text
    assert await canal.missing() == ["objection.open"]
    await canal.do("pengzhai", "decide_objection", objection_id=taken[0].json()["id"], upheld=False, words="已通水。")
    assert (await canal.strike()).status_code == 200
    late = await canal.client.post(f"/v1/complaints/{number}/objections", json=by_code)
    assert (late.status_code, late.json()["code"]) == (409, "objection.nothing_published")


async def test_whoever_did_the_work_never_strikes_off_and_the_database_holds_it(canal: Canal) -> None:
    await canal.ready()
    assert (await canal.strike("pengzhai")).json()["code"] == "matter.not_yours"
    assert (await canal.strike("yangming")).json()["code"] == "matter.unknown"
    owner, ids = canal.county.owner, {row["login"]: row["id"] for row in await canal.county.fetch("SELECT login, id FROM accounts")}
    certify = (
        "INSERT INTO matter_certificates (id, matter_id, round, content, issued_at, issued_by_account_id)"
        " VALUES (repeat('a', 64), $1, 1, '{}', now(), $2)"
    )
    for login in ("roads", "water", "shuikou"):  # a sub-task, the lead and its report, the follower
        with pytest.raises(CheckViolationError, match="executor_never_strikes_off"):
            await owner.execute(certify, UUID(canal.matter), ids[login])
    with pytest.raises(CheckViolationError, match=r"struck_off|with_certificate"):
        await owner.execute("UPDATE matters SET state = 'struck_off' WHERE id = $1", UUID(canal.matter))
    await owner.execute("UPDATE matter_task_reports SET done_by_account_id = $1", ids["county"])
    assert (await canal.strike()).json()["code"] == "matter.own_work"


async def test_two_at_once_make_one_certificate_and_what_is_added_meanwhile_is_not_overlooked(canal: Canal) -> None:
    await canal.ready()
    block = {"code": "land", "since": canal.today(), "words": "占地争议。"}
    struck, again, blocked = await asyncio.gather(canal.strike(), canal.strike(), canal.try_("pengzhai", canal.matter, "block", **block))
    codes = [one.json().get("code") for one in (struck, again, blocked)]
    done = [one for one in (struck, again) if one.status_code == 200]
    certificates = await canal.county.value("SELECT count(*) FROM matter_certificates")
    if blocked.status_code == 200:  # it came first: then nobody strikes off
        assert (done, certificates, codes[:2]) == ([], 0, ["matter.incomplete"] * 2)
        await canal.do("pengzhai", "unblock", code="land", on=canal.today(), words="已协调。")
        done = [one for one in await asyncio.gather(canal.strike(), canal.strike()) if one.status_code == 200]
    assert len(done) == 1
    assert await canal.county.value("SELECT count(*) FROM matter_certificates") == 1
    assert (await canal.try_("pengzhai", canal.matter, "unblock", code="land", on=canal.today(), words="x")).status_code == 409


async def test_the_certificate_is_checked_by_strangers_and_a_changed_byte_is_refused(canal: Canal, tmp_path: Path) -> None:
    await canal.ready()
    key = {"Idempotency-Key": "strike-1"}
    struck = await canal.strike(**key)
    assert (await canal.strike(**key)).headers["Idempotency-Replayed"] == "true"
    waiting = await canal.doors.get("county", f"/v1/matters/{canal.matter}/certificate")
    assert (waiting.status_code, waiting.json()["code"]) == (409, "certificate.not_signed")
    await asyncio.gather(canal.sign(), canal.sign())
    await canal.sign()
    file = await canal.certificate("pengzhai")
    assert (file["id"], file["content"]["number"]) == (struck.json()["certificate"]["id"], struck.json()["number"])
    head = file["content"]["journal"]
    rows = await canal.county.fetch("SELECT seq, type, hash, data FROM events WHERE subject_id = $1 ORDER BY seq", UUID(canal.matter))
    assert (rows[-2]["seq"], rows[-2]["hash"].hex()) == (head["seq"], head["hash"])
    assert (rows[-1]["type"], json.loads(rows[-1]["data"])["certificate"]) == ("matter.struck_off", file["id"])
    told = json.dumps(file, ensure_ascii=False)
    tied = [str(row["subject_id"]) for row in await canal.county.fetch("SELECT subject_id FROM matter_persons")]
    assert not any(secret in told for secret in ("黄培荣", "黄小明", "水渠修好了", *PHONES, *canal.homes, *tied))
    good = _tool(tmp_path, file)
    number, key_id = file["content"]["number"], file["signed"]["key_id"]
    says = f"ok: certificate {file['id']}: {number} round 1 was complete on {canal.today()}; signed by {key_id}"
    assert good == (0, says)
    assert check(file, frozenset()) == (True, good[1].removeprefix("ok: "))
    for changed, why in _changes(file):
        code, sentence = _tool(tmp_path, changed)
        assert (code, why in sentence) == (1, True), sentence
        assert check(changed, frozenset()) == (False, sentence.removeprefix("BROKEN: "))
    assert check(file, frozenset(["00" * 8]))[0] is False
    await _held_against_the_journal(canal, file, tmp_path)
    await _other_rounds(canal, file)


async def _held_against_the_journal(canal: Canal, file: dict, folder: Path) -> None:
    """The command says what the tool says; a journal that is another one is found."""
    async with canal.county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        chain = (await export_chain(work.session, canal.matter)).model_dump(mode="json")
    assert chain["subject_kind"] == "matter"
    short = {**chain, "events": chain["events"][: file["content"]["journal"]["seq"] - 1]}
    for journal, fits in ((chain, True), (short, False)):
        for name, document in (("certificate", file), ("chain", journal)):
            (folder / f"{name}.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        code, lines = _both(folder, "-I", str(TOOL))
        assert (code, lines) == _both(folder, "-m", "daguanjia", "verify")
        assert code == (0 if fits else 1)
        assert any("the journal is not the one it was issued on" in line for line in lines) is not fits


def _both(folder: Path, *program: str) -> tuple[int, list[str]]:
    environment = {"PYTHONPATH": str(TOOL.parents[1]), "PATH": "/usr/bin:/bin", "DAGUANJIA_HOME": str(folder)}
    command = [sys.executable, *program, "certificate.json", "chain.json"]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout.splitlines()


async def test_the_worker_signs_nothing_that_its_own_facts_do_not_prove(canal: Canal) -> None:
    """Whoever writes a certificate past the rules, into the database, gets no signature for it."""
    await canal.ready()
    await canal.strike()
    good = json.loads(await canal.county.value("SELECT content FROM matter_certificates"))
    lied = {**good, "round": 2, "facts": {**good["facts"], "notices": []}}
    forged = hashlib.sha256(canonical(lied)).hexdigest()
    await canal.county.owner.execute(
        "INSERT INTO matter_certificates (id, matter_id, round, content, issued_at, issued_by_account_id)"
        " SELECT $1, matter_id, 2, $2, now(), issued_by_account_id FROM matter_certificates",
        forged, json.dumps(lied),
    )  # fmt: skip
    await canal.sign()
    signed = await canal.county.fetch("SELECT round FROM matter_certificates WHERE signature IS NOT NULL")
    assert [row["round"] for row in signed] == [1]


def _changes(file: dict):
    """Each part of a certificate with something else in it, and what is said of it."""
    raw = json.dumps(file)
    for old, new, says in (
        (f'"round": {file["content"]["round"]}', '"round": 2', "its content does not fit its id"),
        ('"passed": true', '"passed": false', "its content does not fit its id"),
        (file["signature"][:8], "00000000", "its signature is not that of key"),
        (file["keys"][0]["public_key"][:8], "00000000", "is not among the keys"),
        (file["signed"]["signed_at"], "2020-01-01T00:00:00.000000Z", "its signature is not that of key"),
    ):
        assert old in raw
        yield json.loads(raw.replace(old, new, 1)), says


def _tool(folder: Path, file: dict) -> tuple[int, str]:
    path = folder / "certificate.json"
    path.write_text(json.dumps(file, ensure_ascii=False), encoding="utf-8")
    ran = subprocess.run([sys.executable, "-I", "-S", str(TOOL), str(path)], capture_output=True, check=False, cwd=folder)
    return ran.returncode, ran.stdout.decode().strip().removeprefix(f"{path}: ")


async def _other_rounds(canal: Canal, file: dict) -> None:
    """Registered again, everything is asked anew; the earlier certificate stays, superseded."""
    await canal.refused("matter.not_yours", "pengzhai", canal.matter, "register_again", words="又塌方。")
    again = await canal.do("county", "register_again", words="汛期又塌方。")
    assert (again["state"], again["round"], again["number"]) == ("registered", 2, file["content"]["number"])
    assert [(one["id"], one["superseded"]) for one in again["certificates"]] == [(file["id"], True)]
    assert await canal.missing() == [
        "completion.none", "tasks.none", "site.after", "site.not_inspected", "segment.not_inspected", *["supervisor.no_note"] * 3,
        "teller.unasked", "teller.unasked", "households.too_few", "notice.none",
    ]  # fmt: skip
    await canal.work_done()
    await canal.shown(again["sites"][0]["id"])
    await canal.completed()
    for home in range(5):
        await canal.says(home)
    await canal.published()
    canal.later(days=8)
    assert (await canal.strike()).status_code == 200
    await canal.sign()
    second = await canal.certificate()
    assert (second["content"]["round"], second["content"]["supersedes"]) == (2, file["id"])
    assert check(second, frozenset())[0]
    assert await canal.certificate(round=1) == file, "the earlier one stays as it was"
    missing = await canal.doors.get("county", f"/v1/matters/{canal.matter}/certificate", round=3)
    assert missing.json()["code"] == "certificate.unknown"


async def test_what_was_missing_is_told_as_it_was_known(canal: Canal) -> None:
    await canal.begun()
    await canal.work_done()
    before = clock.now()
    canal.later(hours=1)
    await canal.site("水口村渠段", *SEGMENT)
    await canal.completed()
    await canal.says(0)
    now = (await canal.doors.get("county", f"/v1/matters/{canal.matter}")).json()["striking"]
    then = (await canal.doors.get("county", f"/v1/matters/{canal.matter}", as_of=before.isoformat())).json()["striking"]
    assert (now["households"], then["households"], then["completed_at"], then["words"]) == (1, 0, None, [])
    assert "sites.none" in {one["code"] for one in then["missing"]} - {one["code"] for one in now["missing"]}
