"""Where exchanges post what happens to calls. Each keeps its own shapes: who it is says the address, what it wants to hear its adapter.

Once the post is known to be the exchange's, it is acknowledged whatever it says: an exchange posts once, so what cannot be read is kept and
listed for the operator (`call_records.py`) instead of refused.
"""

from typing import Annotated, Any

import structlog
from fastapi import Path, Request
from starlette.responses import Response

from services.calls.adapters.values import Post
from services.calls.authenticating import Shown, refusal
from services.calls.exchanges import KIND, Exchange, exchange_of
from services.calls.taking import take
from services.connections.directory import connected_systems
from services.platform.actor import SYSTEM
from services.platform.database import database
from services.platform.errors import Forbidden, NotFound, Unauthenticated
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.web.front import takes_body_of
from services.web.routes import door_router

log = structlog.get_logger()

router = door_router("/v1/hotline/calls", tags=["hotline calls"])

STEPS = ("start", "queue", "answer", "end", "rating", "recording", "json")
"""What an address may say behind the connection, where an exchange says it nowhere else."""
_LARGEST = 1024 * 1024

Connection = Annotated[Code, Path(description="Code of the exchange's connection (kind `pbx`).", examples=["pbx-580"])]
_FORM = "event=hangup&call_id=1795312694.0&caller=13905550001&callee=580&start=2026-11-22%2001%3A58%3A14&end=2026-11-22%2001%3A58%3A20"
_EVENT = {"event": "queued", "call_id": "1795312694.0", "at": "2026-11-22T09:58:16+08:00", "caller": "13905550001", "callee": "580"}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {"schema": {"type": "string"}, "example": _FORM},
            "text/plain": {"schema": {"type": "string"}, "example": '{"Event": "QueueCallerJoin", "Uniqueid": "1795312694.0"}'},
            "application/octet-stream": {"schema": {"type": "string"}, "example": str(_EVENT)},
        },
    }
}
_TAKEN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Kept. The body is what this exchange wants to hear.",
        "content": {
            "text/plain": {"schema": {"type": "string"}, "example": "ok"},
            "application/json": {"schema": {"type": "object"}, "example": {"code": 0, "msg": "接收成功"}},
            "text/xml": {"schema": {"type": "string"}, "example": "<Response/>"},
        },
    },
}


@router.post("/{connection}", response_class=Response, responses=_TAKEN, openapi_extra=_BODY, summary="Take a post of an exchange")
@takes_body_of(_LARGEST)
async def receive(request: Request, connection: Connection) -> Response:
    """Keep what an exchange says of a call: form, JSON or whatever its adapter reads; the same event again changes nothing.

    It shows the connection's secret (header `X-Hotline-Token`, the password of HTTP basic authentication…) or a signature. A dial plan may
    say what happens in the address: `/start`, `/queue`, `/answer`, `/end`, `/recording` behind the connection.
    """
    return await _take(request, connection, "")


def _at_step(step: str) -> None:
    @takes_body_of(_LARGEST)
    async def receive_step(request: Request, connection: Connection) -> Response:
        return await _take(request, connection, step)

    router.add_api_route(f"/{{connection}}/{step}", receive_step, methods=["POST"], response_class=Response, include_in_schema=False)


for _step in STEPS:
    _at_step(_step)


async def _take(request: Request, code: str, step: str) -> Response:
    async with database().transaction() as session:
        system = (await connected_systems(session)).by_code(code, KIND)
    if system is None:
        log.warning("calls.unknown_exchange")
        raise NotFound("exchange.unknown", "No exchange is connected under this code; an administrator adds it at /v1/connections.")
    exchange = exchange_of(system)
    body = await request.body()
    async with unit_of_work(SYSTEM) as work:
        _require(exchange, refusal(exchange, _shown(request, body), work.now))
        await take(work, exchange, Post(body, request.headers.get("content-type", ""), step))
    wanted = exchange.acknowledgement
    return Response(wanted.body, media_type=wanted.content_type)


def _shown(request: Request, body: bytes) -> Shown:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Shown(str(request.url), request.url.query, headers, body, request.client.host if request.client else None)


def _require(exchange: Exchange, why: str | None) -> None:
    """Raise unless the post is the exchange's. The log line names the connection and the reason, nothing that came."""
    if why is None:
        return
    log.warning("calls.refused", source=exchange.code, why=why)
    if why == "address":
        raise Forbidden("exchange.address_refused", "Posts of this exchange are not taken from this address; see its option `addresses`.")
    if why == "signature":
        raise Forbidden("exchange.signature_wrong", "The signature is wrong: check the secret and the option `public_url`.")
    detail = "Show the secret of this connection, as its page in docs/channels says."
    raise Unauthenticated("exchange.secret_wrong", detail, headers={"WWW-Authenticate": 'Basic realm="exchange"'})
