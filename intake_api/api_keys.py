"""Keys of programs at the door, for administrators: made, listed, taken back."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import BaseModel
from starlette.responses import JSONResponse

from services.identity.keys import LENDABLE
from services.identity.keys_actions import list_keys, make_key, one_key, revoke_key
from services.identity.keys_commands import MakeKey
from services.identity.keys_views import ApiKeyView
from services.platform.actor import Actor
from services.platform.errors import Problem
from services.platform.unit_of_work import unit_of_work
from services.tickets.deciding import LENDABLE as TICKET_ACTIONS
from services.web.api_keys import forget_keys
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/api-keys", tags=["api keys"])

Administrator = Annotated[Actor, Depends(requires("key.change"))]


@router.get("", summary="List the keys of programs")
async def browse(
    actor: Administrator, request: Request, response: Response, limit: PageLimit = 50, cursor: PageCursor = None
) -> Page[ApiKeyView]:
    """List keys with what each was lent, the newest first; never a secret."""
    after = _key_id(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        keys = await list_keys(work, after, limit + 1)
    following = write_cursor(str(keys[limit - 1].id)) if len(keys) > limit else None
    link_next(request, response, following)
    return Page[ApiKeyView](items=keys[:limit], next=following)


def _key_id(cursor: str) -> UUID:
    try:
        return UUID(str(read_cursor(cursor, (str,))[0]))
    except ValueError:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.") from None


@router.get("/{key_id}", summary="One key")
async def one(actor: Administrator, key_id: UUID) -> ApiKeyView:
    """Return a key, without its secret."""
    async with unit_of_work(actor) as work:
        return await one_key(work, key_id)


@router.post("", status_code=201, response_model=ApiKeyView, summary="Make a key")
async def make(actor: Administrator, command: MakeKey, key: IdempotencyKeyHeader) -> JSONResponse:
    """Make a key and show it, once: a repeat under the same Idempotency-Key is answered without it, since it is kept nowhere in clear.

    It does what its owner may do now, of that only `actions`, and of that only inside `area`. What only people do is not lent.
    """
    made: list[str] = []
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, ApiKeyView]:
            view, secret = await make_key(work, command, LENDABLE | TICKET_ACTIONS)
            made.append(secret)
            return 201, view

        answer = await once(work, actor, "POST /v1/api-keys", key, fingerprint_of(command), do, _headers)
    return _with_secret(answer, made)


@router.delete("/{key_id}", status_code=204, summary="Revoke a key")
async def revoke(actor: Administrator, key_id: UUID) -> None:
    """Take a key back for good: refused here at once, elsewhere within five seconds. Revoking it again changes nothing."""
    async with unit_of_work(actor) as work:
        await revoke_key(work, key_id)
    forget_keys()


def _headers(view: BaseModel) -> dict[str, str]:
    assert isinstance(view, ApiKeyView)
    return {"Location": f"/v1/api-keys/{view.id}"}


def _with_secret(answer: JSONResponse, made: list[str]) -> JSONResponse:
    """The answer with the key that was made just now; what is kept for a repeat has none."""
    answer.headers["Cache-Control"] = "no-store"
    if not made:
        return answer
    view = ApiKeyView.model_validate_json(bytes(answer.body)).model_copy(update={"secret": made[0]})
    return JSONResponse(view.model_dump(mode="json"), answer.status_code, {**_headers(view), "Cache-Control": "no-store"})
