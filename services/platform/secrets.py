"""Keys and sealing: everything secret is derived from the one installation secret.

Contact data is sealed with AES-256-GCM under a key of its own row (`row_keys.py`): destroying the row key erases the person. Equality
look-up goes over a keyed blind index. Nothing here is ever logged.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.platform.errors import Problem
from services.platform.settings import settings

_MINIMUM = 32


@lru_cache
def _installation_secret() -> bytes:
    given = settings().secret.get_secret_value()
    if not given:
        given = kept_secret(settings().home / "secret", partial(secrets.token_urlsafe, 48))
    if len(given) < _MINIMUM:
        raise Problem("settings.secret_too_short", f"DAGUANJIA_SECRET needs at least {_MINIMUM} characters.")
    return given.encode()


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """Return the secret in `path`; `make` one there, readable by us alone, where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
        try:
            os.link(fresh, path)  # of several processes that start at once, one wins and all read the same
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text(encoding="utf-8").strip()


@lru_cache
def derived_key(purpose: str) -> bytes:
    """Return the 32-byte key for `purpose`; another purpose has another key."""
    return hmac.digest(_installation_secret(), purpose.encode(), "sha256")


def seal(key: bytes, clear: bytes, bound_to: bytes) -> bytes:
    """Return `clear` encrypted and bound to `bound_to` (a name it cannot be moved away from)."""
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(key).encrypt(nonce, clear, bound_to)


def unseal(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """Return what :func:`seal` was given; raises cryptography's InvalidTag where anything was changed."""
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], bound_to)


def blind_index(kind: str, value: str) -> bytes:
    """Return the keyed index of a normalised `value`, equal for equal values and telling nothing else."""
    return hmac.digest(derived_key(f"blind.{kind}"), value.encode(), "sha256")


def tracking_code(ticket_id: UUID) -> str:
    """Return the 8-character secret code a complainant tracks a ticket with.

    It is derived, not stored: the same for every repeat of a filing, and nowhere to be stolen from.
    Letters and digits that are read alike (0 O 1 I) do not occur: base32 has A–Z and 2–7; I and O are replaced by 8 and 9.
    """
    digest = hmac.digest(derived_key("tracking"), ticket_id.bytes, "sha256")
    bits = int.from_bytes(digest[:5], "big")
    return "".join([_READABLE[bits >> shift & 31] for shift in range(35, -1, -5)])  # base64.b32encode takes ten times as long


_READABLE = "ABCDEFGH8JKLMN9PQRSTUVWXYZ234567"


def tracking_code_matches(ticket_id: UUID, given: str) -> bool:
    """Tell whether `given` is the code of the ticket; letters may be lower case, the time taken says nothing."""
    expected = tracking_code(ticket_id).encode()
    return hmac.compare_digest(expected, given.strip().upper().encode("utf-8", "replace"))


def fingerprint(*parts: bytes) -> bytes:
    """Return the SHA-256 over length-prefixed `parts`."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
