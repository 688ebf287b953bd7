"""WeChat's three ways to a person: customer message, template message, subscription message.

What an errcode means stands in :mod:`services.notifications.verdicts`; the token is held by :mod:`services.connections.wechat_api`.
"""

from collections.abc import Mapping
from typing import Any

from services.connections.wechat_api import WeChatApi, WeChatError, WeChatUnreachable
from services.notifications.senders.letter import Letter, SendResult
from services.notifications.verdicts import CUSTOMER, SUBSCRIPTION, TEMPLATE, by_errcode, verdict_of
from services.notifications.wechat_templates import MiniProgram, Templates, filled, link

_NO_TEMPLATE = SendResult("refused", error="no_template")


class CustomerSender:
    """Customer messages 客服消息: free words, in the time a person's own message opens."""

    carrier = CUSTOMER

    def __init__(self, api: WeChatApi) -> None:
        self._api = api

    async def send(self, letter: Letter) -> SendResult:
        """Send once."""
        body = {"touser": letter.address, "msgtype": "text", "text": {"content": letter.words}}
        return await _send(self._api, "/cgi-bin/message/custom/send", body)


class TemplateSender:
    """Template messages 模板消息: fields of a template, whether the person wrote or not."""

    carrier = TEMPLATE

    def __init__(self, api: WeChatApi, templates: Templates) -> None:
        self._api = api
        self._templates = templates

    async def send(self, letter: Letter) -> SendResult:
        """Send once; the message's id keeps a repeat from arriving twice."""
        forms = self._templates.get(letter.template)
        form = forms.template if forms else None
        if form is None:
            return _NO_TEMPLATE
        body = {
            "touser": letter.address,
            "template_id": form.template_id,
            "client_msg_id": letter.reference.replace("-", ""),
            "data": filled(form, letter.facts),
            **_opens("url", form.url, form.miniprogram, letter.ticket_number),
        }
        return await _send(self._api, "/cgi-bin/message/template/send", body)


class SubscriptionSender:
    """Subscription messages 订阅通知: fields of a template the person agreed to. WeChat gives them no id; the template's stands in."""

    carrier = SUBSCRIPTION

    def __init__(self, api: WeChatApi, templates: Templates) -> None:
        self._api = api
        self._templates = templates

    async def send(self, letter: Letter) -> SendResult:
        """Send once."""
        forms = self._templates.get(letter.template)
        form = forms.subscription if forms else None
        if form is None:
            return _NO_TEMPLATE
        body = {
            "touser": letter.address,
            "template_id": form.template_id,
            "data": filled(form, letter.facts),
            **_opens("page", form.page, form.miniprogram, letter.ticket_number),
        }
        result = await _send(self._api, "/cgi-bin/message/subscribe/bizsend", body)
        return SendResult("sent", reference=form.template_id) if result.outcome == "sent" else result


def _opens(name: str, address: str, miniprogram: MiniProgram | None, number: str) -> dict[str, Any]:
    found: dict[str, Any] = {name: link(address, number)} if address else {}
    if miniprogram is not None:
        found["miniprogram"] = {"appid": miniprogram.appid, "pagepath": link(miniprogram.pagepath, number)}
    return found


async def _send(api: WeChatApi, path: str, body: Mapping[str, Any]) -> SendResult:
    try:
        answer = await api.call(path, body)
    except WeChatError as refused:
        verdict = by_errcode(refused.errcode)
        return SendResult(verdict.outcome, error=None if verdict.kind == "sent" else str(refused), wait=verdict.wait)
    except WeChatUnreachable as away:
        return SendResult(verdict_of("later", away.code).outcome, error=away.code, wait=away.wait)
    msgid = answer.get("msgid")
    return SendResult("sent", reference=str(msgid)[:64] if isinstance(msgid, int | str) else None)
