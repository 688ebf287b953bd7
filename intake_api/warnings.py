"""Early warnings at the door: the desk above says what it knows of one. They are read at the reporting door."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from starlette.responses import Response

from services.platform.actor import Actor
from services.platform.unit_of_work import unit_of_work
from services.warnings.acknowledging import acknowledge
from services.warnings.commands import AcknowledgeWarning
from services.warnings.views import WarningView
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/warnings", tags=["warnings"])


@router.post("/{warning_id}/acknowledgement", response_model=WarningView, summary="Acknowledge a warning")
async def acknowledge_warning(
    warning_id: UUID, body: AcknowledgeWarning, actor: Annotated[Actor, Depends(requires("warning.acknowledge"))], key: IdempotencyKeyHeader
) -> Response:
    """Say what was found out, from a desk above the unit; once for each warning. It ends by itself when things are usual again."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, WarningView]:
            return 200, await acknowledge(work, warning_id, body)

        return await once(work, actor, f"POST /v1/warnings/{warning_id}/acknowledgement", key, fingerprint_of(body), do)
