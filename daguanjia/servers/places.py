"""The directory that the servers live in: made, locked to one launcher, moved where root's is closed."""

import errno
import fcntl
import os
import secrets
import shutil
import signal
import time
from hashlib import sha256
from pathlib import Path

from daguanjia.servers.errors import ServerError
from daguanjia.servers.processes import ServerUser, can_walk, end_forgotten, server_user

ELSEWHERE = Path("/var/lib/daguanjia")
ROOM_BYTES = 200 * 1024 * 1024


class Place:
    """A directory that this process alone uses until ``leave``."""

    def __init__(self, data_dir: Path) -> None:
        """Make and lock the directory. Raises ServerError if it cannot be used or another launcher does."""
        self.asked = data_dir.resolve()
        try:
            self.asked.mkdir(parents=True, exist_ok=True)
            self.home, self.user = _settle(self.asked)
            self._lock = self._take()
        except FileExistsError:
            raise ServerError(f"{self.asked} is a file: name a directory (DAGUANJIA_HOME).") from None
        except OSError as problem:
            raise self.refused(problem) from problem

    def refused(self, problem: OSError) -> ServerError:
        """Return the sentence for a directory that the system does not let us use."""
        if problem.errno == errno.ENOSPC:
            return ServerError(f"The disk that holds {self.asked} is full: make room and start again.")
        if isinstance(problem, PermissionError) and self.asked.exists() and self.asked.stat().st_uid != os.geteuid():
            return ServerError(
                f"{self.asked} belongs to another user (number {self.asked.stat().st_uid}): "
                "run as that user, or name another directory (DAGUANJIA_HOME)."
            )
        return ServerError(
            f"{problem.filename or self.asked} cannot be used: {problem.strerror or problem}. "
            "Correct its rights or name another directory (DAGUANJIA_HOME)."
        )

    def _take(self) -> int:
        lock = os.open(self.home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.read(lock, 20).decode().strip() or "unknown"
            os.close(lock)
            raise ServerError(
                f"daguanjia already runs on {self.asked} (process {other}): stop it first, or name another directory (DAGUANJIA_HOME)."
            ) from None
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        return lock

    def secret(self, name: str) -> str:
        """Return the password kept under ``name`` (mode 0600); the first call makes it."""
        file = self.home / f"{name}.password"
        if not file.exists():
            fresh = file.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(24))
            fresh.replace(file)
        return file.read_text().strip()

    def leave(self) -> None:
        """Give the directory free for another launcher."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _settle(asked: Path) -> tuple[Path, ServerUser]:
    """Choose where the data really lies, and who runs the servers.

    Root's servers run as somebody else, who must be able to walk to the data. Our own directory is
    opened for walking (0711); where a parent is closed (a home of mode 0700) we do not touch it but
    keep the data in /var/lib/daguanjia, and say so in a file beside.
    """
    user = server_user(asked / "postgres")
    if os.geteuid() != 0:
        return asked, user
    asked.chmod(0o711)
    if can_walk(asked, user):
        return asked, user
    moved = elsewhere(asked)
    moved.mkdir(parents=True, exist_ok=True)
    for directory in (ELSEWHERE, moved):
        directory.chmod(0o711)
    (asked / "data-is-in").write_text(f"{moved}\n")
    return moved, server_user(moved / "postgres")


def elsewhere(asked: Path) -> Path:
    """Return the directory that stands in for ``asked`` where the servers' user cannot reach it."""
    note = asked / "data-is-in"
    if note.exists():
        return Path(note.read_text().strip())
    return ELSEWHERE / sha256(str(asked).encode()).hexdigest()[:16]


def held_home(data_dir: Path) -> Path | None:
    """Return where the data of ``data_dir`` lies if another launcher holds it now, else None."""
    asked = data_dir.resolve()
    for home in (elsewhere(asked), asked):
        try:
            lock = os.open(home / "lock", os.O_RDWR)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return home
        finally:
            os.close(lock)
    return None


def check_room(home: Path) -> None:
    """Raise ServerError where the disk has too little room left to make a database."""
    free = shutil.disk_usage(home).free
    if free < ROOM_BYTES:
        raise ServerError(
            f"The disk that holds {home} has {free // 2**20} MB left, {ROOM_BYTES // 2**20} MB are needed: make room and start again."
        )


def erase(data_dir: Path) -> None:
    """Delete the servers' data for good, also where it lies elsewhere; refuses while a launcher uses it."""
    if not data_dir.exists():
        return
    place = Place(data_dir)
    try:
        for name in ("postgres", "valkey"):  # a killed launcher's servers may still be on their way out
            end_forgotten(place.home / f"{name}.pid", place.home / name, ((signal.SIGTERM, 5.0),))
        shutil.rmtree(place.home)
        shutil.rmtree(place.asked, ignore_errors=True)
    finally:
        place.leave()


def sweep(parent: Path, prefix: str, older_than_seconds: float) -> None:
    """Delete directories that a killed process left behind: ours, old, and locked by nobody."""
    for directory in parent.glob(f"{prefix}*"):
        try:
            facts = directory.lstat()
            old = time.time() - facts.st_mtime > older_than_seconds
            if facts.st_uid == os.geteuid() and old and not directory.is_symlink():
                erase(directory)
        except (OSError, ServerError):
            continue
