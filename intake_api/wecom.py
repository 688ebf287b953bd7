"""The WeCom callback for staff, always encrypted, and who writes from which userid.

WeCom verifies the address within one second, waits five for an answer, tries three times, and takes anything but a 200 for a failure.
"""

from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import Depends, Query, Request
from starlette.responses import PlainTextResponse, Response

from intake_api.members import require_visible
from intake_api.wechat import answered, insist, once_seen, refused
from services.channels.wechat.crypto import Refused, open_envelope
from services.channels.wechat.messages import NotAMessage, Push, read_push
from services.channels.wechat.patience import note_kept, patiently
from services.channels.wechat.wire import Call, Letter, Mode, fresh, open_call
from services.channels.wechat.wires import wecom_wire
from services.channels.wecom.commands import BindWecom, WecomBindingView
from services.channels.wecom.staff import answer_staff, bind_wecom, unbind_wecom, wecom_binding
from services.platform import clock
from services.platform.actor import Actor
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.web.routes import door_router
from services.web.signed_in import requires

log = structlog.get_logger()

router = door_router("/v1", tags=["wecom"])

Part = Annotated[str, Query(max_length=256)]
Sealed = Annotated[str, Query(max_length=1024)]
Reader = Annotated[Actor, Depends(requires("member.read"))]
Administrator = Annotated[Actor, Depends(requires("member.change"))]
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _text(example: str) -> dict[str, Any]:
    return {"text/plain": {"schema": {"type": "string"}, "example": example}}


_REFUSED: dict[int | str, dict[str, Any]] = {
    403: {"description": "The signature is wrong or old, or it is meant for another company.", "content": _text("invalid signature")},
    404: {"description": "The channel is not open here.", "content": _PROBLEM},
}
_ECHOED: dict[int | str, dict[str, Any]] = {200: {"description": "The echo, decrypted.", "content": _text("1616140317555161061")}}
_REPLY = "<xml><Encrypt>…</Encrypt><MsgSignature>…</MsgSignature><TimeStamp>1795311452</TimeStamp><Nonce>263014780</Nonce></xml>"
_ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer, encrypted; an empty body where there is none.",
        "content": {**_text(""), "text/xml": {"schema": {"type": "string"}, "example": _REPLY}},
    },
    400: {"description": "The body is no message.", "content": {**_text("not a message"), **_PROBLEM}},
    413: {"description": "The body is too large.", "content": _PROBLEM},
    503: {"description": "The question could not be answered now; WeCom asks again.", "content": _PROBLEM},
}


@router.get("/wecom/callback", response_class=PlainTextResponse, summary="Verify WeCom's callback", responses={**_REFUSED, **_ECHOED})
async def verify(msg_signature: Part = "", timestamp: Part = "", nonce: Part = "", echostr: Sealed = "") -> Response:
    """Answer WeCom's verification of this address: the decrypted echo, exactly. Nothing is looked up, so it takes no second."""
    wire = wecom_wire()
    if not fresh(timestamp, clock.now(), settings().wechat_window):
        return refused("wecom", "timestamp")
    try:  # a plus that nobody encoded arrives as a blank
        opened = open_envelope(wire, echostr.replace(" ", "+"), timestamp, nonce, msg_signature)
    except Refused as reason:
        return refused("wecom", reason.code)
    return Response(opened.clear, media_type="text/plain")


@router.post(
    "/wecom/callback", response_class=PlainTextResponse, summary="Answer a colleague's question", responses={**_REFUSED, **_ANSWERED}
)
async def receive(request: Request, msg_signature: Part = "", timestamp: Part = "", nonce: Part = "") -> Response:
    """Answer 待办 and ticket numbers for members whose userid is bound; everybody else is told how to be."""
    wire = wecom_wire()
    if not fresh(timestamp, clock.now(), settings().wechat_window):
        return refused("wecom", "timestamp")
    call = Call(msg_signature=msg_signature, timestamp=timestamp, nonce=nonce, encrypt_type="aes")
    try:
        letter = open_call(call, await request.body(), wire, Mode.SAFE)
        push = read_push(letter.opened.clear)
        words = await patiently(_answer_once(call, letter, push), settings().wechat_patience)
    except Refused as reason:
        return refused("wecom", reason.code)
    except NotAMessage:
        log.warning("wecom.not_a_message")
        return PlainTextResponse("not a message", 400)
    return PlainTextResponse("") if words is None else answered(words, push, letter, wire, nonce)


async def _answer_once(call: Call, letter: Letter, push: Push) -> str | None:
    await once_seen("wecom", call, letter)
    if push.kind == "event":
        note_kept()  # nothing hangs on an event: there is nothing to come again for
    return await insist(lambda: answer_staff(push))


@router.get("/members/{member_id}/wecom", summary="Whether a member is bound to WeCom")
async def bound(actor: Reader, member_id: UUID) -> WecomBindingView:
    """Tell since when a member's WeCom userid is known; the userid itself is not kept in clear."""
    await require_visible(actor, member_id)
    async with unit_of_work(actor) as work:
        return await wecom_binding(work, member_id)


@router.put("/members/{member_id}/wecom", summary="Bind a member's WeCom userid")
async def bind(actor: Administrator, member_id: UUID, command: BindWecom) -> WecomBindingView:
    """Say which WeCom userid a member writes from; a former one is replaced. For administrators."""
    async with unit_of_work(actor) as work:
        return await bind_wecom(work, member_id, command)


@router.delete("/members/{member_id}/wecom", status_code=204, summary="Forget a member's WeCom userid")
async def unbind(actor: Administrator, member_id: UUID) -> None:
    """Forget the userid; from then on whoever writes from it is told how to be bound. For administrators."""
    async with unit_of_work(actor) as work:
        await unbind_wecom(work, member_id)
