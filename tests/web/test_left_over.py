"""What a caller is still sending when the answer is there: read to its end, or the connection closed, so that nobody waits for ever."""

import asyncio
from urllib.parse import urlsplit

import pytest

from tests.attachments.doors import listening

PART, MUCH = 300_000, 3_000_000
"""What is read before the answer is sent, and what is not waited for."""


def head(length: int, *more: str) -> bytes:
    lines = ["PATCH /v1/uploads/nothing HTTP/1.1", "Host: x", "Tus-Resumable: 1.0.0", f"Content-Length: {length}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@pytest.fixture
async def line(county):
    async with listening() as address:
        where = urlsplit(address)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        yield reader, writer
        writer.close()


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The head and the body of one answer."""
    async with asyncio.timeout(30):
        told = await reader.readuntil(b"\r\n\r\n")
        length = next(int(row.split(b":")[1]) for row in told.lower().split(b"\r\n") if row.startswith(b"content-length"))
        return told, await reader.readexactly(length)


async def test_a_refusal_waits_for_the_little_that_is_still_to_come(line):
    reader, writer = line
    for _ in range(2):  # on the same connection
        writer.write(head(PART) + b"a" * (PART // 2))
        await writer.drain()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await reader.read(1)
        writer.write(b"a" * (PART // 2))
        told, body = await answer(reader)
        assert (told.split()[1], b'"code":"session.required"' in body) == (b"401", True), (told, body)
        assert b"connection: close" not in told.lower()


async def test_one_who_never_sends_the_rest_is_answered_and_left(line):
    reader, writer = line
    writer.write(head(PART) + b"a")
    told, _ = await answer(reader)
    assert (told.split()[1], b"connection: close" in told.lower()) == (b"401", True)
    async with asyncio.timeout(30):
        assert await reader.read() == b""


async def test_where_much_is_to_come_the_answer_comes_first_and_is_not_torn_away(line):
    reader, writer = line
    writer.write(head(MUCH) + b"a")
    told, _ = await answer(reader)
    assert (told.split()[1], b"connection: close" in told.lower()) == (b"401", True)
    async with asyncio.timeout(30):
        writer.write(b"a" * (MUCH - 1))  # a caller who sends all before it reads is not cut off
        await writer.drain()
        assert await reader.read() == b""


async def test_one_who_asked_before_sending_is_told_not_to(line):
    reader, writer = line
    writer.write(head(PART, "Expect: 100-continue"))
    told, _ = await answer(reader)
    assert (told.split()[1], b"connection: close" in told.lower()) == (b"401", True)
    async with asyncio.timeout(30):
        assert await reader.read() == b""
