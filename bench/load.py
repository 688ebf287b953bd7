"""A cheap load generator in a process of its own: so many callers, each on one connection, one request after the other.

    python bench/load.py HOST:PORT PATH CALLERS SECONDS [TOKEN] < body.json

``{nth}`` in the body becomes a number of its own for each request. Prints one JSON line: how many, how long, p50 and p99 in
milliseconds, and how many answers were not 200 or 201.
"""

import asyncio
import json
import os
import sys
import time
from typing import cast


class Caller(asyncio.Protocol):
    """One connection: sends the next request as soon as the answer to the last is whole."""

    def __init__(self, run: "Run") -> None:
        self.run = run
        self.kept = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none of asyncio's classes
        self.send()

    def send(self) -> None:
        """Send the next request, or end."""
        self.sent = time.perf_counter()
        if self.sent >= self.run.until:
            self.transport.close()
            self.run.left -= 1
            if not self.run.left:
                self.run.done.set_result(None)
            return
        self.transport.write(self.run.request())

    def data_received(self, data: bytes) -> None:
        """Take what came; when the answer is whole, note it and go on."""
        self.kept += data
        head, found, rest = self.kept.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.lower().index(b"content-length:") + len(b"content-length:")
        if len(rest) < int(head[at:].split(b"\r\n", 1)[0]):
            return
        self.run.taken.append(time.perf_counter() - self.sent)
        if head[9:12] not in (b"201", b"200"):
            self.run.wrong += 1
            self.run.last_wrong = rest
        self.kept = b""
        self.send()


class Run:
    """What the callers share."""

    def __init__(self, head: str, body: str, callers: int, seconds: float) -> None:
        self.head, self.body = head, body
        self.left = callers
        self.started = time.perf_counter()
        self.until = self.started + seconds
        self.taken: list[float] = []
        self.wrong = 0
        self.last_wrong = b""
        self.nth = 0
        self.done = asyncio.get_running_loop().create_future()

    def request(self) -> bytes:
        """The bytes of the next request."""
        self.nth += 1
        body = self.body.replace("{nth}", f"{os.getpid()}.{self.started:.6f}.{self.nth}").encode()
        return f"{self.head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def drive(address: str, path: str, callers: int, seconds: float, token: str) -> dict[str, object]:
    """Run and return the figures."""
    host, port = address.split(":")
    signed = f"Authorization: Bearer {token}\r\n" if token else ""
    run = Run(f"POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n{signed}", sys.stdin.read(), callers, seconds)
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.create_connection(lambda: Caller(run), host, int(port)) for _ in range(callers)))
    await asyncio.wait_for(run.done, seconds + 30)
    spent = time.perf_counter() - run.started
    ordered = sorted(run.taken)
    if run.wrong:
        print(run.last_wrong.decode(errors="replace"), file=sys.stderr)
    return {
        "count": len(ordered),
        "per_second": len(ordered) / spent,
        "p50": ordered[len(ordered) // 2] * 1000,
        "p99": ordered[int(len(ordered) * 0.99)] * 1000,
        "wrong": run.wrong,
    }


if __name__ == "__main__":
    import uvloop

    given = sys.argv[1:]
    print(json.dumps(uvloop.run(drive(given[0], given[1], int(given[2]), float(given[3]), given[4] if len(given) > 4 else ""))))
