"""What all endpoints that file share: the repeat under a key, and the answer."""

from typing import Any

import orjson
from starlette.responses import Response

from services.complaints.commands import Telling
from services.complaints.filing import Repeatable
from services.complaints.filing_desk import filed
from services.complaints.views import Filed
from services.complaints.writing import Outcome
from services.platform.actor import Actor
from services.web.idempotency import fingerprint_of, key_scope

FOUND_BEFORE: dict[int | str, dict[str, Any]] = {200: {"model": Filed, "description": "This message was filed before; this is its ticket."}}


def repeatable(actor: Actor, endpoint: str, key: str | None, body: Telling) -> Repeatable | None:
    """Return what makes a request repeatable under the key it came with."""
    return None if key is None else Repeatable(key_scope(actor, endpoint), key, fingerprint_of(body))


def answer(outcome: Outcome) -> Response:
    """Return the answer to a filing: 201 for a new ticket, 200 for a message that was filed before, either again for a replay."""
    headers = {"Location": f"/v1/tickets/{outcome.number}"}
    if outcome.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(orjson.dumps(filed(outcome)), outcome.status, headers, media_type="application/json")
