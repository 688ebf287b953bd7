"""Calling out to an address that somebody else has chosen.

The name is resolved here, must lead to public addresses only, and the connection goes to exactly what was resolved: a name that changes
its mind between check and use leads nowhere inside. Redirects are not followed, no proxy of the environment is used.
"""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import SplitResult, urlsplit, urlunsplit

import httpx

SECONDS = httpx.Timeout(15, connect=5)
ANSWER_BYTES_AT_MOST = 64 * 1024
"""How much is read of an answer that only its status counts of."""

_UNICAST = ipaddress.ip_network("2000::/3")
"""The only part of IPv6 that is handed out for the open Internet. Outside lie loopback, local, IPv4 in disguise and gateways to it."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(Exception):  # noqa: N818  it is raised like a finding, not like an error of ours
    """The address is not one we call; its text is a short code: ``url_malformed``, ``name_unknown``, ``address_not_public``."""


class AnswerTooLong(Exception):  # noqa: N818  see AddressRefused
    """The answer has more bytes than the caller wanted to read."""


@asynccontextmanager
async def open_client() -> AsyncIterator[httpx.AsyncClient]:
    """Give the client all calls out are made with."""
    async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=False, trust_env=False) as client:
        yield client


def split_url(url: str) -> SplitResult:
    """Return the parts of a URL we could call; raise AddressRefused ``url_malformed`` for anything else."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise AddressRefused("url_malformed") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
        raise AddressRefused("url_malformed")
    return parts


async def call(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    allow_private: bool,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Make one request and return the whole answer. Raises AddressRefused and httpx.HTTPError."""
    return await client.send(await _request(client, method, url, allow_private=allow_private, content=content, headers=headers))


async def ask(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    allow_private: bool,
    at_most: int,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Make one request and return status and body, of which no more than `at_most` bytes are taken.

    Raises AddressRefused, AnswerTooLong and httpx.HTTPError.
    """
    request = await _request(client, method, url, allow_private=allow_private, content=content, headers=headers)
    response = await client.send(request, stream=True)
    try:
        parts, read = [], 0
        async for part in response.aiter_bytes():
            read += len(part)
            if read > at_most:
                raise AnswerTooLong
            parts.append(part)
    finally:
        await response.aclose()
    return response.status_code, b"".join(parts)


async def tell(
    client: httpx.AsyncClient, url: str, *, allow_private: bool, content: bytes, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """POST to an address and return the answer for its status and headers: of a body that has no end little is read, and none is kept.

    Raises AddressRefused and httpx.HTTPError.
    """
    request = await _request(client, "POST", url, allow_private=allow_private, content=content, headers=headers)
    response = await client.send(request, stream=True)
    try:
        read = 0
        async for part in response.aiter_raw():
            read += len(part)
            if read > ANSWER_BYTES_AT_MOST:
                break
    finally:
        await response.aclose()
    return response


@asynccontextmanager
async def download(
    client: httpx.AsyncClient, url: str, *, allow_private: bool, headers: Mapping[str, str] | None = None
) -> AsyncIterator[httpx.Response]:
    """Give an answer whose body is still to be read, in pieces. Raises AddressRefused and httpx.HTTPError."""
    request = await _request(client, "GET", url, allow_private=allow_private, content=None, headers=headers)
    response = await client.send(request, stream=True)
    try:
        yield response
    finally:
        await response.aclose()


async def _request(
    client: httpx.AsyncClient, method: str, url: str, *, allow_private: bool, content: bytes | None, headers: Mapping[str, str] | None
) -> httpx.Request:
    parts = split_url(url)
    named = {**(headers or {}), "Host": parts.netloc}
    resolved = await _resolved(parts, allow_private=allow_private)
    return client.build_request(method, resolved, content=content, headers=named, extensions={"sni_hostname": parts.hostname})


async def _resolved(parts: SplitResult, *, allow_private: bool) -> str:
    """Return the URL with the address in the name's place; the name stays in the Host header and the certificate."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    assert parts.hostname is not None
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefused("name_unknown") from None
    addresses = [ipaddress.ip_address(address[0]) for *_, address in found]
    if not allow_private and not all(is_public(address) for address in addresses):
        raise AddressRefused("address_not_public")
    chosen = addresses[0]
    literal = f"[{chosen}]" if chosen.version == 6 else str(chosen)  # noqa: PLR2004  the version of the protocol
    return urlunsplit((parts.scheme, f"{literal}:{port}", parts.path or "/", parts.query, ""))


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the open Internet; one mapped or tunnelled into IPv6 counts as what it hides."""
    if isinstance(address, ipaddress.IPv6Address):
        hidden = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if hidden is not None:
            return is_public(hidden)
        if address not in _UNICAST:
            return False
    return address.is_global and not address.is_multicast
