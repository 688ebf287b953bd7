"""The WeChat callback, plain mode. WeChat keeps its own shapes: plain text and XML, no problem documents where it is the caller.

WeChat waits five seconds, tries three times and shows the user an error after that; so the complaint is filed (idempotently, by MsgId)
before the reply, and a database that is away is a 503, after which WeChat comes again.
"""

from typing import Annotated, Any

import structlog
from fastapi import Query, Request
from starlette.responses import PlainTextResponse, Response

from services.channels.wechat import NotAMessage, echo, fresh, read_message, signed, text_reply
from services.channels.wechat_inbox import take
from services.platform import clock
from services.platform.errors import NotFound
from services.platform.settings import settings
from services.web.routes import door_router

log = structlog.get_logger()

router = door_router("/v1/wechat", tags=["wechat"])

Part = Annotated[str, Query(max_length=256)]
_SUCCESS = "success"


def _text(example: str) -> dict[str, Any]:
    return {"text/plain": {"schema": {"type": "string"}, "example": example}}


_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_REFUSED: dict[int | str, dict[str, Any]] = {
    403: {"description": "The signature is wrong or old.", "content": _text("invalid signature")},
    404: {"description": "The channel is not open here.", "content": _PROBLEM},
}
_ECHOED: dict[int | str, dict[str, Any]] = {200: {"description": "The `echostr`.", "content": _text("4375120948345356249")}}
_REPLY = "<xml><ToUserName>oUser</ToUserName><FromUserName>gh_580</FromUserName><CreateTime>1795311452</CreateTime>…</xml>"
_TAKEN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Taken; what WeChat is to show, or `success`.",
        "content": {**_text(_SUCCESS), "text/xml": {"schema": {"type": "string"}, "example": _REPLY}},
    },
    400: {"description": "The body is no message.", "content": {**_text("not a message"), **_PROBLEM}},
    413: {"description": "The body is too large.", "content": _PROBLEM},
}


@router.get("/callback", response_class=PlainTextResponse, summary="Verify the callback's address", responses={**_REFUSED, **_ECHOED})
async def verify(signature: Part = "", timestamp: Part = "", nonce: Part = "", echostr: Part = "") -> Response:
    """Answer WeChat's verification of this address: the `echostr` exactly as it came, where the signature is right."""
    if not _is_wechat(signature, timestamp, nonce):
        return _refused()
    back = echo(echostr)
    return _refused() if back is None else PlainTextResponse(back)


@router.post("/callback", response_class=PlainTextResponse, summary="Take a message or an event", responses={**_REFUSED, **_TAKEN})
async def receive(request: Request, signature: Part = "", timestamp: Part = "", nonce: Part = "") -> Response:
    """Take a push of WeChat's. A text becomes a complaint and is answered with its number and code; the same MsgId again gets the same."""
    if not _is_wechat(signature, timestamp, nonce):
        return _refused()
    try:
        message = read_message(await request.body())
        words = await take(message)
    except NotAMessage:
        log.warning("wechat.not_a_message")
        return PlainTextResponse("not a message", 400)
    if words is None:
        return PlainTextResponse(_SUCCESS)
    return Response(text_reply(message, words, clock.now()), media_type="text/xml")


def _is_wechat(signature: str, timestamp: str, nonce: str) -> bool:
    """Whether the call carries WeChat's signature of just now. Raises NotFound where no token is set: there is nothing to verify with."""
    token = settings().wechat_token.get_secret_value()
    if not token:
        raise NotFound("wechat.not_configured", "No WeChat messages are taken here. Set DAGUANJIA_WECHAT_TOKEN to open the channel.")
    return signed(token, timestamp, nonce, signature) and fresh(timestamp, clock.now(), settings().wechat_window)


def _refused() -> Response:
    log.warning("wechat.refused")
    return PlainTextResponse("invalid signature", 403)
