"""Calling WeChat's interface as one official account. HTTP status is 200 throughout: the verdict is `errcode`.

The access token travels in the address, which libraries like to print. So a request's address prints without its query, whoever prints
it, and what goes wrong is told in short codes: neither token nor secret is in a log or an error.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message as Headers
from typing import Any, TypeVar

import httpx
import orjson
from pydantic import SecretStr

from services.connections.calling import AddressRefused, download
from services.connections.wechat_tokens import Token, TokenHolder, WeChatUnreachable

__all__ = ["Media", "WeChatApi", "WeChatError", "WeChatUnreachable"]

TOKEN_REFUSED = frozenset({40001, 40014, 42001})
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_SPEAKS_JSON = ("application/json", "text/json", "text/plain")
_VERDICT_BYTES = 64 * 1024
_DAY = 86_400

Answer = dict[str, Any]
T = TypeVar("T")


class WeChatError(Exception):
    """WeChat refused; `errcode` says why."""

    def __init__(self, errcode: int) -> None:
        super().__init__(f"wechat_{errcode}")
        self.errcode = errcode


@dataclass(frozen=True, slots=True)
class Media:
    """A file on its way. `chunks` raises WeChatUnreachable where it breaks off; whether it was whole, only its end tells."""

    content_type: str
    filename: str | None
    length: int | None
    chunks: AsyncIterator[bytes]


class _Unprinted(httpx.URL):
    """An address that prints without its query."""

    def __str__(self) -> str:
        return super().__str__().partition("?")[0]

    def __repr__(self) -> str:
        return f"URL({str(self)!r})"


class WeChatApi:
    """One official account. All processes share its token; see :mod:`services.connections.wechat_tokens`.

    `allow_private`: a video's address, which WeChat chooses, may lead to a private network; for tests and proxies.
    """

    def __init__(self, client: httpx.AsyncClient, api: str, app_id: str, secret: SecretStr, *, allow_private: bool = False) -> None:
        self._client = client
        self._api = api.rstrip("/")
        self._app_id = app_id
        self._secret = secret
        self._allow_private = allow_private
        self._tokens = TokenHolder(app_id, self._new_token)

    async def call(self, path: str, body: Mapping[str, Any]) -> Answer:
        """POST `body` as JSON and return the answer. Raises WeChatError, and WeChatUnreachable where there was no verdict.

        A token that is refused is replaced once, and the call made once more.
        """
        content = orjson.dumps(dict(body))  # real UTF-8: WeChat shows \\uXXXX escapes to the reader as they are

        async def once(token: Token) -> Answer:
            return _verdict(await self._ask(path, {"access_token": token.text}, content))

        return await self._with_token(once)

    @asynccontextmanager
    async def media(self, media_id: str, *, high_definition: bool = False) -> AsyncIterator[Media]:
        """Give a temporary file, which WeChat keeps three days; a video is fetched from where WeChat says it is.

        `high_definition`: a voice message in 16 kHz speex. Raises WeChatError (40007: there is no such file any more), WeChatUnreachable.
        """
        path = "/cgi-bin/media/get/jssdk" if high_definition else "/cgi-bin/media/get"
        async with AsyncExitStack() as stack:

            async def once(token: Token) -> Media | str:
                response = await self._ask(path, {"access_token": token.text, "media_id": media_id}, stream=True)
                stack.push_async_callback(response.aclose)
                return await _file_or_address(response)

            found = await self._with_token(once)
            yield await self._video(found, stack) if isinstance(found, str) else found

    async def _with_token(self, once: Callable[[Token], Awaitable[T]]) -> T:
        token = await self._tokens.token()
        try:
            return await once(token)
        except WeChatError as error:
            if error.errcode not in TOKEN_REFUSED:
                raise
            errcode = error.errcode
        other = await self._replaced(token)
        if other is None:
            raise WeChatError(errcode)
        return await once(other)

    async def _replaced(self, token: Token) -> Token | None:
        """Return another token than the one that was refused; None where there is none, or only the same."""
        try:
            other = await self._tokens.token(refused=token)
        except WeChatUnreachable as none:
            if none.code == "token_refused":
                return None
            raise
        return other if other.text != token.text else None

    async def _new_token(self, force: bool) -> tuple[str, int]:
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret.get_secret_value(),
            "force_refresh": force,
        }
        response = await self._ask("/cgi-bin/stable_token", {}, orjson.dumps(body))
        answer = _read_json(response.content)
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not (isinstance(token, str) and token and isinstance(seconds, int)):
            raise WeChatUnreachable(f"token_{answer.get('errcode', 'unreadable')}")
        return token, seconds

    async def _ask(self, path: str, query: Mapping[str, str], content: bytes | None = None, *, stream: bool = False) -> httpx.Response:
        """Make one request. Raises WeChatUnreachable for all that is not 2xx, outside of what httpx raised: its errors hold requests."""
        request = self._client.build_request("POST" if content else "GET", self._api + path, params=query, content=content, headers=_JSON)
        request.url = _Unprinted(request.url)
        failure = ""
        try:
            response = await self._client.send(request, stream=stream)
        except httpx.HTTPError as error:
            failure = type(error).__name__
        if failure:
            raise WeChatUnreachable(failure)
        if not response.is_success:
            await response.aclose()
            raise WeChatUnreachable(f"http_{response.status_code}", _retry_after(response))
        return response

    async def _video(self, address: str, stack: AsyncExitStack) -> Media:
        failure = ""
        try:
            response = await stack.enter_async_context(download(self._client, address, allow_private=self._allow_private))
        except AddressRefused as refused:
            failure = str(refused)
        except httpx.HTTPError as error:
            failure = type(error).__name__
        if failure:
            raise WeChatUnreachable(failure)
        if not response.is_success:
            raise WeChatUnreachable(f"http_{response.status_code}")
        return _media(response, _chunks(response))


async def _file_or_address(response: httpx.Response) -> Media | str:
    """Return the file, or the address of a video; raise WeChatError where a verdict comes in a file's place, under whatever type."""
    chunks = _chunks(response)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    first = await anext(chunks, b"")
    verdict = kind in _SPEAKS_JSON and "content-disposition" not in response.headers
    if not verdict and not first.lstrip().startswith((b'{"errcode"', b'{"video_url"')):
        return _media(response, _together(first, chunks))
    said = bytearray(first)
    async for chunk in chunks:
        said += chunk
        if len(said) > _VERDICT_BYTES:
            raise WeChatUnreachable("wechat_unreadable")
    answer = _read_json(bytes(said))
    address = answer.get("video_url")
    if isinstance(address, str) and address:
        return address
    errcode = answer.get("errcode")
    if not isinstance(errcode, int) or errcode == 0:
        raise WeChatUnreachable("wechat_unreadable")
    raise WeChatError(errcode)


def _media(response: httpx.Response, chunks: AsyncIterator[bytes]) -> Media:
    headers = Headers()
    headers["Content-Disposition"] = response.headers.get("content-disposition", "")
    length = response.headers.get("content-length", "")
    plain = "content-encoding" not in response.headers and length.isascii() and length.isdigit()
    return Media(
        content_type=response.headers.get("content-type", "application/octet-stream"),
        filename=headers.get_filename(),
        length=int(length[:12]) if plain else None,
        chunks=chunks,
    )


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    failure = ""
    try:
        async for chunk in response.aiter_bytes():
            yield chunk
    except (httpx.HTTPError, httpx.StreamError) as error:
        failure = type(error).__name__
    if failure:
        raise WeChatUnreachable(failure)


async def _together(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for chunk in rest:
        yield chunk


def _retry_after(response: httpx.Response) -> timedelta | None:
    given = response.headers.get("retry-after", "")
    return timedelta(seconds=min(int(given[:9]), _DAY)) if given.isascii() and given.isdigit() else None


def _read_json(content: bytes) -> Answer:
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _verdict(response: httpx.Response) -> Answer:
    answer = _read_json(response.content)
    errcode = answer.get("errcode", 0 if answer else None)
    if not isinstance(errcode, int):
        raise WeChatUnreachable("wechat_unreadable")
    if errcode:
        raise WeChatError(errcode)
    return answer
