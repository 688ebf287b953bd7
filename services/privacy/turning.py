"""Turning the key of a day under which something was erased: the others are sealed anew under the next, and the old one is destroyed.

In this order, so that a process killed anywhere loses nothing: make the next key · seal the other row keys anew, committed · write them
beside the key, for whoever brings back an older backup · see that no row lies under the old key · destroy it. Only for days that are over:
nobody seals under their keys any more. Tables are found by their column ``row_key``.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from typing import Any

import orjson
import structlog
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.platform import row_keys
from services.platform.actor import SYSTEM
from services.platform.key_turns import KeyTurn
from services.platform.row_keys import DayKey, KeyDestroyed, key_of, open_row_key, seal_row_key
from services.platform.unit_of_work import Work, unit_of_work

log = structlog.get_logger()

SETTLED = timedelta(hours=6)
"""So long further erasures of the same day are awaited: each turn seals a whole day's keys anew."""
_TABLES = text(
    "SELECT c.relname, p.attname FROM pg_class c JOIN pg_attribute k ON k.attrelid = c.oid AND k.attname = 'row_key'"
    " JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary JOIN pg_attribute p ON p.attrelid = c.oid AND p.attnum = i.indkey[0]"
    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND k.atttypid = 'bytea'::regtype ORDER BY 1"
)
_Found = tuple[str, str, Any, bytes]
"""A table, the name of its key, a row's id and its row key."""


async def turn_next(settled: timedelta = SETTLED) -> bool:
    """Turn one key that is due; return whether there was one."""
    async with unit_of_work(SYSTEM) as work:
        due = await _due(work, settled)
        if due is None:
            return False
        key = DayKey(due.day, due.generation)
        row_keys.make(key.next)
        sealed = await _seal_anew(work.session, key)
    async with unit_of_work(SYSTEM) as work:
        due = await _due(work, settled, key)
        if due is None:
            return True  # another did it meanwhile
        row_keys.write_beside(key.next, b"".join([_line(*one) async for one in _under(work.session, key.next)]))
        if [one async for one in _under(work.session, key)]:
            return True  # a backup was brought back in between: sealed anew in the next turn
        files = row_keys.destroy_before(key.next)
        await work.session.execute(delete(KeyTurn).where(KeyTurn.day == key.day, KeyTurn.generation <= key.generation))
        log.info("key.turned", day=key.day.isoformat(), generation=key.generation, sealed=sealed, files=files)
    return True


async def _due(work: Work, settled: timedelta, wanted: DayKey | None = None) -> KeyTurn | None:
    query = select(KeyTurn).where(KeyTurn.since <= work.now - settled)
    if wanted is not None:
        query = query.where(KeyTurn.day == wanted.day, KeyTurn.generation == wanted.generation)
    locked = query.order_by(KeyTurn.day, KeyTurn.generation).with_for_update(skip_locked=True)
    return next((row for row in await work.session.scalars(locked) if row_keys.is_over(row.day)), None)


async def _seal_anew(session: AsyncSession, key: DayKey) -> int:
    """Seal every row key that lies under `key` under the next; return how many."""
    done = 0
    async for table, name, row_id, sealed in _under(session, key, lock=True):
        anew = seal_row_key(open_row_key(sealed), key.next)
        await session.execute(text(f'UPDATE "{table}" SET row_key = :anew WHERE "{name}" = :id'), {"anew": anew, "id": row_id})  # noqa: S608  names of our own tables
        done += 1
    return done


async def _under(session: AsyncSession, key: DayKey, *, lock: bool = False) -> AsyncIterator[_Found]:
    """Give table, its key's column, the row's id and its row key, for every row under `key`."""
    for table, name in (await session.execute(_TABLES)).all():
        query = f'SELECT "{name}", row_key FROM "{table}" WHERE row_key >= :low AND row_key < :high ORDER BY 1'  # noqa: S608
        bounds = {"low": key.prefix, "high": key.next.prefix}
        for row_id, sealed in (await session.execute(text(query + (" FOR UPDATE" if lock else "")), bounds)).all():
            yield table, name, row_id, sealed


def _line(table: str, name: str, row_id: object, sealed: bytes) -> bytes:
    return orjson.dumps([table, name, str(row_id), sealed.hex()]) + b"\n"


async def bring_back(session: AsyncSession) -> tuple[int, int]:
    """After an older backup was brought back: give rows whose key was destroyed the one that was written beside it, and erase the others.

    Returns how many were mended and how many erased. They are the ones that had been erased after the backup was made.
    """
    kept = {(table, row_id): bytes.fromhex(sealed) for table, _name, row_id, sealed in _lines()}
    mended = erased = 0
    for table, name in (await session.execute(_TABLES)).all():
        rows = (await session.execute(text(f'SELECT "{name}", row_key FROM "{table}" WHERE row_key IS NOT NULL'))).all()  # noqa: S608
        for row_id, sealed in rows:
            if not _is_dead(sealed):
                continue
            anew = kept.get((table, str(row_id)))
            if anew is not None:
                await session.execute(text(f'UPDATE "{table}" SET row_key = :anew WHERE "{name}" = :id'), {"anew": anew, "id": row_id})  # noqa: S608
                mended += 1
            else:
                gone = "row_key = NULL, sealed = NULL, phone_index = NULL, openid_index = NULL"
                await session.execute(text(f'UPDATE "{table}" SET {gone} WHERE "{name}" = :id'), {"id": row_id})  # noqa: S608
                erased += 1
    return mended, erased


def _lines() -> Iterator[Sequence[str]]:
    for content in row_keys.written_beside():
        for line in content.splitlines():
            yield orjson.loads(line)


def _is_dead(sealed: bytes) -> bool:
    if key_of(sealed) is None:
        return False
    try:
        open_row_key(sealed)
    except KeyDestroyed:
        return True
    return False
