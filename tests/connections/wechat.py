"""WeChat, played: a token for whoever asks for one, and errcodes one after the other for everything else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from pydantic import SecretStr

from services.connections.wechat_api import WeChatApi
from tests.notifications.platform import Asked, Platform, Said

TOKEN, SEND, MEDIA = "/cgi-bin/stable_token", "/cgi-bin/message/custom/send", "/cgi-bin/media/get"
SECRET = "app-secret-that-nobody-sees"


def token_of(nth: int) -> str:
    """The nth token: longer than 512 characters, as they may be."""
    return f"token-{nth}-" + "x" * 600


def says(platform: Platform, *errcodes: int, after: float = 0.0) -> None:
    """Give a fresh token on every request, and the errcodes one after the other, then 0."""
    left = list(errcodes)

    def answer(asked: Asked) -> Said:
        if asked.path == TOKEN:
            return Said(body={"access_token": token_of(len(platform.at(TOKEN))), "expires_in": 7200}, after=after)
        return Said(body={"errcode": left.pop(0) if left else 0, "errmsg": "whatever", "msgid": 4711}, after=after)

    platform.answer = answer


@asynccontextmanager
async def account(platform: Platform, *, app_id: str = "wx-app", patience: float = 15.0) -> AsyncIterator[WeChatApi]:
    """One process that calls WeChat. `patience`: seconds it waits for an answer; connecting has all the time a busy machine may take."""
    async with httpx.AsyncClient(timeout=httpx.Timeout(15.0, read=patience), follow_redirects=False, trust_env=False) as client:
        yield WeChatApi(client, platform.url, app_id, SecretStr(SECRET), allow_private=True)
