"""How fast complaints come in, beside the two limits of the same run: the bare commit, and the bare framework.

    python bench/intake.py [--seconds 2] [--rounds 2] [--callers 1,8,32]

(a) POST /v1/hotline/complaints on a real intake door (uvicorn, one process), (b) pgbench with the same rows in one statement, (c) a FastAPI
POST with the same body and a typed model that does nothing. On temporary servers with fsync on; rounds are interleaved, the median counts.
Everything runs on this one machine, the load generator too.
"""

import argparse
import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.request import urlopen
from uuid import UUID

import asyncpg

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from daguanjia.servers import _free_port, temporary_servers  # noqa: E402
from daguanjia.servers.binaries import find_postgres  # noqa: E402

BODY = {
    "words": "礼士镇太平村的水管爆了，半夜两点水漫到路上。",
    "call_id": "call-{nth}",
    "category": "water.pipe",
    "place": {"unit_code": "village", "words": "老水井旁"},
    "contact": {"name": "欧阳小明", "phone": "13805550123"},
}
PATH = "/v1/hotline/complaints"
WHAT = {"intake": "POST /v1/hotline/complaints", "commit": "pgbench, the same rows", "bare": "FastAPI POST, no database"}


async def people_a_county(url: str) -> UUID:
    """Write a county, a village, a category and an operator; return the operator's account."""
    from services.platform.ids import new_id

    now, since = datetime.now(UTC), date(2020, 1, 1)
    county, village, member, account = (new_id() for _ in range(4))
    owner = await asyncpg.connect(url)
    unit = (
        "INSERT INTO units (id, code, kind, tier, name, parent_id, path, valid_from, created_at, updated_at)"
        " VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $8)"
    )
    await owner.execute(unit, county, "441624", "county", "和平县", None, "/441624/", since, now)
    await owner.execute(unit, village, "village", "village", "太平村", county, "/441624/village/", since, now)
    await owner.execute(
        "INSERT INTO members (id, name, party_member, created_at, updated_at) VALUES ($1, '李接线', false, $2, $2)", member, now
    )
    await owner.execute(
        "INSERT INTO posts (id, member_id, unit_id, role, valid_from, created_at) VALUES ($1, $2, $3, 'hotline_operator', $4, $5)",
        new_id(), member, county, since, now,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO accounts (id, login, password_hash, member_id, created_at) VALUES ($1, 'operator', '', $2, $3)", account, member, now
    )
    await owner.execute(
        "INSERT INTO categories (code, name, position, leaf, urgency, privacy, place_needed, evidence, limits, handler,"
        " surfaces_directly, urgent_ring, keywords, version, updated_at)"
        " VALUES ('water.pipe', '供水管网', 1, true, 'urgent', 'normal', true, '[]', '{}', 'lowest', false, false, '[]', 1, $1)",
        now,
    )
    await owner.close()
    return account


@contextmanager
def door(application: str, environment: dict[str, str], ready: str) -> Iterator[str]:
    """Run a uvicorn process and give its address."""
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port), "--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}{ready}", process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(15)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise SystemExit(f"the door ended with {process.returncode} before it was ready")
        try:
            urlopen(url, timeout=1).close()
        except OSError as error:
            if getattr(error, "code", None) in (404, 405):
                return
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{url} did not answer")


def call(address: str, callers: int, seconds: float, token: str = "") -> dict[str, float]:
    """Drive one door with the load generator."""
    command = [sys.executable, str(HERE / "load.py"), address, PATH, str(callers), str(seconds), token]
    done = subprocess.run(command, input=json.dumps(BODY, ensure_ascii=False), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    if found["wrong"]:
        raise SystemExit(f"{found['wrong']} wrong answers, the last: {done.stderr}")
    return found


def commit(url: str, callers: int, seconds: float) -> dict[str, float]:
    """Run pgbench with the same rows; percentiles from its log of transactions."""
    with tempfile.TemporaryDirectory() as directory:
        command = [
            str(find_postgres() / "pgbench"), "-n", "-M", "prepared", "-f", str(HERE / "pgbench_filing.sql"),
            "-c", str(callers), "-j", str(min(callers, 2)), "-T", str(max(1, round(seconds))), "-l", "--log-prefix=log", url,
        ]  # fmt: skip
        subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True)
        taken = sorted(int(line.split()[2]) for log in Path(directory).glob("log*") for line in log.read_text().splitlines())
    if not taken:
        raise SystemExit("pgbench finished no transaction: this machine is too busy to measure anything on.")
    return {
        "per_second": len(taken) / max(1, round(seconds)),
        "p50": taken[len(taken) // 2] / 1000,
        "p99": taken[int(len(taken) * 0.99)] / 1000,
    }


def measure(rounds: int, seconds: float, callers: list[int]) -> dict[tuple[str, int], list[dict[str, float]]]:
    """Run everything, interleaved, and return the figures of every round."""
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    with ExitStack() as stack:
        servers = stack.enter_context(temporary_servers(durable=True))
        environment = {
            **os.environ,
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "DAGUANJIA_SECRET": secrets.token_urlsafe(48),
            "DAGUANJIA_RATE_FILE": "300000",  # counted as ever, and never refused: one account files here what a county does not
        }
        os.environ.update(environment)
        from migrations import running

        running.upgrade()
        account = asyncio.run(people_a_county(servers.database_url))
        from services.identity.tokens import write_token

        token, _ = write_token(account, 0, datetime.now(UTC), 60)
        intake = stack.enter_context(door("intake_api.app:app", environment, "/healthz"))
        bare = stack.enter_context(door("bench.bare:app", environment, "/"))
        call(intake, 8, 1, token)  # warm up: caches, prepared statements, connections
        for _ in range(rounds):
            for number in callers:
                found.setdefault(("intake", number), []).append(call(intake, number, seconds, token))
                found.setdefault(("commit", number), []).append(commit(servers.database_url, number, seconds))
                found.setdefault(("bare", number), []).append(call(bare, number, seconds))
    return found


def report(found: dict[tuple[str, int], list[dict[str, float]]], callers: list[int]) -> None:
    """Print the medians and the ratios."""

    def middle(what: str, number: int, figure: str) -> float:
        return statistics.median(one[figure] for one in found[what, number])

    for number in callers:
        print(f"{number} caller{'s' if number > 1 else ''}")
        for what, name in WHAT.items():
            rate, p50, p99 = (middle(what, number, figure) for figure in ("per_second", "p50", "p99"))
            ratio = middle("intake", number, "per_second") / rate
            beside = "" if what == "intake" else f"   intake / this = {ratio:.2f}"
            print(f"  {name:30} {rate:8,.0f}/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms{beside}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each, interleaved")
    parser.add_argument("--callers", default="1,8,32")
    given = parser.parse_args()
    callers = [int(number) for number in given.callers.split(",")]
    report(measure(given.rounds, given.seconds, callers), callers)


if __name__ == "__main__":
    main()
