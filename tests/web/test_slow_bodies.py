"""A body that does not come holds no connection; one that comes slowly but steadily is read to its end."""

import asyncio
import contextlib
from urllib.parse import urlsplit

import pytest

from services.platform.settings import settings
from tests.attachments.doors import listening
from tests.county import PASSWORD

BODY = b'{"login":"grid","password":"' + PASSWORD.encode() + b'"}'
SIGN_IN = "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture
async def address(county, monkeypatch):
    """A door that waits for one second, and four more for each 400 bytes."""
    monkeypatch.setenv("DAGUANJIA_BODY_SECONDS", "1")
    monkeypatch.setenv("DAGUANJIA_BODY_RATE", "100")
    settings.cache_clear()
    async with listening() as found:
        yield urlsplit(found)
    monkeypatch.undo()
    settings.cache_clear()


async def _trickle(writer: asyncio.StreamWriter, pieces: list[bytes], pause: float) -> None:
    """Send a piece at a time; a door that hung up has heard enough."""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
    except ConnectionError:
        pass


async def _told(address, head: str, pieces: list[bytes], pause: float) -> bytes:
    """Everything a door says to a caller who sends like this, up to the moment it hangs up.

    What is still under way to a door that hangs up may take the answer along: such a caller asks again.
    """
    for _ in range(4):
        with contextlib.suppress(ConnectionResetError):
            return await _asked(address, head, pieces, pause)
    return await _asked(address, head, pieces, pause)


async def _asked(address, head: str, pieces: list[bytes], pause: float) -> bytes:
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(head.encode())
    sending = asyncio.create_task(_trickle(writer, pieces, pause))
    try:
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        sending.cancel()
        writer.close()


@pytest.mark.parametrize(
    ("framing", "piece"), [("Content-Length: 5000", b" "), ("Transfer-Encoding: chunked", b"1\r\n \r\n")], ids=["length", "chunks"]
)
async def test_a_byte_now_and_then_is_answered_408_and_hung_up_on(address, framing, piece):
    told = await _told(address, f"{SIGN_IN}{framing}\r\n\r\n", [piece] * 1000, 0.1)
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.split()[1] == b"408", told
    assert b"connection: close" in head.lower()
    assert b"content-type: application/problem+json" in head.lower()
    assert b'"code":"request.too_slow"' in body


async def test_a_body_of_which_nothing_comes_is_answered_too(address):
    told = await _told(address, f"{SIGN_IN}Content-Length: 10\r\n\r\n", [], 0)
    assert told.split()[1] == b"408"


async def test_one_that_comes_steadily_is_read_however_long_it_takes(address):
    blank = [b" " * 400] * 15
    head = f"{SIGN_IN}Connection: close\r\nContent-Length: {len(b''.join(blank)) + len(BODY)}\r\n\r\n"
    told = await _told(address, head, [*blank, BODY], 0.1)
    assert told.split()[1] == b"201", told
