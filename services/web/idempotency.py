"""Idempotency keys at the door: a creating POST that is sent again gets the first answer, and its effect happens once.

Draft-ietf-httpapi-idempotency-key-header-07. The key is written in the transaction of the effect.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header
from pydantic import BaseModel
from sqlalchemy import func, select
from starlette.responses import JSONResponse

from services.platform.actor import Actor
from services.platform.errors import Conflict, Invalid, Problem
from services.platform.idempotency import IdempotencyKey
from services.platform.secrets import fingerprint as digest
from services.platform.unit_of_work import Work, unit_of_work

_BARE = re.compile(r"[\x21-\x7e]{1,128}")
_QUOTED = re.compile(r'"(?P<inside>(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,128})"')
_ESCAPED = re.compile(r"\\(.)")


def read_key(header: str | None) -> str | None:
    """Return the key of an ``Idempotency-Key`` header: an RFC 8941 string, or the bare value many clients send."""
    if header is None:
        return None
    value = header.strip()
    if quoted := _QUOTED.fullmatch(value):
        return _ESCAPED.sub(r"\1", quoted["inside"])
    if not _BARE.fullmatch(value) or '"' in value:
        raise Problem("idempotency.key_malformed", 'Idempotency-Key must be a string such as "8e03978e-40d5-43e8-bc93-6894a57f9324".')
    return value


async def _from_header(  # async, because FastAPI would send a plain function to a thread
    idempotency_key: Annotated[
        str | None,
        Header(
            description="A key of your own for this one request, quoted or bare; the same key again gets the first answer (kept 72 hours).",
            examples=['"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
        ),
    ] = None,
) -> str | None:
    return read_key(idempotency_key)


IdempotencyKeyHeader = Annotated[str | None, Depends(_from_header)]


def key_scope(actor: Actor, endpoint: str) -> str:
    """Return the scope of a key: who sent it, where."""
    return f"{actor.account_id or actor.kind}:{endpoint}"


async def once_alone(
    actor: Actor, path: str, key: str | None, body: BaseModel, status: int, do: Callable[[Work], Awaitable[BaseModel]]
) -> JSONResponse:
    """As :func:`once` for a POST to `path`, in a transaction of its own; the first answer has `status`."""
    async with unit_of_work(actor) as work:

        async def done() -> tuple[int, BaseModel]:
            return status, await do(work)

        return await once(work, actor, f"POST {path}", key, fingerprint_of(body), done)


async def once(
    work: Work,
    actor: Actor,
    endpoint: str,
    key: str | None,
    fingerprint: bytes,
    do: Callable[[], Awaitable[tuple[int, BaseModel]]],
    headers: Callable[[BaseModel], dict[str, str]] | None = None,
    recall: Callable[[UUID], Awaitable[BaseModel]] | None = None,
) -> JSONResponse:
    """Do `do` once for `key` and return its answer; a repeat gets the first answer with ``Idempotency-Replayed: true``.

    Raises 422 ``idempotency.payload_differs`` for the same key with another payload, 409 ``idempotency.in_progress`` while the first
    is still under way. Without a key it just does it. `headers` gives further headers of the answer (``Location``, ``ETag``). An answer
    that holds what a person said is not kept a second time: with `recall` only its ``id`` is, and a repeat reads the thing again.
    """
    if key is None:
        status, view = await do()
        return JSONResponse(view.model_dump(mode="json"), status, headers(view) if headers else None)
    scope = key_scope(actor, endpoint)
    await _lock(work, scope, key)
    found = await work.session.get(IdempotencyKey, (scope, key))
    if found is not None:
        if found.fingerprint != fingerprint:
            raise Invalid("idempotency.payload_differs", "This Idempotency-Key was used for another request; take a new one.")
        again = found.body if recall is None else (await recall(UUID(found.body["id"]))).model_dump(mode="json")
        return JSONResponse(again, found.status, {**found.headers, "Idempotency-Replayed": "true"})
    status, view = await do()
    body = view.model_dump(mode="json")
    kept = IdempotencyKey(
        scope=scope,
        key=key,
        fingerprint=fingerprint,
        status=status,
        body=body if recall is None else {"id": body["id"]},
        headers=headers(view) if headers else {},
        created_at=work.now,
    )
    work.session.add(kept)
    await work.session.flush()
    return JSONResponse(body, status, kept.headers)


def fingerprint_of(command: BaseModel) -> bytes:
    """Return the fingerprint of a command: the same for the same values, however they were spelled."""
    return digest(type(command).__name__.encode(), command.model_dump_json().encode())


async def _lock(work: Work, scope: str, key: str) -> None:
    number = int.from_bytes(digest(scope.encode(), key.encode())[:8], "big", signed=True)
    if not await work.session.scalar(select(func.pg_try_advisory_xact_lock(number))):
        raise Conflict(
            "idempotency.in_progress", "The first request with this Idempotency-Key is still under way.", headers={"Retry-After": "1"}
        )
