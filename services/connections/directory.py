"""Connected systems as frozen values, kept in this process; at most two seconds behind the database."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.connections.models import Connection
from services.organization.snapshots import Snapshots
from services.platform.secrets import derived_key, fingerprint, unseal


@dataclass(frozen=True, slots=True, repr=False)
class ConnectedSystem:
    """One connected system with its secrets in clear: no `repr`, so that they cannot slip into a log."""

    id: UUID
    code: str
    kind: str
    adapter: str
    name: str
    options: dict[str, Any]
    active: bool
    secret: str
    previous_secret: str | None
    previous_until: datetime | None

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that are good at `now`, the current one first."""
        still = self.previous_secret is not None and self.previous_until is not None and now < self.previous_until
        return (self.secret, self.previous_secret) if still and self.previous_secret else (self.secret,)

    def shown(self, given: str, now: datetime) -> bool:
        """Tell whether `given` is a secret of this system; the time taken says nothing."""
        shown = given.encode("utf-8", "replace")
        return any([hmac.compare_digest(one.encode(), shown) for one in self.secrets(now)])  # noqa: C419  all of them, always


class Directory:
    """All connected systems."""

    def __init__(self, systems: Sequence[ConnectedSystem]) -> None:
        self._by_code = {one.code: one for one in systems}
        self._by_key = {key_hash(secret): one for one in systems for secret in (one.secret, one.previous_secret) if secret}

    def of_kind(self, kind: str) -> tuple[ConnectedSystem, ...]:
        """Return the active systems of a kind, in order of code."""
        return tuple(one for code, one in sorted(self._by_code.items()) if one.kind == kind and one.active)

    def by_code(self, code: str, kind: str) -> ConnectedSystem | None:
        """Return the active system of a kind with this code."""
        found = self._by_code.get(code)
        return found if found is not None and found.active and found.kind == kind else None

    def by_secret(self, given: str, kind: str, now: datetime) -> ConnectedSystem | None:
        """Return the active system of a kind that shows this secret, where the secret is still good."""
        found = self._by_key.get(key_hash(given))
        return found if found is not None and found.active and found.kind == kind and found.shown(given, now) else None


def key_hash(secret: str) -> bytes:
    """Return what a secret is found by."""
    return fingerprint(b"connection", secret.encode("utf-8", "replace"))


async def connected_systems(session: AsyncSession) -> Directory:
    """Return the directory; at most two seconds behind the database."""
    return await _directories.get(session)


def forget_connected_systems() -> None:
    """Have the directory read afresh at its next use; for callers that have just changed it."""
    _directories.forget()


async def _stamp(session: AsyncSession) -> Any:
    return tuple((await session.execute(select(func.count(), func.sum(Connection.version)))).one())


async def _load(session: AsyncSession) -> Directory:
    return Directory([_system(row) for row in await session.scalars(select(Connection))])


def _system(row: Connection) -> ConnectedSystem:
    return ConnectedSystem(
        id=row.id,
        code=row.code,
        kind=row.kind,
        adapter=row.adapter,
        name=row.name,
        options=row.options,
        active=row.active,
        secret=_opened(row.id, row.secret),
        previous_secret=_opened(row.id, row.previous_secret) if row.previous_secret else None,
        previous_until=row.previous_until,
    )


def _opened(connection_id: UUID, sealed: bytes) -> str:
    return unseal(derived_key("connection"), sealed, connection_id.bytes).decode()


_directories = Snapshots(_stamp, _load)
