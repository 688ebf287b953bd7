"""Reports from the field at the door."""

from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from intake_api.filing import FOUND_BEFORE, answer, repeatable
from services.complaints.field_reports import FieldReport, file_report
from services.complaints.views import Filed
from services.platform.actor import Actor
from services.web.idempotency import IdempotencyKeyHeader
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["intake"])


@router.post("/field-reports", status_code=201, response_model=Filed, responses=FOUND_BEFORE, summary="Report from the field")
async def report_from_the_field(
    body: FieldReport, actor: Annotated[Actor, Depends(requires("field.report"))], key: IdempotencyKeyHeader
) -> Response:
    """Report for a villager, or what one saw oneself; with pictures where it was solved on the spot. The same `report_id` is one report."""
    return answer(await file_report(body, actor, repeatable(actor, "POST /v1/field-reports", key, body)))
