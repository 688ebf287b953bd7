"""Files at the door: pictures, films, recordings and scans go in once and come out only to those who may see the ticket."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, or_
from starlette.datastructures import UploadFile
from starlette.responses import Response

from services.attachments.copying import public_copy
from services.attachments.models import Attachment
from services.attachments.pictures import COPY_TYPE, is_picture
from services.attachments.receiving import receive, store_key, write_down
from services.attachments.sniffing import EXTENSIONS
from services.attachments.store import store
from services.complaints.files import require_original, visible_facts, visible_file
from services.matters.pictures import shown_of_matters
from services.platform.actor import Actor
from services.platform.errors import Invalid
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.visits.pictures import shown_of_steps
from services.web.front import takes_body_of
from services.web.idempotency import IdempotencyKeyHeader, once
from services.web.ranges import FILE_ANSWERS, Asked, AskedFor, Stored, file_answer
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


class PictureView(BaseModel):
    """What a picture says of itself. `latitude` and `longitude` in degrees, WGS-84; null where the camera did not write them."""

    model_config = ConfigDict(frozen=True)

    readable: bool = Field(description="False for one that was kept although it cannot be opened.", examples=[True])
    width: int | None = Field(examples=[4032])
    height: int | None = Field(examples=[3024])
    taken_at: datetime | None = Field(examples=["2026-11-22T02:10:00Z"])
    latitude: float | None = Field(examples=[24.4412])
    longitude: float | None = Field(examples=[114.9386])


Reader = Annotated[Actor, Depends(requires("attachment.read"))]

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
async def download(attachment_id: UUID, actor: Reader, asked: AskedFor) -> Response:
    """Give the bytes of a file, or the range of them that was asked for, as a download that no browser interprets.

    Of a picture that came in confidence, whoever may not know who complained gets the public copy (`X-Public-Copy: 1`); any other file
    that did is 403 for them.
    """
    async with unit_of_work(actor) as work:
        found, copy_only = await visible_file(work.session, actor, attachment_id, _shown_elsewhere(actor, attachment_id))
    if not copy_only:
        name = f"{attachment_id}.{EXTENSIONS[found.media_type]}"
        return await file_answer(Stored(found.store_key, found.size, found.media_type, found.sha256, name), asked, store())
    if not is_picture(found.media_type):
        require_original(copy_only=copy_only)
    answer = await _copy_of(found, asked)
    answer.headers["X-Public-Copy"] = "1"
    return answer


@router.get("/{attachment_id}/public", response_class=Response, responses=FILE_ANSWERS, summary="The public copy of a picture")
async def download_public(attachment_id: UUID, actor: Reader, asked: AskedFor) -> Response:
    """Give a picture as it may be shown to anybody: upright, at most 2048 pixels a side, JPEG, without anything but what one sees."""
    async with unit_of_work(actor) as work:
        found, _ = await visible_file(work.session, actor, attachment_id, _shown_elsewhere(actor, attachment_id))
    return await _copy_of(found, asked)


@router.get("/{attachment_id}/facts", summary="When and where a picture was taken")
async def facts(attachment_id: UUID, actor: Reader, response: Response) -> PictureView:
    """Tell what a picture says of itself. Not for the public, and not for who may not know who complained (403)."""
    async with unit_of_work(actor) as work:
        found = await visible_facts(work.session, actor, attachment_id, _shown_elsewhere(actor, attachment_id))
    response.headers["Cache-Control"] = "no-store"
    return PictureView.model_validate(found, from_attributes=True)


def _shown_elsewhere(actor: Actor, attachment_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a file belongs to what is no ticket, and that `actor` may know of: a matter, a step of a service day."""
    return or_(shown_of_matters(actor, attachment_id), shown_of_steps(actor, attachment_id))


async def _copy_of(original: Attachment, asked: Asked) -> Response:
    copy = await public_copy(original, store())
    stored = Stored(store_key(copy.sha256), copy.size, COPY_TYPE, copy.sha256, f"{original.id}.jpg")
    return await file_answer(stored, asked, store())


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
