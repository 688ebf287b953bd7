"""Programs at the doors: from the key of a request, or its signature, to the actor with what the key was lent.

A key opens only routes that say which action they need, so that a route made for people (sessions, devices, second factors) is closed to
programs without anybody thinking of it. A revoked key is refused within five seconds.
"""

import time
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from fastapi.routing import APIRoute
from sqlalchemy import Engine, func, or_, select, update
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request

from services.connections.replays import first_or_same
from services.connections.signatures import STANDARD, NotGenuine, verify
from services.identity.actors import KEPT_SECONDS, load_actor
from services.identity.keys import PREFIX, is_at, is_secret, read_key, signed_text
from services.identity.keys_actors import KnownKey, load_key
from services.identity.keys_models import ApiKey
from services.identity.keys_secrets import signing_secret
from services.platform import clock
from services.platform.actor import Actor
from services.platform.clock import local_day
from services.platform.database import INTAKE, Database, database
from services.platform.errors import Forbidden, Unauthenticated
from services.platform.ids import new_id
from services.web.callers import KEY

ACTION = "__action__"
"""The attribute of a dependency that says which action it asks for."""
OPEN_TO_KEYS = {
    ("GET", "/v1/me"): "tells a program what it was lent",
    ("GET", "/v1/categories/suggest"): "shows what the catalogue shows everybody",
    ("POST", "/v1/petitions"): "asks for petition.file or petition.on_behalf as soon as it knows the form",
}
"""Routes that name no action beforehand, and why a key may still come there."""
_MOST_KEPT = 10_000
_kept: WeakKeyDictionary[Engine, dict[Any, tuple[KnownKey, float]]] = WeakKeyDictionary()
_HEADERS = {"webhook-id": "x-nonce", "webhook-timestamp": "x-timestamp", "webhook-signature": "x-signature"}
_READ_ONLY = "25006"
"""SQLSTATE of a replica that is asked to write."""
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def is_key(credential: str) -> bool:
    """Tell whether a bearer credential is a key of a program."""
    return credential.startswith(PREFIX)


def forget_keys() -> None:
    """Look keys up afresh: this process has just revoked one."""
    _kept.clear()


async def actor_of_key(request: Request, credential: str) -> Actor:
    """Return the actor of a request with a key; raise 401 ``key.…`` unless it holds, 403 where it does not reach."""
    given = read_key(credential)
    known = await _known(database(), given[0]) if given else None
    if given is None or known is None:
        raise _refused("key.invalid", "This key is not one of ours; ask an administrator for another.")
    await _prove(request, known, given[1])
    if known.revoked_at is not None:
        raise _refused("key.revoked", "This key was revoked; ask an administrator for another.")
    if clock.now() >= known.expires_at:
        raise _refused("key.over", "This key is over; ask an administrator for another.")
    if known.actor is None:
        raise _refused("key.nobody", "Whoever lent this key its rights has left, or its area is no more; ask an administrator.")
    if known.addresses and not is_at(request.client.host if request.client else None, known.addresses):
        raise Forbidden("key.address", "This key does not hold from your address; an administrator can say from which it does.")
    if not _stated(request):
        raise Forbidden("key.people_only", "This is for people who signed in; no key reaches it.")
    await _note_use(known)
    request.scope[KEY] = (known.id, known.signing_secret is None)
    return known.actor


async def _prove(request: Request, known: KnownKey, secret: str | None) -> None:
    """Raise unless the request shows the key's secret or, where the key signs, a signature made with it just now and for nothing else."""
    if known.signing_secret is None:
        if secret is None or not is_secret(known.id, secret, known.digest):
            raise _refused("key.invalid", "This key is not one of ours; ask an administrator for another.")
        return
    if secret is not None:
        raise _refused("key.signature_needed", "This key signs its requests and never travels whole; see docs/integrations.md.")
    headers = {ours: request.headers.get(name, "") for ours, name in _HEADERS.items()}
    scope = request.scope
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    body = signed_text(request.method, path, scope["query_string"].decode("latin-1"), await request.body())
    try:
        verify(STANDARD, [signing_secret(known)], headers, body, clock.now())
    except NotGenuine as why:
        raise _refused(f"key.{why}", "The signature does not fit this request; see docs/integrations.md for what it covers.") from None
    if database().role == INTAKE and not await _is_new(known, headers):
        raise _refused("key.replayed", "This nonce was used before; sign again with a fresh one.")


async def _is_new(known: KnownKey, headers: dict[str, str]) -> bool:
    """Tell whether nobody used this nonce; of two at once one is new. No two requests are the same here, not even a repeat."""
    return await first_or_same(f"key {known.id}", headers["webhook-timestamp"], headers["webhook-id"], new_id().bytes)


def _stated(request: Request) -> bool:
    route = request.scope.get("route")
    if (request.method, getattr(route, "path", "")) in OPEN_TO_KEYS:
        return True
    return isinstance(route, APIRoute) and action_of(route) is not None


def action_of(route: APIRoute) -> str | None:
    """Return the action a route asks for before anything else; None where it names none."""
    ahead = [route.dependant]
    while ahead:
        one = ahead.pop()
        action = getattr(one.call, ACTION, None)
        if action is not None:
            return str(action)
        ahead += one.dependencies
    return None


async def _known(opened: Database, key_id: Any) -> KnownKey | None:
    kept = _kept.setdefault(opened.engine.sync_engine, {})
    found = kept.get(key_id)
    now = time.monotonic()
    if found is not None and now - found[1] < KEPT_SECONDS:
        return found[0]
    async with opened.transaction() as session:
        read = await load_key(session, key_id, load_actor)
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    if read is None:
        kept.pop(key_id, None)  # ids that somebody makes up are not kept
    else:
        kept[key_id] = (read, now)
    return read


async def _note_use(known: KnownKey) -> None:
    """Note the day a key was used on, once a day.

    The reporting door has the right to one function, which does this and nothing else; on a replica it cannot, and it goes on without.
    """
    today = local_day(clock.now())
    if known.last_used_on == today:
        return
    earlier = or_(ApiKey.last_used_on.is_(None), ApiKey.last_used_on < today)
    at_intake = update(ApiKey).where(ApiKey.id == known.id, earlier).values(last_used_on=today)
    try:
        async with database().transaction() as session:
            await session.execute(at_intake if database().role == INTAKE else select(func.note_key_use(known.id)))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _READ_ONLY:
            raise
        _kept[database().engine.sync_engine][known.id] = (replace(known, last_used_on=today), time.monotonic())
        return
    _kept.get(database().engine.sync_engine, {}).pop(known.id, None)


def _refused(code: str, detail: str) -> Unauthenticated:
    return Unauthenticated(code, detail, headers=_CHALLENGE)
