"""Five ways to stand by one's words, each from beginning to end, in the order of their strength; what a later wording does to them."""

from uuid import UUID

import pytest
from asyncpg import CheckViolationError, ForeignKeyViolationError, UniqueViolationError

from intake_api import sessions
from reporting_api import handbook
from services.attachments.expecting import arrived
from services.platform.database import REPORTING
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.verification.codes import sms_code
from services.visits.opinions_rules import KINDS, words_hash
from services.visits.satisfaction import share_of
from tests.channels.talking import OPENID, Talk, text
from tests.county import actor, sign_in
from tests.journeys.people import Desk
from tests.told import told_in
from tests.visits.handbook import PHONE, WORDS, Round, confirmation, now
from tests.visits.test_handbook import recorded_call
from tests.web.doors import client_of

BETTER = "水渠从水口到上寨一段要修，田里没有水。"


@pytest.fixture
async def round_(intake, county, tmp_path, monkeypatch):
    from services.platform.settings import settings

    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    yield Round(intake, county, Desk(intake, county))
    settings.cache_clear()


async def stands(round_: Round, kind: str, opinion: dict, hashed: str) -> None:
    """Have the villager stand by words in one of the five ways."""
    address = f"/v1/opinions/{opinion['id']}"
    asked = {"code_id": str(new_id()), "way": kind, "words_hash": hashed}
    match kind:
        case "signature":
            by, more = "mine", {"attachment_id": await round_.desk.upload("mine")}
        case "witness":
            by, more = "mine", {"witness": {"name": "黄小明"}}
        case "call_recording":
            by, more = "hotline", {"call_id": await recorded_call(round_.county, PHONE)}
        case "sms_code":
            assert (await round_.post("mine", f"{address}/codes", asked)).status_code == 201
            by, more = "mine", {"code": sms_code(UUID(asked["code_id"]), bytes.fromhex(hashed))}
        case _:
            shown = (await round_.post("mine", f"{address}/codes", asked)).json()
            assert "已记录您的确认" in (await Talk(round_.county)(text(f"确认 {shown['code']}")) or "")
            return
    answer = await round_.post(by, f"{address}/confirmations", confirmation(kind, hashed, **more))
    assert answer.status_code == 201, answer.text


async def test_each_kind_stands_for_the_words_it_was_given_for_and_the_stronger_counts_before_the_weaker(round_):
    mine = await round_.member("mine")
    home = await round_.home("3-012", mine)
    strengths, opinion = [], await round_.hears("mine", home)
    for kind in reversed(KINDS):  # the weakest first, on one opinion: the strongest is what counts
        await stands(round_, kind, opinion, opinion["words_hash"])
        seen = await round_.get("mine", f"/v1/opinions/{opinion['id']}")
        strengths.append(seen["strength"])
        assert (seen["confirmed"], seen["confirmations"][-1]["kind"], seen["confirmations"][-1]["void"]) == ("confirmed", kind, False)
    assert strengths == [1, 2, 3, 4, 5], "handwriting before a recorded call, WeChat, SMS and a witness"
    wording = {"wording_id": str(new_id()), "words": BETTER, "because": "villager_corrects", "happened_at": now()}
    address = f"/v1/opinions/{opinion['id']}"
    assert (await round_.post("mine", f"{address}/wordings", wording)).status_code == 201
    voided = await round_.get("mine", address)
    assert (voided["confirmed_name"], voided["strength"], len(voided["confirmations"])) == ("确认已失效", 0, 5)
    assert all(one["void"] for one in voided["confirmations"]), "they stay, and count for nothing"
    page = await round_.client.get(f"/v1/handbooks/{home}/page", headers=await round_.desk.as_("shuikou"))
    assert page.text.count('<p class="void">') == 5, "struck through on paper, too"
    for kind in ("wechat", "sms_code"):  # of the words of now each kind stands anew
        await stands(round_, kind, opinion, words_hash(BETTER).hex())
    assert (await round_.get("mine", address))["strength"] == 3
    back = {"wording_id": str(new_id()), "words": WORDS, "because": "misheard", "happened_at": now()}
    assert (await round_.post("mine", f"{address}/wordings", back)).json()["strength"] == 5, (
        "words that come back count as they were signed"
    )


async def test_a_visit_with_words_nobody_stands_by_is_not_over_without_a_coded_reason(round_):
    mine = await round_.member("mine")
    home = await round_.home("3-012", mine)
    visit, quiet = str(new_id()), str(new_id())
    assert (await round_.post("mine", "/v1/visits", {"visit_id": visit, "household_id": home})).status_code == 201
    opinion = await round_.hears("mine", home, visit_id=visit)
    done = f"/v1/visits/{visit}/completion"
    refused = (await round_.post("mine", done, {})).json()
    assert (refused["code"], refused["opinions"]) == ("visit.unconfirmed", [opinion["id"]])
    assert (await round_.post("mine", done, {"unconfirmed_because": "他忙"})).status_code == 422, "a reason is one of a list"
    over = await round_.post("mine", done, {"unconfirmed_because": "illiterate_alone"})
    assert (over.status_code, over.json()["unconfirmed_because"]) == (200, "illiterate_alone")
    tap = await round_.post("mine", "/v1/visits", {"visit_id": quiet, "household_id": home, "nothing_said": True})
    assert (tap.status_code, tap.json()["completed_at"] is not None) == (201, True), "nothing said: one tap, and it is over"


async def test_the_database_holds_what_a_word_by_wechat_is(round_):
    mine = await round_.member("mine")
    home = await round_.home("3-012", mine)
    opinion, other = await round_.hears("mine", home), await round_.hears("mine", home, "路灯坏了")
    await stands(round_, "wechat", opinion, opinion["words_hash"])
    (row,) = await round_.county.fetch("SELECT * FROM opinion_confirmations")
    assert (row["by_account_id"], row["attachment_id"], row["call_id"], row["paper_id"] is None) == (None, None, None, False)
    stored = str(await round_.county.fetch("SELECT data::text FROM events")) + str(row)
    assert OPENID not in stored
    copy = (
        "INSERT INTO opinion_confirmations SELECT gen_random_uuid(), {opinion}, sequence, {hash}, {kind}, attachment_id, call_id, code_id,"
    )
    copy += " witness_account_id, {paper}, fingerprint, happened_at, recorded_at, {by} FROM opinion_confirmations"
    same = {"opinion": "opinion_id", "hash": "words_hash", "kind": "kind", "paper": "paper_id", "by": "by_account_id"}
    somebody = "(SELECT id FROM accounts LIMIT 1)"
    elsewhere = {"opinion": f"'{other['id']}'", "hash": f"'\\x{other['words_hash']}'::bytea"}
    for change, why in (
        ({}, UniqueViolationError),  # a code is used once
        ({"by": somebody}, CheckViolationError),  # nobody of ours enters it
        ({"paper": "NULL"}, CheckViolationError),  # whose account it was is kept
        ({"kind": "'sms_code'", "by": somebody, "paper": "NULL"}, ForeignKeyViolationError),  # a code of one way is none of another
        (elsewhere, ForeignKeyViolationError),  # nor of other words
    ):
        if why is ForeignKeyViolationError:
            await round_.county.owner.execute("DROP INDEX IF EXISTS uq_opinion_confirmations_code")
        with pytest.raises(why):
            await round_.county.owner.execute(copy.format(**{**same, **change}))


async def test_a_ticket_shows_the_villagers_own_words_and_voice_beside_every_later_wording(round_):
    mine = await round_.member("mine")
    home = await round_.home("3-012", mine)
    voice, late = await round_.desk.upload("mine"), str(new_id())
    opinion = await round_.hears("mine", home, attachment_ids=[voice], upload_ids=[late])
    wording = {"wording_id": str(new_id()), "words": BETTER, "because": "dialect", "happened_at": now()}
    assert (await round_.post("mine", f"/v1/opinions/{opinion['id']}/wordings", wording)).status_code == 201
    filed = await round_.post("mine", f"/v1/opinions/{opinion['id']}/ticket", {"outcome_id": str(new_id()), "happened_at": now()})
    number = filed.json()["outcomes"][0]["ticket"]
    await round_.county.settle()
    (told,) = await round_.get("county", f"/v1/tickets/{number}/complaints")
    assert (told["words"], [one["words"] for one in told["rewordings"]], told["attachment_ids"]) == (WORDS, [BETTER], [voice])
    assert told["rewordings"][0]["author"] == "mine"
    assert await told_in(round_.county, "rewordings") == [BETTER]
    heard = await round_.client.get(f"/v1/attachments/{voice}", headers=await round_.desk.as_("county"))
    assert heard.status_code == 200
    person, file = await actor("mine"), UUID(await round_.desk.upload("mine"))
    async with unit_of_work(person) as work:
        assert await arrived(work, person.account_id, UUID(late), file) == 1
    (entry,) = (await round_.get("county", f"/v1/opinions?ticket={number}"))["items"]
    assert (entry["wordings"][0]["words"], set(entry["attachment_ids"])) == (WORDS, {voice, str(file)}), "one click away"


async def test_villagers_rate_who_called_on_them_to_somebody_else(round_):
    mine = await round_.member("mine")
    home = await round_.home("3-012", mine)
    first, second, third = [await round_.hears("mine", home, words) for words in ("水渠", "路灯", "水塘")]
    call = await recorded_call(round_.county, PHONE)
    rated = confirmation("call_recording", first["words_hash"], call_id=call, satisfied=False)
    assert (await round_.post("hotline", f"/v1/opinions/{first['id']}/confirmations", rated)).status_code == 201
    own = confirmation("witness", second["words_hash"], witness={"name": "黄小明"}, satisfied=True)
    assert (await round_.post("mine", f"/v1/opinions/{second['id']}/confirmations", own)).status_code == 422, (
        "nobody enters their own praise"
    )
    before = now()
    for opinion, said in ((first, "满意"), (second, "很满意"), (third, "")):
        asked = {"code_id": str(new_id()), "way": "wechat", "words_hash": opinion["words_hash"]}
        shown = (await round_.post("mine", f"/v1/opinions/{opinion['id']}/codes", asked)).json()
        assert "已记录您的确认" in (await Talk(round_.county)(text(f"确认 {shown['code']} {said}")) or "")
    seen = await round_.get("mine", f"/v1/opinions/{first['id']}")
    assert "satisfied" not in str(seen), "whoever is rated does not read who said what"

    async with client_of([sessions.router, handbook.router]) as reports:
        headers, unasked = await sign_in(reports, "county"), await sign_in(reports, "mine")
        async with round_.county.as_role(REPORTING):
            told = (await reports.get("/v1/reports/opinions/satisfaction", headers=headers)).json()
            then = (await reports.get("/v1/reports/opinions/satisfaction", params={"as_of": before}, headers=headers)).json()
            refused = await reports.get("/v1/reports/opinions/satisfaction", headers=unasked)
    (line,) = told["items"]
    assert (line["member"], line["heard"], line["rated"], line["satisfied"], line["shown"]) == ("mine", 3, 2, 2, "100.00%"), (
        "the newest word about one opinion counts"
    )
    assert (then["heard"], then["rated"], then["satisfied"], then["shown"], refused.status_code) == (3, 1, 0, "0.00%", 403)


def test_a_share_is_of_those_who_were_asked():
    assert [share_of(*one) for one in ((0, 0), (7, 8), (1, 3), (2, 3), (1, 800))] == ["—", "87.50%", "33.33%", "66.67%", "0.13%"]
