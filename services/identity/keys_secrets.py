"""Sealing the secret of a key that signs: to check a signature it is needed in clear, so it lies sealed under the installation's secret."""

from uuid import UUID

from services.identity.keys_actors import KnownKey
from services.platform.secrets import derived_key, seal, unseal

_PURPOSE = "api-key.signing"


def sealed_secret(key_id: UUID, secret: str) -> bytes:
    """Return `secret` sealed and bound to its key."""
    return seal(derived_key(_PURPOSE), secret.encode(), key_id.bytes)


def signing_secret(known: KnownKey) -> str:
    """Return the secret a key signs with, in clear."""
    assert known.signing_secret is not None
    return unseal(derived_key(_PURPOSE), known.signing_secret, known.id.bytes).decode()
