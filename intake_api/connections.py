"""Connected systems at the door, for administrators: exchanges, open clients, upper-level platforms, and their secrets."""

from typing import Annotated, Any

from fastapi import Depends, Path, Response
from pydantic import BaseModel
from sqlalchemy import select
from starlette.responses import JSONResponse

from services.channels.open311.services import require_questions
from services.channels.platforms.orders import require_options
from services.connections.actions import add_connection, change_connection, connection_of, rotate_secret
from services.connections.commands import AddConnection, ChangeConnection, RotateConnectionSecret
from services.connections.models import Connection
from services.connections.views import ConnectionView, connection_view
from services.platform.actor import Actor
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.web.etags import etag, if_match
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/connections", tags=["connections"])

Administrator = Annotated[Actor, Depends(requires("connection.change"))]
ConnectionCode = Annotated[Code, Path(description="The connected system's code.", examples=["pbx-580"])]
Version = Annotated[int | None, Depends(if_match())]
_NEVER_STORED = {"Cache-Control": "no-store"}


@router.get("", summary="List the connected systems")
async def browse(actor: Administrator) -> list[ConnectionView]:
    """List every connected system, in order of code; there are a handful."""
    async with unit_of_work(actor) as work:
        return [connection_view(row) for row in await work.session.scalars(select(Connection).order_by(Connection.code))]


@router.get("/{code}", summary="One connected system")
async def one(actor: Administrator, code: ConnectionCode, response: Response) -> ConnectionView:
    """Return a connected system; its ``ETag`` is what a change needs as ``If-Match``."""
    async with unit_of_work(actor) as work:
        view = connection_view(await connection_of(work, code))
    response.headers["ETag"] = etag(view.version)
    return view


@router.post("", status_code=201, response_model=ConnectionView, summary="Connect a system")
async def add(actor: Administrator, command: AddConnection, key: IdempotencyKeyHeader) -> JSONResponse:
    """Connect a system and show its secret, once: a repeat under the same key is answered without it, since it is kept nowhere in clear."""
    made: list[str] = []
    _check(command.kind, command.options)
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, ConnectionView]:
            connection, secret = await add_connection(work, command)
            made.append(secret)
            return 201, connection_view(connection)

        answer = await once(work, actor, "POST /v1/connections", key, fingerprint_of(command), do, _headers)
    return _with_secret(answer, made)


@router.patch("/{code}", summary="Change a connected system")
async def change(
    actor: Administrator, code: ConnectionCode, command: ChangeConnection, version: Version, response: Response
) -> ConnectionView:
    """Change name, options or whether it is active; needs ``If-Match``. An inactive one is refused like an unknown one."""
    async with unit_of_work(actor) as work:
        if command.options is not None:
            _check((await connection_of(work, code)).kind, command.options)
        view = connection_view(await change_connection(work, code, command, version))
    response.headers["ETag"] = etag(view.version)
    return view


@router.post("/{code}/secrets", status_code=201, response_model=ConnectionView, summary="Take a new secret")
async def rotate(
    actor: Administrator, code: ConnectionCode, command: RotateConnectionSecret, version: Version, key: IdempotencyKeyHeader
) -> JSONResponse:
    """Give the system a new secret and show it, once; the one before stays good for `grace_hours`. Needs ``If-Match``."""
    made: list[str] = []
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, ConnectionView]:
            connection, secret = await rotate_secret(work, code, command, version)
            made.append(secret)
            return 201, connection_view(connection)

        endpoint = f"POST /v1/connections/{code}/secrets"
        answer = await once(work, actor, endpoint, key, fingerprint_of(command), do, _headers)
    return _with_secret(answer, made)


def _check(kind: str, options: dict[str, Any]) -> None:
    """Refuse options that the channel of this kind could not work by."""
    if kind == "platform":
        require_options(options)
    elif kind == "open311":
        require_questions(options)


def _headers(view: BaseModel) -> dict[str, str]:
    assert isinstance(view, ConnectionView)
    return {"Location": f"/v1/connections/{view.code}", "ETag": etag(view.version)}


def _with_secret(answer: JSONResponse, made: list[str]) -> JSONResponse:
    """The answer with the secret that was made just now; what is kept for a repeat has none."""
    answer.headers["Cache-Control"] = "no-store"
    if not made:
        return answer
    view = ConnectionView.model_validate_json(bytes(answer.body)).model_copy(update={"secret": made[0]})
    headers = {name: answer.headers[name] for name in ("Location", "ETag")}
    return JSONResponse(view.model_dump(mode="json"), answer.status_code, {**headers, **_NEVER_STORED})
