"""Taking a file in: measured, hashed and sniffed while it streams by, stored, and only then written down."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast
from uuid import UUID

from sqlalchemy import insert

from services.attachments import pictures
from services.attachments.alike import traces
from services.attachments.models import Attachment, PictureFacts
from services.attachments.sniffing import HEAD_BYTES, media_type_of
from services.attachments.store import Store
from services.platform.errors import Invalid, TooLarge
from services.platform.ids import new_id
from services.platform.settings import settings
from services.platform.unit_of_work import Work

_IN_MEMORY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """A file that is durable in the store, and what its bytes say."""

    sha256: bytes
    media_type: str
    size: int
    picture: pictures.Facts | None = None

    @property
    def store_key(self) -> str:
        """Its content address."""
        return store_key(self.sha256)


def store_key(sha256: bytes) -> str:
    """Return where the bytes with this hash lie."""
    name = sha256.hex()
    return f"{name[:2]}/{name}"


async def receive(pieces: AsyncIterator[bytes], store: Store, limit: int, *, keep_unreadable: bool = False) -> Received:
    """Store what `pieces` bring; a picture is opened wholly first.

    With `keep_unreadable` a picture that cannot be opened is kept and marked as such: for what nobody can send again.
    Raises TooLarge ``attachment.too_large`` past `limit` bytes, Invalid ``attachment.empty``, UnsupportedMedia
    ``attachment.type_not_taken``, what :func:`services.attachments.pictures.examined` and the store raise; nothing is kept then.
    """
    digest, size, head = hashlib.sha256(), 0, b""
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
        async for piece in pieces:
            size += len(piece)
            if size > limit:
                raise TooLarge("attachment.too_large", f"A file may have {limit} bytes at most.", extra={"limit": limit})
            if len(head) < HEAD_BYTES:
                head += piece[: HEAD_BYTES - len(head)]
                if len(head) == HEAD_BYTES:
                    media_type_of(head)  # refuse early what is refused anyhow
            digest.update(piece)
            spool.write(piece)
        if not size:
            raise Invalid("attachment.empty", "The file is empty. Send its bytes as the body, or as the part `file` of a form.")
        media_type, file, picture = media_type_of(head), cast("BinaryIO", spool), None
        if pictures.is_picture(media_type):
            picture = await pictures.examined(file, settings().picture_pixels, keep_unreadable=keep_unreadable)
        received = Received(digest.digest(), media_type, size, picture)
        spool.seek(0)
        await store.keep(received.store_key, file)
    return received


async def write_down(work: Work, received: Received) -> UUID:
    """Write the row of a file that is durable, and what a picture says of itself; return its id."""
    attachment_id = new_id()
    row = {
        "id": attachment_id,
        "sha256": received.sha256,
        "media_type": received.media_type,
        "size": received.size,
        "store_key": received.store_key,
        "uploaded_by": work.actor.account_id,
        "uploaded_at": work.now,
    }
    await work.session.execute(insert(Attachment), [row])
    if received.picture is not None:
        row = {"attachment_id": attachment_id, **asdict(received.picture), **traces(received.picture.likeness)}
        await work.session.execute(insert(PictureFacts), [row])
    return attachment_id
