"""Uploads that go on where they broke off: pieces are made durable in the store first, then the offset moves, in one short transaction.

So nothing here lives in a process or on its disk: any door can go on with an upload, a door that is killed loses the piece it was reading
and nothing else, and of two that send the same bytes at once one moves the offset and the other is told where it stands. What HTTP calls
these things is in :mod:`intake_api.uploads`; when uploads are forgotten, in :mod:`services.attachments.expiring`.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.attachments.expecting import arrived
from services.attachments.models import Upload, UploadPart
from services.attachments.receiving import receive, write_down
from services.attachments.sniffing import HEAD_BYTES, media_type_of
from services.attachments.store import Store
from services.platform.actor import Actor
from services.platform.bulk import insert_many
from services.platform.errors import Conflict, Invalid, NotFound, Problem, TooLarge, TooMany, UnsupportedMedia
from services.platform.ids import new_id
from services.platform.secrets import derived_key, fingerprint, seal, unseal
from services.platform.settings import settings
from services.platform.unit_of_work import Work, unit_of_work

CHECKSUMS = ("sha1", "sha256")
PARTS = "uploads"
"""The directory of the store in which parts lie, each under a name used once."""
_PART_BYTES = 1024 * 1024
_MOST_PARTS = 2000


class Gone(Problem):
    """There was such a thing, and it is no more."""

    status = 410
    title = "Gone"


class ChecksumMismatch(Problem):
    """The bytes that came are not those that were sent (the status is tus')."""

    status = 460
    title = "Checksum mismatch"


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of one request must come to."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """One request's bytes: where they begin, how long the whole is (where that was not known yet), and how they are checked."""

    offset: int
    length: int | None = None
    announced: int | None = None
    checksum: Checksum | None = None


@dataclass(slots=True)
class _Piece:
    """Bytes of one request while they come in: what waits to be stored, and what is stored and not counted yet."""

    start: int
    waiting: bytearray = field(default_factory=bytearray)
    stored: list[UploadPart] = field(default_factory=list)


async def create_upload(work: Work, upload_id: UUID, length: int | None, metadata: str | None) -> Upload:
    """Return the upload of this account with this id, made now where there is none that could still be gone on with.

    Raises TooLarge ``attachment.too_large``, Invalid ``attachment.empty``, Conflict ``upload.length_differs`` for another length than
    before, TooMany ``upload.too_many_open``.
    """
    account_id = _account(work.actor)
    _require_length(length)
    await _lock_account(work.session, account_id)
    found = await work.session.get(Upload, (account_id, upload_id), with_for_update=True)
    if found is not None and _lives(found, work.now):
        if length is not None and found.length not in (None, length):
            raise Conflict("upload.length_differs", "An upload with this id has another length; make a new id for another file.")
        return found
    await _require_room(work.session, account_id, work.now)
    values = {
        "state": "open",
        "length": length,
        "received": 0,
        "parts": 0,
        "sealed_metadata": None if metadata is None else seal(_key(), metadata.encode(), upload_id.bytes),
        "created_at": work.now,
        "expires_at": _until(work.now),
        "ended_at": None,
        "attachment_id": None,
        "problem_code": None,
    }
    if found is None:
        found = Upload(account_id=account_id, id=upload_id, **values)
        work.session.add(found)
    else:
        await _forget_parts(work, found)
        for name, value in values.items():
            setattr(found, name, value)
    await work.session.flush()
    return found


async def upload_of(work: Work, upload_id: UUID, *, lock: bool = False) -> Upload:
    """Return an upload of this account, in whatever state. Raises NotFound ``upload.unknown``."""
    found = await work.session.get(Upload, (_account(work.actor), upload_id), with_for_update=lock, populate_existing=True)
    if found is None:
        raise NotFound("upload.unknown", "You have no upload with this id; create it with POST /v1/uploads.")
    return found


def require_here(upload: Upload, now: datetime) -> None:
    """Raise Gone ``upload.gone`` or ``upload.refused`` where nothing can be sent to an upload any more and it became no file."""
    if upload.state == "refused":
        raise Gone(
            "upload.refused",
            "What came was refused; `problem` says why. Create the upload anew for another file.",
            extra={"problem": upload.problem_code},
            headers={"X-Upload-Problem": upload.problem_code or ""},
        )
    if not _lives(upload, now):
        raise Gone("upload.gone", "This upload was ended, or nothing came for too long. Create it anew.")


def metadata_of(upload: Upload) -> str | None:
    """Return what the client said of the upload when it made it, word for word."""
    return None if upload.sealed_metadata is None else unseal(_key(), upload.sealed_metadata, upload.id.bytes).decode()


async def take_bytes(actor: Actor, upload_id: UUID, sent: Sent, bytes_: AsyncIterator[bytes], store: Store) -> Upload:
    """Add what `bytes_` bring to an upload; with its last byte it becomes a file. Returns the upload as it is then.

    Bytes without a checksum count as they come, so that what came before a line broke need not come again; whatever `bytes_` raises is
    raised on afterwards. With a checksum they count together or not at all. Raises what :func:`upload_of` and :func:`require_here` do,
    Conflict ``upload.offset``, TooLarge ``upload.past_its_length`` and ``attachment.too_large``, :class:`ChecksumMismatch`, Conflict
    ``upload.too_many_parts``, Unavailable, and for the whole file what :func:`services.attachments.receiving.receive` does.
    """
    async with unit_of_work(actor) as work:
        upload = await upload_of(work, upload_id, lock=sent.length is not None)
        require_here(upload, work.now)
        if sent.length is not None:
            _set_length(upload, sent.length)
        _require_offset(upload, sent.offset)
        end = settings().attachment_limit if upload.length is None else upload.length
        _require_within(sent.offset + (sent.announced or 0), end)
    try:
        await _read(actor, upload, sent, bytes_, store, end)
    except UnsupportedMedia as problem:
        await _refuse(actor, upload, problem, store)
        raise
    return await finish(actor, upload_id, store)


async def finish(actor: Actor, upload_id: UUID, store: Store) -> Upload:
    """Make a file of an upload whose bytes are all there; any other is returned as it is. Doing it twice, or at once, makes one file.

    Raises what :func:`services.attachments.receiving.receive` does: for a content that is not taken, the upload is refused for good.
    """
    async with unit_of_work(actor) as work:
        upload = await upload_of(work, upload_id)
        if upload.state != "open" or upload.received != upload.length:
            return upload
        keys = list(await work.session.scalars(_parts(upload).order_by(UploadPart.start)))
    try:
        received = await receive(_joined(keys, store), store, settings().attachment_limit)
    except (Invalid, UnsupportedMedia, TooLarge) as problem:
        await _refuse(actor, upload, problem, store)
        raise
    async with unit_of_work(actor) as work:
        now = await upload_of(work, upload_id, lock=True)
        if now.state != "open" or now.created_at != upload.created_at:
            return now
        now.attachment_id = await write_down(work, received)
        await _end(work, now, "complete")
        await arrived(work, now.account_id, now.id, now.attachment_id)
    await store.drop(keys)
    return now


async def end_upload(work: Work, upload_id: UUID) -> list[str]:
    """End an upload that its sender wants no more; return the keys to drop after the commit. A file it became stays.

    Raises what :func:`upload_of` and :func:`require_here` do, and Conflict ``upload.complete``.
    """
    upload = await upload_of(work, upload_id, lock=True)
    require_here(upload, work.now)
    if upload.state == "complete":
        raise Conflict("upload.complete", "All of it came: it is a file now, and files are kept.")
    keys = list(await work.session.scalars(_parts(upload)))
    await _end(work, upload, "gone")
    return keys


async def _read(actor: Actor, upload: Upload, sent: Sent, bytes_: AsyncIterator[bytes], store: Store, end: int) -> None:
    """Store the bytes of one request, part by part, and count them."""
    piece, check = _Piece(sent.offset), sent.checksum
    digest = hashlib.new(check.algorithm, usedforsecurity=False) if check else None
    at = sent.offset
    try:
        async for some in bytes_:
            at += len(some)
            _require_within(at, end)
            piece.waiting += some
            if digest:
                digest.update(some)
            while len(piece.waiting) >= _PART_BYTES:
                await _store(piece, store, _PART_BYTES)
                if not check:
                    await _count(actor, upload, piece, store)
    except Problem:  # we refused it: nothing more of this request counts
        await store.drop([part.store_key for part in piece.stored])
        raise
    except Exception:  # the line broke
        if check:
            await store.drop([part.store_key for part in piece.stored])
        else:
            with suppress(Problem):
                await _store(piece, store, len(piece.waiting))
                await _count(actor, upload, piece, store)
        raise
    if digest and check and digest.digest() != check.digest:
        await store.drop([part.store_key for part in piece.stored])
        raise ChecksumMismatch("upload.checksum", "The bytes that came are not those that were sent; send them again.")
    await _store(piece, store, len(piece.waiting))
    await _count(actor, upload, piece, store)


async def _store(piece: _Piece, store: Store, size: int) -> None:
    """Make the first `size` waiting bytes durable under a name of their own."""
    if not size:
        return
    part = bytes(piece.waiting[:size])
    if piece.start == 0 and len(part) >= HEAD_BYTES:
        media_type_of(part[:HEAD_BYTES])  # refuse early what is refused anyhow
    key = f"{PARTS}/{new_id().hex}"
    await store.keep_bytes(key, part)
    piece.stored.append(UploadPart(start=piece.start, size=size, store_key=key))
    piece.start += size
    del piece.waiting[:size]


async def _count(actor: Actor, upload: Upload, piece: _Piece, store: Store) -> None:
    """Move the offset over what is stored, unless somebody else moved it meanwhile: then it is dropped, and the sender told."""
    if not piece.stored:
        return
    parts, piece.stored = piece.stored, []
    try:
        async with unit_of_work(actor) as work:
            now = await upload_of(work, upload.id, lock=True)
            require_here(now, work.now)
            _require_offset(now, parts[0].start if now.created_at == upload.created_at else -1)
            if now.parts + len(parts) > _MOST_PARTS:
                raise Conflict("upload.too_many_parts", f"An upload has at most {_MOST_PARTS} parts; end it, and send larger ones.")
            rows = [
                {"account_id": now.account_id, "upload_id": now.id, "start": part.start, "size": part.size, "store_key": part.store_key}
                for part in parts
            ]
            await insert_many(work.session, UploadPart, rows)
            now.received = parts[-1].start + parts[-1].size
            now.parts += len(parts)
            now.expires_at = _until(work.now)
    except Problem:
        await store.drop([part.store_key for part in parts])
        raise


async def _refuse(actor: Actor, upload: Upload, problem: Problem, store: Store) -> None:
    """End an upload whose content is not taken, and forget its bytes."""
    async with unit_of_work(actor) as work:
        now = await upload_of(work, upload.id, lock=True)
        if now.state != "open" or now.created_at != upload.created_at:
            return
        keys = list(await work.session.scalars(_parts(now)))
        now.problem_code = problem.code
        await _end(work, now, "refused")
    await store.drop(keys)


async def _end(work: Work, upload: Upload, state: str) -> None:
    upload.state, upload.ended_at = state, work.now
    await work.session.flush()
    await _forget_parts(work, upload)


async def _forget_parts(work: Work, upload: Upload) -> None:
    """Take its parts off the books; where nobody drops them, they are swept."""
    await work.session.execute(delete(UploadPart).where(UploadPart.account_id == upload.account_id, UploadPart.upload_id == upload.id))


def _parts(upload: Upload) -> Select[str]:
    return select(UploadPart.store_key).where(UploadPart.account_id == upload.account_id, UploadPart.upload_id == upload.id)


async def _joined(keys: list[str], store: Store) -> AsyncIterator[bytes]:
    for key in keys:
        async for some in store.read(key):
            yield some


def _account(actor: Actor) -> UUID:
    assert actor.account_id is not None, "uploads belong to accounts"
    return actor.account_id


def _lives(upload: Upload, now: datetime) -> bool:
    return upload.state == "complete" or (upload.state == "open" and upload.expires_at > now)


def _until(now: datetime) -> datetime:
    return now + timedelta(hours=settings().upload_hours)


def _key() -> bytes:
    return derived_key("upload.metadata")  # names of files name people


def _require_length(length: int | None) -> None:
    if length == 0:
        raise Invalid("attachment.empty", "The file is empty; there is nothing to upload.")
    if length is not None and length > settings().attachment_limit:
        limit = settings().attachment_limit
        raise TooLarge("attachment.too_large", f"A file may have {limit} bytes at most.", extra={"limit": limit})


def _set_length(upload: Upload, length: int) -> None:
    if upload.length not in (None, length):
        raise Conflict("upload.length_differs", "The length of an upload is told once and never changes.")
    _require_length(length)
    if length < upload.received:
        raise Conflict("upload.length_differs", "More bytes than that are here already.")
    upload.length = length


def _require_offset(upload: Upload, offset: int) -> None:
    if upload.received != offset:
        raise Conflict(
            "upload.offset",
            "The upload stands at another byte; ask with HEAD and go on from there.",
            headers={"Upload-Offset": str(upload.received)},
        )


def _require_within(at: int, end: int) -> None:
    if at > end:
        raise TooLarge("upload.past_its_length", "More bytes came than the upload has.", extra={"limit": end})


async def _lock_account(session: AsyncSession, account_id: UUID) -> None:
    """Have one door at a time make uploads for an account: two that find no row would both write it."""
    number = int.from_bytes(fingerprint(b"uploads", account_id.bytes)[:8], "big", signed=True)
    await session.execute(select(func.pg_advisory_xact_lock(number)))


async def _require_room(session: AsyncSession, account_id: UUID, now: datetime) -> None:
    mine = (Upload.account_id == account_id, Upload.state == "open", Upload.expires_at > now)
    if await session.scalar(select(func.count()).select_from(Upload).where(*mine)) >= settings().uploads_open:  # type: ignore[operator]
        raise TooMany(
            "upload.too_many_open",
            f"You have {settings().uploads_open} unfinished uploads; finish or end some of them first.",
            headers={"Retry-After": "60"},
        )
