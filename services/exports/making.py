"""Making the files: claimed with a lease, read in one snapshot under the asker's own scope of now, shown only once whole.

Rows go from the database, page after page, into a file without a name on this machine's disk, and from there into the object store under
a key of this attempt alone. Only then the export becomes ready. So a worker that is killed leaves a lease that runs out, and a key that
nobody is shown and that `expiring` deletes; whoever takes the export up makes it anew, of one snapshot again.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast
from uuid import UUID

import structlog
from sqlalchemy import or_, select, update

from services.attachments.store import Store
from services.exports.formats import MOST_SHEET_ROWS, FileFormat
from services.exports.models import Export
from services.exports.sources import rows_of, source_named
from services.exports.writing import Writing
from services.identity.actors import load_actor
from services.identity.permissions import require, scope_of
from services.platform.actor import SYSTEM, Actor
from services.platform.errors import Forbidden, Problem, Unavailable
from services.platform.secrets import fingerprint
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work

log = structlog.get_logger()

DIRECTORY = "exports"
LEASE = timedelta(seconds=60)
_BEAT = 2.0
_MOST_ATTEMPTS = 5
_PIECE = 1024 * 1024


class CalledOffError(Exception):
    """Somebody called the export off, or took it over because our lease had run out."""


class TooManyRows(Problem):
    """More rows than a file may have."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """An export that is ours until somebody says otherwise."""

    id: UUID
    attempt: int
    account_id: UUID
    source: str
    format: FileFormat
    question: dict[str, str]
    store_key: str


@dataclass(slots=True)
class _Progress:
    """How far the making is."""

    rows: int = 0
    estimated: int | None = None
    as_of: datetime | None = None


async def make_next(store: Store) -> bool:
    """Make the export that waits longest; return whether there was one. Raises Unavailable where the store is away: it is tried again."""
    claim, left = await _claim()
    await store.drop(left)
    if claim is None:
        return bool(left)
    try:
        await _make(claim, store)
    except CalledOffError:
        await store.drop([claim.store_key])
    except Unavailable:
        raise
    except Problem as problem:
        with suppress(CalledOffError):
            await _settle(claim, state="failed", problem_code=problem.code)
    return True


def scope_digest(actor: Actor) -> bytes:
    """Return what stands for all that `actor` may see: the same as long as their seats reach as far."""
    return fingerprint(repr(scope_of(actor)).encode())


async def _claim() -> tuple[_Claim | None, list[str]]:
    """Take the oldest export that waits or was left; return it, and what an earlier attempt left in the store."""
    async with unit_of_work(SYSTEM) as work:
        free = or_(Export.state == "queued", (Export.state == "running") & (Export.busy_until <= work.now))
        query = select(Export).where(free).order_by(Export.created_at, Export.id).limit(1)
        row = await work.session.scalar(query.with_for_update(skip_locked=True, key_share=True))
        if row is None:
            return None, []
        left = [row.store_key] if row.store_key else []
        if row.attempt >= _MOST_ATTEMPTS:
            row.state, row.problem_code, row.ended_at, row.store_key = "failed", "export.gave_up", work.now, None
            return None, left
        row.attempt += 1
        row.state, row.busy_until, row.store_key = "running", work.now + LEASE, f"{DIRECTORY}/{row.id}/{row.attempt}"
        row.rows_done, row.rows_estimated = 0, None
        file_format = cast("FileFormat", row.format)
        return _Claim(row.id, row.attempt, row.account_id, row.source, file_format, dict(row.question), row.store_key), left


async def _make(claim: _Claim, store: Store) -> None:
    actor, progress = await _asker(claim), _Progress()
    with _spool() as file:
        await _while_ours(claim, progress, _write(claim, actor, file, progress))
        size, digest = await asyncio.to_thread(_measured, file)
        await _while_ours(claim, progress, store.keep(claim.store_key, file))
    await _settle(
        claim,
        state="ready",
        rows_done=progress.rows,
        rows_estimated=progress.rows,
        size=size,
        sha256=digest,
        scope=scope_digest(actor),
        as_of=progress.as_of,
    )


async def _asker(claim: _Claim) -> Actor:
    """Return who asked, as they are now; raise Forbidden where they may no longer have this."""
    async with unit_of_work(SYSTEM) as work:
        actor, _epoch = await load_actor(work.session, claim.account_id)
    if actor is None:
        raise Forbidden("export.owner_gone", "Whoever asked for this may not sign in any more.")
    require(actor, "export.read")
    require(actor, source_named(claim.source).permission)
    return actor


async def _write(claim: _Claim, actor: Actor, file: BinaryIO, progress: _Progress) -> None:
    source = source_named(claim.source)
    async with Writing(claim.format, source.columns, file, title=source.title) as writing, unit_of_work(actor) as work:
        progress.as_of = work.now
        async for page in rows_of(work, source, claim.question):
            progress.estimated = page.total if page.total is not None else progress.estimated
            progress.rows += len(page.rows)
            _require_fitting(claim.format, max(progress.rows, progress.estimated or 0))
            await writing.add(page.rows)


def _require_fitting(file_format: FileFormat, rows: int) -> None:
    """Raise TooManyRows for more than a file may have: as soon as that is known, not when so many have been written."""
    if file_format == "xlsx" and rows > MOST_SHEET_ROWS:
        raise TooManyRows("export.too_long_for_xlsx", f"A sheet holds {MOST_SHEET_ROWS} rows; take csv or parquet.")
    most = settings().export_rows
    if rows > most:
        raise TooManyRows("export.too_many_rows", f"A file may have {most} rows; ask for a shorter period or a smaller area.")


async def _while_ours(claim: _Claim, progress: _Progress, doing: Any) -> None:
    """Await `doing`; meanwhile renew the lease and tell how far it is. Raises :class:`CalledOffError` as soon as it is ours no more."""
    task = asyncio.ensure_future(doing)
    try:
        while not (await asyncio.wait({task}, timeout=_BEAT))[0]:
            if not await _renew(claim, progress):
                raise CalledOffError
        await task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _renew(claim: _Claim, progress: _Progress) -> bool:
    async with unit_of_work(SYSTEM) as work:
        values = {"busy_until": work.now + LEASE, "rows_done": progress.rows, "rows_estimated": progress.estimated}
        found = await work.session.scalar(_ours(claim).values(values).returning(Export.id))
    return found is not None


async def _settle(claim: _Claim, **values: Any) -> None:
    """Write down how the export ended; raise :class:`CalledOffError` where that is not ours to say any more."""
    async with unit_of_work(SYSTEM) as work:
        until = work.now + timedelta(days=settings().export_days)
        ended = {"ended_at": work.now, "busy_until": None, "expires_at": until, **values}
        found = await work.session.scalar(_ours(claim).values(ended).returning(Export.id))
    if found is None:
        raise CalledOffError
    facts = {"source": claim.source, "format": claim.format, "rows": values.get("rows_done"), "problem": values.get("problem_code")}
    log.info("export.ended", export_id=str(claim.id), state=values["state"], **facts)


def _ours(claim: _Claim) -> Any:
    return update(Export).where(Export.id == claim.id, Export.attempt == claim.attempt, Export.state == "running")


@contextmanager
def _spool() -> Iterator[BinaryIO]:
    """Give a file on this machine's disk that has no name: nobody finds it, and a process that dies leaves none."""
    directory = settings().home / "spool"
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=directory) as file:
        yield cast("BinaryIO", file)


def _measured(file: BinaryIO) -> tuple[int, bytes]:
    """Return size and digest of a file, and leave it at its beginning."""
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    size = file.tell()
    file.seek(0)
    return size, digest.digest()
