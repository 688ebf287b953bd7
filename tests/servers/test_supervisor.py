"""The supervisor, with toy children."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from daguanjia.servers.errors import ServerError
from daguanjia.supervisor import Child, Patience, Supervisor

SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
QUICKLY = Patience(first_wait=0.01, longest_wait=0.02)


def child(folder: Path, name: str, program: str, ready_url: str | None = None) -> Child:
    return Child(name, [sys.executable, "-c", program], os.environ, folder / f"{name}.log", ready_url)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def until(condition, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)


async def test_killed_child_is_started_again_and_said_so(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor([child(tmp_path, "door", SLEEPER)], said.append, QUICKLY) as supervisor:
        first = supervisor.pids()["door"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: supervisor.pids().get("door", first) != first)
        second = supervisor.pids()["door"]
        assert alive(second)
    assert len(said) == 1
    assert "door ended (killed by SIGKILL) and is started again" in said[0]
    assert not alive(second)


async def test_child_that_always_dies_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    said: list[str] = []
    dying = child(tmp_path, "door", "print('the door is stuck'); raise SystemExit(3)")
    async with Supervisor([dying], said.append, QUICKLY) as supervisor:
        with pytest.raises(ServerError, match=r"door ended 5 times in a row \(exit code 3\)[\s\S]*the door is stuck"):
            await supervisor.watch()
    assert len(said) == 4


async def test_children_end_in_reverse_order_and_leave_nothing_behind(tmp_path: Path) -> None:
    order = tmp_path / "order"
    program = f"""
import signal, subprocess, sys, time
name = sys.argv[1]
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
def end(*_):
    time.sleep(0.1)
    open({str(order)!r}, "a").write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print(helper.pid, flush=True)
while True:
    time.sleep(1)
"""
    children = [
        Child(name, [sys.executable, "-c", program, name], os.environ, tmp_path / f"{name}.log") for name in ("first", "second", "third")
    ]
    async with Supervisor(children, pytest.fail) as supervisor:
        await until(lambda: all(one.log.exists() and one.log.read_text().strip() for one in children))
        pids = [*supervisor.pids().values(), *(int(one.log.read_text()) for one in children)]
        assert all(alive(pid) for pid in pids)
    assert order.read_text().split() == ["third", "second", "first"]
    await until(lambda: not any(alive(pid) for pid in pids))


async def test_child_that_ignores_the_signal_is_killed_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daguanjia.supervisor.STOP_SECONDS", 0.3)
    monkeypatch.setattr("daguanjia.supervisor.LEAST_STOP_SECONDS", 0.1)
    said: list[str] = []
    deaf = child(tmp_path, "deaf", f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}")
    async with Supervisor([deaf], said.append) as supervisor:
        await until(lambda: "up" in deaf.log.read_text())
        pid = supervisor.pids()["deaf"]
    assert not alive(pid)
    assert said == ["deaf did not end in time and was killed."]


async def test_ready_waits_for_the_answer_and_gives_up_with_the_log(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    serving = child(tmp_path, "door", f"import http.server as h; h.test(h.SimpleHTTPRequestHandler, port={port}, bind='127.0.0.1')", url)
    async with Supervisor([serving], pytest.fail) as supervisor:
        await supervisor.ready(seconds=20)
    silent = child(tmp_path, "silent", SLEEPER, url)
    async with Supervisor([silent], pytest.fail) as supervisor:
        await until(lambda: "up" in silent.log.read_text())
        with pytest.raises(ServerError, match=r"silent is not ready after 0 s \(no answer\)[\s\S]*up"):
            await supervisor.ready(seconds=0.2)


async def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    program = f"""
import asyncio, os, sys
from pathlib import Path
from daguanjia.supervisor import Child, Supervisor
async def run():
    door = Child("door", [sys.executable, "-c", {SLEEPER!r}], os.environ, Path({str(tmp_path / "door.log")!r}))
    async with Supervisor([door], print) as supervisor:
        print(supervisor.pids()["door"], flush=True)
        await supervisor.watch()
asyncio.run(run())
"""
    launcher = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert launcher.stdout is not None
    pid = int(await launcher.stdout.readline())
    with contextlib.suppress(OSError):
        await until(lambda: "up" in (tmp_path / "door.log").read_text())
    launcher.kill()
    await launcher.wait()
    await until(lambda: not alive(pid))
