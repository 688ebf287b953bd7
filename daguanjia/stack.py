"""The whole stack on one machine: servers, schema, county, doors, story, and an orderly end.

Each step runs as a process of its own, exactly as an operator would run it by hand, with the addresses of the
servers in its environment.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from daguanjia.servers import ServerError, Servers, start_servers
from daguanjia.servers.addresses import check_database, check_redis
from daguanjia.servers.processes import leashed
from daguanjia.supervisor import Child, Supervisor

REPOSITORY = Path(__file__).resolve().parents[1]
COUNTY = Path(__file__).resolve().parent / "data" / "divisions-heping-441624.csv"
DEPARTMENTS = Path(__file__).resolve().parent / "data" / "heping-departments.csv"
SERVER_CHECK_SECONDS = 1.0

Story = Literal["no", "once", "again"]


@dataclass(frozen=True)
class Plan:
    """What to run: where the data lives, the ports of the two HTTP doors, and whether the story is told."""

    home: Path
    intake_port: int
    reporting_port: int
    story: Story


def run(plan: Plan) -> None:
    """Run the stack until SIGINT or SIGTERM. Raises ServerError with one sentence for what a person can put right."""
    console = Console()
    # until the doors are open a SIGTERM ends us like a Ctrl-C: by the way out of every with block
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _check_ports(plan)
    try:
        plan.home.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ServerError(f"{plan.home} cannot be made: {problem.strerror}. Name another directory (DAGUANJIA_HOME).") from None
    with _servers(plan, console) as (servers, addresses):
        environment = _environment(plan, addresses)
        _step(console, "Bringing the schema up to date", ["migrate"], environment)
        _step(console, "Loading Heping county", ["load-units", str(COUNTY), "--grids", "3"], environment)
        _step(console, "Loading its departments", ["load-units", str(DEPARTMENTS)], environment)
        _step(console, "Loading the catalogue", ["load-categories", "--unless-loaded"], environment)  # what the county decided since stays
        asyncio.run(_serve(plan, servers, environment, console))
    console.print("Stopped; the data is kept.")


def _check_ports(plan: Plan) -> None:
    if plan.intake_port == plan.reporting_port:
        raise ServerError(f"Both doors were given port {plan.intake_port}: give --intake-port or --reporting-port another one.")
    for option, port in (("intake-port", plan.intake_port), ("reporting-port", plan.reporting_port)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as problem:
                variable = f"DAGUANJIA_{option.upper().replace('-', '_')}"
                raise ServerError(
                    f"Port {port} cannot be used ({problem.strerror}): end the program that has it, "
                    f"or choose another with --{option} ({variable})."
                ) from None


@contextlib.contextmanager
def _servers(plan: Plan, console: Console) -> Iterator[tuple[Servers | None, Mapping[str, str]]]:
    """Start the embedded servers that no address of one's own replaces, and end them afterwards."""
    given = {name: _given(name) for name in ("DATABASE_URL", "REDIS_URL")}
    if given["DATABASE_URL"]:
        check_database(given["DATABASE_URL"])
    if given["REDIS_URL"]:
        check_redis(given["REDIS_URL"])
    if all(given.values()):
        yield None, given
        return
    with console.status("Starting PostgreSQL and Valkey"):
        servers = start_servers(plan.home / "servers", postgres=not given["DATABASE_URL"], valkey=not given["REDIS_URL"])
    with servers:
        console.print("Started the servers.", style="green")
        yield (
            servers,
            {
                "DATABASE_URL": given["DATABASE_URL"] or servers.database_url,
                "REDIS_URL": given["REDIS_URL"] or servers.redis_url,
            },
        )


def _given(name: str) -> str:
    if file := os.environ.get(f"{name}_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as problem:
            raise ServerError(f"{name}_FILE={file} cannot be read: {problem.strerror}.") from None
    return os.environ.get(name, "")


def _environment(plan: Plan, addresses: Mapping[str, str]) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL_FILE", "REDIS_URL_FILE"}}
    path = os.pathsep.join(part for part in (str(REPOSITORY), own.get("PYTHONPATH", "")) if part)
    return own | {
        **addresses,
        "DAGUANJIA_HOME": str(plan.home),
        "DAGUANJIA_INTAKE_URL": f"http://127.0.0.1:{plan.intake_port}",
        "DAGUANJIA_REPORTING_URL": f"http://127.0.0.1:{plan.reporting_port}",
        "DAGUANJIA_PAGE_ORIGINS": ",".join(f"http://{host}:{plan.reporting_port}" for host in ("127.0.0.1", "localhost")),
        # messages that no carrier is set up for: one line each, to be looked at
        "DAGUANJIA_OUTBOX_FILE": own.get("DAGUANJIA_OUTBOX_FILE") or str(plan.home / "outbox.jsonl"),
        # one machine to try it on: whoever runs a county asks its administrators for a second factor, which is the default
        "DAGUANJIA_SECOND_FACTOR_ENFORCED": own.get("DAGUANJIA_SECOND_FACTOR_ENFORCED") or "False",
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
    }


def _step(console: Console, what: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run one of our own commands; raises ServerError with its last words if it fails."""
    with console.status(what):
        done = subprocess.run(
            leashed([sys.executable, "-m", "daguanjia", *command], death_signal=signal.SIGTERM),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    words = [line for line in done.stdout.splitlines() if line.strip()]
    if done.returncode != 0:
        raise ServerError(f"{what} failed: {' '.join(words[-3:]) or f'exit code {done.returncode}'}")
    console.print(f"{what}: done.", style="green")


def doors(plan: Plan, environment: Mapping[str, str]) -> list[Child]:
    """Return the three doors as processes to keep running, in the order of their start."""
    logs = plan.home / "logs"
    worker = Child("worker", [sys.executable, "-m", "dispatch_worker"], environment, logs / "worker.log")
    return [
        _http_door("intake", plan.intake_port, environment, logs),
        _http_door("reporting", plan.reporting_port, environment, logs),
        worker,
    ]


def _http_door(name: str, port: int, environment: Mapping[str, str], logs: Path) -> Child:
    argv = [sys.executable, "-m", "uvicorn", f"{name}_api.app:app", "--host", "127.0.0.1", "--port", str(port)]
    argv += ["--no-access-log", "--no-proxy-headers", "--loop", "uvloop", "--http", "httptools", "--timeout-graceful-shutdown", "5"]
    return Child(name, argv, environment, logs / f"{name}.log", f"http://127.0.0.1:{port}/readyz")


async def _serve(plan: Plan, servers: Servers | None, environment: Mapping[str, str], console: Console) -> None:
    """Keep the doors open until a signal; a second signal kills them at once."""
    supervisor = Supervisor(doors(plan, environment), lambda line: console.print(line, style="yellow"))
    work = asyncio.create_task(_open(plan, supervisor, servers, environment, console))
    loop = asyncio.get_running_loop()

    def asked_to_stop() -> None:
        if work.cancelling():
            supervisor.hurry()
        else:
            console.print("Stopping…")
            work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked_to_stop)
    with contextlib.suppress(asyncio.CancelledError):
        await work


async def _open(plan: Plan, supervisor: Supervisor, servers: Servers | None, environment: Mapping[str, str], console: Console) -> None:
    async with supervisor:
        reviving = asyncio.create_task(_revive(servers, console))
        watching = asyncio.create_task(supervisor.watch())
        try:
            with console.status("Opening the doors"):
                await supervisor.ready()
            console.print("The doors are open.", style="green")
            await _tell_story(plan, environment, console)
            _print_addresses(plan, console)
            done, _ = await asyncio.wait({reviving, watching}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (reviving, watching):
                task.cancel()
            await asyncio.gather(reviving, watching, return_exceptions=True)


async def _revive(servers: Servers | None, console: Console) -> None:
    """Start an embedded server again that ended by itself; stays for ever."""
    while True:
        await asyncio.sleep(SERVER_CHECK_SECONDS)
        for name in await asyncio.to_thread(servers.revive) if servers else ():
            console.print(f"{name} ended and was started again; nothing committed is lost.", style="yellow")


async def _tell_story(plan: Plan, environment: Mapping[str, str], console: Console) -> None:
    told = plan.home / "story-told"
    if plan.story == "no" or (plan.story == "once" and told.exists()):
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "daguanjia", "story", env=dict(environment), stdin=asyncio.subprocess.DEVNULL
    )
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code == 0:
        told.touch()
    else:
        console.print(f"The story ended early (exit code {code}); the doors stay open.", style="yellow")


def _print_addresses(plan: Plan, console: Console) -> None:
    intake, reporting = (f"http://127.0.0.1:{port}" for port in (plan.intake_port, plan.reporting_port))
    console.print(
        f"\nIntake   {intake}/openapi.json\nReports  {reporting}/openapi.json\nLook at  {reporting}/dashboard\n"
        f"Logs     {plan.home / 'logs'}\n\nCtrl-C stops everything; the data stays in {plan.home}.",
        highlight=False,
        soft_wrap=True,
    )
