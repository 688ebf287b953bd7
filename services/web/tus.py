"""The tus resumable upload protocol 1.0.0 as HTTP: its version, its headers, and its routes.

The text: https://tus.io/protocols/resumable-upload.

What an upload is stands in :mod:`services.attachments.uploading`; here is only how its requests are read.
"""

import base64
import binascii
import re
from collections.abc import Callable, Coroutine
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from services.attachments.models import Upload
from services.attachments.uploading import CHECKSUMS, Checksum, metadata_of
from services.platform.errors import PreconditionFailed, Problem, UnsupportedMedia
from services.platform.settings import settings
from services.web.problems import unexpected

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-defer-length", "creation-with-upload", "checksum", "termination", "expiration")
OFFSET_BYTES = "application/offset+octet-stream"

_NUMBER = re.compile(r"[0-9]{1,15}")
_METADATA_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,100}")
_LONGEST_METADATA = 4096
_OVERRIDES = frozenset({"HEAD", "PATCH", "DELETE", "OPTIONS", "POST", "GET"})
_SERVER_ERROR = 500


class TusRoute(APIRoute):
    """A route of the protocol.

    It takes ``X-HTTP-Method-Override`` for the method, refuses another version before anything else is looked at (412), and names the
    version in every answer but those to OPTIONS. GET is ours, not the protocol's: it needs no version.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match by the method that is meant: HEAD comes as GET from the front, and some networks let only GET and POST through."""
        meant = _method(scope)
        match, child = super().matches(dict(scope, method=meant))
        return (match, {**child, "method": meant}) if match is Match.FULL else (match, child)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the version in the head."""

        async def named(message: Any) -> None:
            if message["type"] == "http.response.start" and scope["method"] != "OPTIONS":
                message["headers"] = [*message["headers"], (b"tus-resumable", VERSION.encode())]
            await send(message)

        await super().handle(scope, receive, named)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler with the version read before it."""
        handle = super().get_route_handler()

        async def read_version_then_handle(request: Request) -> Response:
            if request.method not in ("OPTIONS", "GET") and request.headers.get("tus-resumable") != VERSION:
                detail = f"Send Tus-Resumable: {VERSION}; no other version is spoken here."
                raise PreconditionFailed("upload.version", detail, headers={"Tus-Version": VERSION})
            try:
                return await handle(request)
            except Problem:
                raise
            except Exception as error:
                found = unexpected(error)
                if found.status == _SERVER_ERROR:
                    raise  # the front logs what nobody foresaw
                raise found from error

        return read_version_then_handle


def tus_router(prefix: str, *, tags: list[str]) -> APIRouter:
    """Return a router whose routes speak tus."""
    return APIRouter(prefix=prefix, tags=[*tags], route_class=TusRoute)


def abilities() -> dict[str, str]:
    """Return the headers that say what is spoken here: the answer to OPTIONS."""
    return {
        "Tus-Version": VERSION,
        "Tus-Extension": ",".join(EXTENSIONS),
        "Tus-Max-Size": str(settings().attachment_limit),
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
    }


def standing(upload: Upload) -> dict[str, str]:
    """Return the headers that say how far an upload is, until when it is kept, and what it became."""
    headers = {"Upload-Offset": str(upload.received), "Cache-Control": "no-store"}
    if upload.attachment_id is not None:
        headers["X-Attachment-Id"] = str(upload.attachment_id)
    if upload.state == "open":
        headers["Upload-Expires"] = format_datetime(upload.expires_at, usegmt=True)
    return headers


def whole_standing(upload: Upload) -> dict[str, str]:
    """Return the headers of the answer to HEAD."""
    headers = standing(upload)
    headers |= {"Upload-Defer-Length": "1"} if upload.length is None else {"Upload-Length": str(upload.length)}
    if metadata := metadata_of(upload):
        headers["Upload-Metadata"] = metadata
    return headers


def length_of(request: Request, *, needed: bool) -> int | None:
    """Return ``Upload-Length``, None where ``Upload-Defer-Length: 1`` says it comes later. Raises 400 ``upload.length``."""
    length, deferred = request.headers.get("upload-length"), request.headers.get("upload-defer-length")
    if length is not None and _NUMBER.fullmatch(length) and deferred is None:
        return int(length)
    if length is None and (deferred == "1" if needed else deferred is None):
        return None
    raise Problem("upload.length", "Send Upload-Length, a number of bytes, or Upload-Defer-Length: 1, and one of them only.")


def offset_of(request: Request) -> int:
    """Return ``Upload-Offset``. Raises 400 ``upload.offset_missing``."""
    offset = request.headers.get("upload-offset", "")
    if not _NUMBER.fullmatch(offset):
        raise Problem("upload.offset_missing", "Upload-Offset must say at which byte the body begins.")
    return int(offset)


def announced_of(request: Request) -> int | None:
    """Return ``Content-Length`` where it is told."""
    length = request.headers.get("content-length", "")
    return int(length) if _NUMBER.fullmatch(length) else None


def require_offset_bytes(request: Request) -> None:
    """Raise UnsupportedMedia ``upload.media_type`` unless the body is of the protocol's type."""
    if request.headers.get("content-type", "").strip().lower() != OFFSET_BYTES:
        raise UnsupportedMedia("upload.media_type", f"The body must be {OFFSET_BYTES}.", headers={"Accept-Patch": OFFSET_BYTES})


def checksum_of(request: Request) -> Checksum | None:
    """Return ``Upload-Checksum``. Raises 400 ``upload.checksum_malformed`` for another algorithm or no checksum at all."""
    header = request.headers.get("upload-checksum")
    if header is None:
        return None
    algorithm, _, encoded = header.strip().partition(" ")
    digest = _base64(encoded)
    if algorithm not in CHECKSUMS or not digest:
        detail = f"Upload-Checksum is the name of an algorithm ({', '.join(CHECKSUMS)}), a space, and the digest in base64."
        raise Problem("upload.checksum_malformed", detail, headers={"Tus-Checksum-Algorithm": ",".join(CHECKSUMS)})
    return Checksum(algorithm, digest)


def metadata_from(request: Request) -> tuple[str | None, dict[str, bytes]]:
    """Return ``Upload-Metadata`` as it came and what it says. Raises 400 ``upload.metadata``."""
    header = request.headers.get("upload-metadata", "").strip()
    found: dict[str, bytes] = {}
    for pair in header.split(",") if header else ():
        key, _, encoded = pair.strip().partition(" ")
        value = _base64(encoded)
        if not _METADATA_KEY.fullmatch(key) or key in found or value is None or len(header) > _LONGEST_METADATA:
            detail = "Upload-Metadata is a list of a key, a space and a value in base64, separated by commas; at most 4096 characters."
            raise Problem("upload.metadata", detail)
        found[key] = value
    return header or None, found


def upload_id_in(metadata: dict[str, bytes]) -> UUID | None:
    """Return the id the client made for the upload; None where it made none. Raises 400 ``upload.id``."""
    if "upload_id" not in metadata:
        return None
    try:
        return UUID(metadata["upload_id"].decode())
    except ValueError:
        raise Problem("upload.id", "`upload_id` of Upload-Metadata must be a UUID.") from None


def _base64(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None


def _method(scope: Scope) -> str:
    method: str = scope.get("asked_method") or scope["method"]
    for name, value in scope["headers"]:
        if name == b"x-http-method-override":
            meant = value.decode("latin-1").strip().upper()
            return meant if meant in _OVERRIDES else method
    return method
