"""Webhooks to the system a county's units work with: Standard Webhooks 1.0.0, one endpoint.

The address is resolved here, must be a public one, and the connection goes to exactly what was resolved: a name that changes its mind
between check and use leads nowhere inside. Redirects are failures. 410 means: never again.
"""

import asyncio
import base64
import ipaddress
import socket
from urllib.parse import urlsplit, urlunsplit

import httpx
import orjson
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from services.notifications.senders.letter import Letter, SendResult, by_status, failed
from services.platform import clock
from services.platform.errors import Problem
from services.platform.secrets import fingerprint

_GONE = 410
_SHORTEST_SECRET, _LONGEST_SECRET = 24, 64


class _AddressError(Exception):
    """The address is not one we send to; says why."""


class WebhookSender:
    """Posts every message to units to one endpoint."""

    carrier = "webhook"

    def __init__(self, client: httpx.AsyncClient, url: str, secret: SecretStr, *, allow_private: bool) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise Problem("settings.webhook_url", "DAGUANJIA_WEBHOOK_URL must look like https://host/path.")
        self._client = client
        self._parts = parts
        self._signer = _signer(secret)
        self._allow_private = allow_private
        self.fingerprint = fingerprint(b"webhook", url.encode())

    async def send(self, letter: Letter) -> SendResult:
        """Post once: 2xx is sent, 410 stops the endpoint, everything else is tried again."""
        now = clock.now()
        event = {
            "type": f"unit.{letter.template}",
            "timestamp": now.isoformat().replace("+00:00", "Z"),
            "data": {"unit": letter.address, "ticket": letter.ticket_number, "words": letter.words},
        }
        body = orjson.dumps(event).decode()
        headers = {
            "Content-Type": "application/json",
            "Host": self._parts.netloc,
            "webhook-id": f"msg_{letter.reference}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(f"msg_{letter.reference}", now, body),
        }
        try:
            url = await self._resolved()
            response = await self._client.post(url, content=body, headers=headers, extensions={"sni_hostname": self._parts.hostname})
        except _AddressError as refused:
            return SendResult("later", error=str(refused))
        except httpx.HTTPError as error:
            return failed(error)
        if response.is_success:
            return SendResult("sent", reference=headers["webhook-id"])
        if response.status_code == _GONE:
            return SendResult("stopped", error="http_410")
        return by_status(response)

    async def _resolved(self) -> str:
        """Return the URL with the address in the name's place; the name stays in the Host header and the certificate."""
        parts = self._parts
        port = parts.port or (443 if parts.scheme == "https" else 80)
        assert parts.hostname is not None
        try:
            found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        except OSError:
            raise _AddressError("name_unknown") from None
        addresses = [ipaddress.ip_address(address[0]) for *_, address in found]
        if not self._allow_private and not all(_is_public(address) for address in addresses):
            raise _AddressError("address_not_public")
        chosen = addresses[0]
        literal = f"[{chosen}]" if chosen.version == 6 else str(chosen)  # noqa: PLR2004  the version of the protocol
        return urlunsplit((parts.scheme, f"{literal}:{port}", parts.path or "/", parts.query, ""))


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tell whether an address is one of the open Internet; one mapped or tunnelled into IPv6 counts as what it hides."""
    if isinstance(address, ipaddress.IPv6Address):
        hidden = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if hidden is not None:
            return _is_public(hidden)
    return address.is_global and not address.is_multicast


def _signer(secret: SecretStr) -> Webhook:
    encoded = secret.get_secret_value().removeprefix("whsec_")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        key = b""
    if not _SHORTEST_SECRET <= len(key) <= _LONGEST_SECRET:
        raise Problem("settings.webhook_secret", "DAGUANJIA_WEBHOOK_SECRET must be whsec_ and the base64 of 24 to 64 random bytes.")
    return Webhook(key)
