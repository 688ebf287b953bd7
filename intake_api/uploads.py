"""Uploads that go on where they broke off, for phones with little network: tus 1.0.0, so that any client of it will do.

An upload that is complete is a file like any other (`X-Attachment-Id`). A phone gives it an id of its own beforehand (`upload_id` in
`Upload-Metadata`), so that what it reports without network can name it already.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.attachments.models import Upload
from services.attachments.store import store
from services.attachments.uploading import Sent, create_upload, end_upload, finish, require_here, take_bytes, upload_of
from services.platform.actor import Actor
from services.platform.errors import NotFound, Problem
from services.platform.ids import new_id
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.web import tus
from services.web.front import takes_body_of
from services.web.signed_in import requires

router = tus.tus_router("/v1/uploads", tags=["uploads"])

Uploader = Annotated[Actor, Depends(requires("attachment.upload"))]
UploadId = Annotated[str, Path(description="The upload's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e"])]
_OFFSET = "How many bytes are here for good."


class UploadView(BaseModel):
    """How far an upload is. For people and programs that do not speak tus."""

    model_config = ConfigDict(frozen=True)

    id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e"])
    state: str = Field(description="`open`, `complete`, `refused` or `gone`.", examples=["open"])
    offset: int = Field(description=_OFFSET, examples=[65536])
    length: int | None = Field(description="Null where it was not told yet.", examples=[183042])
    expires_at: datetime | None = Field(description="When an unfinished one is forgotten.", examples=["2026-11-23T02:10:00Z"])
    attachment_id: UUID | None = Field(description="The file it became.", examples=["019aa7c1-02b4-7d11-8a0e-3c2b9d4f5e60"])
    problem: str | None = Field(description="Why it was refused: a stable code.", examples=["attachment.not_readable"])


def _header(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "example": example}


def _parameter(name: str, description: str, example: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": description, "example": example}


_VERSION = {**_parameter("Tus-Resumable", "The version of the protocol.", "1.0.0"), "required": True}
_WHERE = _parameter("Upload-Offset", "At which byte the body begins; needed.", "0")
_LENGTH = _parameter("Upload-Length", "How many bytes the whole has.", "183042")
_DEFERRED = _parameter("Upload-Defer-Length", "`1` where that is not known yet.", "1")
_METADATA = _parameter("Upload-Metadata", "Keys with values in base64; `upload_id` is an id of your own.", "filename d2F0ZXIuanBn")
_CHECKSUM = _parameter(
    "Upload-Checksum", "`sha1` or `sha256`, a space, and the digest of this body in base64.", "sha1 Lve95gjOVATpfV8EL5X4nxwjKHE="
)
_STANDING = {
    "Upload-Offset": _header(_OFFSET, "65536"),
    "X-Attachment-Id": _header("The file it became.", "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e"),
}
_BYTES = {
    "required": False,
    "content": {tus.OFFSET_BYTES: {"schema": {"type": "string", "format": "binary"}, "example": "(bytes from the offset on)"}},
}
_WRONG_VERSION = {"description": "Another version of tus, or none (`Tus-Version` says which)."}
_NOT_TAKEN = {"description": "What came is no file that is taken."}
_MISMATCH = {"description": "The checksum does not fit; nothing of this body counts."}
_GONE = {"description": "It was ended, expired or refused (`X-Upload-Problem`); create it anew."}


@router.options("", status_code=204, summary="What this server speaks of tus")
@router.options("/{upload_id}", status_code=204, summary="What this server speaks of tus", include_in_schema=False)
async def ask_abilities() -> Response:
    """Name version, extensions, largest size and checksums. Needs no sign-in."""
    return Response(status_code=204, headers=tus.abilities())


@router.post(
    "",
    status_code=201,
    response_class=Response,
    summary="Create an upload",
    openapi_extra={"parameters": [_VERSION, _LENGTH, _DEFERRED, _METADATA, _CHECKSUM], "requestBody": _BYTES},
    responses={
        201: {"description": "Created, or found: the same `upload_id` again is the same upload.", "headers": _STANDING},
        410: _GONE,
        412: _WRONG_VERSION,
        429: {"description": "Too many unfinished uploads."},
        460: _MISMATCH,
    },
)
@takes_body_of(settings().attachment_limit)
async def create(request: Request, actor: Uploader) -> Response:
    """Make room for a file; with a body of the protocol's type, its first bytes come along (creation-with-upload)."""
    metadata, said = tus.metadata_from(request)
    length, checksum = tus.length_of(request, needed=True), tus.checksum_of(request)
    upload_id = tus.upload_id_in(said) or new_id()
    comes_along = "content-type" in request.headers and tus.announced_of(request) != 0
    if comes_along:
        tus.require_offset_bytes(request)
    async with unit_of_work(actor) as work:
        upload = await create_upload(work, upload_id, length, metadata)
    location = {"Location": f"/v1/uploads/{upload.id}"}
    if comes_along:
        sent = Sent(0, None, tus.announced_of(request), checksum)
        try:
            upload = await take_bytes(actor, upload.id, sent, request.stream(), store())
        except Problem as problem:
            problem.headers |= location  # it was created all the same
            raise
    return Response(status_code=201, headers=tus.standing(upload) | location)


@router.head(
    "/{upload_id}",
    status_code=200,
    response_class=Response,
    summary="Ask how far an upload is",
    openapi_extra={"parameters": [_VERSION]},
    responses={
        200: {"description": "How far it is.", "headers": _STANDING},
        410: _GONE,
        412: _WRONG_VERSION,
        413: _NOT_TAKEN,
        415: _NOT_TAKEN,
    },
)
async def ask(upload_id: UploadId, actor: Uploader) -> Response:
    """Tell the offset to go on from. One whose bytes are all here and that is no file yet becomes one now."""
    found = await _upload(actor, upload_id)
    if found.state == "open" and found.received == found.length:
        found = await finish(actor, found.id, store())
    return Response(status_code=200, headers=tus.whole_standing(found))


@router.get("/{upload_id}", summary="Look at an upload")
async def look(upload_id: UploadId, actor: Uploader) -> UploadView:
    """Tell how far an upload is, what it became, or why it was refused. Not part of tus."""
    async with unit_of_work(actor) as work:
        found = await upload_of(work, _uuid(upload_id))
    return UploadView(
        id=found.id,
        state=found.state,
        offset=found.received,
        length=found.length,
        expires_at=found.expires_at if found.state == "open" else None,
        attachment_id=found.attachment_id,
        problem=found.problem_code,
    )


@router.patch(
    "/{upload_id}",
    status_code=204,
    response_class=Response,
    summary="Send bytes of an upload",
    openapi_extra={"parameters": [_VERSION, _WHERE, _LENGTH, _CHECKSUM], "requestBody": {**_BYTES, "required": True}},
    responses={
        204: {"description": "They are here for good.", "headers": _STANDING},
        409: {"description": "The upload stands at another byte (`Upload-Offset`)."},
        410: _GONE,
        412: _WRONG_VERSION,
        460: _MISMATCH,
    },
)
@takes_body_of(settings().attachment_limit)
async def send(upload_id: UploadId, request: Request, actor: Uploader) -> Response:
    """Add bytes at the offset. With the last one the upload becomes a file, named in `X-Attachment-Id`; a file that is not taken is 4xx."""
    found = _uuid(upload_id)
    tus.require_offset_bytes(request)
    length = tus.length_of(request, needed=False)
    sent = Sent(tus.offset_of(request), length, tus.announced_of(request), tus.checksum_of(request))
    upload = await take_bytes(actor, found, sent, request.stream(), store())
    return Response(status_code=204, headers=tus.standing(upload))


@router.delete(
    "/{upload_id}",
    status_code=204,
    response_class=Response,
    summary="End an upload",
    openapi_extra={"parameters": [_VERSION]},
    responses={
        204: {"description": "It is gone."},
        409: {"description": "It is complete: a file, and files are kept."},
        410: _GONE,
        412: _WRONG_VERSION,
    },
)
async def end(upload_id: UploadId, actor: Uploader) -> Response:
    """Forget an unfinished upload and its bytes. One that is complete is a file, and files are kept (409)."""
    async with unit_of_work(actor) as work:
        keys = await end_upload(work, _uuid(upload_id))
    await store().drop(keys)
    return Response(status_code=204)


async def _upload(actor: Actor, upload_id: str) -> Upload:
    async with unit_of_work(actor) as work:
        found = await upload_of(work, _uuid(upload_id))
        require_here(found, work.now)
        return found


def _uuid(upload_id: str) -> UUID:
    """Whatever is no UUID names no upload: 404, as the protocol has it."""
    try:
        return UUID(upload_id)
    except ValueError:
        raise NotFound("upload.unknown", "You have no upload with this id; create it with POST /v1/uploads.") from None
