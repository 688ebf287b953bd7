"""Uploads go on where they broke off: the rules of tus 1.0.0, one by one, and what happens twice, late, at once, and to a killed door."""

import asyncio
import base64
import hashlib
from datetime import datetime

import httpx
import pytest

from services.platform.clock import now
from services.platform.ids import new_id
from services.platform.settings import settings
from tests.attachments.samples import JPEG, picture

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}
BIG = picture("PNG", (900, 900))
"""Noise, so that it has more than two parts: 2.4 MB."""


def metadata(**values: str) -> dict[str, str]:
    return {"Upload-Metadata": ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())}


class Phone:
    """A client that says exactly what it is told to."""

    def __init__(self, desk, login: str = "grid") -> None:
        self.desk, self.signed = desk, desk.county.signed_in(login)

    async def ask(self, method: str, address: str, content=b"", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        return await self.desk.http.request(method, address, content=content, headers=TUS | self.signed | named)

    async def create(self, length: int | None = len(JPEG), **headers: str) -> httpx.Response:
        told = {"Upload-Length": str(length)} if length is not None else {}
        return await self.ask("POST", "/v1/uploads", **told, **headers)

    async def made(self, length: int | None = len(JPEG), **headers: str) -> str:
        reply = await self.create(length, **headers)
        assert reply.status_code == 201, reply.text
        return reply.headers["location"]

    async def send(self, address: str, offset: int, content, **headers: str) -> httpx.Response:
        return await self.ask("PATCH", address, content, Upload_Offset=str(offset), **BYTES, **headers)

    async def offset(self, address: str) -> int:
        reply = await self.ask("HEAD", address)
        assert reply.status_code == 200
        return int(reply.headers["upload-offset"])


@pytest.fixture
def phone(desk) -> Phone:
    return Phone(desk)


def code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


def parts_in(home) -> list[str]:
    return [path.name for path in (home / "attachments" / "uploads").glob("*")]


# -- what is spoken here --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/v1/uploads", "/v1/uploads/anything"])
async def test_options_tells_what_is_spoken_to_anybody(desk, address):
    for version in ({}, {"Tus-Resumable": "9.9.9"}):
        reply = await desk.http.options(address, headers=version)
        assert (reply.status_code, reply.content) == (204, b"")
        assert reply.headers["tus-version"] == "1.0.0"
        assert set(reply.headers["tus-extension"].split(",")) >= {"creation", "checksum", "termination", "expiration"}
        assert reply.headers["tus-max-size"] == str(settings().attachment_limit)
        assert "sha1" in reply.headers["tus-checksum-algorithm"].split(",")
        assert "tus-resumable" not in reply.headers


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0", "1.0.0, 1.0.1"])
async def test_another_version_is_412_and_nothing_is_done(desk, phone, version):
    address = await phone.made()
    for method, where in (("POST", "/v1/uploads"), ("HEAD", address), ("PATCH", address), ("DELETE", address)):
        headers = phone.signed | BYTES | {"Upload-Length": "5", "Upload-Offset": "0"} | ({"Tus-Resumable": version} if version else {})
        reply = await desk.http.request(method, where, headers=headers)
        assert (reply.status_code, reply.headers["tus-version"]) == (412, "1.0.0")
    assert (await desk.count("uploads"), await phone.offset(address)) == (1, 0)


async def test_every_answer_names_the_version(desk, phone):
    address = await phone.made()
    replies = [
        await phone.create(),
        await phone.ask("HEAD", address),
        await phone.send(address, 5, b"x"),
        await phone.send("/v1/uploads/unknown", 0, b"x"),
        await phone.ask("DELETE", address),
        await desk.http.post("/v1/uploads", headers=TUS | {"Upload-Length": "5"}),
        await desk.http.post("/v1/uploads", headers={"Upload-Length": "5"}),
        await phone.create(10**9),
    ]
    assert [reply.status_code for reply in replies] == [201, 200, 409, 404, 204, 401, 412, 413]
    assert {reply.headers.get("tus-resumable") for reply in replies} == {"1.0.0"}


# -- core -----------------------------------------------------------------------------------------------------------


async def test_head_tells_offset_length_and_metadata_and_is_kept_by_nobody(phone):
    said = metadata(filename="水管.jpg", upload_id=str(new_id()))
    address = await phone.made(**said)
    await phone.send(address, 0, JPEG[:10])
    reply = await phone.ask("HEAD", address)
    assert (reply.status_code, reply.content) == (200, b"")
    assert (reply.headers["upload-offset"], reply.headers["upload-length"]) == ("10", str(len(JPEG)))
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["upload-metadata"] == said["Upload-Metadata"]


async def test_metadata_lies_sealed(desk, phone):
    address = await phone.made(**metadata(filename="张三家的水管.jpg"))
    sealed = bytes(await desk.database.value("SELECT sealed_metadata FROM uploads"))
    assert base64.b64encode("张三家的水管.jpg".encode()) not in sealed
    assert "filename" in (await phone.ask("HEAD", address)).headers["upload-metadata"]


async def test_bytes_sent_in_pieces_become_the_file(desk, phone, home):
    address = await phone.made()
    at = 0
    for size in (1, 100, len(JPEG) - 101):
        reply = await phone.send(address, at, JPEG[at : at + size])
        at += size
        assert (reply.status_code, reply.headers["upload-offset"]) == (204, str(at))
    attachment_id = reply.headers["x-attachment-id"]
    assert (await phone.ask("HEAD", address)).headers["x-attachment-id"] == attachment_id
    whole = await desk.http.get(f"/v1/attachments/{attachment_id}", headers=phone.signed)
    assert whole.content == JPEG
    assert not parts_in(home)
    assert await desk.count("upload_parts") == 0


async def test_head_and_patch_of_what_is_not_ours_or_not_there_are_404(desk, phone):
    address = await phone.made()
    other = Phone(desk, "operator")
    for where, who in ((address, other), ("/v1/uploads/no-uuid", phone), (f"/v1/uploads/{new_id()}", phone)):
        assert (await who.ask("HEAD", where)).status_code == 404
        assert "upload-offset" not in (await who.ask("HEAD", where)).headers
        assert code(await who.send(where, 0, b"x")) == (404, "upload.unknown")
        assert code(await who.ask("DELETE", where)) == (404, "upload.unknown")


async def test_the_same_id_from_two_people_is_two_uploads(desk, phone):
    said = metadata(upload_id=str(new_id()))
    other = Phone(desk, "operator")
    address = await phone.made(**said)
    assert await other.made(7, **said) == address
    await phone.send(address, 0, JPEG[:5])
    assert (await phone.offset(address), await other.offset(address)) == (5, 0)


async def test_whoever_may_upload_nothing_creates_nothing(desk):
    reply = await desk.http.post("/v1/uploads", headers=TUS | {"Upload-Length": "5"})
    assert code(reply) == (401, "session.required")


@pytest.mark.parametrize("kind", ["application/octet-stream", "image/jpeg", "", None])
async def test_a_body_of_another_type_is_415(phone, kind):
    address = await phone.made()
    reply = await phone.ask("PATCH", address, b"xy", Upload_Offset="0", Content_Type=kind)
    assert code(reply) == (415, "upload.media_type")
    assert await phone.offset(address) == 0


@pytest.mark.parametrize("offset", ["1", "9", "9999999999"])
async def test_another_offset_is_409_and_says_where_it_stands(phone, offset):
    address = await phone.made()
    await phone.send(address, 0, b"\xff\xd8\xff")
    reply = await phone.send(address, int(offset), b"x")
    assert code(reply) == (409, "upload.offset")
    assert (reply.headers["upload-offset"], await phone.offset(address)) == ("3", 3)


@pytest.mark.parametrize("offset", [None, "", "-1", "1.0", "0x1", "９", "1" * 400])
async def test_an_offset_that_is_no_number_is_400(phone, offset):
    address = await phone.made()
    headers = BYTES | ({"Upload-Offset": offset.encode()} if offset is not None else {})
    assert code(await phone.ask("PATCH", address, b"x", **headers)) == (400, "upload.offset_missing")


async def test_nothing_goes_past_the_length(phone):
    address = await phone.made(5)
    assert code(await phone.send(address, 0, b"123456")) == (413, "upload.past_its_length")
    assert await phone.offset(address) == 0

    async def unannounced():
        yield b"123"
        yield b"456"

    assert code(await phone.send(address, 0, unannounced())) == (413, "upload.past_its_length")
    assert await phone.offset(address) == 0


async def test_an_empty_patch_moves_nothing_and_a_repeated_last_one_is_told_the_offset(phone):
    address = await phone.made()
    assert (await phone.send(address, 0, b"")).headers["upload-offset"] == "0"
    first = await phone.send(address, 0, JPEG)
    again = await phone.send(address, 0, JPEG)
    assert (first.status_code, code(again)) == (204, (409, "upload.offset"))
    assert again.headers["upload-offset"] == str(len(JPEG))
    nothing_more = await phone.send(address, len(JPEG), b"")
    assert (nothing_more.status_code, nothing_more.headers["x-attachment-id"]) == (204, first.headers["x-attachment-id"])


@pytest.mark.parametrize("meant", ["PATCH", "patch", "HEAD", "DELETE"])
async def test_the_method_can_be_said_in_a_header(phone, meant):
    address = await phone.made()
    body = JPEG[:4] if meant.upper() == "PATCH" else b""
    reply = await phone.ask("POST", address, body, Upload_Offset="0", X_HTTP_Method_Override=meant, **BYTES)
    expected = {"PATCH": (204, "4"), "HEAD": (200, "0"), "DELETE": (204, None)}[meant.upper()]
    assert (reply.status_code, reply.headers.get("upload-offset")) == expected
    assert (await phone.ask("HEAD", address)).status_code == (404 if meant == "DELETE" else 200) or meant == "DELETE"


async def test_a_method_that_is_not_taken_is_405(phone):
    address = await phone.made()
    reply = await phone.ask("PUT", address)
    assert reply.status_code == 405
    assert {"HEAD", "PATCH", "DELETE"} <= set(reply.headers["allow"].split(", "))


# -- creation -------------------------------------------------------------------------------------------------------


async def test_creation_answers_201_with_the_address(phone):
    reply = await phone.create()
    assert (reply.status_code, reply.content) == (201, b"")
    assert reply.headers["location"].startswith("/v1/uploads/")
    assert reply.headers["upload-offset"] == "0"


async def test_creating_it_again_under_ones_own_id_finds_it(desk, phone):
    upload_id = str(new_id())
    said = metadata(upload_id=upload_id)
    replies = await asyncio.gather(*(phone.create(**said) for _ in range(5)))
    assert {(reply.status_code, reply.headers["location"]) for reply in replies} == {(201, f"/v1/uploads/{upload_id}")}
    assert await desk.count("uploads") == 1
    done = await phone.send(f"/v1/uploads/{upload_id}", 0, JPEG)
    found = await phone.create(**said)
    assert (found.status_code, found.headers["x-attachment-id"]) == (201, done.headers["x-attachment-id"])
    assert code(await phone.create(7, **said)) == (409, "upload.length_differs")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload-Length": "-1"},
        {"Upload-Length": "many"},
        {"Upload-Length": "1" * 400},
        {"Upload-Defer-Length": "2"},
        {"Upload-Defer-Length": "0"},
        {"Upload-Length": "5", "Upload-Defer-Length": "1"},
    ],
)
async def test_a_length_has_to_be_told_or_deferred(phone, headers):
    assert code(await phone.create(None, **headers)) == (400, "upload.length")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("filename", 201),
        ("", 201),
        ("a YQ==,b Yg==", 201),
        ("a !", 400),
        ("a YQ==,a Yg==", 400),
        ("a YQ==,", 400),
        ("a " + "YWFh" * 2000, 400),
        ("upload_id bm8tdXVpZA==", 400),
        ("upload_id /w==", 400),
    ],
)
async def test_metadata_are_keys_with_values_in_base64(phone, header, expected):
    reply = await phone.create(Upload_Metadata=header)
    assert reply.status_code == expected, reply.text


async def test_a_file_too_large_is_413_before_a_byte_is_sent(phone):
    assert code(await phone.create(settings().attachment_limit + 1)) == (413, "attachment.too_large")
    assert code(await phone.create(0)) == (422, "attachment.empty")


async def test_a_length_can_come_later_and_only_once(phone):
    address = await phone.made(None, Upload_Defer_Length="1")
    head = await phone.ask("HEAD", address)
    assert (head.headers["upload-defer-length"], "upload-length" in head.headers) == ("1", False)
    await phone.send(address, 0, JPEG[:20])
    assert code(await phone.send(address, 20, b"", Upload_Length="10")) == (409, "upload.length_differs")
    assert code(await phone.send(address, 20, b"", Upload_Length=str(10**9))) == (413, "attachment.too_large")
    assert (await phone.send(address, 20, JPEG[20:30], Upload_Length=str(len(JPEG)))).status_code == 204
    assert code(await phone.send(address, 30, b"", Upload_Length="999")) == (409, "upload.length_differs")
    assert "upload-defer-length" not in (await phone.ask("HEAD", address)).headers
    assert "x-attachment-id" in (await phone.send(address, 30, JPEG[30:])).headers


async def test_bytes_may_come_along_with_the_creation(phone):
    reply = await phone.ask("POST", "/v1/uploads", JPEG[:9], Upload_Length=str(len(JPEG)), **BYTES)
    assert (reply.status_code, reply.headers["upload-offset"]) == (201, "9")
    whole = await phone.ask("POST", "/v1/uploads", JPEG, Upload_Length=str(len(JPEG)), **BYTES)
    assert (whole.status_code, "x-attachment-id" in whole.headers) == (201, True)
    wrong = await phone.ask("POST", "/v1/uploads", JPEG, Upload_Length=str(len(JPEG)), Upload_Checksum="sha1 AAAA", **BYTES)
    assert (wrong.status_code, wrong.headers["location"].startswith("/v1/uploads/")) == (460, True)


async def test_one_account_has_so_many_open_uploads_at_a_time(desk, phone, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_UPLOADS_OPEN", "3")
    settings.cache_clear()
    replies = await asyncio.gather(*(phone.create() for _ in range(6)))
    assert sorted(reply.status_code for reply in replies) == [201, 201, 201, 429, 429, 429]
    assert (await Phone(desk, "operator").create()).status_code == 201
    await phone.ask("DELETE", next(reply for reply in replies if reply.status_code == 201).headers["location"])
    assert (await phone.create()).status_code == 201


# -- checksum -------------------------------------------------------------------------------------------------------


def checksum(content: bytes, algorithm: str = "sha1") -> dict[str, str]:
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"}


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
async def test_bytes_with_their_checksum_are_taken_and_others_are_460(phone, home, algorithm):
    address = await phone.made(len(BIG))
    wrong = await phone.send(address, 0, BIG[:2_000_000], **checksum(b"other", algorithm))
    assert code(wrong) == (460, "upload.checksum")
    assert (await phone.offset(address), parts_in(home)) == (0, [])
    right = await phone.send(address, 0, BIG, **checksum(BIG, algorithm))
    assert (right.status_code, "x-attachment-id" in right.headers) == (204, True)


@pytest.mark.parametrize("header", ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha1", "sha1 !", "SHA1 AAAA", ""])
async def test_a_checksum_that_cannot_be_checked_is_400(phone, header):
    address = await phone.made()
    assert code(await phone.send(address, 0, JPEG, Upload_Checksum=header)) == (400, "upload.checksum_malformed")
    assert await phone.offset(address) == 0


# -- termination ----------------------------------------------------------------------------------------------------


async def test_an_upload_can_be_ended_and_its_bytes_are_gone(desk, phone, home):
    said = metadata(upload_id=str(new_id()))
    address = await phone.made(**said)
    await phone.send(address, 0, JPEG[:50])
    reply = await phone.ask("DELETE", address)
    assert (reply.status_code, parts_in(home), await desk.count("upload_parts")) == (204, [], 0)
    assert (await phone.ask("HEAD", address)).status_code == 410
    assert code(await phone.send(address, 50, JPEG[50:])) == (410, "upload.gone")
    assert code(await phone.ask("DELETE", address)) == (410, "upload.gone")
    assert (await phone.made(**said), await phone.offset(address)) == (address, 0)


async def test_a_complete_one_is_a_file_and_stays(phone):
    address = await phone.made()
    await phone.send(address, 0, JPEG)
    assert code(await phone.ask("DELETE", address)) == (409, "upload.complete")
    assert await phone.offset(address) == len(JPEG)


# -- what is taken --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "status", "refusal"),
    [
        (b"<html>" * 10, 415, "attachment.type_not_taken"),
        (JPEG[:-40], 422, "attachment.not_readable"),
        (b"MZ" + bytes(3_000_000), 415, "attachment.type_not_taken"),
    ],
)
async def test_what_is_not_taken_ends_refused_and_says_why(desk, phone, home, content, status, refusal):
    said = metadata(upload_id=str(new_id()))
    address = await phone.made(len(content), **said)
    assert code(await phone.send(address, 0, content)) == (status, refusal)
    head = await phone.ask("HEAD", address)
    assert (head.status_code, head.headers["x-upload-problem"]) == (410, refusal)
    assert code(await phone.send(address, 0, content)) == (410, "upload.refused")
    view = (await desk.http.get(address, headers=phone.signed)).json()
    assert (view["state"], view["problem"], view["attachment_id"]) == ("refused", refusal, None)
    assert (parts_in(home), await desk.count("attachments")) == ([], 0)
    await phone.made(**said)
    assert "x-attachment-id" in (await phone.send(address, 0, JPEG)).headers  # the picture was taken again


async def test_an_upload_can_be_looked_at_without_tus(desk, phone):
    address = await phone.made()
    view = (await desk.http.get(address, headers=phone.signed)).json()
    assert (view["state"], view["offset"], view["length"]) == ("open", 0, len(JPEG))
    assert datetime.fromisoformat(view["expires_at"]) > now()
