"""What only a real server meets: broken framing, bombs, silence. The doors refuse or hang up, stay alive and go on answering."""

import asyncio
import re
from urllib.parse import urlsplit

import httpx

from tests.hostile.wire import HEAD, WIRE

PIPELINED = 40
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
