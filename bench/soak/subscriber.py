"""The subscriber: a real HTTP server that checks every signature, answers now and then that it is busy, and counts what it heard."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.notifications.platform import Asked, Said, playing

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

    def answer(self, asked: Asked) -> Said:
        """Take one call, or have no time for it."""
        try:
            Webhook(self.secret).verify(asked.body, asked.headers)
        except WebhookVerificationError:
            self.badly_signed += 1
            return Said(400)
        if self.chance.random() < self.busy:
            return Said(503)
        self.heard[asked.headers["webhook-id"].removeprefix("msg_")] += 1
        return Said(200)


@asynccontextmanager
async def subscribing() -> AsyncIterator[Subscriber]:
    """Run a subscriber on a free port of this machine."""
    subscriber = Subscriber()
    async with playing() as server:
        server.answer = subscriber.answer
        subscriber.url = f"{server.url}/hook"
        yield subscriber
