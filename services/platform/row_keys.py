"""Keys of rows that hold personal data, and the keys of days they lie under: what makes erasure reach backups.

Each row has a key of its own. It is stored sealed under the key of the day it was made on, which is derived from the installation secret
*and* from a random file ``<home>/contact_keys/<day>.<generation>`` outside of the database. Destroying a row key erases the row here.
A backup of the database still holds that row key, sealed; so when the day is over, the keys of the day's other rows are sealed anew under
the next generation and the file of the old one is destroyed (``services/privacy/turning.py``): from then on no backup opens it.

Sealing uses the key of today and turning destroys keys of days that are over, so the two cannot meet. Only what lay in clear before is
sealed under keys of days that are over, and for that the two exclude each other by a lock (``key_turns.py``).
A column that holds such a key is called ``row_key``: turning finds them by that name.
"""

import hmac
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.platform import clock
from services.platform.errors import Unavailable
from services.platform.secrets import derived_key, kept_secret, seal, unseal
from services.platform.settings import settings

_LEGACY_LENGTH = 60
"""A sealed row key of releases before there were keys of days: under the installation secret alone."""
_BOUND = b"row-key"
_MARK = b"\x01"
_OVER = timedelta(hours=1)
"""So long after its end a day counts as over: so far clocks of machines may be apart."""


class KeyDestroyed(Exception):  # noqa: N818  it is no fault: somebody was erased
    """The key of a row's day was destroyed, and this row was not among those that were sealed anew: whoever it told of was erased."""


@dataclass(frozen=True, slots=True, order=True)
class DayKey:
    """Which key of which day: `generation` counts from 1."""

    day: date
    generation: int

    @property
    def prefix(self) -> bytes:
        """What row keys sealed under it begin with."""
        return _MARK + self.day.toordinal().to_bytes(3, "big") + self.generation.to_bytes(2, "big")

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.day.isoformat()}.{self.generation}"

    @property
    def next(self) -> "DayKey":
        """The generation after it."""
        return DayKey(self.day, self.generation + 1)


def key_of(sealed: bytes) -> DayKey | None:
    """Return which key a sealed row key lies under; None for one of earlier releases."""
    if len(sealed) == _LEGACY_LENGTH:
        return None
    return DayKey(date.fromordinal(int.from_bytes(sealed[1:4], "big")), int.from_bytes(sealed[4:6], "big"))


def directory() -> Path:
    """Return where the keys of days lie."""
    return settings().home / "contact_keys"


def new_row_key(under: DayKey | None = None) -> tuple[bytes, bytes]:
    """Return a fresh row key: (clear, sealed under the key of today). Only the sealed one is stored.

    `under` another key than today's only with the lock of `key_turns.SEALING_THE_PAST` held until the commit: see there.
    """
    key = AESGCM.generate_key(256)
    return key, seal_row_key(key, under or _today(directory(), clock.now().astimezone(UTC).date()))


def newest_of(day: date) -> DayKey:
    """Return the newest key there is of a day, as it lies on the disk now; it is made where there is none."""
    where = directory()
    newest = DayKey(day, max((_generation(path) for path in where.glob(f"{day.isoformat()}.*")), default=1))
    _made(where, newest)
    return newest


def seal_row_key(key: bytes, under: DayKey) -> bytes:
    """Return a clear row key sealed under the key of a day."""
    return under.prefix + seal(_clear(directory(), under), key, _BOUND + under.prefix)


def open_row_key(sealed: bytes) -> bytes:
    """Return the clear row key. Raises KeyDestroyed where the key of its day was, Unavailable where it cannot be found, and InvalidTag."""
    under = key_of(sealed)
    if under is None:
        return unseal(derived_key("contact.kek"), sealed, _BOUND)
    return unseal(_clear(directory(), under), sealed[len(under.prefix) :], _BOUND + under.prefix)


def make(wanted: DayKey) -> None:
    """Have the key there; the same again changes nothing."""
    _made(directory(), wanted)


def is_over(day: date) -> bool:
    """Tell whether nobody seals under the key of `day` any more."""
    end = datetime.combine(day + timedelta(days=1), time(), UTC)
    return clock.now() >= end + _OVER


def destroy_before(kept: DayKey) -> int:
    """Destroy every earlier generation of the key of that day, and what was written beside them; return how many files that were.

    The bytes are written over first. What a disk or a file system keeps of them below that is out of reach: see docs/personal-data.md.
    """
    if not (directory() / kept.name).exists():
        raise Unavailable("keys.missing", "The key of the next generation is not there; nothing was destroyed.")
    old = [path for path in directory().glob(f"{kept.day.isoformat()}.*") if _generation(path) < kept.generation]
    for path in old:
        with path.open("r+b") as file:
            file.write(b"\0" * path.stat().st_size)
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    _to_disk(directory())
    _clear.cache_clear()
    _today.cache_clear()
    return len(old)


def write_beside(under: DayKey, content: bytes) -> None:
    """Keep `content` durably beside the key: the row keys that lie under it, for whoever has to bring back an older backup."""
    path = directory() / f"{under.name}.rows"
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    _to_disk(directory())


def written_beside() -> Iterator[bytes]:
    """Give what was kept beside each key."""
    for path in sorted(directory().glob("*.rows")):
        yield path.read_bytes()


@lru_cache(maxsize=4)
def _today(where: Path, day: date) -> DayKey:
    """The key rows of `day` are sealed under: the newest there is, made where there is none."""
    newest = max((_generation(path) for path in where.glob(f"{day.isoformat()}.*")), default=1)
    _made(where, DayKey(day, newest))
    return DayKey(day, newest)


@lru_cache(maxsize=4096)
def _clear(where: Path, under: DayKey) -> bytes:
    """The 32 bytes of a key."""
    try:
        random = (where / under.name).read_bytes()
    except FileNotFoundError:
        later = [path for path in where.glob(f"{under.day.isoformat()}.*") if _generation(path) > under.generation]
        if later:
            raise KeyDestroyed(under.name) from None
        raise Unavailable("keys.missing", f"The key of {under.day} is not in {where}: bring the directory back.") from None
    return _derived(random, under)


def _derived(random: bytes, under: DayKey) -> bytes:
    return hmac.digest(derived_key("contact.day"), under.name.encode() + b"\0" + random.strip(), "sha256")


def _generation(path: Path) -> int:
    return int(path.name.split(".")[1])


def _made(where: Path, wanted: DayKey) -> None:
    """Have the file of a key there and on the disk, before a row that needs it is."""
    kept_secret(where / wanted.name, _random)
    for path in (where / wanted.name, where):
        _to_disk(path)


def _random() -> str:
    return secrets.token_hex(32)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
