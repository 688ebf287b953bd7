"""How fast the WeChat callback answers, and what it loses: ``python -m bench.callback [--messages 600] [--rate 40] [--down 2]``.

In plain and in safe mode, each on temporary servers with fsync on and a real intake door (uvicorn, one process); no worker runs at all.
(1) Messages of many villagers come at a steady rate. (2) The same, and in the middle PostgreSQL is stopped and started again. This program
plays the platform: whatever is not answered with 200 within five seconds is sent again, at once, signed and sealed anew, three tries in
all. Times count from when a message was due to be sent, tries and waiting included; at the end what was acknowledged is looked up.
Everything runs on this one machine, the platform too. Exit code 1 where a message that was acknowledged is not there exactly once.
"""

import argparse
import asyncio
import os
import secrets
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field

import asyncpg

from bench.county import fill_county
from bench.intake import door
from daguanjia.servers import Servers, temporary_servers
from services.platform.settings import settings

TOKEN, APP = "benchtoken580", "wx5805805805805800"
KEY = "580580580580580580580580580580580580580580a"
TRIES, FIVE_SECONDS = 3, 5.0
MOST = 5000
WORDS = "彭寨镇水口村村口的路灯坏了三天，晚上走路看不见，请派人来修。"


@dataclass
class Seen:
    """What the platform saw: seconds of every answer and of every message, how many tries, and whose message was acknowledged."""

    answers: list[float] = field(default_factory=list)
    messages: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    tries: Counter[int] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)


class Platform:
    """WeChat, calling one door over connections it keeps."""

    def __init__(self, address: str, mode: str) -> None:
        self.host, port = address.split(":")
        self.port, self.sealed = int(port), mode == "safe"
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.seen = Seen()

    async def deliver(self, message_id: str, due: float) -> None:
        """Deliver one message of one villager, in up to three tries."""
        body = (
            f"<xml><ToUserName>gh_580</ToUserName><FromUserName>oBench{message_id}</FromUserName><CreateTime>{int(time.time())}</CreateTime>"
            f"<MsgType>text</MsgType><Content><![CDATA[{WORDS}]]></Content><MsgId>{message_id}</MsgId></xml>"
        ).encode()
        for attempt in range(1, TRIES + 1):
            started = time.perf_counter() if attempt > 1 else due
            status = await self._try(self._request(body))
            self.seen.answers.append(time.perf_counter() - started)
            self.seen.statuses[status] += 1
            if status == 200:
                self.seen.acknowledged.append(message_id)
                self.seen.messages.append(time.perf_counter() - due)
                self.seen.tries[attempt] += 1
                return
        self.seen.tries[0] += 1

    def _request(self, body: bytes) -> bytes:
        from services.channels.wechat.crypto import aes_key, seal_envelope, signature

        stamp, nonce = str(int(time.time())), secrets.token_hex(5)
        query = f"signature={signature(TOKEN, stamp, nonce)}&timestamp={stamp}&nonce={nonce}"
        if self.sealed:
            sealed = seal_envelope(aes_key(KEY), body, APP)
            query += f"&encrypt_type=aes&msg_signature={signature(TOKEN, stamp, nonce, sealed)}"
            body = f"<xml><ToUserName>gh_580</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()
        head = f"POST /v1/wechat/callback?{query} HTTP/1.1\r\nHost: bench\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    async def _try(self, request: bytes) -> int:
        """Return the status of one try, 0 for no answer within five seconds."""
        try:
            line = self.idle.pop() if self.idle else await asyncio.open_connection(self.host, self.port)
        except OSError:
            return 0
        reader, writer = line
        try:
            writer.write(request)
            status = await asyncio.wait_for(_answer(reader), FIVE_SECONDS)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            writer.close()
            return 0
        self.idle.append(line)
        return status


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    at = head.index(b"content-length:") + len(b"content-length:")
    await reader.readexactly(int(head[at:].split(b"\r\n", 1)[0]))
    return int(head.split(b" ", 2)[1])


async def play(platform: Platform, first_id: int, messages: int, rate: float) -> None:
    """Send `messages` at `rate` a second, whether or not the ones before were answered."""
    started, running = time.perf_counter(), []
    for number in range(messages):
        due = started + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        running.append(asyncio.create_task(platform.deliver(str(first_id + number), due)))
    await asyncio.gather(*running)


async def restart(servers: Servers, after: float, down: float) -> float:
    """Stop PostgreSQL after so many seconds, start it again; return for how long it was away."""
    await asyncio.sleep(after)
    stopped = time.perf_counter()
    await asyncio.to_thread(servers.postgres.stop)
    await asyncio.sleep(down)
    await asyncio.to_thread(servers.postgres.start, servers.postgres.port)
    return time.perf_counter() - stopped


async def ledger(url: str, seen: Seen) -> tuple[int, int]:
    """Return how many of the acknowledged messages are not there exactly once, and how many are there without having been acknowledged."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT dedupe_key, count(*) AS copies FROM wechat_messages GROUP BY 1")
    await connection.close()
    there = {row["dedupe_key"]: row["copies"] for row in rows}
    return sum(1 for key in seen.acknowledged if there.get(key) != 1), len(there.keys() - set(seen.acknowledged))


def report(what: str, seen: Seen, wrong: int, beside: int) -> None:
    """Print one run."""

    def at(values: list[float]) -> str:
        ordered = sorted(values) or [float("nan")]
        p50, p99 = (ordered[int(len(ordered) * part)] * 1000 for part in (0.5, 0.99))
        return f"p50 {p50:7.1f} ms   p99 {p99:7.1f} ms   slowest {ordered[-1] * 1000:7.1f} ms"

    retried = sum(count for tries, count in seen.tries.items() if tries > 1)
    print(f"{what}\n  one answer     {at(seen.answers)}\n  one message    {at(seen.messages)}")
    print(f"  answers by status {dict(seen.statuses)}, slower than 5 s: {sum(1 for one in seen.answers if one > FIVE_SECONDS)}")
    print(f"  acknowledged {len(seen.acknowledged)}, of them after a retry {retried}; given up after three tries {seen.tries[0]}")
    print(f"  acknowledged and not there exactly once: {wrong}; there without acknowledgement: {beside}", flush=True)


async def measure(mode: str, given: argparse.Namespace) -> bool:
    """Measure one mode on servers of its own; tell whether everything acknowledged was there once."""
    with tempfile.TemporaryDirectory() as home, temporary_servers(durable=True) as servers:
        environment = {
            **os.environ, "DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url, "DAGUANJIA_HOME": home,
            "DAGUANJIA_SECRET": secrets.token_urlsafe(48), "DAGUANJIA_WECHAT_TOKEN": TOKEN, "DAGUANJIA_WECHAT_APP_ID": APP,
            "DAGUANJIA_WECHAT_AES_KEY": KEY if mode == "safe" else "",
        }  # fmt: skip
        os.environ.update(environment)
        settings.cache_clear()
        await fill_county(servers.database_url)
        with door("intake_api.app:app", environment, "/healthz") as address:
            await play(Platform(address, mode), 1, 50, 25)  # warm up: caches, prepared statements, connections
            steady, broken = Platform(address, mode), Platform(address, mode)
            await play(steady, 10**15, given.messages, given.rate)
            middle = restart(servers, given.messages / given.rate / 2, given.down)
            away, _ = await asyncio.gather(middle, play(broken, 2 * 10**15, given.messages, given.rate))
            wrong, beside = await ledger(servers.database_url, Seen(acknowledged=steady.seen.acknowledged + broken.seen.acknowledged))
        report(f"{mode} mode, worker stopped, {given.messages} messages at {given.rate:g}/s", steady.seen, wrong, beside - 50)
        report(f"{mode} mode, PostgreSQL away for {away:.1f} s in the middle", broken.seen, wrong, beside - 50)
    return wrong == 0 and broken.seen.tries[0] == 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=600, help=f"of each run, at most {MOST}")
    parser.add_argument("--rate", type=float, default=40, help="messages a second")
    parser.add_argument("--down", type=float, default=2, help="seconds between PostgreSQL's stop and its start")
    parser.add_argument("--modes", default="plain,safe")
    given = parser.parse_args()
    given.messages = min(given.messages, MOST)
    sound = [asyncio.run(measure(mode, given)) for mode in given.modes.split(",")]
    sys.exit(0 if all(sound) else 1)


if __name__ == "__main__":
    main()
