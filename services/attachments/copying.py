"""Public copies of pictures: made when one is first asked for, then kept under their content address.

Not when the picture comes: that is when a door has the least time, and most pictures are never shown to anybody outside. Not by the worker
either: whoever asks would have to wait for it. A picture is decoded once, in the two threads there are for it; two that ask at once paint
the same bytes twice, and one row stays.
"""

import hashlib
from io import BytesIO

from services.attachments.models import Attachment, PublicCopy
from services.attachments.pictures import copied, is_picture
from services.attachments.receiving import store_key
from services.attachments.store import Store
from services.platform.actor import SYSTEM
from services.platform.bulk import insert_many
from services.platform.errors import Invalid, NotFound, TooLarge
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work


async def public_copy(original: Attachment, store: Store) -> PublicCopy:
    """Return the public copy of a file, made now where nobody asked for it before.

    Raises NotFound ``attachment.no_public_copy`` for what is no picture or could not be opened, Unavailable where the store is away.
    """
    if not is_picture(original.media_type):
        raise NotFound("attachment.no_public_copy", "Only pictures have a public copy.")
    async with unit_of_work(SYSTEM) as work:
        found = await work.session.get(PublicCopy, original.sha256)
    if found is not None:
        return found
    content = b"".join([piece async for piece in store.read(original.store_key)])
    try:
        copy = await copied(content, settings().picture_pixels)
    except (Invalid, TooLarge):
        raise NotFound("attachment.no_public_copy", "This picture cannot be opened, so there is no copy of it.") from None
    digest = hashlib.sha256(copy.content).digest()
    await store.keep(store_key(digest), BytesIO(copy.content))
    async with unit_of_work(SYSTEM) as work:
        row = {
            "original_sha256": original.sha256,
            "sha256": digest,
            "size": len(copy.content),
            "width": copy.width,
            "height": copy.height,
            "made_at": work.now,
        }
        await insert_many(work.session, PublicCopy, [row], condition="ON CONFLICT DO NOTHING")
        made = await work.session.get(PublicCopy, original.sha256)
    assert made is not None, "a copy is never taken away"
    return made
