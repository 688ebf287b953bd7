"""Erasing one person's data: rows, files, keys. Others keep theirs, the journal stays whole, and backups lose it when keys are turned."""

from datetime import timedelta

import orjson
import pytest
from sqlalchemy import text

from services.attachments.store import store
from services.complaints.contacts import open_contact
from services.journal.chain import first_broken
from services.platform import clock
from services.platform.database import INTAKE, OWNER, WORKER, database
from services.platform.errors import Conflict
from services.platform.row_keys import KeyDestroyed, directory, open_row_key
from services.platform.sealed_words import TAKEN_OUT
from services.platform.secrets import blind_index
from services.privacy.turning import bring_back, turn_next
from services.privacy.wholly import Wanted, erase_now
from tests.journeys.people import PICTURE, Desk
from tests.told import only_told_in, place_in, words_in

NAME, PHONE = "欧阳金丝雀", "13877665544"
WORDS = f"{NAME}家门口的水管爆了，电话１３８ 7766 5544，身份证441624199001011236，快来修"


async def _filed(desk: Desk, **more) -> tuple[str, str]:
    number = await desk.file(more.pop("words", WORDS), contact={"name": NAME, "phone": PHONE, "email": "vogel@example.org"}, **more)
    return number, str(
        await desk.county.value("SELECT c.id FROM complaints c JOIN tickets t ON t.id = c.ticket_id WHERE number = $1", number)
    )


async def _with_a_picture(desk: Desk) -> tuple[str, str]:
    picture = PICTURE + b"canary"
    headers = {**await desk.as_("hotline"), "Content-Type": "image/png"}
    uploaded = (await desk.client.post("/v1/attachments", content=picture, headers=headers)).json()["id"]
    number, _complaint = await _filed(desk, attachment_ids=[uploaded])
    shown = await desk.client.get(f"/v1/attachments/{uploaded}/public", headers=await desk.as_("county"))
    assert shown.status_code == 200, shown.text
    return number, uploaded


_OF = "ticket_id IN (SELECT id FROM tickets WHERE number = ANY($1))"


async def _erase(county, **wanted):
    async with county.as_role(OWNER):
        return await erase_now(Wanted(**wanted), store())


async def _chains_are_whole(county) -> int:
    events = await county.fetch("SELECT * FROM events ORDER BY subject_id, seq")
    subjects = {}
    for event in events:
        subjects.setdefault(event["subject_id"], []).append({**event, "data": orjson.loads(event["data"])})
    assert all(first_broken(chain) is None for chain in subjects.values())
    return len(subjects)


async def test_a_person_is_erased_with_words_and_files_and_others_keep_theirs(desk, county, home):
    number, picture = await _with_a_picture(desk)
    other = await desk.file(contact={"name": "黄某", "phone": "13800000123"})
    files = {path for path in (home / "attachments").rglob("*") if path.is_file()}
    assert len(files) == 2, "the picture and its public copy"
    before = await _chains_are_whole(county)

    done = await _erase(county, ticket=number)
    assert (done.complaints, done.left, done.held) == (1, 0, [])
    row = (
        await county.fetch(
            "SELECT p.* FROM complainants p JOIN complaints c ON c.id = complaint_id JOIN tickets t ON t.id = c.ticket_id"
            " WHERE number = $1",
            number,
        )
    )[0]
    assert (row["row_key"], row["sealed"], row["phone_index"], row["openid_index"]) == (None,) * 4
    words = await only_told_in(county, "complaints", _OF, [number])
    assert words == "〔已删除个人信息〕家门口的水管爆了，电话〔已删除个人信息〕，身份证〔已删除个人信息〕，快来修"
    assert not [path for path in (home / "attachments").rglob("*") if path.is_file()]
    assert await county.value("SELECT count(*) FROM picture_facts") == 0
    gone = await desk.client.get(f"/v1/attachments/{picture}", headers=await desk.as_("hotline"))
    assert (gone.status_code, gone.json()["code"]) == (404, "attachment.erased")
    shown = (await desk.client.get(f"/v1/tickets/{number}/complaints", headers=await desk.as_("county"))).json()[0]
    assert (shown["contact"], shown["attachment_ids"]) == (None, [])
    kept = (await desk.client.get(f"/v1/tickets/{other}/complaints", headers=await desk.as_("county"))).json()[0]
    assert kept["contact"]["phone"] == "138****0123"
    assert await _chains_are_whole(county) == before + 1, "the complaint has a journal of its own now"
    told = await county.fetch(
        "SELECT data->>'kind' AS kind, data->>'because' AS because FROM events WHERE type = 'complaint.erased' ORDER BY seq"
    )
    assert {row["kind"] for row in told} == {"contact", "papers", "conversations", "files", "recordings", "words"}
    assert told[-1]["kind"] == "contact", "who it was is needed until the last"
    again = await _erase(county, ticket=number)
    assert again.left == 0, "erased twice is erased"


async def test_by_telephone_all_of_a_person_goes_and_the_whole_of_their_words(desk, county):
    numbers = {(await _filed(desk))[0], (await _filed(desk, words="另一件事，我是欧阳"))[0]}
    await desk.client.put(
        "/v1/hotline/drafts/019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e",
        json={"content": {"contact": {"phone": PHONE}}},
        headers=await desk.as_("hotline"),
    )
    done = await _erase(county, phone="+86 138 7766 5544", whole=True, because="order")
    assert (done.complaints, done.papers, done.left) == (2, 1, 0)
    rows = await county.fetch(f"SELECT * FROM complaints WHERE {_OF}", list(numbers))
    assert {(words_in(row), place_in(row)) for row in rows} == {("〔应当事人请求，内容已删除〕", None)}
    for table in ("complainants", "sealed_papers"):
        assert not await county.value(f"SELECT count(*) FROM {table} WHERE phone_index = $1", blind_index("phone", PHONE))


async def test_words_cannot_be_taken_out_without_an_erasure_nor_by_the_door(desk, county):
    _number, complaint = await _filed(desk)
    call = "SELECT redact_words('019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e', 'complaints', CAST(:id AS uuid), 'a', 'b', NULL)"
    for role, why in ((INTAKE, "permission denied for function"), (WORKER, "no erasure of words is under way")):
        async with county.as_role(role):
            with pytest.raises(Exception, match=why):
                async with database().transaction() as session:
                    await session.execute(text(call), {"id": complaint})
        async with county.as_role(role):
            with pytest.raises(Exception, match="permission denied"):
                async with database().transaction() as session:
                    await session.execute(text("UPDATE complaints SET words = 'x'"))


async def test_what_is_held_stays(desk, county):
    number, _ = await _filed(desk)
    account = await county.value("SELECT id FROM accounts WHERE login = 'county'")
    await county.owner.execute(
        "INSERT INTO legal_holds (id, ticket_id, reason, words, until, placed_at, placed_by_account_id)"
        " SELECT gen_random_uuid(), id, 'litigation', '一审', now() + interval '1 year', now(), $2 FROM tickets WHERE number = $1",
        number,
        account,
    )
    with pytest.raises(Conflict) as refused:
        await _erase(county, ticket=number)
    assert refused.value.code == "privacy.held"
    assert (await _erase(county, phone=PHONE)).held == [number]
    assert await county.value("SELECT count(*) FROM complainants WHERE phone_index = $1", blind_index("phone", PHONE)) == 1


async def test_a_backup_older_than_the_erasure_is_unreadable_and_gives_the_others_back(desk, county, monkeypatch):
    number, complaint = await _filed(desk)
    await desk.file(contact={"name": "黄某", "phone": "13800000123"})
    backup = await county.fetch("SELECT complaint_id, row_key, sealed FROM complainants")
    assert {open_contact(*row).phone for row in backup} == {PHONE, "13800000123"}, "a backup is readable as long as its keys are there"

    await _erase(county, ticket=number)
    async with county.as_role(WORKER):
        assert not await turn_next(timedelta(0)), "rows are still sealed under the key of today"
    tomorrow = clock.now() + timedelta(days=1, hours=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    async with county.as_role(WORKER):
        assert await turn_next(timedelta(0))
        assert not await turn_next(timedelta(0)), "turned once"
    [left] = await county.fetch("SELECT complaint_id, row_key, sealed FROM complainants WHERE row_key IS NOT NULL")
    assert open_contact(*left).phone == "13800000123", "the others are readable as before"
    for row in backup:
        with pytest.raises(KeyDestroyed):
            open_row_key(row["row_key"])
        assert open_contact(*row) is None
    assert {
        path.name.split(".", 1)[1]
        for path in directory().iterdir()
        if path.name.startswith(str((tomorrow - timedelta(days=1, hours=1)).date()))
    } == {"2", "2.rows"}

    for row in backup:  # the backup is brought back
        await county.owner.execute("UPDATE complainants SET row_key = $2, sealed = $3 WHERE complaint_id = $1", *row)
    async with county.as_role(OWNER), database().transaction() as session:
        mended, erased = await bring_back(session)
    assert (mended, erased) == (1, 1)
    rows = await county.fetch("SELECT complaint_id, row_key, sealed FROM complainants ORDER BY row_key IS NULL")
    assert open_contact(*rows[0]).phone == "13800000123"
    assert str(rows[1]["complaint_id"]) == complaint
    assert rows[1]["sealed"] is None


async def test_words_in_a_backup_older_than_their_redaction_are_unreadable_and_those_of_others_come_back(desk, county, monkeypatch):
    number, complaint = await _filed(desk)
    other = "路灯不亮，黄某在场"
    await desk.file(other, contact={"name": "黄某", "phone": "13800000123"})
    told = {"words": f"{NAME}又来说，电话{PHONE}"}
    said = await desk.client.post(f"/v1/complaints/{complaint}/rewordings", json=told, headers=await desk.as_("hotline"))
    assert said.status_code == 201, said.text
    backup = {table: await county.fetch(f"SELECT * FROM {table}") for table in ("complaints", "rewordings")}
    assert {words_in(row) for rows in backup.values() for row in rows} == {WORDS, other, told["words"]}

    await _erase(county, ticket=number)
    left = {words_in(row) for table in backup for row in await county.fetch(f"SELECT * FROM {table}")}
    assert len(left) == 3
    assert not [word for word in left if NAME in word or PHONE in word]
    assert {words_in(row) for rows in backup.values() for row in rows} >= {WORDS}, "as long as the key of the day is there"
    tomorrow = clock.now() + timedelta(days=1, hours=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    async with county.as_role(WORKER):
        while await turn_next(timedelta(0)):
            pass
    assert {words_in(row) for rows in backup.values() for row in rows} == {TAKEN_OUT}, "nothing of a backup of that day opens any more"
    assert {words_in(row) for table in backup for row in await county.fetch(f"SELECT * FROM {table}")} == left, "here all is as it was"

    for table, rows in backup.items():  # the backup is brought back
        for row in rows:
            bring = f"UPDATE {table} SET row_key = $2, sealed_words = $3 WHERE id = $1"
            await county.owner.execute(bring, row["id"], row["row_key"], row["sealed_words"])
    async with county.as_role(OWNER), database().transaction() as session:
        await bring_back(session)
    assert [words_in(row) for row in await county.fetch("SELECT * FROM complaints ORDER BY id")] == [TAKEN_OUT, other]
    assert [words_in(row) for row in await county.fetch("SELECT * FROM rewordings")] == [TAKEN_OUT]
    async with county.as_role(OWNER), database().transaction() as session:
        assert await bring_back(session) == (0, 0), "once is enough"
