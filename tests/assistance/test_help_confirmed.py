"""帮扶: the household confirms the end from its own telephone; money is seen to come; pictures are for those who may know of the item."""

from pathlib import Path
from uuid import UUID

import pytest

from services.assistance.help_codes import confirm_help_by_wechat, end_hash
from services.attachments.store import store
from services.notifications.opinion_codes import send_codes
from services.notifications.senders import Senders
from services.notifications.senders.file import FileSender
from services.platform.actor import SYSTEM
from services.platform.database import OWNER, WORKER
from services.platform.unit_of_work import unit_of_work
from services.privacy.wholly import Wanted, erase_now
from services.verification.codes import sms_code
from tests.assistance.doors import Desk, fresh
from tests.assistance.test_help import item, step
from tests.conftest import TestDatabase
from tests.journeys.people import PICTURE
from tests.visits.test_handbook import recorded_call

pytestmark = pytest.mark.asyncio
PHONE = "13800000123"


async def upload(desk: Desk, login: str, salt: bytes) -> str:
    """Return a picture that was handed in."""
    headers = {**desk.tokens[login], "Content-Type": "image/png"}
    answer = await desk.client.post("/v1/attachments", content=PICTURE + salt, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def helped(desk: Desk, **more: object) -> str:
    """Return the path of an item with a deed."""
    opened = item(await desk.home(), **more)
    await desk.post("grid", "/help-items", opened, 201)
    at = f"/help-items/{opened['item_id']}"
    await desk.post("grid", f"{at}/steps", step("given"), 201)
    return at


async def test_the_code_stands_for_the_end_it_was_sent_for_and_for_no_other(desk: Desk, county: TestDatabase, tmp_path: Path):
    at = await helped(desk)
    end = {"outcome": "achieved", "words": "小羊长成"}
    asked = {"code_id": fresh(), "way": "sms_code", **end}
    made = await desk.post("grid", f"{at}/codes", asked, 201)
    assert (made["code"], (await desk.post("grid", f"{at}/codes", asked, 200))["id"]) == (None, asked["code_id"])
    assert await desk.refused("grid", f"{at}/codes", {**asked, "words": "别的"}) == (409, "assistance.id_taken")
    outbox = tmp_path / "outbox.jsonl"
    async with county.as_role(WORKER):
        assert [await send_codes(Senders(file=FileSender(str(outbox))), 10) for _ in range(2)] == [1, 0]
    code = sms_code(UUID(str(asked["code_id"])), end_hash("achieved", "小羊长成"))
    assert code in outbox.read_text()
    assert PHONE not in outbox.read_text()
    close = {**end, "closed_on": "2026-11-20", "confirmation": "sms_code", "code_id": asked["code_id"], "code": code}
    wrong = {**close, "code": "000000" if code != "000000" else "000001"}
    assert await desk.refused("grid", f"{at}/closing", wrong) == (403, "confirmation.code_wrong")
    assert await desk.refused("grid", f"{at}/closing", {**close, "outcome": "partly"}) == (409, "help.other_words")
    closed = await desk.post("grid", f"{at}/closing", close, 200)
    assert (closed["closing"]["confirmation_name"], closed["state"]) == ("短信验证码", "closed")
    assert (await desk.post("grid", f"{at}/closing", close, 200))["closing"] == closed["closing"]
    kept = await county.fetch("SELECT data::text AS said FROM events UNION ALL SELECT body::text FROM idempotency_keys")
    assert not [row for row in kept if PHONE in (row["said"] or "") or code in (row["said"] or "")]


async def test_tries_are_counted_and_wechat_confirms_by_itself(desk: Desk, county: TestDatabase):
    at = await helped(desk)
    asked = {"code_id": fresh(), "way": "sms_code", "outcome": "partly"}
    await desk.post("grid", f"{at}/codes", asked, 201)
    code = sms_code(UUID(str(asked["code_id"])), end_hash("partly", None))
    close = {"outcome": "partly", "closed_on": "2026-11-20", "confirmation": "sms_code", "code_id": asked["code_id"]}
    for _ in range(5):
        assert (await desk.refused("grid", f"{at}/closing", {**close, "code": "x"}))[1] == "confirmation.code_wrong"
    assert await desk.refused("grid", f"{at}/closing", {**close, "code": code}) == (429, "confirmation.too_many_tries")

    shown = await desk.post("grid", f"{at}/codes", {**asked, "code_id": fresh(), "way": "wechat"}, 201)
    by_them = {**close, "confirmation": "wechat", "code_id": shown["id"]}
    assert await desk.refused("grid", f"{at}/closing", by_them) == (409, "help.waits_for_household")
    async with county.as_role(WORKER):
        for given, found in (("XXXXXXXX", False), (shown["code"].lower(), True), (shown["code"], True)):
            async with unit_of_work(SYSTEM) as work:
                assert bool(await confirm_help_by_wechat(work, "o-household", given)) is found
    assert (await desk.post("grid", f"{at}/closing", by_them, 200))["closing"]["confirmation_name"] == "微信确认"
    assert await county.value("SELECT count(*) FROM events WHERE type = 'help_item.confirmed_by_wechat'") == 1


async def test_money_for_an_illness_is_raised_until_it_is_in_place(desk: Desk):
    at = await helped(desk, kind="medical", needed_fen=10_000_000)
    seen = [(await desk.get("grid", at))["money"]["funding_name"]]
    for kind, amount in (("pledged", 10_000_000), ("received", 4_000_000), ("received", 6_000_000)):
        await desk.post("grid", f"{at}/steps", step(kind, source="donation", amount_fen=amount), 201)
        seen.append((await desk.get("grid", at))["money"]["funding_name"])
    assert seen == ["筹集中", "已认捐", "部分到位", "已到位"]
    assert await desk.ledger("funds_received") == 10_000_000


async def test_pictures_and_signatures_are_private_and_go_with_what_is_kept_of_the_household(
    desk: Desk, county: TestDatabase, home_of_files: Path
):
    at = await helped(desk)
    picture, signature = await upload(desk, "grid", b"sheep"), await upload(desk, "grid", b"signed")
    shown = await desk.post("grid", f"{at}/steps", step("given", attachment_ids=[picture], words="交接小羊"), 201)
    assert [one["attachment_ids"] for one in shown["steps"]].count([picture]) == 1
    close = {"outcome": "achieved", "closed_on": "2026-11-20", "confirmation": "signature", "attachment_id": signature}
    await desk.post("grid", f"{at}/closing", close, 200)
    for file in (picture, signature):
        given = await desk.ask("shuikou", "GET", f"{at}/files/{file}")
        assert (given.status_code, given.headers["content-type"], given.headers["cache-control"]) == (200, "image/png", "no-store")
        assert (await desk.ask("yangming", "GET", f"{at}/files/{file}")).json()["code"] == "help.unknown"
        for login in ("yangming", "roads"):
            assert (await desk.ask(login, "GET", f"/attachments/{file}")).status_code in {403, 404}
    assert (await desk.ask("grid", "GET", f"{at}/files/{fresh()}")).json()["code"] == "attachment.unknown"
    async with county.as_role(OWNER):
        await erase_now(Wanted(phone=PHONE, because="request"), store())
    assert (await desk.ask("grid", "GET", f"{at}/files/{picture}")).status_code == 404
    assert not [path for path in (home_of_files / "attachments").rglob("*") if path.is_file()]
    left = await desk.get("grid", at)
    assert (left["goal"], [one["words"] for one in left["steps"]]) == (None, [None, None])


async def test_only_a_recorded_call_with_the_households_own_telephone_confirms(desk: Desk, county: TestDatabase):
    at = await helped(desk)
    close = {"outcome": "achieved", "closed_on": "2026-11-20", "confirmation": "call_recording"}
    assert await desk.refused("grid", f"{at}/closing", {**close, "call_id": fresh()}) == (404, "call.unknown")
    other = {**close, "call_id": await recorded_call(county, "13900000009")}
    assert await desk.refused("grid", f"{at}/closing", other) == (409, "confirmation.other_number")
    theirs = await recorded_call(county, PHONE)
    await county.owner.execute("UPDATE calls SET recording_state = 'awaited', recording_attachment_id = NULL WHERE id = $1", UUID(theirs))
    assert await desk.refused("grid", f"{at}/closing", {**close, "call_id": theirs}) == (409, "confirmation.not_recorded")
    closed = await desk.post("grid", f"{at}/closing", {**close, "call_id": await recorded_call(county, PHONE)}, 200)
    assert (closed["state"], closed["closing"]["confirmation_name"]) == ("closed", "电话录音")
