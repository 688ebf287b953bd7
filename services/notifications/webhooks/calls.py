"""One call to one endpoint: what it says, how it is signed, and what came of it. Nothing of a body is logged, sent or answered."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import structlog

from services.connections.calling import AddressRefused, tell
from services.connections.directory import ConnectedSystem
from services.connections.platform_options import PlatformOptions, PlatformOptionsInvalid, StatusOptions, read_options
from services.connections.signatures import STANDARD, SignatureOptions, signed_headers
from services.notifications.webhooks.models import WebhookSubscription
from services.notifications.webhooks.platform_status import status_body
from services.notifications.webhooks.retrying import read_retry_after
from services.notifications.webhooks.secrets import good_secrets
from services.platform import clock

log = structlog.get_logger()

LONGEST_CALL = 25.0
"""Seconds from the first look-up to the end of the answer."""


@dataclass(frozen=True, slots=True, repr=False)
class Endpoint:
    """Where a subscription is called, with its secrets in clear: no `repr`, so that they cannot slip into a log.

    `url` is None where there is nowhere to call now (a connected system that is inactive, or no longer wants to hear of progress).
    """

    id: UUID
    url: str | None
    secrets: tuple[str, ...]
    signature: SignatureOptions = STANDARD
    status: StatusOptions | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """What came of a call: an HTTP status, or why there was none, as a short code."""

    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None


def endpoint_of(row: WebhookSubscription, system: ConnectedSystem | None, now: datetime) -> Endpoint:
    """Return the endpoint of a subscription; that of a platform is its connected system's."""
    if row.connection_code is None:
        return Endpoint(row.id, row.url, good_secrets(row, now))
    options = _options(system)
    if system is None or options is None or options.status is None:
        return Endpoint(row.id, None, ())
    return Endpoint(row.id, options.status.url, system.secrets(now), options.signature, options.status)


def _options(system: ConnectedSystem | None) -> PlatformOptions | None:
    try:
        return read_options(system.options) if system else None
    except PlatformOptionsInvalid:
        return None


async def call_once(
    client: httpx.AsyncClient,
    endpoint: Endpoint,
    delivery_id: UUID,
    body: dict[str, Any],
    complaints: list[dict[str, Any]] | None,
    *,
    allow_private: bool,
) -> Called:
    """Call once; never raises for what the other side does."""
    if endpoint.url is None:
        return Called(error="nowhere_to_call")
    said = _said(endpoint, delivery_id, body, complaints)
    return Called(error="not_told") if said is None else await _post(client, endpoint.url, endpoint, delivery_id, said, allow_private)


async def _post(
    client: httpx.AsyncClient,
    url: str,
    endpoint: Endpoint,
    delivery_id: UUID,
    said: bytes,
    allow_private: bool,
) -> Called:
    now = clock.now()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "daguanjia",
        **signed_headers(endpoint.signature, endpoint.secrets, str(delivery_id), now, said),
    }
    try:
        async with asyncio.timeout(LONGEST_CALL):
            response = await tell(client, url, allow_private=allow_private, content=said, headers=headers)
    except AddressRefused as refused:
        return Called(error=str(refused))
    except TimeoutError:
        return Called(error="timeout")
    except httpx.HTTPError as error:
        return Called(error=type(error).__name__)  # its words may hold the URL
    except Exception as error:  # one call that breaks must not hold up the others
        log.exception("webhook.broken", delivery_id=str(delivery_id), error=type(error).__name__)
        return Called(error=type(error).__name__)
    given = response.headers.get("retry-after", "")
    failed = None if response.is_success else f"http_{response.status_code}"
    return Called(response.status_code, failed, read_retry_after(given, now) if given else None)


def _said(endpoint: Endpoint, delivery_id: UUID, body: dict[str, Any], complaints: list[dict[str, Any]] | None) -> bytes | None:
    if endpoint.status is not None:
        told = status_body(endpoint.status, body, delivery_id)
        return None if told is None else orjson.dumps(told)
    if complaints is not None:
        body = {**body, "data": {**body["data"], "complaints": complaints}}
    return orjson.dumps(body)
