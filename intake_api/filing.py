"""What all endpoints that file share: the quick way in, the repeat under a key, and the answer."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import orjson
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from services.complaints.commands import Telling
from services.complaints.filing import Repeatable
from services.complaints.filing_desk import filed
from services.complaints.views import Filed
from services.complaints.writing import Outcome
from services.identity.permissions import require
from services.platform.actor import Actor
from services.web.idempotency import fingerprint_of, key_scope, read_key
from services.web.routes import DoorRoute, require_json, strict_json
from services.web.signed_in import signed_in

FOUND_BEFORE: dict[int | str, dict[str, Any]] = {
    200: {"model": Filed, "description": "This message was filed before; this is its ticket."},
    409: {"description": "Something else was told under this id before; `number` is its ticket, where it is the caller's own."},
}


T = TypeVar("T", bound=Telling)
Endpoint = Callable[[T, Actor, str | None], Awaitable[Response]]


def by_hand(action: str, model: type[T]) -> Callable[[Endpoint[T]], Endpoint[T]]:
    """Mark an endpoint ``(body, actor, key)`` to be called without FastAPI's solving of dependencies.

    Its signature still makes the documentation, and the same functions check the same things; but solving them generically costs more
    than filing the complaint, and this is where a county's calls come in.
    """

    def mark(endpoint: Endpoint[T]) -> Endpoint[T]:
        endpoint.__by_hand__ = (action, model)  # type: ignore[attr-defined]  # a function takes attributes
        return endpoint

    return mark


class FilingRoute(DoorRoute):
    """A route that reads what :func:`by_hand` marked itself."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the quick handler of a marked endpoint, the usual one of any other."""
        marked = getattr(self.endpoint, "__by_hand__", None)
        if marked is None:
            return super().get_route_handler()
        action, model = marked
        endpoint = self.endpoint

        async def handle(request: Request) -> Response:
            headers = request.headers
            actor = await signed_in(request, _bearer(headers.get("authorization")))
            require(actor, action)
            key = read_key(headers.get("idempotency-key"))
            body = await request.body()
            require_json(headers.get("content-type"))
            return await endpoint(_read(model, body), actor, key)  # type: ignore[no-any-return]

        return handle


def _bearer(header: str | None) -> HTTPAuthorizationCredentials | None:
    scheme, credentials = get_authorization_scheme_param(header)
    return HTTPAuthorizationCredentials(scheme=scheme, credentials=credentials) if scheme.lower() == "bearer" else None


def _read(model: type[T], body: bytes) -> T:
    """`body` as a command; raises what FastAPI raises for one that is none, with the same places."""
    value = strict_json(body)
    try:
        return model.model_validate(value)
    except ValidationError as invalid:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in invalid.errors(include_url=False)]
        raise RequestValidationError(faults, body=value) from None


def repeatable(actor: Actor, endpoint: str, key: str | None, body: Telling) -> Repeatable | None:
    """Return what makes a request repeatable under the key it came with."""
    return None if key is None else Repeatable(key_scope(actor, endpoint), key, fingerprint_of(body))


def answer(outcome: Outcome) -> Response:
    """Return the answer to a filing: 201 for a new ticket, 200 for a message that was filed before, either again for a replay."""
    headers = {"Location": f"/v1/tickets/{outcome.number}"}
    if outcome.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(orjson.dumps(filed(outcome)), outcome.status, headers, media_type="application/json")
