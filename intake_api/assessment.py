"""Assessment at the door: runs are asked for, published, withdrawn and made final; objections are made and decided."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel
from starlette.responses import Response

from services.assessment import appealing, making, publishing, reading
from services.assessment.commands import AskForRun, DecideScoreAppeal, MakeAppeal, WithdrawRun
from services.assessment.standing import require_maker
from services.assessment.views import AppealView, RunView, appeal_view, run_view
from services.platform.actor import Actor
from services.platform.unit_of_work import Work
from services.web.idempotency import IdempotencyKeyHeader, once_alone
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/assessments", tags=["assessment"])

Maker = Annotated[Actor, Depends(requires("assessment.make"))]
Objector = Annotated[Actor, Depends(requires("assessment.appeal"))]


class _Nothing(BaseModel):
    """No body: the same key for the same address is the same request."""


@router.post("", status_code=201, response_model=RunView, summary="Ask for an assessment")
async def ask(body: AskForRun, actor: Maker, key: IdempotencyKeyHeader) -> Response:
    """Have a scheme of the rules in force worked out for days that are over. The worker makes the sheets; until then it is `asked`.

    409 ``assessment.exists`` where there is one for these days that was not withdrawn.
    """

    async def do(work: Work) -> RunView:
        require_maker(work.actor)
        return run_view(await reading.read_run(work, await making.ask_for_run(work, body)))

    return await once_alone(actor, "/v1/assessments", key, body, 201, do)


@router.post("/{run_id}/publication", response_model=RunView, summary="Publish an assessment for objection")
async def publish(run_id: UUID, actor: Maker, key: IdempotencyKeyHeader) -> Response:
    """Show a draft to those it is about. They may object for as many working days as the rules say."""

    async def do(work: Work) -> RunView:
        return run_view(await publishing.publish(work, run_id))

    return await once_alone(actor, f"/v1/assessments/{run_id}/publication", key, _Nothing(), 200, do)


@router.post("/{run_id}/withdrawal", response_model=RunView, summary="Withdraw an assessment")
async def withdraw(run_id: UUID, body: WithdrawRun, actor: Maker, key: IdempotencyKeyHeader) -> Response:
    """Take back what is not final yet, with the reason. Another one for the same days can then be asked for."""

    async def do(work: Work) -> RunView:
        return run_view(await publishing.withdraw(work, run_id, body.words))

    return await once_alone(actor, f"/v1/assessments/{run_id}/withdrawal", key, body, 200, do)


@router.post("/{run_id}/finalization", response_model=RunView, summary="Make an assessment final")
async def make_final(run_id: UUID, actor: Maker, key: IdempotencyKeyHeader) -> Response:
    """Freeze it for good, by somebody else than asked for it, when the days for objections are over and all of them are decided."""

    async def do(work: Work) -> RunView:
        return run_view(await publishing.make_final(work, run_id))

    return await once_alone(actor, f"/v1/assessments/{run_id}/finalization", key, _Nothing(), 200, do)


@router.post("/{run_id}/sheets/{sheet_id}/appeals", status_code=201, response_model=AppealView, summary="Object to a sheet")
async def object_to(run_id: UUID, sheet_id: UUID, body: MakeAppeal, actor: Objector, key: IdempotencyKeyHeader) -> Response:
    """Object to the sheet of one's own unit, or to one's own, with words and tickets that show it."""

    async def do(work: Work) -> AppealView:
        return appeal_view(await appealing.make_appeal(work, run_id, sheet_id, body))

    return await once_alone(actor, f"/v1/assessments/{run_id}/sheets/{sheet_id}/appeals", key, body, 201, do)


@router.post("/{run_id}/appeals/{appeal_id}/decision", response_model=AppealView, summary="Decide on an objection")
async def decide(run_id: UUID, appeal_id: UUID, body: DecideScoreAppeal, actor: Maker, key: IdempotencyKeyHeader) -> Response:
    """Grant it, with what it changes, or refuse it: by somebody who neither asked for the run nor is of the unit."""

    async def do(work: Work) -> AppealView:
        return appeal_view(await appealing.decide_appeal(work, run_id, appeal_id, body))

    return await once_alone(actor, f"/v1/assessments/{run_id}/appeals/{appeal_id}/decision", key, body, 200, do)
