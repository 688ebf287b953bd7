"""Reading the forms that open clients send: url-encoded in UTF-8, or multipart with pictures."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.requests import Request

from services.attachments.receiving import Received, receive
from services.attachments.store import store
from services.channels.open311.reading import Fields
from services.complaints.commands import ATTACHMENTS_AT_MOST
from services.platform.errors import Problem, TooLarge
from services.platform.settings import settings

_FORM_ROOM = 256 * 1024
"""What a form may hold around its pictures."""
FORM_LIMIT = settings().attachment_limit + _FORM_ROOM
_FIELDS_AT_MOST = 200
_PIECE = 256 * 1024


class ClientForm:
    """The parameters of a request and the pictures in it, whatever their part is called (``media``, ``photo1``, ``file_1``)."""

    def __init__(self, fields: Fields, uploads: Sequence[UploadFile] = ()) -> None:
        self.fields = fields
        self._uploads = uploads

    async def stored(self) -> list[Received]:
        """Return the pictures once they are durable in the store. Raises what receiving a file raises."""
        return [await receive(_pieces(upload), store(), settings().attachment_limit) for upload in self._uploads]


@asynccontextmanager
async def read_form(request: Request, asked: Fields) -> AsyncIterator[ClientForm]:
    """Give the form of a request; what stands in the address (`asked`) counts where the form says nothing.

    Raises a problem of status 400 for a body that is no form in UTF-8, TooLarge past the limits.
    """
    kind = request.headers.get("content-type", "").lower()
    if kind.startswith("multipart/form-data"):
        async with request.form(max_files=ATTACHMENTS_AT_MOST, max_fields=_FIELDS_AT_MOST) as form:
            pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
            uploads = [value for _, value in form.multi_items() if isinstance(value, UploadFile) and value.size]
            yield ClientForm(Fields([*pairs, *asked.pairs()]), uploads)
        return
    body = await request.body()
    if body and not kind.startswith("application/x-www-form-urlencoded"):
        raise Problem("open311.form", "Send application/x-www-form-urlencoded or multipart/form-data.")
    if len(body) > settings().body_limit:
        raise TooLarge("request.too_large", f"A form without pictures may have {settings().body_limit} bytes.")
    yield ClientForm(Fields([*_decoded(body), *asked.pairs()]))


def _decoded(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_AT_MOST)
    except ValueError:  # also what is no UTF-8
        raise Problem("open311.form", "The body must be a form in UTF-8, with 200 fields at most.") from None


async def _pieces(upload: UploadFile) -> AsyncIterator[bytes]:
    while piece := await upload.read(_PIECE):
        yield piece
