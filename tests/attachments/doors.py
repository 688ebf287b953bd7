"""The intake door on a port of its own, for clients that are not ours and for lines that break."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from intake_api.routers import ROUTERS
from services.platform.database import INTAKE
from services.web.app import create_app


@asynccontextmanager
async def listening() -> AsyncIterator[str]:
    """Run the door over the database of the test; give its address."""
    app = create_app(title="uploads", role=INTAKE, routers=ROUTERS)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none"))
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110  uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
