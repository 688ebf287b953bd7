"""Service days and visits at the door: one's own round, its steps, visits to households and attempts; and the county's service days."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Response
from pydantic import BaseModel

from services.households.commands import OpenContact
from services.households.views import HouseholdContact
from services.platform.actor import Actor
from services.platform.clock import local_day
from services.platform.unit_of_work import Work, unit_of_work
from services.visits.commands import CompleteVisit, Month, MoveServiceDays, RecordStep, RecordVisit, RuleServiceDays, month_of
from services.visits.days import county_days, move_service_days, rule_service_days
from services.visits.recording import complete_visit, record_visit
from services.visits.rounds import my_round, open_paired_contact, read_step, read_visit
from services.visits.stepping import record_step
from services.visits.views import MyRound, ServiceDays, StepView, VisitView
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["visits"])

Caller = Annotated[Actor, Depends(requires("visit.record"))]
Reader = Annotated[Actor, Depends(requires("visit.read"))]
Keeper = Annotated[Actor, Depends(requires("service_days.change"))]
Anybody = Annotated[Actor, Depends(requires("unit.read"))]
VisitPath = Annotated[UUID, Path(description="The visit's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d80"])]
HouseholdPath = Annotated[UUID, Path(description="The household's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d10"])]


@router.get("/service-days", summary="The service days of a month")
async def service_days(
    actor: Anybody, month: Annotated[Month | None, Query(description="Which month; the present one where not given.")] = None
) -> ServiceDays:
    """Return the service days (党员服务日) of a month: as the county rules, or as it moved them."""
    async with unit_of_work(actor) as work:
        return (await county_days(work)).shown(_month(month) or local_day(work.now))


@router.post("/service-days/rules", status_code=201, response_model=ServiceDays, summary="Rule the service days from a month on")
async def rule(body: RuleServiceDays, actor: Keeper, key: IdempotencyKeyHeader) -> Response:
    """Rule on which days of every month the members go out, from a month to come on. What was ruled before stays to be seen."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await rule_service_days(work, body)
            return 201, (await county_days(work)).shown(month_of(body.from_month))

        return await once(work, actor, "POST /v1/service-days/rules", key, fingerprint_of(body), do)


@router.put("/service-days/{month}", summary="Move the service days of one month")
async def move(
    month: Annotated[Month, Path(description="Which month.", examples=["2027-02"])], body: MoveServiceDays, actor: Keeper
) -> ServiceDays:
    """Put other days in the place of those the rule says, for this month alone; before they have begun, and to days ahead."""
    async with unit_of_work(actor) as work:
        return await move_service_days(work, month, body)


@router.get("/me/service-round", summary="My round of a month")
async def service_round(
    actor: Caller,
    response: Response,
    month: Annotated[Month | None, Query(description="Which month; the present one where not given.")] = None,
) -> MyRound:
    """Return whom one is to call on, how each household stands, the steps that are done and which is next."""
    response.headers["Cache-Control"] = "no-store"
    async with unit_of_work(actor) as work:
        return await my_round(work, _month(month))


@router.post("/me/service-steps", status_code=201, response_model=StepView, summary="Record a step of my round")
async def step(body: RecordStep, actor: Caller, key: IdempotencyKeyHeader) -> Response:
    """Record 报到, 入户服务, 情况反馈, 中心公示 or 总结, in this order. Recorded once; sent again it is the same."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await record_step(work, body)
            return 201, await read_step(work, body.step_id)

        async def recall(step_id: UUID) -> BaseModel:
            return await read_step(work, step_id)

        return await once(work, actor, "POST /v1/me/service-steps", key, fingerprint_of(body), do, recall=recall)


@router.post("/me/households/{household_id}/contact", summary="Read who lives where I call")
async def contact(household_id: HouseholdPath, body: OpenContact, actor: Caller) -> HouseholdContact:
    """Return who lives in a household one is paired with, in clear; who read it, when and why is kept."""
    async with unit_of_work(actor) as work:
        return await open_paired_contact(work, household_id, {"purpose": body.purpose, "words": body.words})


@router.post("/visits", status_code=201, response_model=VisitView, summary="Record a visit or an attempt")
async def add(body: RecordVisit, actor: Caller, key: IdempotencyKeyHeader) -> Response:
    """Record that one called on a household one is paired with, or one of one's area. It is in the ledger under the same id.

    On a service day it belongs to that round, else it is a visit between (平时走访). ``nothing_said`` completes it at once.
    """
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await record_visit(work, body)
            return 201, await read_visit(work, body.visit_id)

        return await once(work, actor, "POST /v1/visits", key, fingerprint_of(body), do, recall=_recall(work))


@router.get("/visits/{visit_id}", summary="One visit")
async def one(visit_id: VisitPath, actor: Reader) -> VisitView:
    """Return a visit of one's area, of one's own, or to a household one is paired with."""
    async with unit_of_work(actor) as work:
        return await read_visit(work, visit_id)


@router.post("/visits/{visit_id}/completion", response_model=VisitView, summary="Complete a visit")
async def complete(visit_id: VisitPath, body: CompleteVisit, actor: Caller, key: IdempotencyKeyHeader) -> Response:
    """Say that a visit is over. While an opinion heard at it is not confirmed this is refused, unless a reason is given.

    The refusal ``visit.unconfirmed`` lists them in `opinions`. Twice is once.
    """
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await complete_visit(work, visit_id, body)
            return 200, await read_visit(work, visit_id)

        return await once(work, actor, f"POST /v1/visits/{visit_id}/completion", key, fingerprint_of(body), do, recall=_recall(work))


def _month(text: str | None) -> date | None:
    return month_of(text) if text else None


def _recall(work: Work) -> Any:
    async def recall(visit_id: UUID) -> BaseModel:
        return await read_visit(work, visit_id)

    return recall
