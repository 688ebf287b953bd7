"""Sending a volley over real connections, many at once, and counting what comes back."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.hostile.volley import Shot, Volley

PATIENCE = 60.0
"""Seconds after which an answer that has not come counts as one that never will."""
GARBAGE_PATIENCE = 1.0
"""Seconds a door gets to answer, or to hang up on, what is no request at all; it may go on waiting for the rest of it."""
_LIMIT = 1 << 24


@dataclass(frozen=True)
class Heard:
    """What came back: a status, or what happened in its place."""

    status: int = 0
    code: str = ""
    fault: str = ""
    closed: bool = False


@dataclass
class Tally:
    """What was sent and heard so far."""

    by_route: dict[str, Counter[str]] = field(default_factory=dict)
    by_caller: dict[str, Counter[str]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    offences: list[str] = field(default_factory=list)
    sent: int = 0

    def note(self, shot: Shot, heard: Heard) -> None:
        """Count one; keep what must not be."""
        kind = f"{heard.status // 100}xx" if heard.status else "none"
        for table, key in ((self.by_route, shot.route), (self.by_caller, shot.caller)):
            table.setdefault(key, Counter())[kind if heard.status != 429 else "429"] += 1
        self.statuses[heard.status] += 1
        self.sent += 1
        if heard.fault:
            said = shot.said if len(shot.said) < 1500 else shot.said[:1500] + b"..."
            self.offences.append(f"{shot}\n  {heard.fault}\n  {said!r}")


class Caller:
    """One connection to each door, opened when needed and again when it was closed."""

    def __init__(self, doors: dict[str, str]) -> None:
        self._doors = doors
        self._open: dict[str, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    async def send(self, shot: Shot) -> Heard:
        """Send one and hear the answer out. A connection that the door had closed while nobody spoke is opened again, once."""
        if not shot.framed:
            return await self._garbage(shot)
        used = shot.door in self._open
        heard = await self._try(shot)
        if heard.fault == "hung up without an answer" and used:
            heard = await self._try(shot)
        if heard.status >= 500:
            return Heard(heard.status, fault=f"{heard.status} {heard.code}")
        return heard

    async def _try(self, shot: Shot) -> Heard:
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await self._connection(shot.door)
                writer.write(shot.said)
                heard = await _answer(reader, shot.bodiless)
        except TimeoutError:
            heard = Heard(fault=f"no answer within {PATIENCE:.0f} s", closed=True)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            heard = Heard(fault="hung up without an answer" if not getattr(error, "partial", b"") else "broke off", closed=True)
        except Exception as error:  # noqa: BLE001  an answer nobody can read is the door's fault
            heard = Heard(fault=f"an answer that is none: {error!r}", closed=True)
        if heard.closed:
            self._drop(shot.door)
        return heard

    async def _garbage(self, shot: Shot) -> Heard:
        """Send what breaks the framing on a connection of its own: any refusal or none, but no failure."""
        reader, writer = await _opened(self._doors[shot.door])
        try:
            async with asyncio.timeout(GARBAGE_PATIENCE):
                writer.write(shot.said)
                heard = await _answer(reader, bodiless=True)
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, ValueError):
            heard = Heard()
        finally:
            writer.transport.abort()
        return Heard(heard.status, fault=str(heard.status) if heard.status >= 500 else "")

    async def _connection(self, door: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if door not in self._open:
            self._open[door] = await _opened(self._doors[door])
        return self._open[door]

    def _drop(self, door: str) -> None:
        if door in self._open:
            self._open.pop(door)[1].transport.abort()

    def close(self) -> None:
        """Hang up everywhere."""
        for door in list(self._open):
            self._drop(door)


async def _opened(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = urlsplit(url)
    assert address.hostname == "127.0.0.1", "nothing is ever sent to another machine"
    return await asyncio.open_connection(address.hostname, address.port, limit=_LIMIT)


async def _answer(reader: asyncio.StreamReader, bodiless: bool) -> Heard:
    """Read one answer to its end; of a failure or a refusal keep what it says."""
    head = b"HTTP/1.1 100"
    while head.startswith(b"HTTP/1.1 100"):
        head = await reader.readuntil(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    status = int(lines[0].split()[1])
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
    closed = headers.get(b"connection", b"").lower() == b"close"
    body = b""
    if not bodiless and status not in (204, 304):
        if headers.get(b"transfer-encoding") == b"chunked":
            body = await _chunks(reader)
        elif b"content-length" in headers:
            body = await reader.readexactly(int(headers[b"content-length"]))
        else:
            body, closed = await reader.read(), True
    return Heard(status, body[:600].decode("utf-8", "replace") if status >= 400 else "", closed=closed)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return bytes(body)


Renew = Callable[[str], Awaitable[None]]


async def fire(
    volley: Volley,
    numbers: range,
    doors: dict[str, str],
    *,
    callers: int,
    renew: Renew,
    told: Callable[[Tally], None] = lambda _tally: None,
) -> Tally:
    """Send all `numbers` over `callers` connections at once. `renew` signs in again somebody whose session an attack has ended."""
    tally, ahead = Tally(), iter(numbers)

    async def call() -> None:
        caller = Caller(doors)
        for number in ahead:
            shot = volley.shot(number)
            heard = await caller.send(shot)
            tally.note(shot, heard)
            if heard.status == 401 and '"session.' in heard.code:
                try:
                    await renew(shot.caller)
                except Exception as error:  # noqa: BLE001  whoever cannot sign in any more is told at the end, and the others go on
                    tally.offences.append(f"after {shot}: {shot.caller} cannot sign in: {error!r}")
            told(tally)
        caller.close()

    await asyncio.gather(*(call() for _ in range(callers)))
    return tally
