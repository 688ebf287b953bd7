"""Keeping what WeChat pushes before anything else is done with it: one statement, once for each push however often it is delivered.

The push itself lies sealed; beside it stand only its kind, when it came, and a key that tells repeats (the platform's message id, or the
keyed index of what makes an event one).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from asyncpg import InterfaceError, PostgresError
from asyncpg.connection import Connection
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from services.channels.wechat.messages import Push
from services.channels.wechat.models import WechatMessage
from services.platform import clock
from services.platform.bulk import table_of
from services.platform.database import database
from services.platform.errors import Unavailable
from services.platform.ids import new_id
from services.platform.papers import OPENID, SealedPaper, read_paper, seal_paper
from services.platform.secrets import blind_index

PAPER = "wechat_message"
GRACE = timedelta(seconds=10)
"""How long the turn of a push may take where it came in, before the worker takes it."""
HINT_EVERY = timedelta(minutes=5)
"""LOCATION events come every five seconds while a talk is open; one in this time is kept, as the last hint."""

_M, _P = table_of(WechatMessage), table_of(SealedPaper)


@dataclass(frozen=True, slots=True)
class Kept:
    """A push that is durable. `leaves`: its sender unsubscribes, which is the worker's to see to."""

    id: UUID
    openid_index: bytes
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """A push whose turn is to be taken: what it says, as far as it was not erased."""

    id: UUID
    dedupe_key: str
    push: Push | None
    received_at: datetime
    due_at: datetime
    tries: int

    @property
    def leaves(self) -> bool:
        """Whether its sender unsubscribes, which is the worker's to see to."""
        return self.push is not None and self.push.event == "unsubscribe"


async def keep(push: Push) -> Kept | None:
    """Return the push once it is durable, however often it came; None for a LOCATION event so soon after another that it is not kept.

    Raises Unavailable ``wechat.not_kept`` where the database is away: WeChat comes again.
    """
    now = clock.now()
    index = blind_index(OPENID, push.sender)
    leaves = push.event == "unsubscribe"
    paper = seal_paper(PAPER, _clear(push), now, openid=push.sender)
    values = (
        new_id(),
        _key(push),
        push.kind,
        push.event,
        push.created_at,
        now,
        now if leaves else now + GRACE,
        *(paper[column] for column in ("id", "kind", "row_key", "sealed", "openid_index")),
    )
    try:
        async with database().raw() as connection:
            found = await _insert(connection, values, hint=push.event == "LOCATION")
    except (PostgresError, InterfaceError, SQLAlchemyError, OSError) as error:
        raise Unavailable("wechat.not_kept", "The message could not be stored now. Send it again.") from error
    return None if found is None else Kept(found, index, leaves)


_COLUMNS = "id, dedupe_key, kind, event, created_at, received_at, due_at, paper_id"
_ONCE = "ON CONFLICT (dedupe_key) DO NOTHING RETURNING id"
_PAPER = (
    "paper AS (INSERT INTO sealed_papers (id, kind, row_key, sealed, openid_index, recorded_at)"
    " SELECT $8, $9, $10, $11, $12, $6 FROM fresh)"
)
_TYPED = "$1::uuid, $2::text, $3::text, $4::text, $5::timestamptz, $6::timestamptz, $7::timestamptz, $8::uuid"
_KEEP = f"WITH fresh AS (INSERT INTO wechat_messages ({_COLUMNS}) SELECT {_TYPED} {_ONCE}), {_PAPER} SELECT id FROM fresh"  # noqa: S608
_KEEP_HINT = (
    f"WITH fresh AS (INSERT INTO wechat_messages ({_COLUMNS}) SELECT {_TYPED} WHERE NOT EXISTS"  # noqa: S608
    f" (SELECT FROM conversations WHERE openid_index = $12 AND hint_at > $6 - $13::interval) {_ONCE}), {_PAPER} SELECT id FROM fresh"
)
_FIND = "SELECT id FROM wechat_messages WHERE dedupe_key = $1"


async def _insert(connection: Connection, values: Sequence[Any], *, hint: bool) -> UUID | None:
    """Insert the push and its paper; where it is there already, find it. A twin that is being written makes this wait for it."""
    fresh = await (connection.fetchval(_KEEP_HINT, *values, HINT_EVERY) if hint else connection.fetchval(_KEEP, *values))
    found: UUID | None = fresh if fresh is not None else await connection.fetchval(_FIND, values[1])
    return found


async def unprocessed(session: AsyncSession, openid_index: bytes) -> list[Turn]:
    """Return the pushes of a person whose turn was not taken yet, in the order in which they were sent."""
    query = (
        select(_M.c.id, _M.c.dedupe_key, _M.c.received_at, _M.c.due_at, _M.c.tries, _P.c.id.label("paper_id"), _P.c.row_key, _P.c.sealed)
        .join(_P, _P.c.id == _M.c.paper_id)
        .where(_P.c.openid_index == openid_index, _M.c.processed_at.is_(None))
        .order_by(_M.c.created_at, _M.c.id)
    )
    return [
        Turn(row.id, row.dedupe_key, push_of(read_paper(row.paper_id, row.row_key, row.sealed)), row.received_at, row.due_at, row.tries)
        for row in await session.execute(query)
    ]


def push_of(clear: Any) -> Push | None:
    """Return the push that a paper holds; None where it was erased."""
    if clear is None:
        return None
    return Push(**{**clear, "created_at": datetime.fromtimestamp(clear["created_at"], UTC)})


def _clear(push: Push) -> dict[str, Any]:
    return {
        "account": push.account,
        "sender": push.sender,
        "created_at": int(push.created_at.timestamp()),
        "kind": push.kind,
        "message_id": push.message_id,
        "dedupe_key": push.dedupe_key,
        "event": push.event,
        "event_key": push.event_key,
        "fields": dict(push.fields),
    }


def _key(push: Push) -> str:
    """What makes the push one: its own id; of what has none the keyed index, since the key holds the openid."""
    return push.message_id or f"event:{blind_index('wechat.push', push.dedupe_key).hex()}"
