"""Carriers: real clients of WeChat, an SMS gateway and a webhook, and a file for local runs, behind one protocol."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from services.connections.calling import open_client
from services.connections.wechat_api import WeChatApi
from services.notifications.senders.file import FileSender
from services.notifications.senders.letter import Letter, Sender, SendResult
from services.notifications.senders.sms import SmsSender
from services.notifications.senders.webhook import WebhookSender
from services.notifications.senders.wechat import CustomerSender, SubscriptionSender, TemplateSender
from services.notifications.wechat_templates import Templates, read_templates
from services.platform.settings import Settings

__all__ = ["Letter", "SendResult", "Sender", "Senders", "open_senders"]


@dataclass(frozen=True, slots=True)
class Senders:
    """The carriers this installation has, and the templates of its official account. `file` takes what no other can."""

    wechat: Sender | None = None
    wechat_template: Sender | None = None
    wechat_subscription: Sender | None = None
    sms: Sender | None = None
    webhook: WebhookSender | None = None
    file: Sender | None = None
    wechat_api: WeChatApi | None = None
    templates: Templates = field(default_factory=dict)


@asynccontextmanager
async def open_senders(chosen: Settings) -> AsyncIterator[Senders]:
    """Open the carriers that `chosen` settings name; raise Problem where one is only half set."""
    templates = read_templates(chosen.wechat_templates)
    async with open_client() as client:
        wechat = open_wechat(client, chosen)
        yield Senders(
            wechat=CustomerSender(wechat) if wechat else None,
            wechat_template=TemplateSender(wechat, templates) if wechat else None,
            wechat_subscription=SubscriptionSender(wechat, templates) if wechat else None,
            templates=templates,
            sms=SmsSender(client, chosen.sms_url, chosen.sms_secret) if chosen.sms_url else None,
            webhook=WebhookSender(client, chosen.webhook_url, chosen.webhook_secret, allow_private=chosen.webhook_allow_private)
            if chosen.webhook_url
            else None,
            file=FileSender(chosen.outbox_file) if chosen.outbox_file else None,
            wechat_api=wechat,
        )


def open_wechat(client: httpx.AsyncClient, chosen: Settings) -> WeChatApi | None:
    """Return the official account's interface; None where `chosen` settings do not name one."""
    if not (chosen.wechat_app_id and chosen.wechat_app_secret.get_secret_value()):
        return None
    return WeChatApi(client, chosen.wechat_api, chosen.wechat_app_id, chosen.wechat_app_secret)
