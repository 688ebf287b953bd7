"""Passwords: argon2id, in a thread, few at a time, because one check takes 64 MiB and a fifth of a second of a core."""

import asyncio
from weakref import WeakKeyDictionary

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

HASHER = PasswordHasher()
"""argon2id with the library's parameters (RFC 9106, low-memory). Tests may put a cheaper one in its place."""

_AT_ONCE = 2
_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def _gate() -> asyncio.Semaphore:
    return _gates.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE))


async def hash_password(password: str) -> str:
    """Return the hash of a new password."""
    async with _gate():
        return await asyncio.to_thread(HASHER.hash, password)


async def password_fits(stored: str | None, password: str) -> bool:
    """Tell whether `password` is the one of `stored`; without a stored hash the answer is no, and takes as long."""
    async with _gate():
        return await asyncio.to_thread(_fits, stored, password)


def _fits(stored: str | None, password: str) -> bool:
    decoy = _nobodys()  # made for everybody, so that the first unknown login of a process takes no longer than a known one
    try:
        HASHER.verify(decoy if stored is None else stored, password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return stored is not None


_decoys: dict[PasswordHasher, str] = {}


def _nobodys() -> str:
    """Return a hash that belongs to nobody, made with the parameters of today."""
    if HASHER not in _decoys:
        _decoys[HASHER] = HASHER.hash("nobody's")
    return _decoys[HASHER]
