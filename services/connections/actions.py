"""Connecting systems and changing their secrets; each change leaves an event. A secret is shown once, when it is made."""

import secrets
from datetime import timedelta
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import func, select

from services.connections.commands import AddConnection, ChangeConnection, RotateConnectionSecret
from services.connections.directory import forget_connected_systems, key_hash
from services.connections.models import Connection
from services.journal.noting import note
from services.platform.errors import Conflict, NotFound, PreconditionFailed
from services.platform.ids import new_id
from services.platform.secrets import derived_key, seal
from services.platform.unit_of_work import Work


async def connection_of(work: Work, code: str, *, lock: bool = False) -> Connection:
    """Return the connected system of a code; raise NotFound ``connection.unknown``."""
    query = select(Connection).where(Connection.code == code)
    found = await work.session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("connection.unknown", "There is no connected system with this code.")
    return found


async def add_connection(work: Work, command: AddConnection) -> tuple[Connection, str]:
    """Connect a system; return it with its secret in clear. Raises Conflict ``connection.code_taken`` and ``connection.secret_taken``."""
    await _one_at_a_time(work)
    if await work.session.scalar(select(Connection.id).where(Connection.code == command.code)):
        raise Conflict("connection.code_taken", "There is a connected system with this code already.")
    secret = await _fresh(work, command.secret)
    connection_id = new_id()
    connection = Connection(
        id=connection_id,
        code=command.code,
        kind=command.kind,
        adapter=command.adapter,
        name=command.name,
        options=command.options,
        secret=_sealed(connection_id, secret),
        key_hash=key_hash(secret),
        active=True,
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(connection)
    await work.session.flush()
    await _noted(work, connection, "connection.added")
    return connection, secret


async def change_connection(work: Work, code: str, command: ChangeConnection, version: int | None) -> Connection:
    """Change a connected system. Raises NotFound, and PreconditionFailed ``connection.version_conflict``."""
    connection = await connection_of(work, code, lock=True)
    _require_version(connection, version)
    for name, value in command.model_dump(exclude_none=True).items():
        setattr(connection, name, value)
    _touch(work, connection)
    await _noted(work, connection, "connection.changed")
    return connection


async def rotate_secret(work: Work, code: str, command: RotateConnectionSecret, version: int | None) -> tuple[Connection, str]:
    """Give a connected system a new secret; return it with the secret in clear. The one before stays good for a while."""
    connection = await connection_of(work, code, lock=True)
    _require_version(connection, version)
    secret = await _fresh(work, command.secret)
    connection.previous_secret, connection.previous_key_hash = connection.secret, connection.key_hash
    connection.previous_until = work.now + timedelta(hours=command.grace_hours)
    connection.secret, connection.key_hash = _sealed(connection.id, secret), key_hash(secret)
    _touch(work, connection)
    await _noted(work, connection, "connection.secret_rotated")
    return connection, secret


async def _fresh(work: Work, given: SecretStr | None) -> str:
    if given is None:
        return secrets.token_urlsafe(32)
    await _one_at_a_time(work)
    secret = given.get_secret_value()
    wanted = key_hash(secret)
    if await work.session.scalar(select(Connection.id).where((Connection.key_hash == wanted) | (Connection.previous_key_hash == wanted))):
        raise Conflict("connection.secret_taken", "This secret is in use already. Take another one.")
    return secret


async def _one_at_a_time(work: Work) -> None:
    """Wait for whoever connects a system or gives one a secret at this moment: codes and secrets are each one's alone."""
    await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(key_hash("connections")[:8], "big", signed=True))))


def _sealed(connection_id: UUID, secret: str) -> bytes:
    return seal(derived_key("connection"), secret.encode(), connection_id.bytes)


def _require_version(connection: Connection, version: int | None) -> None:
    if version is not None and connection.version != version:
        raise PreconditionFailed("connection.version_conflict", "Somebody changed this meanwhile; read it again.")


def _touch(work: Work, connection: Connection) -> None:
    connection.version += 1
    connection.updated_at = work.now


async def _noted(work: Work, connection: Connection, what: str) -> None:
    await work.session.flush()
    await note(work, "connection", connection.id, what, {"code": connection.code, "kind": connection.kind, "active": connection.active})
    forget_connected_systems()
