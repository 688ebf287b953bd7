"""What tells a repeat of an entry from another one."""

from uuid import UUID

from services.platform.secrets import blind_index

ENTRY = "activity"


def fingerprint(said: str, account_id: UUID | None) -> bytes:
    """Return the keyed fingerprint of what somebody recorded: tells a repeat from another entry under the same id."""
    return blind_index(ENTRY, f"{account_id}:{said}")
