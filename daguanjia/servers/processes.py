"""Server processes: who they run as, how they start, how they end, and how to tell that they ended.

Promises: a server never outlives the process that started it (Linux; elsewhere the next start ends a
forgotten one), never runs as root, never gets the terminal's Ctrl-C, and writes to a log of its own.
"""

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from daguanjia.servers.errors import ServerError

LEASH = Path(__file__).with_name("leash.py")
LOG_LIMIT_BYTES = 10 * 1024 * 1024

# The death signal follows the *thread* that started the child, not the process. One thread that
# lives as long as the interpreter starts them all, so that callers may use short-lived threads.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="server-starter")


@dataclass(frozen=True)
class ServerUser:
    """The user that the servers run as."""

    uid: int
    gid: int
    name: str


def server_user(existing: Path) -> ServerUser:
    """Say who runs the servers: ourselves, or for root the owner of ``existing``, postgres or nobody.

    PostgreSQL refuses to run as root. Data that an ordinary user made stays that user's.
    Raises ServerError where root has nobody to hand the servers to.
    """
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid(), str(os.geteuid()))
    if existing.exists() and existing.stat().st_uid != 0:
        try:
            return _as_user(pwd.getpwuid(existing.stat().st_uid))
        except KeyError:
            pass  # the owner left the machine: PostgreSQL needs a user with an entry
    for name in ("postgres", "nobody"):
        try:
            return _as_user(pwd.getpwnam(name))
        except KeyError:
            continue
    raise ServerError(
        "PostgreSQL does not run as root and this machine has neither a user postgres nor nobody: "
        "run as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def _as_user(entry: pwd.struct_passwd) -> ServerUser:
    return ServerUser(entry.pw_uid, entry.pw_gid, entry.pw_name)


def can_walk(path: Path, user: ServerUser) -> bool:
    """Say whether ``user`` may enter every directory down to and including ``path``."""
    if user.uid == os.geteuid():
        return True
    return all(_may_enter(step, user) for step in (path, *path.parents))


def _may_enter(directory: Path, user: ServerUser) -> bool:
    facts = directory.stat()
    if facts.st_uid == user.uid:
        return bool(facts.st_mode & 0o100)
    if facts.st_gid == user.gid:
        return bool(facts.st_mode & 0o010)
    return bool(facts.st_mode & 0o001)


def spawn(
    argv: Sequence[str],
    *,
    user: ServerUser,
    log: Path,
    death_signal: signal.Signals,
    text_in: str = "",
) -> subprocess.Popen[bytes]:
    """Start a server on the leash; its output is appended to ``log``, ``text_in`` is its input.

    The environment is made afresh, so that PGDATA, LC_ALL and the like of the caller mean nothing.
    """
    return _starter.submit(_spawn, argv, user, log, death_signal, text_in).result()


def _spawn(argv: Sequence[str], user: ServerUser, log: Path, death_signal: signal.Signals, text_in: str) -> subprocess.Popen[bytes]:
    command = leashed(argv, death_signal=death_signal, user=user)
    with log.open("ab") as output:
        log.chmod(0o600)
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(),
            cwd="/",
            start_new_session=True,  # Ctrl-C is for the launcher, which stops the servers in order
        )
    assert process.stdin is not None
    try:
        process.stdin.write(text_in.encode())
        process.stdin.close()
    except BrokenPipeError:
        pass  # it ended at once; whoever waits for it reads the log
    return process


def leashed(argv: Sequence[str], *, death_signal: signal.Signals, user: ServerUser | None = None) -> list[str]:
    """Return the command line that runs ``argv`` tied to the life of the calling process."""
    uid, gid = (user.uid, user.gid) if user else (os.geteuid(), os.getegid())
    identity = [str(os.getpid()), str(int(death_signal)), str(uid), str(gid)]
    return [sys.executable, "-I", "-S", str(LEASH), *identity, *argv]


def _environment() -> Mapping[str, str]:
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def rotate(log: Path) -> None:
    """Set a log aside as ``.log.1`` when it has grown past ten megabytes."""
    if size(log) > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))


def end(process: subprocess.Popen[bytes], signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """End a process: send each signal in turn and wait its seconds; SIGKILL when all were ignored."""
    for number, seconds in (*signals, (signal.SIGKILL, 5.0)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue


def runs_in(pid: int, directory: Path) -> bool:
    """Say whether process ``pid`` is alive, no zombie, and works in ``directory``.

    A zombie whose parent never collects it still answers kill(pid, 0), and PostgreSQL would take its
    lock file for a live one; a number may also have gone to another program.
    """
    if sys.platform != "linux":
        return _runs_by_ps(pid, directory)
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX" and Path(f"/proc/{pid}/cwd").readlink() == directory.resolve()
    except OSError:
        return False


def _runs_by_ps(pid: int, directory: Path) -> bool:
    found = subprocess.run(["ps", "-o", "state=,command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout.strip()
    return bool(found) and not found.startswith("Z") and directory.parent.name in found


def end_forgotten(pid_file: Path, directory: Path, signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """End the server that an earlier launcher left in ``directory``, and forget its number.

    After a kill -9 of the launcher the server is on its way out already: it gets the first wait free.
    Raises ServerError if it cannot be ended.
    """
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):
        return
    for number, seconds in ((None, 5.0), *signals, (signal.SIGKILL, 5.0)):
        if number is not None and runs_in(pid, directory):
            os.kill(pid, number)
        if _gone(pid, directory, seconds):
            pid_file.unlink(missing_ok=True)
            return
    raise ServerError(f"An earlier server (process {pid}) in {directory} does not end: end it first.")


def _gone(pid: int, directory: Path, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while runs_in(pid, directory):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def size(log: Path) -> int:
    """Return how long a log is by now, in bytes: what is written later lies after it."""
    return log.stat().st_size if log.exists() else 0


def last_lines(log: Path, count: int = 12, *, since: int = 0) -> list[str]:
    """Return the last lines of a log after byte ``since``, oldest first; none if it cannot be read."""
    try:
        with log.open("rb") as file:
            file.seek(max(since, log.stat().st_size - 8192))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []
