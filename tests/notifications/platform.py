"""The other side, played by a real HTTP server: it answers what a test tells it to and remembers what it was sent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import orjson
import uvicorn


@dataclass
class Asked:
    """One request."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)


@dataclass
class Said:
    """One answer. `after` seconds, so that a client may run out of patience."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0


@dataclass
class Platform:
    """A running server. `answer` decides; by default everything is fine."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answer: Callable[[Asked], Said] = lambda _asked: Said()

    def at(self, path: str) -> list[Asked]:
        """The requests to one path."""
        return [asked for asked in self.asked if asked.path == path]

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Speak ASGI."""
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        asked = Asked(scope["path"], query, headers, body)
        self.asked.append(asked)
        said = self.answer(asked)
        await asyncio.sleep(said.after)
        content = said.body if isinstance(said.body, bytes) else orjson.dumps(said.body)
        named = [(name.encode(), value.encode()) for name, value in said.headers.items()]
        await send({"type": "http.response.start", "status": said.status, "headers": named})
        await send({"type": "http.response.body", "body": content})


@asynccontextmanager
async def playing() -> AsyncIterator[Platform]:
    """Run a platform on a free port of this machine."""
    platform = Platform()
    server = uvicorn.Server(uvicorn.Config(platform, port=0, lifespan="off", log_level="warning", interface="asgi3"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110  uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    platform.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield platform
    finally:
        server.should_exit = True
        await running
