"""A real browser before the reporting door: tabs that are signed in, and what stands and happens in them."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from bench.dashboard_load import Chromium, chromium

_PATIENCE = 30_000


class Tab:
    """One tab. Every call waits for its answer, in a thread: the door answers in this same process."""

    def __init__(self, browser: Chromium, context: str, session: dict[str, Any]) -> None:
        target = browser.ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self._browser, self._page = browser, browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        kept = json.dumps(json.dumps(session))
        source = f'if (location.protocol === "http:") sessionStorage.setItem("daguanjia.session", {kept});'
        browser.ask("Page.enable", self._page)
        browser.ask("Emulation.setDeviceMetricsOverride", self._page, width=1200, height=2400, deviceScaleFactor=1, mobile=False)
        still = [{"name": "prefers-reduced-motion", "value": "reduce"}]
        browser.ask("Emulation.setEmulatedMedia", self._page, features=still)
        browser.ask("Page.addScriptToEvaluateOnNewDocument", self._page, source=source)

    async def open(self, address: str) -> None:
        """Go to an address."""
        await asyncio.to_thread(self._browser.ask, "Page.navigate", self._page, url=address)

    async def until(self, expression: str) -> Any:
        """Return what `expression` is as soon as it is anything; fail where it stays nothing."""
        look = (
            f"new Promise((done) => {{ const ends = Date.now() + {_PATIENCE};"
            f" const look = () => {{ const found = {expression}; found || Date.now() > ends ? done(found) : setTimeout(look, 20); }};"
            " look(); })"
        )
        told = await asyncio.to_thread(
            self._browser.ask, "Runtime.evaluate", self._page, expression=look, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        assert told["result"].get("value"), f"not within {_PATIENCE} ms: {expression}"
        return told["result"]["value"]

    async def press(self, x: float, y: float) -> None:
        """Press the mouse at a place of the window."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            given = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            await asyncio.to_thread(self._browser.ask, "Input.dispatchMouseEvent", self._page, **given)


@asynccontextmanager
async def browsing(app: FastAPI) -> AsyncIterator[tuple[str, Chromium]]:
    """Serve `app` on a port and run a browser; skip where there is none. Gives the address and the browser."""
    if shutil.which("chromium") is None:
        pytest.skip("Chromium is not there: what the page does is not looked at")
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with chromium() as browser:
            yield f"http://127.0.0.1:{port}", browser
    finally:
        server.should_exit = True
        await serving


def session_of(headers: dict[str, str], since: datetime) -> dict[str, Any]:
    """Return what the page keeps of somebody who signed in at `since`."""
    return {
        "access_token": headers["Authorization"].removeprefix("Bearer "),
        "expires_at": (datetime.now(UTC) + timedelta(minutes=30)).isoformat(),
        "member": {"id": "019aa6c0-0000-7000-8000-000000000001", "name": "黄小明"},
        "seats": [],
        "since": int(since.timestamp() * 1000),
    }
