"""Files at the door: pictures, films, recordings and scans go in once and come out only to those who may see the ticket."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile
from starlette.responses import Response

from services.attachments.receiving import receive, write_down
from services.attachments.sniffing import EXTENSIONS
from services.attachments.store import store
from services.complaints.files import visible_file
from services.platform.actor import Actor
from services.platform.errors import Invalid
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.web.front import takes_body_of
from services.web.idempotency import IdempotencyKeyHeader, once
from services.web.ranges import FILE_ANSWERS, AskedFor, Stored, file_answer
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/attachments", tags=["attachments"])

_FORM_ROOM = 64 * 1024
"""What a form may add around the file."""
_PIECE = 256 * 1024


class AttachmentView(BaseModel):
    """A stored file. `media_type` is what its bytes say."""

    model_config = ConfigDict(frozen=True)

    id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e"])
    media_type: str = Field(examples=["image/jpeg"])
    size: int = Field(examples=[183042])
    sha256: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    uploaded_at: datetime = Field(examples=["2026-11-22T02:10:00Z"])


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}},
                "example": {"file": "(the bytes of waterpipe.jpg)"},
            },
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}, "example": "(the bytes of waterpipe.jpg)"},
        },
    }
}


@router.post("", status_code=201, response_model=AttachmentView, openapi_extra=_BODY, summary="Upload a file")
@takes_body_of(settings().attachment_limit + _FORM_ROOM)
async def upload(request: Request, actor: Annotated[Actor, Depends(requires("attachment.upload"))], key: IdempotencyKeyHeader) -> Response:
    """Store a file: as the part `file` of a form, or as the bare body. Tie it to a complaint or a work log afterwards."""
    received = await receive(_pieces(request), store(), settings().attachment_limit)
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, AttachmentView]:
            attachment_id = await write_down(work, received)
            return 201, AttachmentView(
                id=attachment_id,
                media_type=received.media_type,
                size=received.size,
                sha256=received.sha256.hex(),
                uploaded_at=work.now,
            )

        return await once(work, actor, "POST /v1/attachments", key, received.sha256, do, _location)


@router.get("/{attachment_id}", response_class=Response, responses=FILE_ANSWERS, summary="Download a file")
async def download(attachment_id: UUID, actor: Annotated[Actor, Depends(requires("attachment.read"))], asked: AskedFor) -> Response:
    """Give the bytes of a file, or the range of them that was asked for, as a download that no browser interprets."""
    async with unit_of_work(actor) as work:
        found = await visible_file(work.session, actor, attachment_id)
    name = f"{attachment_id}.{EXTENSIONS[found.media_type]}"
    return await file_answer(Stored(found.store_key, found.size, found.media_type, found.sha256, name), asked, store())


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The bytes of the file, from a form or the bare body."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async for piece in request.stream():
            yield piece
        return
    async with request.form(max_files=1, max_fields=4) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Invalid("attachment.missing", "Send the file as the part `file` of the form.")
        while piece := await file.read(_PIECE):
            yield piece


def _location(view: BaseModel) -> dict[str, str]:
    assert isinstance(view, AttachmentView)
    return {"Location": f"/v1/attachments/{view.id}"}
