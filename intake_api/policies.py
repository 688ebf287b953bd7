"""Rules as versions at the door, for administrators: drafting, checking, bringing into force, going back. See docs/policies.md."""

from typing import Annotated, Literal

from fastapi import Depends, Path, Query, Request, Response
from starlette.responses import JSONResponse

from services.organization.queries import unit_tree
from services.platform.actor import Actor
from services.platform.clock import local_day
from services.platform.unit_of_work import Work, unit_of_work
from services.policies.actions import activate, definition_of, draft, revert, withdraw
from services.policies.commands import ActivatePolicy, DraftPolicy, RevertPolicy
from services.policies.models import Policy
from services.policies.queries import policies_of, policy_of, timetable_of
from services.policies.views import (
    PolicyDetail,
    PolicyDraft,
    PolicyFindings,
    PolicyView,
    built_in_view,
    finding_views,
    policy_columns,
    policy_view,
)
from services.simulation.commands import MATTERS_AT_MOST, Simulate
from services.simulation.kinds import forget_rules, kind_of
from services.simulation.simulating import read_only, simulate
from services.simulation.views import Simulation
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.paging import Page, PageCursor, link_next, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/policies", tags=["policies"])

Reader = Annotated[Actor, Depends(requires("policy.read"))]
Administrator = Annotated[Actor, Depends(requires("policy.change"))]
KindName = Annotated[
    Literal["calendar", "ladder", "catalogue", "assessment", "composite", "retention", "assistance"],
    Path(
        description="Which rules: working days, levels, 派单目录, 考核, 三率's weights, how long data is kept, votes and follow-ups.",
        examples=["ladder"],
    ),
]
Version = Annotated[int, Path(ge=0, le=2**31 - 1, description="The version; 0 is what the product comes with.", examples=[1])]


@router.get("/{kind}", summary="Versions of rules, the newest first")
async def browse(
    actor: Reader,
    kind: KindName,
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=200, description="How many items a page holds.")] = 50,
    cursor: PageCursor = None,
) -> Page[PolicyView]:
    """List the versions of one kind, drafts and withdrawn ones too, without their definitions."""
    before = int(read_cursor(cursor, (int,))[0]) if cursor else None
    async with unit_of_work(actor) as work:
        rows = await policies_of(work.session, kind, before, limit + 1)
        timetable = await timetable_of(work.session, kind)
        items = [policy_view(row, timetable, work.now) for row in rows[:limit]]
    following = write_cursor(items[-1].version) if len(rows) > limit else None
    link_next(request, response, following)
    return Page(items=items, next=following)


@router.get("/{kind}/{version}", summary="One version of rules, whole")
async def one(actor: Reader, kind: KindName, version: Version) -> PolicyDetail:
    """Return a version with its definition."""
    async with unit_of_work(actor) as work:
        timetable = await timetable_of(work.session, kind)
        if version == 0:
            return built_in_view(kind, kind_of(kind).built_in, timetable, work.now)
        policy = await policy_of(work.session, kind, version)
        return PolicyDetail(**policy_columns(policy, timetable, work.now), definition=policy.definition)


@router.get("/{kind}/{version}/findings", summary="What keeps a version from coming into force")
async def findings(actor: Reader, kind: KindName, version: Version) -> PolicyFindings:
    """Check a version against the units, and the other rules, of now: shadowed rules, matters nobody is responsible for, and the like."""
    chosen = kind_of(kind)
    async with unit_of_work(actor) as work:
        definition = await definition_of(work.session, chosen, version)
        found = finding_views(await chosen.check(work.session, definition))
        return PolicyFindings(items=found, units_known=await _units_known(work))


@router.post("/{kind}", status_code=201, response_model=PolicyDraft, summary="Draft rules")
async def add(actor: Administrator, kind: KindName, command: DraftPolicy, key: IdempotencyKeyHeader) -> JSONResponse:
    """Keep a definition as the next version and say what would keep it from coming into force. It changes nothing yet."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, PolicyDraft]:
            policy = await draft(work, kind, command.definition, words=command.note)
            found = await kind_of(kind).check(work.session, command.definition)
            timetable = await timetable_of(work.session, kind)
            columns = policy_columns(policy, timetable, work.now)
            return 201, PolicyDraft(**columns, findings=finding_views(found), units_known=await _units_known(work))

        return await once(work, actor, f"POST /v1/policies/{kind}", key, fingerprint_of(command), do, _headers)


@router.post("/{kind}/{version}/activation", summary="Bring a version into force")
async def bring_in_force(actor: Administrator, kind: KindName, version: Version, command: ActivatePolicy) -> PolicyView:
    """Bring a version into force, now or later. The same again changes nothing.

    409 ``policy.blocked`` lists everything that is wrong with it, ``policy.base_changed`` what changed since it was drafted,
    ``policy.later_waiting`` names a version dated later that would undo it. Open tickets keep the promise they were given.
    """
    async with unit_of_work(actor) as work:
        policy = await activate(work, kind_of(kind), version, at=command.effective_at, go_on=command.go_on)
        view = await _view(work, policy)
    forget_rules()
    return view


@router.post(
    "/{kind}/{version}/withdrawal",
    summary="Take back a version that is not in force yet",
    responses={409: {"description": "It came into force; go back with a reversion instead."}},
)
async def take_back(actor: Administrator, kind: KindName, version: Version) -> PolicyView:
    """Withdraw a draft or a version dated later, for good. What came into force is reverted, not withdrawn."""
    async with unit_of_work(actor) as work:
        view = await _view(work, await withdraw(work, kind, version))
    forget_rules()
    return view


@router.post("/{kind}/{version}/reversion", status_code=201, response_model=PolicyView, summary="Go back to the rules of a version")
async def go_back(actor: Administrator, kind: KindName, version: Version, command: RevertPolicy, key: IdempotencyKeyHeader) -> JSONResponse:
    """Bring the rules of an older version into force again, as a new version; checked like every other."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, PolicyView]:
            chosen = kind_of(kind)
            policy = await revert(work, chosen, version, words=command.note, at=command.effective_at, go_on=command.go_on)
            return 201, await _view(work, policy)

        endpoint = f"POST /v1/policies/{kind}/{version}/reversion"
        answer = await once(work, actor, endpoint, key, fingerprint_of(command), do, _headers)
    forget_rules()
    return answer


@router.post("/{kind}/{version}/simulation", summary="Try a version on the matters of a period")
async def try_out(actor: Administrator, kind: KindName, version: Version, command: Simulate) -> Simulation:
    """Say what a version would have done with the matters of a period (the last quarter, where none is given), beside the rules in force.

    Who would have got which matter, which deadlines move, which levels would be reached or not, which rules can never match. Nothing is
    written. Periods with more than 10,000 matters are for `daguanjia simulate`.
    """
    chosen = kind_of(kind)
    async with unit_of_work(actor) as work:
        await read_only(work.session)
        definition, period = await definition_of(work.session, chosen, version), command.period(local_day(work.now))
        return await simulate(work.session, chosen, definition, period, work.now, at_most=MATTERS_AT_MOST)


async def _units_known(work: Work) -> bool:
    return (await unit_tree(work.session)).root is not None


async def _view(work: Work, policy: Policy) -> PolicyView:
    # a version brought into force at once counts from a moment after the one this transaction began at
    moment = max(work.now, policy.activated_at or work.now)
    return policy_view(policy, await timetable_of(work.session, policy.kind), moment)


def _headers(view: object) -> dict[str, str]:
    assert isinstance(view, PolicyView)
    return {"Location": f"/v1/policies/{view.kind}/{view.version}"}
