"""Files: sniffed, measured, hashed, stored once, and given only to those who may see the ticket."""

import hashlib

import pytest

from services.platform.settings import settings
from tests.attachments.samples import JPEG, REFUSED, TAKEN
from tests.complaints.test_hotline import CALL


async def upload(desk, content: bytes = JPEG, by: str = "operator", **headers: str):
    return await desk.http.post(
        "/v1/attachments", content=content, headers=desk.county.signed_in(by) | {"Content-Type": "application/octet-stream"} | headers
    )


async def test_what_people_send_is_taken_for_what_its_bytes_say(desk, home):
    for media_type, content in TAKEN.items():
        reply = await upload(desk, content, **{"Content-Type": "text/html"})
        assert reply.status_code == 201, reply.text
        view = reply.json()
        digest = hashlib.sha256(content).hexdigest()
        assert (view["media_type"], view["size"], view["sha256"]) == (media_type, len(content), digest)
        assert (home / "attachments" / digest[:2] / digest).read_bytes() == content


async def test_everything_else_is_refused_and_nothing_is_kept(desk, home):
    for kind, content in REFUSED.items():
        reply = await upload(desk, content, **{"Content-Type": "image/jpeg"})
        assert (reply.status_code, reply.json()["code"]) == (415, "attachment.type_not_taken"), kind
    assert await desk.count("attachments") == 0
    assert not [path for path in home.rglob("*") if path.is_file() and path.name != "secret"]


async def test_a_form_with_a_file_is_taken_too(desk):
    form = {"file": ("evil.html", JPEG, "text/html")}
    reply = await desk.http.post("/v1/attachments", files=form, headers=desk.county.signed_in("operator"))
    assert (reply.status_code, reply.json()["media_type"]) == (201, "image/jpeg")


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"Content-Type": "multipart/form-data"}, b"x"),
        ({"Content-Type": "multipart/form-data; boundary=b"}, b"--b\r\n\r\nbroken"),
        ({"Content-Type": "multipart/form-data; boundary=b"}, b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n'),
        ({"Content-Type": "application/octet-stream"}, b""),
    ],
)  # fmt: skip
async def test_a_broken_or_empty_upload_is_the_callers_mistake(desk, headers, content):
    reply = await upload(desk, content, **headers)
    assert 400 <= reply.status_code < 500
    assert reply.headers["content-type"] == "application/problem+json"


async def test_a_file_past_the_limit_is_refused_while_it_streams(desk, monkeypatch, home):
    monkeypatch.setenv("DAGUANJIA_ATTACHMENT_LIMIT", "100000")
    settings.cache_clear()
    sent = 0

    async def endless():
        nonlocal sent
        yield JPEG
        while sent < 50_000_000:
            sent += 65536
            yield b"\x00" * 65536

    reply = await desk.http.post("/v1/attachments", content=endless(), headers=desk.county.signed_in("operator"))
    assert (reply.status_code, reply.json()["code"]) == (413, "attachment.too_large")
    assert not list((home / "attachments").rglob("*/*"))


async def test_a_file_is_given_to_its_uploader_and_to_whoever_may_see_the_ticket(desk):
    view = (await upload(desk)).json()
    address = f"/v1/attachments/{view['id']}"

    async def status(by: str) -> int:
        return (await desk.http.get(address, headers=desk.county.signed_in(by))).status_code

    assert (await status("operator"), await status("secretary")) == (200, 404)
    filed = await desk.hotline(CALL | {"attachment_ids": [view["id"]]})
    assert filed.status_code == 201
    assert (await status("secretary"), await status("grid"), await status("supervisor")) == (200, 404, 200)
    assert await desk.count("attachment_links") == 1


async def test_a_download_is_whole_and_no_browser_interprets_it(desk):
    view = (await upload(desk)).json()
    headers = desk.county.signed_in("operator")
    reply = await desk.http.get(f"/v1/attachments/{view['id']}", headers=headers)
    assert reply.content == JPEG
    assert reply.headers["content-type"] == "image/jpeg"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-disposition"].startswith("attachment;")
    known = await desk.http.get(f"/v1/attachments/{view['id']}", headers=headers | {"If-None-Match": reply.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


async def test_the_same_bytes_lie_in_the_store_once_and_a_key_replays(desk, home):
    first, second = await upload(desk), await upload(desk)
    assert first.json()["id"] != second.json()["id"]
    assert len([path for path in (home / "attachments").rglob("*") if path.is_file()]) == 1
    replies = [await upload(desk, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert replies[0].json() == replies[1].json()


async def test_a_lost_file_is_a_clear_answer(desk, home):
    view = (await upload(desk)).json()
    (home / "attachments" / view["sha256"][:2] / view["sha256"]).unlink()
    reply = await desk.http.get(f"/v1/attachments/{view['id']}", headers=desk.county.signed_in("operator"))
    assert (reply.status_code, reply.json()["code"]) == (503, "attachment.store_away")


async def test_somebody_elses_file_cannot_be_tied_to_a_complaint(desk):
    view = (await upload(desk, by="second")).json()
    reply = await desk.hotline(CALL | {"attachment_ids": [view["id"]]})
    assert (reply.status_code, reply.json()["code"]) == (422, "attachment.unknown")
    assert await desk.count("tickets") == 0
