"""The subscriber: a real HTTP server that checks every signature, answers now and then that it is busy, and counts what it heard."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

BUSY = 0.02
"""How often it has no time: it is called again on the ladder, five seconds and then five minutes later."""


@dataclass
class Subscriber:
    """What was heard, by webhook id."""

    url: str = ""
    secret: str = ""
    heard: Counter[str] = field(default_factory=Counter)
    badly_signed: int = 0
    busy: float = BUSY
    chance: random.Random = field(default_factory=lambda: random.Random(580))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Speak ASGI."""
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        status = self._answer({name.decode(): value.decode() for name, value in scope["headers"]}, body)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def _answer(self, headers: dict[str, str], body: bytes) -> int:
        try:
            Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            self.badly_signed += 1
            return 400
        if self.chance.random() < self.busy:
            return 503
        self.heard[headers["webhook-id"].removeprefix("msg_")] += 1
        return 204


@asynccontextmanager
async def subscribing() -> AsyncIterator[Subscriber]:
    """Run a subscriber on a free port of this machine."""
    subscriber = Subscriber()
    server = uvicorn.Server(uvicorn.Config(subscriber, port=0, lifespan="off", log_level="warning", interface="asgi3"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server._serve())  # noqa: SLF001  serve() would take our signals
    while not server.started:  # noqa: ASYNC110  uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    subscriber.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/hook"
    try:
        yield subscriber
    finally:
        server.should_exit = True
        await running
