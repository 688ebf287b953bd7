"""What a villager's request covers of the handbook: their opinions are copied, corrected, and erased with all that hangs on them."""

from pathlib import Path
from uuid import UUID

import pytest

from services.attachments.store import store
from services.notifications.opinion_answers import send_answers
from services.notifications.senders import Senders
from services.notifications.senders.file import FileSender
from services.platform.actor import SYSTEM
from services.platform.database import OWNER, WORKER
from services.platform.ids import new_id
from services.platform.papers import read_paper
from services.platform.secrets import blind_index, tracking_code
from services.platform.unit_of_work import unit_of_work
from services.privacy.erasing import erase_next
from services.privacy.handbook import erase_next_opinion
from services.privacy.loose import drop_loose_files
from services.privacy.wholly import Wanted, erase_now
from services.verification.codes import sms_code
from services.visits.opinions_codes import confirm_by_wechat
from tests.privacy.test_asking import HOLD, Villager, _decided
from tests.visits.handbook import Round, confirmation, now

NAME, PHONE, WITNESS = "欧阳金丝雀", "13877665544", "见证黄小明"
WORDS = f"我{NAME}家门口的水渠要修"
TOLD_BY = {"name": NAME, "phone": PHONE}


@pytest.fixture
def round_(desk, county) -> Round:
    return Round(desk.client, county, desk)


async def _one_of_each(round_: Round, home: str, number_of: bool = True) -> tuple[str, str | None]:
    """An opinion with a voice, a signature, a code, WeChat, a witness, later words and an answer; return it and its ticket."""
    voice, picture = await round_.desk.upload("mine"), await round_.desk.upload("mine")
    said = await round_.hears("mine", home, WORDS, told_by=TOLD_BY, attachment_ids=[voice])
    address, hashed = f"/v1/opinions/{said['id']}", said["words_hash"]
    given = (confirmation("signature", hashed, attachment_id=picture), confirmation("witness", hashed, witness={"name": WITNESS}))
    for one in given:
        assert (await round_.post("mine", f"{address}/confirmations", one)).status_code == 201
    asked = {"code_id": str(new_id()), "way": "sms_code", "words_hash": hashed}
    assert (await round_.post("mine", f"{address}/codes", asked)).status_code == 201
    code = confirmation("sms_code", hashed, code=sms_code(UUID(asked["code_id"]), bytes.fromhex(hashed)))
    assert (await round_.post("mine", f"{address}/confirmations", code)).status_code == 201
    shown = (await round_.post("mine", f"{address}/codes", {**asked, "code_id": str(new_id()), "way": "wechat"})).json()
    async with round_.county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        assert await confirm_by_wechat(work, "o-oriole", shown["code"]) == hashed
    wording = {"wording_id": str(new_id()), "words": "水渠要修", "because": "clearer", "happened_at": now()}
    assert (await round_.post("mine", f"{address}/wordings", wording)).status_code == 201
    answered = await round_.became("mine", said["id"], "answered", because="explained", words=f"已向{NAME}说明")
    assert answered.status_code == 201, answered.text
    if not number_of:
        return said["id"], None
    filed = await round_.post("mine", f"{address}/ticket", {"outcome_id": str(new_id()), "happened_at": now()})
    assert filed.status_code == 201, filed.text
    return said["id"], filed.json()["outcomes"][-1]["ticket"]


async def _villager(round_: Round, number: str) -> Villager:
    query = "SELECT t.id, c.id AS complaint FROM tickets t JOIN complaints c ON c.ticket_id = t.id WHERE number = $1"
    (row,) = await round_.county.fetch(query, number)
    return Villager(round_.desk, number, tracking_code(row["id"]), str(row["complaint"]))


async def _erase_all(round_: Round) -> None:
    async with round_.county.as_role(WORKER):
        while await erase_next(store()) or await erase_next_opinion():
            continue
        assert await drop_loose_files(store()) == 0


async def _left(round_: Round, *needles: str) -> list[str]:
    """Every sealed paper that can be opened still and tells one of `needles`."""
    rows = await round_.county.fetch("SELECT id, kind, row_key, sealed FROM sealed_papers WHERE row_key IS NOT NULL")
    said = [(row["kind"], str(read_paper(row["id"], row["row_key"], row["sealed"]))) for row in rows]
    return [kind for kind, clear in said if any(one in clear for one in needles)]


async def test_a_request_covers_the_handbook_and_after_its_erasure_nothing_is_found(round_, home: Path):
    mine = await round_.member("mine")
    house = await round_.home("3-012", mine, None)
    opinion, number = await _one_of_each(round_, house)
    other = await round_.hears("mine", house, "路灯坏了", told_by={"name": "黄某", "phone": "13900000001"})
    me = await _villager(round_, number)
    assert (await me.sees()).json()["opinions"] == 1, "theirs, and not their neighbour's"

    asked = (await me.asks("copy")).json()
    assert (await _decided(round_.desk, asked["id"], outcome="done")).status_code == 200
    (mine_,) = (await me.sees("/copy")).json()["handbook"]
    assert (mine_["words"], mine_["later_words"], mine_["files"]) == (WORDS, ["水渠要修"], 2)
    assert set(mine_["confirmed_by"]) == {"手写签名", "见证人", "短信验证码", "微信确认"}
    assert mine_["became"][0] == f"已答复：已向{NAME}说明"

    asked = (await me.asks("correction", contact={"phone": "139 1111 2222"})).json()
    assert (await _decided(round_.desk, asked["id"], outcome="done")).status_code == 200
    found = "SELECT p.phone_index FROM opinions o JOIN sealed_papers p ON p.id = o.contact_paper_id WHERE o.id = $1"
    assert await round_.county.value(found, UUID(opinion)) == blind_index("phone", "13911112222")
    assert (await me.sees()).json()["opinions"] == 1, "the right number leads to it as well"

    files = [path for path in (home / "attachments").rglob("*") if path.is_file()]
    assert len(files) == 2
    asked = (await me.asks("deletion")).json()
    assert (await _decided(round_.desk, asked["id"], outcome="done", whole_words=True)).status_code == 200
    await _erase_all(round_)
    assert await _left(round_, NAME, PHONE, "13911112222", WITNESS, "o-oriole", "水渠") == []
    assert not [path for path in (home / "attachments").rglob("*") if path.is_file()], "signature and voice are gone from the store"
    assert (await me.sees()).json()["opinions"] == 1, "that there was one stays; nothing is said of it"
    seen = await round_.get("shuikou", f"/v1/opinions/{opinion}")
    assert (seen["words"], seen["told_by"], [one["words"] for one in seen["wordings"]]) == (None, None, [None, None])
    assert (seen["outcomes"][0]["words"], seen["attachment_ids"], {one["witness"] for one in seen["confirmations"]}) == (None, [], {None})
    assert (await round_.get("shuikou", f"/v1/opinions/{other['id']}"))["words"] == "路灯坏了", "others keep theirs"
    page = await round_.client.get(f"/v1/handbooks/{house}/page", headers=await round_.desk.as_("shuikou"))
    assert (page.status_code, "（已删除）" in page.text, NAME in page.text) == (200, True, False)


async def test_what_names_nobody_stays_as_it_was_signed_and_who_never_filed_asks_at_the_desk(round_):
    mine = await round_.member("mine")
    house = await round_.home("3-012", mine, None)
    opinion, _ = await _one_of_each(round_, house, number_of=False)
    for login in ("shuikou", "mine", "admin"):
        refused = await round_.post(login, f"/v1/opinions/{opinion}/erasure", {"because": "request"})
        assert (refused.status_code, refused.json()["code"]) == (403, "permission.denied"), login
    for _ in range(2):
        assert (await round_.post("county", f"/v1/opinions/{opinion}/erasure", {"because": "request"})).status_code == 200
    assert await round_.county.value("SELECT count(*) FROM opinion_erasures") == 1
    await _erase_all(round_)
    seen = await round_.get("shuikou", f"/v1/opinions/{opinion}")
    assert [one["words"] for one in seen["wordings"]] == [None, "水渠要修"], "words that name somebody go wholly, others are not touched"
    assert await _left(round_, NAME, PHONE, WITNESS, "o-oriole") == []
    kinds = [row["type"] for row in await round_.county.fetch("SELECT type FROM events WHERE subject_id = $1 ORDER BY seq", UUID(opinion))]
    assert kinds[-1] == "opinion.erased"


async def test_a_hold_keeps_it_and_the_number_alone_finds_everything(round_, home: Path):
    mine = await round_.member("mine")
    house = await round_.home("3-012", mine, PHONE)
    opinion, number = await _one_of_each(round_, house)
    of_house = await round_.hears("mine", house, "路也坏了")
    assert (await round_.post("county", f"/v1/opinions/{opinion}/erasure", {"because": "order"})).status_code == 200
    planned = "SELECT count(DISTINCT kind) FROM erasures"
    assert await round_.county.value(planned) == 6, "the complaint that was made of it goes with it"
    held = await round_.post("county", f"/v1/tickets/{number}/legal-holds", HOLD)
    assert held.status_code == 201, held.text
    again = {"because": "order", "whole_words": True}
    assert await round_.code("county", f"/v1/opinions/{opinion}/erasure", again) == "privacy.held"
    await _erase_all(round_)
    assert (await round_.get("shuikou", f"/v1/opinions/{opinion}"))["words"] == "水渠要修", "held"
    await round_.post("admin", f"/v1/legal-holds/{held.json()['id']}/lifting", {})
    async with round_.county.as_role(OWNER):
        done = await erase_now(Wanted(phone=PHONE, whole=True, because="order"), store())
    assert (done.opinions, done.left) == (2, 0)
    await _erase_all(round_)  # what was owed before the hold is the worker's
    assert await _left(round_, NAME, PHONE, WITNESS, "o-oriole", "水渠", "路也坏了") == []
    assert (await round_.get("shuikou", f"/v1/opinions/{of_house['id']}"))["words"] is None
    assert not [path for path in (home / "attachments").rglob("*") if path.is_file()]


async def test_an_answer_is_told_by_message_where_there_is_a_telephone_and_nowhere_else(round_, tmp_path: Path):
    mine = await round_.member("mine")
    with_phone, without = await round_.home("3-012", mine, PHONE), await round_.home("3-013", mine, None)
    ids = []
    for house, more in (
        (with_phone, {}),
        (without, {}),
        (with_phone, {"wants_answer": False}),
        (with_phone, {"told_by": {"name": "黄三"}}),
    ):
        said = await round_.hears("mine", house, "水渠要修", **more)
        told = await round_.became("mine", said["id"], "answered", because="policy_does_not_allow", words="补贴条件已说明，电话13812345678")
        ids.append((said["id"], told.json()["outcomes"][0]["message"]))
    assert [state for _, state in ids] == ["queued", None, None, None], "nobody else's telephone is told what one villager said"
    outbox = tmp_path / "answers.jsonl"
    async with round_.county.as_role(WORKER):
        assert [await send_answers(Senders(file=FileSender(str(outbox))), 10) for _ in range(2)] == [1, 0]
    assert "您向走访干部反映的意见已答复：补贴条件已说明" in outbox.read_text()
    assert PHONE not in outbox.read_text()
    assert "13812345678" not in outbox.read_text()
    assert (await round_.get("mine", f"/v1/opinions/{ids[0][0]}"))["outcomes"][0]["message"] == "sent"
