"""Where the bytes of files lie: a local directory, or any object store by its URL.

Keys are content addresses, or used once: nothing is overwritten. Dropped are parts of uploads, files of exports, and what is erased.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from services.platform.errors import Unavailable
from services.platform.settings import settings

if TYPE_CHECKING:
    from obstore import OffsetRange

log = structlog.get_logger()

_PIECE = 256 * 1024


class Store(Protocol):
    """Keeps bytes under a key, for good."""

    async def keep(self, key: str, file: BinaryIO) -> None:
        """Return once the whole `file` is durable under `key`; the same key again is harmless. Raises Unavailable."""

    async def keep_bytes(self, key: str, content: bytes) -> None:
        """As :meth:`keep`, for a few bytes at hand."""

    def read(self, key: str, begin: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Give the bytes under `key` in pieces, from `begin` to before `end`; a range must hold bytes of the file.

        Raises Unavailable before the first where they cannot be had.
        """

    async def drop(self, keys: Sequence[str]) -> None:
        """Take away what lies under `keys`, as far as that can be done now; what stays behind does no harm."""

    async def lies(self, key: str) -> bool:
        """Tell whether anything lies under `key`. Raises Unavailable."""

    def old(self, directory: str, before: datetime) -> AsyncIterator[list[str]]:
        """Give the keys in `directory` that were written before an instant, a group at a time. Raises Unavailable."""


class ObjectStorage:
    """A :class:`Store` over an object store. For a local `directory` it also waits for the disk."""

    def __init__(self, store: ObjectStore, directory: Path | None = None) -> None:
        self._store = store
        self._directory = directory

    async def keep(self, key: str, file: BinaryIO) -> None:
        """As :meth:`Store.keep`."""
        try:
            await obstore.put_async(self._store, key, file)
            if self._directory is not None:
                await asyncio.to_thread(_to_disk, self._directory / key)
        except (BaseError, OSError):
            raise Unavailable("attachment.store_away", "The file could not be stored now. Send it again.") from None

    async def keep_bytes(self, key: str, content: bytes) -> None:
        """As :meth:`Store.keep_bytes`."""
        await self.keep(key, BytesIO(content))

    async def read(self, key: str, begin: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """As :meth:`Store.read`."""
        part: OffsetRange | tuple[int, int] = {"offset": begin} if end is None else (begin, end)
        try:
            found = await obstore.get_async(self._store, key, options={"range": part} if begin or end is not None else {})
            async for piece in found.stream(min_chunk_size=_PIECE):
                yield bytes(piece)
        except (BaseError, OSError):
            raise Unavailable("attachment.store_away", "The file cannot be read now. Try again.") from None

    async def drop(self, keys: Sequence[str]) -> None:
        """As :meth:`Store.drop`."""
        if not keys:
            return
        try:
            await obstore.delete_async(self._store, list(keys))
        except (BaseError, OSError) as error:
            log.info("store.not_dropped", keys=len(keys), error=type(error).__name__)

    async def lies(self, key: str) -> bool:
        """As :meth:`Store.lies`."""
        try:
            await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return False
        except (BaseError, OSError):
            raise Unavailable("attachment.store_away", "The store cannot be asked now. Try again.") from None
        return True

    async def old(self, directory: str, before: datetime) -> AsyncIterator[list[str]]:
        """As :meth:`Store.old`."""
        try:
            async for group in obstore.list(self._store, directory):
                yield [found["path"] for found in group if found["last_modified"] < before]
        except (BaseError, OSError):
            raise Unavailable("attachment.store_away", "The files cannot be looked through now. Try again.") from None


def _to_disk(path: Path) -> None:
    """Wait until a file and its name are on the disk."""
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def store() -> Store:
    """Return the store of this installation: ``DAGUANJIA_ATTACHMENTS_URL``, or the directory ``<home>/attachments``."""
    return _opened(settings().attachments_url, settings().home / "attachments")


@lru_cache(maxsize=4)
def _opened(url: str, directory: Path) -> Store:
    if url:
        return ObjectStorage(from_url(url))
    directory.mkdir(parents=True, exist_ok=True)
    return ObjectStorage(LocalStore(directory), directory)
