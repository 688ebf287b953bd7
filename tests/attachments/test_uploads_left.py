"""Uploads that are left, ended, killed half way, sent twice at once, or named before they came: nothing is lost and nothing doubled."""

import asyncio
import os
from datetime import timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

import pytest

from services.attachments import uploading
from services.attachments.expecting import arrived_ones, expect
from services.attachments.expiring import finish_left_uploads, forget_uploads, sweep_parts
from services.attachments.store import ObjectStorage, store
from services.platform.actor import Actor
from services.platform.clock import now
from services.platform.database import WORKER
from services.platform.errors import Unavailable
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests.attachments.samples import JPEG
from tests.attachments.test_attachments import upload as upload_whole
from tests.attachments.test_uploads import BIG, Phone, code, metadata, parts_in
from tests.complaints.test_hotline import CALL


@pytest.fixture
def phone(desk) -> Phone:
    return Phone(desk)


# -- expiration -----------------------------------------------------------------------------------------------------


async def worked(desk) -> None:
    """What the worker's duty does, under its own rights."""
    async with desk.database.as_role(WORKER):
        await finish_left_uploads(store())
        await forget_uploads()
        await sweep_parts(store())


async def age(desk, hours: int) -> None:
    await desk.database.owner.execute("UPDATE uploads SET expires_at = expires_at - make_interval(hours => $1)", hours)


async def test_when_an_upload_is_forgotten_is_told_and_moves_with_every_byte(desk, phone):
    created = await phone.create()
    told = parsedate_to_datetime(created.headers["upload-expires"])
    assert abs(told - now() - timedelta(hours=24)) < timedelta(minutes=1)
    address = created.headers["location"]
    await age(desk, 20)
    reply = await phone.send(address, 0, JPEG[:5])
    assert parsedate_to_datetime(reply.headers["upload-expires"]) >= told
    assert "upload-expires" not in (await phone.send(address, 5, JPEG[5:])).headers


async def test_an_upload_to_which_nothing_comes_is_forgotten_with_its_parts(desk, phone, home):
    said = metadata(upload_id=str(new_id()))
    address = await phone.made(**said)
    await phone.send(address, 0, JPEG[:50])
    await age(desk, 25)
    assert (await phone.ask("HEAD", address)).status_code == 410  # at once, whenever the worker comes
    await worked(desk)
    assert (await desk.count("upload_parts"), len(parts_in(home))) == (0, 1)
    old_parts(home)
    await worked(desk)
    assert parts_in(home) == []
    assert code(await phone.send(address, 50, JPEG[50:])) == (410, "upload.gone")
    assert await phone.made(**said) == address  # a phone that comes back late begins anew
    assert "x-attachment-id" in (await phone.send(address, 0, JPEG)).headers
    await worked(desk)
    assert await desk.count("uploads") == 1


async def test_one_that_expired_unseen_begins_anew_with_nothing_of_before(desk, phone):
    said = metadata(upload_id=str(new_id()))
    address = await phone.made(**said)
    await phone.send(address, 0, b"x" * 50)
    await age(desk, 25)
    assert await phone.made(**said) == address
    assert "x-attachment-id" in (await phone.send(address, 0, JPEG)).headers


async def test_those_ended_long_ago_are_forgotten(desk, phone):
    address = await phone.made()
    await phone.ask("DELETE", address)
    await desk.database.owner.execute("UPDATE uploads SET ended_at = ended_at - interval '8 days'")
    await worked(desk)
    assert (await phone.ask("HEAD", address)).status_code == 404


def old_parts(home) -> None:
    """Make every part look two days old."""
    for path in (home / "attachments" / "uploads").glob("*"):
        os.utime(path, (path.stat().st_atime - 172800, path.stat().st_mtime - 172800))


# -- killed doors, two at once --------------------------------------------------------------------------------------


async def test_of_two_that_send_at_once_one_counts_and_no_byte_comes_twice(desk, phone, home):
    address = await phone.made(len(BIG))
    replies = await asyncio.gather(*(phone.send(address, 0, BIG[:1_300_000]) for _ in range(6)))
    assert sorted(reply.status_code for reply in replies) == [204, 409, 409, 409, 409, 409]
    assert await phone.offset(address) == 1_300_000
    rests = await asyncio.gather(*(phone.send(address, 1_300_000, BIG[1_300_000:]) for _ in range(4)))
    done = [reply.headers["x-attachment-id"] for reply in rests if reply.status_code == 204]
    assert len(set(done)) == 1
    assert (await desk.count("attachments"), parts_in(home)) == (1, [])
    whole = await desk.http.get(f"/v1/attachments/{done[0]}", headers=phone.signed)
    assert whole.content == BIG


async def test_one_that_ends_it_while_another_sends_leaves_nothing(desk, phone, home):
    said = metadata(upload_id=str(new_id()))
    address = await phone.made(len(BIG), **said)

    async def slowly():
        yield BIG[:1_200_000]
        assert (await phone.ask("DELETE", address)).status_code == 204
        await phone.made(len(BIG), **said)  # and begun anew: the old sender's bytes belong to another life
        yield BIG[1_200_000:]

    reply = await phone.send(address, 0, slowly())
    assert reply.status_code == 409
    assert (await phone.offset(address), parts_in(home), await desk.count("upload_parts")) == (0, [], 0)


async def test_a_store_that_is_away_loses_nothing_that_was_acknowledged(desk, phone, monkeypatch):
    address = await phone.made()
    await phone.send(address, 0, JPEG[:30])

    async def away(self, key, file):
        raise Unavailable("attachment.store_away", "The file could not be stored now. Send it again.")

    with monkeypatch.context() as broken:
        broken.setattr(ObjectStorage, "keep", away)
        assert code(await phone.send(address, 30, JPEG[30:60])) == (503, "attachment.store_away")
    assert await phone.offset(address) == 30
    assert "x-attachment-id" in (await phone.send(address, 30, JPEG[30:])).headers


async def test_a_door_killed_between_a_part_and_the_offset_loses_that_part_alone(desk, phone, home, monkeypatch):
    async def killed(*_):
        raise asyncio.CancelledError

    address = await phone.made()
    await phone.send(address, 0, JPEG[:30])
    with monkeypatch.context() as dying:
        dying.setattr(uploading, "_count", killed)
        with pytest.raises(asyncio.CancelledError):
            await phone.send(address, 30, JPEG[30:60])
    assert (await phone.offset(address), len(parts_in(home))) == (30, 2)
    await worked(desk)
    assert len(parts_in(home)) == 2  # a young part may yet get its row
    old_parts(home)
    await worked(desk)
    assert len(parts_in(home)) == 1  # and the part of a living upload stays, however old
    done = await phone.send(address, 30, JPEG[30:])
    whole = await desk.http.get(f"/v1/attachments/{done.headers['x-attachment-id']}", headers=phone.signed)
    assert whole.content == JPEG


async def test_a_door_killed_after_the_last_byte_leaves_a_whole_upload_that_is_finished_by_whoever_comes(desk, phone, monkeypatch):
    async def killed(*_):
        raise asyncio.CancelledError

    async def die_at_the_end() -> str:
        address = await phone.made()
        with monkeypatch.context() as dying:
            dying.setattr(uploading, "finish", killed)
            with pytest.raises(asyncio.CancelledError):
                await phone.send(address, 0, JPEG)
        return address

    by_the_phone, by_the_worker = await die_at_the_end(), await die_at_the_end()
    assert "x-attachment-id" in (await phone.ask("HEAD", by_the_phone)).headers
    await age(desk, 30)
    await worked(desk)
    assert "x-attachment-id" in (await phone.ask("HEAD", by_the_worker)).headers
    assert await desk.count("attachments") == 2


async def test_whoever_finishes_it_at_once_makes_one_file(desk, phone, monkeypatch):
    address = await phone.made()

    async def killed(*_):
        raise asyncio.CancelledError

    with monkeypatch.context() as dying:
        dying.setattr(uploading, "finish", killed)
        with pytest.raises(asyncio.CancelledError):
            await phone.send(address, 0, JPEG)
    actor = Actor(kind="member", account_id=desk.county.accounts["grid"])
    upload_id = UUID(address.rsplit("/", 1)[1])
    done = await asyncio.gather(*(uploading.finish(actor, upload_id, store()) for _ in range(5)))
    assert len({upload.attachment_id for upload in done}) == 1
    assert await desk.count("attachments") == 1


async def test_an_upload_has_so_many_parts_and_no_more(phone, monkeypatch):
    monkeypatch.setattr(uploading, "_MOST_PARTS", 3)
    address = await phone.made()
    replies = [await phone.send(address, at, JPEG[at : at + 1]) for at in range(4)]
    assert [reply.status_code for reply in replies] == [204, 204, 204, 409]
    assert code(replies[-1]) == (409, "upload.too_many_parts")


async def test_a_file_that_came_in_pieces_is_the_same_as_one_that_came_at_once(desk, phone):
    whole = (await upload_whole(desk, by="grid")).json()
    address = await phone.made()
    in_pieces = (await phone.send(address, 0, JPEG)).headers["x-attachment-id"]
    rows = await desk.database.fetch("SELECT sha256, media_type, size, uploaded_by FROM attachments")
    assert len(rows) == 2
    assert rows[0] == rows[1]
    assert in_pieces != whole["id"]


async def test_a_report_that_named_it_before_a_byte_came_gets_the_file(desk, phone):
    complaint_id = UUID((await desk.hotline(CALL)).json()["complaint_id"])
    first, second = new_id(), new_id()
    actor = Actor(kind="member", account_id=desk.county.accounts["grid"])
    async with unit_of_work(actor) as work:
        assert await arrived_ones(work, [first, second]) == {}
        await expect(work, {first: "before", second: "after"}, "complaint", complaint_id)
    ids = []
    for upload_id, content in ((first, JPEG), (second, BIG)):
        address = await phone.made(len(content), **metadata(upload_id=str(upload_id)))
        ids.append(UUID((await phone.send(address, 0, content)).headers["x-attachment-id"]))
    rows = await desk.database.fetch("SELECT attachment_id, role FROM attachment_links WHERE subject_id = $1", complaint_id)
    assert {(row["attachment_id"], row["role"]) for row in rows} == {(ids[0], "before"), (ids[1], "after")}
    async with unit_of_work(actor) as work:
        assert await arrived_ones(work, [first, second]) == {first: ids[0], second: ids[1]}
