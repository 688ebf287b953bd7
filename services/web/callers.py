"""Who calls: the address behind the proxies that are ours, and under which name a caller is counted.

A header says nothing by itself: what a proxy wrote into it counts only where the request comes from an address of
``DAGUANJIA_TRUSTED_PROXIES``, and only in the one header ``DAGUANJIA_PROXY_HEADER`` names. From the right, each hop that is a trusted
proxy is passed over; the first that is none is the caller, whatever stands left of it.
"""

import ipaddress
import re
from collections import OrderedDict
from functools import lru_cache

from starlette.types import Scope

from services.identity.keys import PREFIX
from services.identity.tokens import read_token
from services.platform import clock
from services.platform.errors import Unauthenticated

KEY = "caller_key"
"""Where a request that a key opened says which: ``(key id, whether the credential held the key's secret)``."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_SOCKET = "unix"
_ELEMENT = re.compile(r'(?i)(for|proto)\s*=\s*("(?:[^"\\]|\\.)*"|[^;,\s]+)')
_MOST_KEYS = 10_000
_LONGEST = 4096


@lru_cache(maxsize=8)
def _networks(trusted: str) -> tuple[frozenset[str], tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]]:
    named = trusted.replace(",", " ").split()
    networks = tuple(ipaddress.ip_network(name, strict=False) for name in named if name != _SOCKET)
    return frozenset(named) & {_SOCKET}, networks


def seen_through_proxies(scope: Scope, trusted: str, header: str) -> None:
    """Set ``client`` and ``scheme`` of a request to those of whoever called the outermost trusted proxy; none are trusted by default."""
    if not trusted or not _is_ours(_peer(scope), trusted):
        return
    told = ", ".join(value.decode("latin-1") for name, value in scope["headers"] if name == header.encode())
    if header == "forwarded":
        elements = [_element(part) for part in _split(told)]
        hops = [element.get("for", "") for element in elements]
        scheme = elements[-1].get("proto", "") if elements else ""
    else:
        hops = told.split(",") if told else []
        schemes = [value for name, value in scope["headers"] if name == b"x-forwarded-proto"]
        scheme = schemes[-1].decode("latin-1").rpartition(",")[2] if schemes else ""
    caller = _outermost(hops, trusted)
    if caller is not None:
        scope["client"] = (str(caller), 0)
    if scheme.strip().lower() in ("http", "https"):
        scope["scheme"] = scheme.strip().lower()


def _outermost(hops: list[str], trusted: str) -> Address | None:
    found = None
    for hop in reversed(hops):
        address = address_in(hop)
        if address is None:
            break  # what cannot be read was not written by a proxy of ours
        found = address
        if not _is_ours(str(address), trusted):
            break
    return found


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else _SOCKET


def _is_ours(peer: str, trusted: str) -> bool:
    sockets, networks = _networks(trusted)
    if peer == _SOCKET:
        return bool(sockets)
    address = address_in(peer)
    return address is not None and any(address in network for network in networks)


def address_in(hop: str) -> Address | None:
    """Return the address in one hop, with or without brackets and port; None where there is none (``unknown``, ``_hidden``)."""
    hop = hop.strip().strip('"')
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        address = ipaddress.ip_address(hop)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _split(told: str) -> list[str]:
    return [part for part in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', told) if part.strip()]


def _element(part: str) -> dict[str, str]:
    return {name.lower(): value.strip('"') for name, value in _ELEMENT.findall(part)}


class Callers:
    """Names callers: an account by its token, a key once it opened something from where it is, everybody else by address."""

    def __init__(self) -> None:
        self._keys: OrderedDict[tuple[bytes, str], str] = OrderedDict()

    def name(self, scope: Scope, authorization: bytes | None) -> str:
        """Return the name a request is counted under.

        A credential that nobody has checked yet counts for nothing: with made-up ones a caller would be somebody else each time, or
        use up what belongs to another.
        """
        address = _place(scope)
        if authorization is None or len(authorization) > _LONGEST:
            return f"address {address}"
        known = self._keys.get((authorization, address))
        if known is not None:
            return known
        account = _account(authorization.decode("latin-1"))
        return f"account {account}" if account else f"address {address}"

    def remember(self, scope: Scope, authorization: bytes | None) -> None:
        """Note that a key opened this request; one that signs is counted by its address too, for its credential alone proves nothing."""
        opened = scope.get(KEY)
        if opened is None or authorization is None:
            return
        address = _place(scope)
        key_id, whole = opened
        self._keys[authorization, address] = f"key {key_id}" if whole else f"key {key_id} {address}"
        if len(self._keys) > _MOST_KEYS:
            self._keys.popitem(last=False)


def _account(authorization: str) -> str:
    kind, _, credential = authorization.partition(" ")
    credential = credential.strip()
    if kind.lower() != "bearer" or not credential or credential.startswith(PREFIX):
        return ""
    try:
        return str(read_token(credential, clock.now()).account_id)
    except Unauthenticated:
        return ""


def _place(scope: Scope) -> str:
    """Return the address, of IPv6 the first 64 bits: a household has them all."""
    address = address_in(_peer(scope))
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)).network_address)
    return str(address) if address is not None else "unknown"
