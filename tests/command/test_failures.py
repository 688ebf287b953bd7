"""What a person can put right is one line and exit code 2, never a traceback."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from daguanjia.command import runnable
from daguanjia.servers import ServerError
from services.platform.errors import Conflict, Fault, Invalid

REPOSITORY = Path(__file__).parents[2]


def outcome(function) -> tuple[int, str]:
    """Run a function as a command; return exit code and what it said on standard error."""
    application = typer.Typer()
    application.command()(runnable("up", function))
    result = CliRunner().invoke(application, [])
    return result.exit_code, result.stderr.strip()


def up(home: Path, **environment: str) -> tuple[int, str]:
    """Run `daguanjia up` for real; return exit code and everything it said."""
    clean = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    free = {"DAGUANJIA_INTAKE_PORT": "18431", "DAGUANJIA_REPORTING_PORT": "18432"}
    done = subprocess.run(
        [sys.executable, "-m", "daguanjia", "up", "--home", str(home)],
        env=clean | free | environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def test_problem_is_its_sentence_and_its_faults() -> None:
    def wrong() -> None:
        raise Invalid("units.bad_rows", "Two rows are wrong; nothing was loaded.", errors=[Fault("line 7", "no name")])

    assert outcome(wrong) == (2, "Two rows are wrong; nothing was loaded. [units.bad_rows]\nline 7: no name")


def test_async_command_runs_and_fails_the_same_way() -> None:
    async def wrong() -> None:
        raise Conflict("account.exists", "There is such an account already.")

    assert outcome(wrong) == (2, "There is such an account already. [account.exists]")


def test_server_error_and_refused_connection_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hidden@db.example:5432/county")

    def no_server() -> None:
        raise ServerError("The disk is full.")

    def refused() -> None:
        raise RuntimeError from ConnectionRefusedError(111, "Connection refused")

    assert outcome(no_server) == (2, "The disk is full.")
    code, said = outcome(refused)
    assert code == 2
    assert said.startswith("DATABASE_URL (db.example:5432/county) does not work")
    assert "hidden" not in said


def test_fault_of_ours_is_not_dressed_up() -> None:
    def broken() -> None:
        raise KeyError("x")

    code, said = outcome(broken)
    assert (code, said) == (1, "")


def test_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = up(tmp_path, DAGUANJIA_REPORTING_PORT=str(port))
    assert code == 2
    assert said == (
        f"Port {port} cannot be used (Address already in use): end the program that has it, "
        "or choose another with --reporting-port (DAGUANJIA_REPORTING_PORT)."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://me:hidden@db/county", "DATABASE_URL must start with postgresql://"),
        ("postgresql://me:hidden@127.0.0.1:9/county", "DATABASE_URL (127.0.0.1:9/county) does not work"),
        ("postgresql://me:hidden@nowhere.invalid/county", "DATABASE_URL (nowhere.invalid:/county) does not work"),
        ("postgresql://me:hidden@127.0.0.1:port/county", "DATABASE_URL"),
    ],
)
def test_wrong_database_url_is_one_line_without_its_password(tmp_path: Path, url: str, sentence: str) -> None:
    code, said = up(tmp_path, DATABASE_URL=url)
    assert code == 2, said
    assert said.startswith(sentence)
    assert "hidden" not in said
    assert len(said.splitlines()) == 1


def test_wrong_redis_url_is_one_line_without_its_password(tmp_path: Path) -> None:
    code, said = up(tmp_path, REDIS_URL="redis://:hidden@127.0.0.1:9/0")
    assert code == 2, said
    assert said.startswith("REDIS_URL (127.0.0.1:9/0) does not work")
    assert "hidden" not in said
    assert len(said.splitlines()) == 1


def test_home_that_is_a_file_is_one_line() -> None:
    with tempfile.NamedTemporaryFile() as file:
        code, said = up(Path(file.name))
    assert code == 2, said
    assert said.startswith(f"{file.name} cannot be made: File exists.")
    assert len(said.splitlines()) == 1
