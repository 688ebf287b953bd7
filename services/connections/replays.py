"""A guard against replays: a nonce with its timestamp stands for one message, for as long as the timestamp's window lets it in.

The same message under the same nonce is a harmless repeat (the platform's own retry after an error of ours, say) and goes on to be answered
the same. Another message under it is a forgery and is refused. It is one statement whose commit does not wait for the disk: a crash may
forget the last moments' nonces, and then the unique indexes of what was taken still stand. While PostgreSQL is away it raises, the door
says 503, and the platform comes again.
"""

import hmac
from datetime import timedelta

from asyncpg import InterfaceError, InternalClientError, OperatorInterventionError, PostgresConnectionError
from sqlalchemy import delete

from services.connections.models import SeenPush
from services.platform import clock
from services.platform.database import database
from services.platform.secrets import derived_key, fingerprint
from services.platform.settings import settings
from services.platform.unit_of_work import Work

_SEEN = """
WITH unhurried AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO seen_pushes (nonce, content, seen_at) SELECT $1::bytea, $2::bytea, $3::timestamptz FROM unhurried
ON CONFLICT (nonce) DO UPDATE SET seen_at = seen_pushes.seen_at WHERE seen_pushes.content = EXCLUDED.content
RETURNING true
"""
_BROKEN = (PostgresConnectionError, OperatorInterventionError, InterfaceError, InternalClientError, OSError)
_TRIES = 3
_KEPT_AT_LEAST = timedelta(hours=1)


async def first_or_same(channel: str, timestamp: str, nonce: str, clear: bytes) -> bool:
    """Tell whether `clear` is the first message under this nonce of this second, or the same as the first.

    Only keyed digests are stored. What came encrypted is given decrypted: a repeat is sealed anew, and says the same.
    """
    key = derived_key("pushes")
    named = hmac.digest(key, fingerprint(channel.encode(), timestamp.encode(), nonce.encode()), "sha256")
    content = hmac.digest(key, clear, "sha256")
    for attempt in range(_TRIES):
        try:
            return await _seen(named, content)
        except _BROKEN:  # a connection that broke in the pool; where the server itself is away, it raises again
            if attempt + 1 == _TRIES:
                raise
    raise AssertionError


async def _seen(named: bytes, content: bytes) -> bool:
    async with database().raw() as connection:
        try:
            return await connection.fetchval(_SEEN, named, content, clock.now()) is True
        except _BROKEN:
            connection.terminate()  # nobody knows what state it is in
            raise


async def forget_seen_pushes(work: Work) -> None:
    """Delete nonces whose timestamps no window lets in any more."""
    kept = max(_KEPT_AT_LEAST, timedelta(seconds=2 * settings().wechat_window))
    await work.session.execute(delete(SeenPush).where(SeenPush.seen_at < work.now - kept))
