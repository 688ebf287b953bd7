"""SMS by a gateway that takes our JSON: ``{"to", "text", "reference"}``.

Each request is signed: ``X-Daguanjia-Signature: v1=<hex HMAC-SHA256 of "timestamp.body">`` with ``X-Daguanjia-Timestamp`` in seconds.
`reference` is the same for every try of a message, so that the gateway can drop repeats. Gateways of vendors are fitted by a small adapter
on their side of this request; none of their formats is spoken here.
"""

import hmac

import httpx
import orjson
from pydantic import SecretStr

from services.notifications.senders.letter import Letter, SendResult, by_status, failed
from services.platform import clock
from services.platform.errors import Problem

_REFUSED = (400, 404, 422)


class SmsSender:
    """Posts to one gateway."""

    carrier = "sms"

    def __init__(self, client: httpx.AsyncClient, url: str, secret: SecretStr) -> None:
        if not secret.get_secret_value():
            raise Problem("settings.sms_secret", "DAGUANJIA_SMS_URL needs DAGUANJIA_SMS_SECRET, which requests are signed with.")
        self._client = client
        self._url = url
        self._secret = secret

    async def send(self, letter: Letter) -> SendResult:
        """Post once: 2xx is sent, 400, 404 and 422 are this recipient's, everything else is tried again."""
        body = orjson.dumps({"to": letter.address, "text": letter.words, "reference": letter.reference})
        try:
            response = await self._client.post(self._url, content=body, headers=self._headers(body))
        except httpx.HTTPError as error:
            return failed(error)
        if response.is_success:
            return SendResult("sent", reference=_their_reference(response))
        if response.status_code in _REFUSED:
            return SendResult("refused", error=f"http_{response.status_code}")
        return by_status(response)

    def _headers(self, body: bytes) -> dict[str, str]:
        stamp = str(int(clock.now().timestamp()))
        signed = hmac.digest(self._secret.get_secret_value().encode(), stamp.encode() + b"." + body, "sha256").hex()
        return {"Content-Type": "application/json", "X-Daguanjia-Timestamp": stamp, "X-Daguanjia-Signature": f"v1={signed}"}


def _their_reference(response: httpx.Response) -> str | None:
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    given = answer.get("id") if isinstance(answer, dict) else None
    return str(given)[:200] if isinstance(given, str | int) else None
