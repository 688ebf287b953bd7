"""Real servers: what was committed stays, nothing is left running, one launcher a directory."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis

from daguanjia import servers as starting
from daguanjia.servers import ServerError, Servers, erase, running_servers, start_servers, temporary_servers
from daguanjia.servers.postgres import check_letters

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A directory that the servers' user can walk to, also when the tests run as root."""
    directory = Path(tempfile.mkdtemp(prefix="daguanjia-test-", dir="/var/tmp"))
    yield directory
    erase(directory)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def quick() -> Iterator[Servers]:
    """Servers for the tests that neither stop nor kill them."""
    with temporary_servers() as servers:
        yield servers


def ask(servers: Servers, *statements: str) -> Any:
    """Run statements in one connection and return the first value of the last one."""

    async def run() -> Any:
        connection = await asyncpg.connect(servers.database_url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(run())


def ended(pid: int) -> bool:
    """Say whether a process ends, in a minute at most (a zombie has ended)."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def test_restart_keeps_rows_ports_and_password(data_dir: Path) -> None:
    with start_servers(data_dir) as first:
        ask(first, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1) RETURNING n")
        redis.Redis.from_url(first.redis_url).set("kept", "yes")
        urls = first.database_url, first.redis_url
        pids = first.postgres.pid, first.valkey.pid
    assert all(ended(pid) for pid in pids)
    with start_servers(data_dir) as second:
        assert ask(second, "SELECT count(*) FROM kept") == 1
        assert redis.Redis.from_url(second.redis_url).get("kept") == b"yes"
        assert (second.database_url, second.redis_url) == urls


def test_killed_servers_lose_no_committed_row_and_come_back_on_their_ports(data_dir: Path) -> None:
    with start_servers(data_dir) as servers:
        ask(servers, "CREATE TABLE kept (n int)", "SELECT 1")
        for number in range(5):
            ask(servers, f"INSERT INTO kept VALUES ({number}) RETURNING n")
            redis.Redis.from_url(servers.redis_url).incr("kept")
        for pid in (servers.postgres.pid, servers.valkey.pid):
            os.kill(pid, signal.SIGKILL)
            assert ended(pid)
        assert servers.revive() == ["PostgreSQL", "Valkey"]
        assert ask(servers, "SELECT count(*) FROM kept") == 5
        assert redis.Redis.from_url(servers.redis_url).get("kept") == b"5"
        assert servers.revive() == []


def test_killed_launcher_leaves_no_orphan_and_its_rows(data_dir: Path) -> None:
    program = f"""
import asyncio, asyncpg, time
from pathlib import Path
from daguanjia.servers import start_servers
servers = start_servers(Path({str(data_dir)!r}))
async def write():
    connection = await asyncpg.connect(servers.database_url)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
asyncio.run(write())
print(servers.postgres.pid, servers.valkey.pid, flush=True)
time.sleep(60)
"""
    launcher = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    assert launcher.stdout is not None
    pids = [int(pid) for pid in launcher.stdout.readline().split()]
    assert len(pids) == 2
    with pytest.raises(ServerError, match=f"already runs on .*process {launcher.pid}.*stop it first"):
        start_servers(data_dir)
    launcher.kill()
    launcher.wait()
    launcher.stdout.close()
    with start_servers(data_dir) as servers:
        assert ask(servers, "SELECT n FROM kept") == 7
    assert all(ended(pid) for pid in pids)


def test_lock_file_of_a_dead_or_foreign_process_does_not_stop_a_start(data_dir: Path) -> None:
    start_servers(data_dir, durable=False).stop()
    # the number now belongs to this very process: alive, but no server of this directory
    for lock in (data_dir / "postgres" / "postmaster.pid", data_dir / "postgres.pid", data_dir / "valkey.pid"):
        lock.write_text(f"{os.getpid()}\n")
    with start_servers(data_dir, durable=False) as servers:
        assert ask(servers, "SELECT 1") == 1


def test_taken_port_is_replaced_by_a_free_one(data_dir: Path) -> None:
    with start_servers(data_dir, durable=False) as servers:
        ports = servers.postgres.port, servers.valkey.port
    with (
        socket.create_server(("127.0.0.1", ports[0])),
        socket.create_server(("127.0.0.1", ports[1])),
        start_servers(data_dir, durable=False) as servers,
    ):
        assert servers.postgres.port != ports[0]
        assert servers.valkey.port != ports[1]
        assert ask(servers, "SELECT 1") == 1


def test_chinese_text_is_similar_and_a_database_of_plain_c_is_refused(quick: Servers) -> None:
    likeness = ask(
        quick,
        "CREATE EXTENSION pg_trgm",
        "CREATE DATABASE deaf TEMPLATE template0 LC_CTYPE 'C'",
        "SELECT similarity('垃圾未清运', '垃圾清运')",
    )
    assert 0.3 < likeness < 0.5
    with pytest.raises(ServerError, match=r"lc_ctype C .*LC_CTYPE 'C.UTF-8'"):
        asyncio.run(check_letters(quick.postgres.url("deaf")))


def test_servers_ask_for_their_password_and_keep_it_private(quick: Servers) -> None:
    for name in ("postgres", "valkey"):
        file = quick.postgres.home / f"{name}.password"
        assert file.stat().st_mode & 0o777 == 0o600
        secret = file.read_text()
        assert secret in quick.database_url + quick.redis_url
        pid = getattr(quick, name).pid
        assert secret.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=quick.valkey.port).ping()

    async def intrude() -> None:
        await asyncpg.connect(quick.database_url, password="wrong")

    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(intrude())


def test_running_servers_are_found_by_another_command(quick: Servers, data_dir: Path) -> None:
    asked = quick.postgres.home
    assert running_servers(asked) == {"DATABASE_URL": quick.database_url, "REDIS_URL": quick.redis_url}
    with start_servers(data_dir, durable=False, postgres=False) as only:
        assert running_servers(data_dir) == {"REDIS_URL": only.redis_url}
        assert only.postgres.pid == 0
    assert running_servers(data_dir) == {}


def test_statements_do_not_reach_the_log(quick: Servers) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        ask(
            quick,
            "CREATE TABLE people (phone text PRIMARY KEY)",
            "INSERT INTO people VALUES ('13800138000')",
            "INSERT INTO people VALUES ('13800138000')",
        )
    log = (quick.postgres.home / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "13800138000" not in log


def test_unusable_directory_is_one_clear_sentence(data_dir: Path) -> None:
    (data_dir / "file").write_text("")
    with pytest.raises(ServerError, match="is a file: name a directory"):
        start_servers(data_dir / "file")
    with pytest.raises(ServerError, match=r"cannot be used: Not a directory\. Correct"):
        start_servers(data_dir / "file" / "below")


def test_full_disk_is_said_before_anything_is_written(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daguanjia.servers.places.ROOM_BYTES", 2**60)
    with pytest.raises(ServerError, match=r"MB left, .* MB are needed: make room and start again"):
        start_servers(data_dir)
    assert not (data_dir / "postgres").exists()


def test_servers_of_tests_lie_in_memory_only_where_there_is_plenty(monkeypatch):
    somewhere = Path("/var/tmp")
    monkeypatch.setattr(starting, "IN_MEMORY_BYTES", 1)
    assert starting._has_plenty(somewhere)
    assert not starting._has_plenty(somewhere / "nobody made this")
    monkeypatch.setattr(starting, "IN_MEMORY_BYTES", 2**60)
    assert not starting._has_plenty(somewhere)
