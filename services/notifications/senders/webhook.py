"""Webhooks to the system a county's units work with: Standard Webhooks 1.0.0, one endpoint.

Redirects are failures. 410 means: never again.
"""

import base64

import httpx
import orjson
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from services.connections.calling import AddressRefused, call, split_url
from services.notifications.senders.letter import Letter, SendResult, by_status, failed
from services.platform import clock
from services.platform.errors import Problem
from services.platform.secrets import fingerprint

_GONE = 410
_SHORTEST_SECRET, _LONGEST_SECRET = 24, 64


class WebhookSender:
    """Posts every message to units to one endpoint."""

    carrier = "webhook"

    def __init__(self, client: httpx.AsyncClient, url: str, secret: SecretStr, *, allow_private: bool) -> None:
        try:
            split_url(url)
        except AddressRefused:
            raise Problem("settings.webhook_url", "DAGUANJIA_WEBHOOK_URL must look like https://host/path.") from None
        self._client = client
        self._url = url
        self._signer = _signer(secret)
        self._allow_private = allow_private
        self.fingerprint = fingerprint(b"webhook", url.encode())

    async def send(self, letter: Letter) -> SendResult:
        """Post once: 2xx is sent, 410 stops the endpoint, everything else is tried again."""
        now = clock.now()
        event = {
            "type": f"unit.{letter.template}",
            "timestamp": now.isoformat().replace("+00:00", "Z"),
            "data": {"unit": letter.address, "ticket": letter.ticket_number or None, "words": letter.words},
        }
        body = orjson.dumps(event).decode()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": f"msg_{letter.reference}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(f"msg_{letter.reference}", now, body),
        }
        try:
            response = await call(
                self._client, "POST", self._url, allow_private=self._allow_private, content=body.encode(), headers=headers
            )
        except AddressRefused as refused:
            return SendResult("later", error=str(refused))
        except httpx.HTTPError as error:
            return failed(error)
        if response.is_success:
            return SendResult("sent", reference=headers["webhook-id"])
        if response.status_code == _GONE:
            return SendResult("stopped", error="http_410")
        return by_status(response)


def _signer(secret: SecretStr) -> Webhook:
    encoded = secret.get_secret_value().removeprefix("whsec_")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        key = b""
    if not _SHORTEST_SECRET <= len(key) <= _LONGEST_SECRET:
        raise Problem("settings.webhook_secret", "DAGUANJIA_WEBHOOK_SECRET must be whsec_ and the base64 of 24 to 64 random bytes.")
    return Webhook(key)
