"""Carriers: real clients of WeChat, an SMS gateway and a webhook, and a file for local runs, behind one protocol."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.connections.calling import open_client
from services.notifications.senders.file import FileSender
from services.notifications.senders.letter import Letter, Sender, SendResult
from services.notifications.senders.sms import SmsSender
from services.notifications.senders.webhook import WebhookSender
from services.notifications.senders.wechat import WeChatSender
from services.platform.settings import Settings

__all__ = ["Letter", "SendResult", "Sender", "Senders", "open_senders"]


@dataclass(frozen=True, slots=True)
class Senders:
    """The carriers this installation has. `file` takes what no other can."""

    wechat: Sender | None = None
    sms: Sender | None = None
    webhook: WebhookSender | None = None
    file: Sender | None = None


@asynccontextmanager
async def open_senders(chosen: Settings) -> AsyncIterator[Senders]:
    """Open the carriers that `chosen` settings name; raise Problem where one is only half set."""
    async with open_client() as client:
        yield Senders(
            wechat=WeChatSender(client, chosen.wechat_api, chosen.wechat_app_id, chosen.wechat_app_secret)
            if chosen.wechat_app_id and chosen.wechat_app_secret.get_secret_value()
            else None,
            sms=SmsSender(client, chosen.sms_url, chosen.sms_secret) if chosen.sms_url else None,
            webhook=WebhookSender(client, chosen.webhook_url, chosen.webhook_secret, allow_private=chosen.webhook_allow_private)
            if chosen.webhook_url
            else None,
            file=FileSender(chosen.outbox_file) if chosen.outbox_file else None,
        )
