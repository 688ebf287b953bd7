"""The production shape: docker compose builds it, the story is told inside it, and every container is killed once on the way."""

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.journeys.conftest import free_ports

REPOSITORY = Path(__file__).parents[2]
OUTBOX = "/var/lib/daguanjia/outbox.jsonl"
WECHAT_TOKEN = "composetoken580"
VICTIMS = {"②": "worker-1", "③": "intake-1", "④": "postgres-1", "⑤": "valkey-1", "⑥": "worker-2", "⑨": "reporting-1"}
"""At the beginning of which step of the story which container is killed."""


def no_engine() -> str:
    """Return why docker compose cannot be driven here; empty where it can."""
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=30)
        except (OSError, subprocess.SubprocessError) as problem:
            return f"`{' '.join(command)}` does not work here ({type(problem).__name__}): no Docker engine with compose"
    return ""


def index_url() -> dict[str, str]:
    """Return the package index pip uses here, where it is one that a container can reach too."""
    told = subprocess.run([sys.executable, "-m", "pip", "config", "get", "global.index-url"], check=False, capture_output=True, text=True)
    url = os.environ.get("PIP_INDEX_URL") or told.stdout.strip()
    return {"PIP_INDEX_URL": url} if url.startswith("http") else {}


@dataclass
class Compose:
    """A compose project of this test alone."""

    project: str
    environment: dict[str, str]
    took: dict[str, float] = field(default_factory=dict)

    def __call__(self, *arguments: str, check: bool = True, seconds: float = 60) -> str:
        """Run `docker compose …` and return what it printed; fail with everything it said otherwise."""
        done = subprocess.run(
            self.command(*arguments), env=self.environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=seconds, check=False
        )
        assert done.returncode == 0 or not check, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def command(self, *arguments: str) -> list[str]:
        return ["docker", "compose", "--project-name", self.project, *arguments]

    def timed(self, what: str, *arguments: str, seconds: float) -> None:
        began = time.monotonic()
        self(*arguments, seconds=seconds)
        self.took[what] = time.monotonic() - began

    def kill(self, name: str) -> None:
        """Kill a container and start it again, as a machine that lost power would."""
        container = f"{self.project}-{name}"
        for command in ("kill", "start"):
            subprocess.run(["docker", command, container], env=self.environment, check=True, capture_output=True, timeout=60)

    def sql(self, query: str) -> str:
        psql = 'PGPASSWORD=$(cat /run/secrets/postgres_password) exec psql -h 127.0.0.1 -U daguanjia -d daguanjia -qAt -c "$1"'
        return self("exec", "-T", "postgres", "sh", "-c", psql, "sh", query)

    def wait_for(self, query: str, expected: str, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while (found := self.sql(query)) != expected:
            assert time.monotonic() < until, f"{query}: {found}, not {expected}"
            time.sleep(0.5)


@pytest.fixture
def compose() -> Iterator[Compose]:
    """Everything built and running, in a project of its own; removed with its volumes afterwards."""
    if reason := no_engine():
        pytest.skip(reason)
    intake, reporting = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="daguanjia-compose-", dir="/var/tmp") as directory:
        subprocess.run([str(REPOSITORY / "deploy" / "make-secrets"), directory], check=True, capture_output=True)
        (Path(directory) / "wechat_token").write_text(f"{WECHAT_TOKEN}\n")
        exchange = Path(directory) / "exchange"
        exchange.mkdir(mode=0o755)
        (exchange / "queue_log").write_text("1795311452|NONE|NONE|NONE|QUEUESTART|\n")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DAGUANJIA_")},
            **index_url(),
            "COMPOSE_ANSI": "never",
            "DAGUANJIA_IMAGE": "daguanjia:test",
            "DAGUANJIA_SECRETS": directory,
            "DAGUANJIA_INTAKE_PORT": str(intake),
            "DAGUANJIA_REPORTING_PORT": str(reporting),
            "DAGUANJIA_OUTBOX_FILE": OUTBOX,
            "DAGUANJIA_SECOND_FACTOR_ENFORCED": "False",  # the people of the story have no telephones
            "DAGUANJIA_EXCHANGE_FILES": str(exchange),
        }
        compose = Compose(f"daguanjia-test-{os.getpid()}", environment)
        try:
            compose.timed("build", "build", seconds=240)
            compose.timed("up", "up", "-d", "--wait", seconds=180)
            yield compose
        finally:
            compose("--profile", "story", "down", "--volumes", "--remove-orphans", "--timeout", "5", check=False, seconds=90)


def tell_while_killing(compose: Compose) -> str:
    """Tell the story; at the heading of each step in VICTIMS kill that step's container. Return everything it said."""
    said: list[str] = []
    still_alive = dict(VICTIMS)
    command = compose.command(
        "run", "--rm", "-T", "--no-deps", "-e", "COLUMNS=140", "story", "daguanjia", "story", "--only", "daguanjia", "--patience", "90"
    )
    began = time.monotonic()
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, env=compose.environment, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as story,
    ):
        assert story.stdout is not None
        for line in story.stdout:
            said.append(line)
            if victim := still_alive.pop(line[:1], None):
                compose.kill(victim)
        code = story.wait(300)
        errors.seek(0)
        said.append(errors.read().decode())
    compose.took["story"] = time.monotonic() - began
    assert code == 0, "".join(said)
    assert not still_alive, f"never killed: {still_alive}"
    return "".join(said)


@pytest.mark.compose
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_story_ends_well_though_every_container_is_killed_once(compose: Compose, capsys: pytest.CaptureFixture[str]) -> None:
    said = tell_while_killing(compose)
    assert "✗" not in said
    if "途中有门重启" not in said:
        with capsys.disabled():
            sys.stdout.write("\nnote: the doors were back before anybody asked; no request met one that was away\n")
    compose.wait_for("SELECT count(*) FROM deliveries", "0")
    # a worker that is killed while it sends leaves its lease of five minutes behind
    compose.wait_for("SELECT count(*) FROM messages WHERE state <> 'sent'", "0", 330)
    assert compose.sql("SELECT status, round FROM tickets") == "closed|2", "one call, one ticket"
    assert compose.sql("SELECT count(*) FROM complaints") == "1"
    events = "SELECT count(*) = min(t.version) AND max(e.seq) = min(t.version) FROM events e JOIN tickets t ON t.id = e.subject_id"
    assert compose.sql(events) == "t", "no event is lost or doubled"
    assert compose.sql("SELECT count(*) FROM answers") == "2"
    assert compose.sql("SELECT count(*) FROM call_backs") == "2"
    assert compose.sql("SELECT count(*) FROM attachment_links") == "6"
    messages = set(compose.sql("SELECT id FROM messages").splitlines())
    lines = compose("exec", "-T", "worker", "python", "-c", f"import json; [print(json.loads(l)['reference']) for l in open('{OUTBOX}')]")
    assert set(lines.splitlines()) == messages, "every message left, under its own reference"
    check_running(compose)
    check_hardened(compose)
    check_ways_in(compose)
    with capsys.disabled():
        sys.stdout.write(f"\ncompose: {', '.join(f'{what} {seconds:.0f} s' for what, seconds in compose.took.items())}\n")


def check_running(compose: Compose) -> None:
    """Every container came back, and the doors answer on the host's ports."""
    running = compose("ps", "--status", "running", "--format", "{{.Service}}").split()
    assert sorted(running) == ["intake", "postgres", "reporting", "valkey", "worker", "worker"]
    import httpx

    for name in ("INTAKE", "REPORTING"):
        until = time.monotonic() + 30
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if (
                    httpx.get(f"http://127.0.0.1:{compose.environment[f'DAGUANJIA_{name}_PORT']}/readyz", trust_env=False).status_code
                    == 200
                ):
                    break
            assert time.monotonic() < until, f"{name} does not answer on its port"
            time.sleep(0.5)


def check_hardened(compose: Compose) -> None:
    """Ours run as nobody special, on a file system they cannot write to, and no password stands in their environment."""
    secret = (Path(compose.environment["DAGUANJIA_SECRETS"]) / "postgres_password").read_text()
    for service in ("intake", "reporting", "worker"):
        told = compose("exec", "-T", service, "sh", "-c", "id -u; touch /opt/daguanjia/x 2>&1; grep CapEff /proc/self/status; env")
        assert told.splitlines()[0] == "10580"
        assert "Read-only file system" in told
        assert "0000000000000000" in told, "no capability is left"
        assert secret not in told


def check_ways_in(compose: Compose) -> None:
    """What a way in needs reaches the container: a token by its file, the exchange's files read-only, programs that open pictures."""
    import httpx

    stamp = str(int(time.time()))
    asked = {"timestamp": stamp, "nonce": "n", "echostr": "4375120948345356249"}
    asked["signature"] = hashlib.sha1("".join(sorted((WECHAT_TOKEN, stamp, "n"))).encode()).hexdigest()
    intake = f"http://127.0.0.1:{compose.environment['DAGUANJIA_INTAKE_PORT']}"
    answer = httpx.get(f"{intake}/v1/wechat/callback", params=asked, trust_env=False)
    assert (answer.status_code, answer.text) == (200, asked["echostr"])
    assert httpx.get(f"{intake}/v1/wecom/callback", trust_env=False).status_code == 404, "an empty file closes the channel"
    told = compose(
        "exec", "-T", "worker", "sh", "-c", 'cat "$DAGUANJIA_EXCHANGE_FILES/queue_log"; touch "$DAGUANJIA_EXCHANGE_FILES/x" 2>&1 || true'
    )
    assert "QUEUESTART" in told
    assert "Read-only file system" in told
    opener = "import PIL.Image, pillow_heif; pillow_heif.register_heif_opener(); print(pillow_heif.libheif_version())"
    for service in ("intake", "worker"):
        assert compose("exec", "-T", service, "python", "-c", opener)


def test_image_has_the_locked_requirements_without_the_embedded_servers() -> None:
    runtime, image = (
        {line.split(" ;")[0].rstrip(" \\") for line in (REPOSITORY / "requirements" / name).read_text().splitlines() if "==" in line[:80]}
        for name in ("runtime.txt", "image.txt")
    )
    assert image < runtime, "run `make lock`"
    left_out = re.search(r"^EMBEDDED := (.*)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert {pin.partition("==")[0] for pin in runtime - image} == set(left_out[1].split())
