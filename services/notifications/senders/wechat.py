"""WeChat customer messages (客服消息). HTTP status is 200 throughout: the verdict is `errcode`.

The access token comes from ``stable_token``, kept in this process: the same token for every process that asks, until it nears its end.
Neither secret nor token ever gets into a log or an error: both travel in places that libraries like to print.
"""

import asyncio
import time
from datetime import timedelta
from typing import Any

import httpx
import orjson
from pydantic import SecretStr

from services.notifications.senders.letter import Letter, SendResult, by_status, failed

_TOKEN_WRONG = frozenset({40001, 40014, 42001})
_REFUSED = frozenset({40003, 43004, 43019, 45015, 45047, 48002})
"""Not this way to this person: unknown, unfollowed, blocked, outside the 48 hours, count used up, refuses."""
_WAITS = {45009: timedelta(hours=6), 45011: timedelta(minutes=1)}
"""Daily quota, quota of the minute."""
_EARLY = 300.0
_BETWEEN_FORCED = 30.0
_JSON = {"Content-Type": "application/json; charset=utf-8"}


class _TokenError(Exception):
    """No token could be had; the error code says why."""


class WeChatSender:
    """Sends as one official account."""

    carrier = "wechat"

    def __init__(self, client: httpx.AsyncClient, api: str, app_id: str, secret: SecretStr) -> None:
        self._client = client
        self._api = api.rstrip("/")
        self._app_id = app_id
        self._secret = secret
        self._lock = asyncio.Lock()
        self._token = ""
        self._good_until = 0.0
        self._forced_at = -_BETWEEN_FORCED

    async def send(self, letter: Letter) -> SendResult:
        """Send once; where the token turns out to be wrong, once more with a fresh one."""
        try:
            token = await self._usable_token()
            errcode, result = await self._post(token, letter)
            if errcode in _TOKEN_WRONG:
                token = await self._fresh_token(instead_of=token)
                errcode, result = await self._post(token, letter)
        except _TokenError as none:
            return SendResult("later", error=str(none))
        except httpx.HTTPError as error:
            return failed(error)
        return result

    async def _post(self, token: str, letter: Letter) -> tuple[int | None, SendResult]:
        # real UTF-8: WeChat shows \uXXXX escapes to the reader as they are
        body = orjson.dumps({"touser": letter.address, "msgtype": "text", "text": {"content": letter.words}})
        url = f"{self._api}/cgi-bin/message/custom/send"
        response = await self._client.post(url, params={"access_token": token}, content=body, headers=_JSON)
        if not response.is_success:
            return None, by_status(response)
        errcode = _answer(response).get("errcode")
        return errcode, _result(errcode)

    async def _usable_token(self) -> str:
        async with self._lock:
            if not self._token or time.monotonic() >= self._good_until:
                await self._fetch(force=False)
            return self._token

    async def _fresh_token(self, *, instead_of: str) -> str:
        """Return another token than the one that was refused. Of many callers one fetches; a forced one at most every 30 s."""
        async with self._lock:
            if self._token == instead_of:
                force = time.monotonic() - self._forced_at >= _BETWEEN_FORCED
                if force:
                    self._forced_at = time.monotonic()
                await self._fetch(force=force)
            return self._token

    async def _fetch(self, *, force: bool) -> None:
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret.get_secret_value(),
            "force_refresh": force,
        }
        response = await self._client.post(f"{self._api}/cgi-bin/stable_token", content=orjson.dumps(body), headers=_JSON)
        answer = _answer(response)
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not (isinstance(token, str) and token and isinstance(seconds, int)):
            raise _TokenError(f"token_{answer.get('errcode', response.status_code)}")
        self._token = token
        self._good_until = time.monotonic() + max(seconds - _EARLY, seconds / 2)


def _answer(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _result(errcode: object) -> SendResult:
    if errcode == 0:
        return SendResult("sent")
    if not isinstance(errcode, int):
        return SendResult("later", error="wechat_unreadable")
    error = f"wechat_{errcode}"
    if errcode in _REFUSED:
        return SendResult("refused", error=error)
    return SendResult("later", error=error, wait=_WAITS.get(errcode))
