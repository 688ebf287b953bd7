"""The key that signs anchors, and signatures of any key (Ed25519, RFC 8032)."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from functools import lru_cache, partial

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.platform.errors import Problem
from services.platform.secrets import kept_secret
from services.platform.settings import settings

_SEED = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key with its public one; no `repr`, so that it cannot slip into a log."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        """The name of the key."""
        return key_id_of(self.public)

    def sign(self, content: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        return self.private.sign(content)


def key_id_of(public: bytes) -> str:
    """Return the name of a public key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def signing_key() -> SigningKey:
    """Return the key of this installation. Raises Problem ``settings.anchor_key`` where what is given is no seed of 64 hex digits."""
    given = settings().anchor_key.get_secret_value().strip()
    return key_of(given or kept_secret(settings().home / "anchor_key", partial(secrets.token_hex, 32)))


@lru_cache
def key_of(seed: str) -> SigningKey:
    """Return the key of a seed. Raises Problem ``settings.anchor_key``."""
    if _SEED.fullmatch(seed) is None:
        raise Problem("settings.anchor_key", "DAGUANJIA_ANCHOR_KEY must be 64 hex digits; make one with: openssl rand -hex 32")
    return SigningKey(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))


def signed_by(public: bytes, signature: bytes, content: bytes) -> bool:
    """Tell whether `signature` is that of the key over `content`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True
