"""Clients that are not ours, against a real door on a port: tuspy, and a line that breaks off."""

import asyncio
import hashlib
from urllib.parse import urlsplit

import httpx
import pytest
from tusclient import client as tuspy
from tusclient.exceptions import TusCommunicationError, TusUploadFailed
from tusclient.storage.filestorage import FileStorage

from services.platform.ids import new_id
from tests.attachments.doors import listening
from tests.attachments.samples import JPEG
from tests.attachments.test_uploads import BIG, BYTES, TUS, checksum


@pytest.fixture
async def address(desk):
    async with listening() as found:
        yield found


@pytest.fixture
def tus(desk, address) -> tuspy.TusClient:
    return tuspy.TusClient(f"{address}/v1/uploads", headers=desk.county.signed_in("grid"))


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(BIG)
    return path


async def fetched(desk, attachment_id: str) -> bytes:
    reply = await desk.http.get(f"/v1/attachments/{attachment_id}", headers=desk.county.signed_in("grid"))
    assert reply.status_code == 200
    return reply.content


@pytest.mark.parametrize("chunk_size", [100_000, 1_000_003, 10_000_000])
@pytest.mark.parametrize("upload_checksum", [True, False])
async def test_tuspy_uploads_a_file(desk, tus, photo, chunk_size, upload_checksum):
    uploader = tus.uploader(str(photo), chunk_size=chunk_size, upload_checksum=upload_checksum, metadata={"filename": "水管.png"})
    await asyncio.to_thread(uploader.upload)
    assert await fetched(desk, uploader.request.response_headers["x-attachment-id"]) == BIG


async def test_tuspy_goes_on_after_a_break_with_the_address_it_kept(desk, tus, photo, tmp_path):
    kept = FileStorage(str(tmp_path / "kept.json"))
    first = tus.uploader(str(photo), chunk_size=300_000, store_url=True, url_storage=kept)
    await asyncio.to_thread(first.upload, 900_000)
    assert first.offset == 900_000
    again = await asyncio.to_thread(
        lambda: tus.uploader(str(photo), chunk_size=300_000, store_url=True, url_storage=kept, upload_checksum=True)
    )
    assert (again.url, again.offset) == (first.url, 900_000)
    await asyncio.to_thread(again.upload)
    assert await fetched(desk, again.request.response_headers["x-attachment-id"]) == BIG
    kept.close()


async def test_tuspy_finds_the_upload_it_named_itself_and_where_it_stands(desk, tus, photo):
    named = {"upload_id": str(new_id())}
    first = tus.uploader(str(photo), chunk_size=500_000, metadata=named)
    await asyncio.to_thread(first.upload, 500_000)
    url = await asyncio.to_thread(tus.uploader(str(photo), metadata=named).create_url)
    assert url == first.url
    again = await asyncio.to_thread(lambda: tus.uploader(str(photo), url=url))
    await asyncio.to_thread(again.upload)
    assert await desk.count("attachments") == 1


async def test_tuspy_asks_again_where_another_was_quicker(desk, tus, photo):
    slow = tus.uploader(str(photo), chunk_size=1_000_000, retries=1, retry_delay=0)
    await asyncio.to_thread(slow.upload, 1_000_000)
    quick = await asyncio.to_thread(lambda: tus.uploader(str(photo), chunk_size=400_000, url=slow.url))
    await asyncio.to_thread(quick.upload, 1_400_000)
    await asyncio.to_thread(slow.upload)
    assert await fetched(desk, slow.request.response_headers["x-attachment-id"]) == BIG


async def test_tuspy_is_told_what_is_refused(tus, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("<html>" * 2000)
    uploader = tus.uploader(str(path))
    with pytest.raises(TusUploadFailed) as refused:
        await asyncio.to_thread(uploader.upload)
    assert refused.value.status_code == 415
    with pytest.raises(TusCommunicationError):
        await asyncio.to_thread(uploader.get_offset)


async def created(desk, address: str, length: int) -> tuple[str, dict[str, str]]:
    signed = TUS | desk.county.signed_in("grid")
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        reply = await client.post("/v1/uploads", headers=signed | {"Upload-Length": str(length)})
        return address + reply.headers["location"], signed


async def broken_off(url: str, headers: dict[str, str], content: bytes, after: int) -> None:
    """Send a PATCH whose line breaks after so many bytes of the body."""
    parts = urlsplit(url)
    _reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = "".join(f"{name}: {value}\r\n" for name, value in (headers | BYTES | {"Upload-Offset": "0"}).items())
    writer.write(f"PATCH {parts.path} HTTP/1.1\r\nHost: door\r\nContent-Length: {len(content)}\r\n{head}\r\n".encode())
    writer.write(content[:after])
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def offset(url: str, headers: dict[str, str]) -> int:
    async with httpx.AsyncClient(trust_env=False) as client:
        return int((await client.head(url, headers=headers)).headers["upload-offset"])


async def test_what_came_before_the_line_broke_need_not_come_again(desk, address):
    url, signed = await created(desk, address, len(BIG))
    await broken_off(url, signed, BIG, 1_500_000)
    async with asyncio.timeout(10):
        while (at := await offset(url, signed)) != 1_500_000:
            assert at in (0, 1_048_576)
            await asyncio.sleep(0.02)
    async with httpx.AsyncClient(trust_env=False) as client:
        done = await client.patch(url, content=BIG[at:], headers=signed | BYTES | {"Upload-Offset": str(at)})
    assert await fetched(desk, done.headers["x-attachment-id"]) == BIG


async def test_nothing_of_a_checked_body_counts_where_the_line_broke(desk, address, home):
    url, signed = await created(desk, address, len(BIG))
    await broken_off(url, signed | checksum(BIG), BIG, 1_500_000)
    parts = home / "attachments" / "uploads"
    async with asyncio.timeout(10):
        while not parts.exists() or list(parts.iterdir()):  # noqa: ASYNC110  a part is stored, and dropped again
            await asyncio.sleep(0.02)
    assert await offset(url, signed) == 0
    async with httpx.AsyncClient(trust_env=False) as client:
        done = await client.patch(url, content=BIG, headers=signed | BYTES | checksum(BIG) | {"Upload-Offset": "0"})
    assert hashlib.sha256(await fetched(desk, done.headers["x-attachment-id"])).digest() == hashlib.sha256(BIG).digest()


async def test_a_small_picture_goes_at_once(desk, tus, tmp_path):
    path = tmp_path / "small.jpg"
    path.write_bytes(JPEG)
    uploader = tus.uploader(str(path))
    await asyncio.to_thread(uploader.upload)
    assert await fetched(desk, uploader.request.response_headers["x-attachment-id"]) == JPEG
