"""Ties a program to the life of the process that starts it, then becomes that program.

Run as a file: ``python -I -S leash.py PARENT_PID SIGNAL UID GID PROGRAM ARGUMENT...``.

A separate program and not a ``preexec_fn``: running Python between fork and exec can deadlock in a
process that has threads. Only the standard library may be imported here.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def leash(parent: int, death_signal: int, uid: int, gid: int) -> None:
    """Give up root if ``uid`` is not the present one, then ask to be signalled when the parent ends.

    The order matters: changing the user clears the death signal.
    """
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before the leash was on
        os._exit(1)


def main() -> None:
    """Read the arguments, put the leash on and become the program; exit 127 if it cannot start."""
    parent, death_signal, uid, gid = (int(value) for value in sys.argv[1:5])
    program = sys.argv[5:]
    leash(parent, death_signal, uid, gid)
    os.umask(0o077)
    try:
        os.execvp(program[0], program)  # noqa: S606 - no shell is wanted
    except OSError as problem:
        sys.stderr.write(f"{program[0]}: {problem.strerror}\n")
        os._exit(127)


if __name__ == "__main__":
    main()
