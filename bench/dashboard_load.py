"""How long the dashboard takes until everything is drawn: ``python -m bench.dashboard_load --tickets 1000000 --keep DIR``.

A real Chromium without a window, on the county that `bench.reports` keeps, beside one process of the reporting door on the same machine.
From the beginning of the navigation until every panel stands, with its picture, and has been painted; signed in as the analyst of the
county. *Cold*: nothing in the browser's cache. *Warm*: the page was open before. Chromium is spoken to over its debugging pipe.
"""

import argparse
import asyncio
import fcntl
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.reports_asked import reporting_door, token
from bench.reports_made import county_of
from bench.reports_questions import ANALYST

console = Console()
_SCREENS = {"phone": (390, 844, True), "desk": (1440, 900, False)}
_ABOVE = 10
_JOINED = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
"""Chromium reads commands from 3 and writes answers to 4."""
_DRAWN = """
(() => {
  if (location.pathname !== "/dashboard") return;
  sessionStorage.setItem("daguanjia.session", JSON.stringify(SESSION));
  const bodies = ["trend", "late", "bars", "map", "flow", "categories"];
  const stands = () => document.querySelector("#tiles .tile-box") && bodies.every((name) => {
    const body = document.querySelector(`#${name}-panel .body`);
    const chart = body?.querySelector(".chart");
    const filled = body?.childElementCount && !body.querySelector(".waiting") && !body.classList.contains("busy");
    return filled && (!chart || chart.querySelector("svg path"));
  });
  window.benchDrawn = new Promise((resolve) => {
    const painted = () => setTimeout(() => resolve(performance.now()));
    const look = () => requestAnimationFrame(() => (stands() ? requestAnimationFrame(painted) : look()));
    look();
  });
})();
"""


class Chromium:
    """A browser at the other end of two pipes; one command at a time."""

    def __init__(self, program: str, profile: str) -> None:
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
        command = [program, *flags, "--disable-component-update", "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        high = [fcntl.fcntl(pipe, fcntl.F_DUPFD, _ABOVE) for pipe in (theirs_in, theirs_out)]  # so that neither is 3 or 4 already
        joined = [sys.executable, "-c", _JOINED, *map(str, high), *command]
        self._process = subprocess.Popen(joined, pass_fds=high, stderr=subprocess.DEVNULL)
        for pipe in (theirs_in, theirs_out, *high):
            os.close(pipe)
        self._from, self._to = os.fdopen(ours_in, "rb"), os.fdopen(ours_out, "wb")
        self._number = 0

    def ask(self, method: str, session: str | None = None, **given: Any) -> dict[str, Any]:
        """Send a command and return its result; raise where the browser refuses it."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": given, **({"sessionId": session} if session else {})}
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while True:
            told = json.loads(self._read())
            if told.get("id") == self._number:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']['message']}")
                result: dict[str, Any] = told["result"]
                return result

    def _read(self) -> bytes:
        found = bytearray()
        while (byte := self._from.read(1)) != b"\0":
            if not byte:
                raise RuntimeError("the browser went away")
            found += byte
        return bytes(found)

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        self._process.wait(10)
        self._to.close()
        self._from.close()


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Run a browser with a profile of its own."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        sys.exit("There is no Chromium on this machine.")
    with tempfile.TemporaryDirectory(prefix="daguanjia-bench-", ignore_cleanup_errors=True) as profile:
        browser = Chromium(program, profile)
        try:
            yield browser
        finally:
            browser.close()


def loads(browser: Chromium, address: str, session: dict[str, Any], screen: str) -> tuple[float, float, int]:
    """Open the dashboard twice in a new context: return the milliseconds of the first and the second time, and the bytes of the first."""
    context = browser.ask("Target.createBrowserContext")["browserContextId"]
    target = browser.ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
    page = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    wide, high, mobile = _SCREENS[screen]
    browser.ask("Emulation.setDeviceMetricsOverride", page, width=wide, height=high, deviceScaleFactor=2 if mobile else 1, mobile=mobile)
    browser.ask("Page.enable", page)
    browser.ask("Page.addScriptToEvaluateOnNewDocument", page, source=_DRAWN.replace("SESSION", json.dumps(session)))
    taken, size = [], 0
    for turn in range(2):
        browser.ask("Page.navigate", page, url=f"{address}/dashboard" if turn == 0 else "about:blank")
        if turn:
            browser.ask("Page.navigate", page, url=f"{address}/dashboard")
        taken.append(_evaluated(browser, page, "window.benchDrawn"))
        size = size or int(_evaluated(browser, page, _BYTES))
    browser.ask("Target.disposeBrowserContext", browserContextId=context)
    return taken[0], taken[1], size


_BYTES = """
["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind)).reduce((sum, one) => sum + one.transferSize, 0)
"""


def _evaluated(browser: Chromium, page: str, expression: str) -> float:
    told = browser.ask("Runtime.evaluate", page, expression=expression, awaitPromise=True, returnByValue=True, timeout=60_000)
    return float(told["result"]["value"])


def session_of(headers: dict[str, str]) -> dict[str, Any]:
    """Return what the page keeps of somebody who signed in."""
    ends = datetime.now(UTC) + timedelta(hours=1)
    given = headers["Authorization"].removeprefix("Bearer ")
    return {"access_token": given, "expires_at": ends.isoformat(), "member": {"id": "bench", "name": "bench"}, "seats": []}


def measured(address: str, session: dict[str, Any], times: int) -> dict[str, list[tuple[float, float, int]]]:
    """Return what each load took, by screen; the very first, with everything of the door cold as well, does not count."""
    with chromium() as browser:
        loads(browser, address, session, "desk")
        return {screen: [loads(browser, address, session, screen) for _ in range(times)] for screen in _SCREENS}


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=20_000, help="how large the county is")
    parser.add_argument("--times", type=int, default=9, help="how often it is loaded, each time cold and warm")
    parser.add_argument("--keep", type=Path, help="the directory that `bench.reports` keeps its counties in")
    given = parser.parse_args()
    os.environ["DAGUANJIA_RATE_LIMITS"] = "False"
    os.environ.setdefault("DAGUANJIA_SECRET", "a secret for the bench only, 32 characters and more")
    table = Table("screen", "cold p50 ms", "worst", "warm p50 ms", "worst", "KB, cold", title=f"/dashboard, {given.tickets:,} tickets")
    with county_of(given.tickets, given.keep, console) as (servers, _made), reporting_door(servers.database_url) as address:
        found = measured(address, session_of(asyncio.run(token(servers.database_url, ANALYST))), given.times)
    for screen, taken in found.items():
        cold, warm = [one[0] for one in taken], [one[1] for one in taken]
        cells = (statistics.median(cold), max(cold), statistics.median(warm), max(warm))
        table.add_row(screen, *(f"{cell:,.0f}" for cell in cells), f"{taken[0][2] / 1024:,.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
