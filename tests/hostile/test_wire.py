"""What only a real server meets: broken framing, bombs, silence. The doors refuse or hang up, stay alive and go on answering."""

import asyncio
import re
from urllib.parse import urlsplit

import httpx

from services.platform.settings import settings

HEAD = b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LIMIT = settings().body_limit
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
PIPELINED = 40

WIRE = {
    "a chunk without a size": CHUNKED + b"ZZ\r\n{}\r\n0\r\n\r\n",
    "a chunk of 2^68": CHUNKED + b"FFFFFFFFFFFFFFFFF\r\n{}\r\n",
    "a negative chunk": CHUNKED + b"-1\r\n{}\r\n",
    "a chunk larger than it says": CHUNKED + b"1\r\n{}}}}}}}\r\n0\r\n\r\n",
    "chunks past the limit": CHUNKED + (b"4000\r\n" + b"a" * 0x4000 + b"\r\n") * (LIMIT // 0x4000 + 2) + b"0\r\n\r\n",
    "endless chunk extensions": CHUNKED + b"1;" + b"x=y;" * 50_000 + b"\r\na\r\n0\r\n\r\n",
    "trailers": CHUNKED + b"2\r\n{}\r\n0\r\n" + b"X-Trailer: y\r\n" * 5000 + b"\r\n",
    "length and chunks": HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 200\r\n\r\n{}",
    "a negative length": HEAD + b"Content-Length: -5\r\n\r\n{}",
    "a length of 30 digits": HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n{}",
    "a length of 5,000 digits": HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
    "a length that is no number": HEAD + b"Content-Length: 0x10\r\n\r\n{}",
    "announced too large": HEAD + b"Content-Length: 99999999999\r\n\r\n",
    "announced too large, asking first": HEAD + b"Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n",
    "a body after the body": HEAD + b"Content-Length: 2\r\n\r\n{}{}{}{}",
    "gzip as a transfer coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "rubbish as a transfer coding": HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "10,000 headers": GET + b"X: y\r\n" * 10_000 + b"\r\n",
    "a header of 1 MB": GET + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n",
    "an address of 1 MB": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a query of 60 KB": b"GET /v1/tickets?" + b"a=b&" * 15_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a token of 60 KB": GET + b"Authorization: Bearer " + b"e" * 60_000 + b"\r\n\r\n",
    "NUL in a header": GET + b"X: a\x00b\r\n\r\n",
    "a header without a colon": GET + b"nothing\r\n\r\n",
    "a folded header": GET + b"X: a\r\n b\r\n\r\n",
    "bare line feeds": b"GET /healthz HTTP/1.1\nHost: x\n\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": GET + b"Host: y\r\n\r\n",
    "bytes above ASCII in the address": b"GET /v1/tickets/\xe6\xb0\xb4 HTTP/1.1\r\nHost: x\r\n\r\n",
    "invalid percent signs": b"GET /v1/tickets/%zz%?a=%g HTTP/1.1\r\nHost: x\r\n\r\n",
    "percent of nothing": b"GET /% HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in the address": b"GET /v1/units/a%00b HTTP/1.1\r\nHost: x\r\n\r\n",
    "invalid UTF-8 in the address": b"GET /v1/units/%ff%fe/responsible HTTP/1.1\r\nHost: x\r\n\r\n",
    "surrogates in the address": b"GET /v1/units/%ED%A0%80/responsible?x=%ED%A0%80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "dots": b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "many slashes": b"GET ///////healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "an absolute address": b"GET http://evil.example/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "an address that is none": b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method of ours": b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method that is none": b"\xff\xfe / HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/0.9": b"GET /healthz\r\n\r\n",
    "HTTP/9.9": b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
    "noise": bytes(range(256)) * 40,
    "nothing": b"",
    "a line break": b"\r\n\r\n\r\n",
    "a web socket": GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n",
    "an upgrade to HTTP/2": GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    "half a head": b"GET /healthz HT",
    "half a body": HEAD + b'Content-Length: 100\r\n\r\n{"login":',
}
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")


async def _say(url: str, said: bytes, patience: float = 0.4) -> bytes:
    """Send `said`, wait a moment for whatever comes, and hang up without a word."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    heard = bytearray()
    try:
        writer.write(said)
        async with asyncio.timeout(patience):
            await writer.drain()
            while piece := await reader.read(65536):
                heard += piece
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return bytes(heard)


async def test_no_bytes_on_the_wire_break_a_door(stack):
    for door in (stack.environment["DAGUANJIA_INTAKE_URL"], stack.environment["DAGUANJIA_REPORTING_URL"]):
        heard = await asyncio.gather(*(_say(door, said, 2.0) for said in WIRE.values()))
        for what, answer in zip(WIRE, heard, strict=True):
            assert all(int(status) < 500 for status in _STATUS.findall(answer)), (what, answer[:500])
        told = dict(zip(WIRE, heard, strict=True))
        if door == stack.environment["DAGUANJIA_INTAKE_URL"]:
            for what in ("chunks past the limit", "announced too large"):
                assert b" 413 " in told[what][:20], (what, told[what][:300])
                assert b'"code":"request.too_large"' in told[what]
        assert b"request.nul" in told["NUL in the address"]
        async with httpx.AsyncClient(base_url=door) as client:
            assert (await client.get("/readyz")).status_code == 200
            lines = [await client.get("/metrics")]
        assert lines[0].status_code == 200


async def test_pipelined_requests_are_answered_in_order_and_idle_callers_hold_up_nobody(stack):
    door = stack.environment["DAGUANJIA_INTAKE_URL"]
    alternating = b"".join(b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"nowhere" if turn % 2 else b"healthz") for turn in range(PIPELINED))
    last = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n"
    assert alternating.endswith(last + b"\r\n")
    closing = alternating.removesuffix(b"\r\n") + b"Connection: close\r\n\r\n"
    answers = _STATUS.findall(await _say(door, closing, 120.0))
    assert answers == [b"200", b"404"] * (PIPELINED // 2)

    idle = [asyncio.create_task(_say(door, HEAD + b"Content-Length: 50\r\n\r\n{", 2.0)) for _ in range(200)]
    async with httpx.AsyncClient(base_url=door, timeout=60) as client:
        for _ in range(20):
            assert (await client.get("/readyz")).status_code == 200
    await asyncio.gather(*idle)
    async with httpx.AsyncClient(base_url=door) as client:
        assert (await client.get("/readyz")).status_code == 200
    logs = (stack.home / "logs" / "intake.log").read_text()
    assert "Traceback" not in logs, logs[-3000:]
