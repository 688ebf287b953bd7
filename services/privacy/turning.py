"""Turning the key of a day under which something was erased: the others are sealed anew under the next, and the old one is destroyed.

In this order, so that a process killed anywhere loses nothing: make the next key · seal the other row keys anew, committed · write them
beside the key, for whoever brings back an older backup · see that no row lies under the old key · destroy it. Only for days that are over:
nobody seals under their keys any more, but who seals words of before an upgrade, and not at the same time. Tables are found by their
column ``row_key``.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog
from cryptography.exceptions import InvalidTag
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.platform import row_keys
from services.platform.actor import SYSTEM
from services.platform.key_turns import KeyTurn, destroying_keys
from services.platform.row_keys import DayKey, KeyDestroyed, key_of, open_row_key, seal_row_key
from services.platform.sealed_words import WORDS, opens
from services.platform.secrets import unseal
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
        await destroying_keys(work.session)
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
        sealed_columns = await _sealed_columns(session, table)
        columns = ", ".join(f'"{column}"' for column in sealed_columns)
        rows = (await session.execute(text(f'SELECT "{name}", row_key, {columns} FROM "{table}" WHERE row_key IS NOT NULL'))).all()  # noqa: S608
        for row_id, row_key, *sealed in rows:
            if not _is_dead(row_key):
                continue
            anew = kept.get((table, str(row_id)))
            if anew is not None and _opens(anew, row_id, dict(zip(sealed_columns, sealed, strict=True))):
                await session.execute(text(f'UPDATE "{table}" SET row_key = :anew WHERE "{name}" = :id'), {"anew": anew, "id": row_id})  # noqa: S608
                mended += 1
            else:
                gone = ", ".join(f"{column} = {_GONE.get(column, 'NULL')}" for column in ("row_key", *sealed_columns))
                await session.execute(text(f'UPDATE "{table}" SET {gone} WHERE "{name}" = :id'), {"id": row_id})  # noqa: S608
                erased += 1
    return mended, erased


_SEALED = ("sealed", "phone_index", "openid_index", *WORDS)
_GONE = {column: f"CASE WHEN {column} IS NOT NULL THEN ''::bytea END" for column in WORDS}
"""What is left of a column whose row was erased: nothing; of words, that there were some."""


async def _sealed_columns(session: AsyncSession, table: str) -> tuple[str, ...]:
    """What of `_SEALED` a table has."""
    named = text("SELECT attname FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND NOT attisdropped")
    there = set(await session.scalars(named, {"table": table}))
    return tuple(column for column in _SEALED if column in there)


def _opens(row_key: bytes, row_id: UUID, sealed: Mapping[str, bytes | None]) -> bool:
    """Tell whether a row key that was kept is that of this row still: something may have been sealed anew after the backup was made."""
    try:
        key = open_row_key(row_key)
        if sealed.get("sealed"):
            unseal(key, sealed["sealed"] or b"", row_id.bytes)
    except (InvalidTag, KeyDestroyed):
        return False
    return opens(row_id, key, *[sealed.get(column) for column in WORDS])


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
