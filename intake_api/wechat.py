"""The WeChat callback in plain, compatible and safe mode. WeChat keeps its own shapes: plain text and XML (or JSON), no problem documents.

WeChat waits five seconds, tries three times and shows the user an error after that; so the push is kept (idempotently) before anything
else is done with it, and the answer does not wait longer than the patience that is set. A database that is away is waited for as long:
three tries that are refused at once would be over before a server has restarted. Only then it is a 503, after which WeChat comes again.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import structlog
from fastapi import Query, Request
from starlette.responses import PlainTextResponse, Response

from services.channels.wechat.absence import back_again
from services.channels.wechat.crypto import Refused, Wire, signed
from services.channels.wechat.inbox import take
from services.channels.wechat.messages import NotAMessage, Push, read_push
from services.channels.wechat.patience import is_kept, patiently
from services.channels.wechat.replies import Reply, TextReply, reply_to, sealed_reply
from services.channels.wechat.wire import Call, Letter, echo, fresh, open_call
from services.channels.wechat.wires import wechat_wire
from services.connections.replays import first_or_same
from services.platform import clock
from services.platform.errors import Problem
from services.platform.settings import settings
from services.web.problems import unexpected
from services.web.routes import door_router

log = structlog.get_logger()

router = door_router("/v1/wechat", tags=["wechat"])

Part = Annotated[str, Query(max_length=256)]
_SUCCESS = "success"

T = TypeVar("T")


def _text(example: str) -> dict[str, Any]:
    return {"text/plain": {"schema": {"type": "string"}, "example": example}}


_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_REFUSED: dict[int | str, dict[str, Any]] = {
    403: {"description": "The signature is wrong or old, or the mode is not taken.", "content": _text("invalid signature")},
    404: {"description": "The channel is not open here.", "content": _PROBLEM},
}
_ECHOED: dict[int | str, dict[str, Any]] = {200: {"description": "The `echostr`.", "content": _text("4375120948345356249")}}
_REPLY = "<xml><ToUserName>oUser</ToUserName><FromUserName>gh_580</FromUserName><CreateTime>1795311452</CreateTime>…</xml>"
_TAKEN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Taken; what WeChat is to show (encrypted where the push was), or `success`.",
        "content": {**_text(_SUCCESS), "text/xml": {"schema": {"type": "string"}, "example": _REPLY}},
    },
    400: {"description": "The body is no message.", "content": {**_text("not a message"), **_PROBLEM}},
    413: {"description": "The body is too large.", "content": _PROBLEM},
    503: {"description": "The message could not be stored now; WeChat sends it again.", "content": _PROBLEM},
}


@router.get("/callback", response_class=PlainTextResponse, summary="Verify the callback's address", responses={**_REFUSED, **_ECHOED})
async def verify(signature: Part = "", timestamp: Part = "", nonce: Part = "", echostr: Part = "") -> Response:
    """Answer WeChat's verification of this address: the `echostr` exactly as it came, where the signature is right."""
    wire, _ = wechat_wire()
    if not signed(signature, wire.token, timestamp, nonce):
        return refused("wechat", "signature")
    if not _recent(timestamp):
        return refused("wechat", "timestamp")
    back = echo(echostr)
    return refused("wechat", "echostr") if back is None else PlainTextResponse(back)


@router.post("/callback", response_class=PlainTextResponse, summary="Take a message or an event", responses={**_REFUSED, **_TAKEN})
async def receive(
    request: Request,
    signature: Part = "",
    timestamp: Part = "",
    nonce: Part = "",
    msg_signature: Part = "",
    encrypt_type: Part = "",
) -> Response:
    """Take a push of WeChat's and answer in time. The same push again gets the same answer; it is taken once."""
    wire, mode = wechat_wire()
    if not _recent(timestamp):
        return refused("wechat", "timestamp")
    call = Call(signature, msg_signature, timestamp, nonce, encrypt_type)
    try:
        letter = open_call(call, await request.body(), wire, mode)
        push = read_push(letter.opened.clear)
        reply = await patiently(_take_once(call, letter, push), settings().wechat_patience)
    except Refused as reason:
        return refused("wechat", reason.code)
    except NotAMessage:
        log.warning("wechat.not_a_message")
        return PlainTextResponse("not a message", 400)
    return PlainTextResponse(_SUCCESS) if reply is None else answered(reply, push, letter, wire, nonce)


async def _take_once(call: Call, letter: Letter, push: Push) -> Reply | str | None:
    await once_seen("wechat", call, letter)
    return await insist(lambda: take(push))


async def once_seen(channel: str, call: Call, letter: Letter) -> None:
    """Return where the call is no replay. Raises Refused ``replay``."""
    if not await insist(lambda: first_or_same(channel, call.timestamp, call.nonce, letter.opened.clear)):
        raise Refused("replay")


async def insist(do: Callable[[], Awaitable[T]]) -> T:
    """Return what `do` comes to, doing it again while the database is away; the patience around it ends that. Not once the push is kept."""
    while True:
        try:
            return await do()
        except Exception as error:
            found = error if isinstance(error, Problem) else unexpected(error)
            if is_kept() or found.status != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
        await back_again()


def answered(reply: Reply | str, push: Push, letter: Letter, wire: Wire, nonce: str) -> Response:
    """Return the passive reply to a push: in the format it came in, encrypted with the key that opened it where one did."""
    said, now, as_json = TextReply(reply) if isinstance(reply, str) else reply, clock.now(), letter.as_json
    words = reply_to(push, said, now, as_json=as_json)
    if letter.opened.key is not None:
        words = sealed_reply(wire, letter.opened, words, now, nonce, as_json=as_json)
    return Response(words, media_type="application/json" if as_json else "text/xml")


def refused(channel: str, reason: str | int) -> Response:
    """Return the refusal of a call that is not the platform's; only the log is told why."""
    log.warning("callback.refused", channel=channel, reason=reason)
    return PlainTextResponse("invalid signature", 403)


def _recent(timestamp: str) -> bool:
    return fresh(timestamp, clock.now(), settings().wechat_window)
