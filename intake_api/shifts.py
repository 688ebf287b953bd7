"""Shifts at the door: people in the field say that they are on duty and roughly where; their desk may look, and they see who did.

No answer with a position is kept under an Idempotency-Key, and no position comes in a batch of commands: those are kept.
"""

from typing import Annotated

from fastapi import Depends, Query, Response

from services.platform.actor import Actor
from services.platform.unit_of_work import unit_of_work
from services.shifts.commands import KeepShift, LookAtPositions, SendPosition
from services.shifts.keeping import keep_shift, my_shift, send_position
from services.shifts.views import LookView, MyShift, OnDuty, WhereOnDuty
from services.shifts.watching import look, looks_at_me, on_duty
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["shifts"])

Worker = Annotated[Actor, Depends(requires("shift.keep"))]
Watcher = Annotated[Actor, Depends(requires("shift.watch"))]


@router.get("/me/shift", summary="Am I on duty")
async def read_shift(actor: Worker, response: Response) -> MyShift:
    """Tell whether one is on duty (上岗), until when, and all that is kept of where one is."""
    response.headers["Cache-Control"] = "no-store"
    async with unit_of_work(actor) as work:
        return await my_shift(work)


@router.put("/me/shift", summary="Go on duty, or off")
async def put_shift(body: KeepShift, actor: Worker, response: Response) -> MyShift:
    """Say 上岗 or 下岗, from now on; the same again changes nothing. Off duty deletes the position at once.

    A phone without a network says it later, with its other commands, as a command of the kind `shift`.
    """
    response.headers["Cache-Control"] = "no-store"
    async with unit_of_work(actor) as work:
        await keep_shift(work, body.state, work.now, body.device_id)
        return await my_shift(work)


@router.put("/me/shift/position", summary="Say where I am")
async def put_position(body: SendPosition, actor: Worker, response: Response) -> MyShift:
    """Say where the phone is now, while on duty. Only the cell it lies in is kept, in place of the one before, for hours.

    Off duty it is refused with ``shift.off_duty``, and nothing is kept.
    """
    response.headers["Cache-Control"] = "no-store"
    async with unit_of_work(actor) as work:
        await send_position(work, body)
        return await my_shift(work)


@router.get("/me/shift/looks", summary="Who looked where I was")
async def read_looks(actor: Worker) -> list[LookView]:
    """List who looked at one's position within the last year, when and what for."""
    async with unit_of_work(actor) as work:
        return await looks_at_me(work)


@router.get("/shifts", summary="Who is on duty")
async def browse_shifts(
    actor: Watcher, unit: Annotated[str | None, Query(max_length=64, description="Only below this unit.")] = None
) -> list[OnDuty]:
    """List who is on duty in the desk's own area; where they are is asked with `POST /v1/shifts/looks`."""
    async with unit_of_work(actor) as work:
        return await on_duty(work, unit)


@router.post("/shifts/looks", summary="See where people on duty are")
async def look_at_positions(body: LookAtPositions, actor: Watcher, response: Response) -> list[WhereOnDuty]:
    """Show roughly where people on duty in the desk's own area are. Each look is written down before it is shown, and they read it."""
    response.headers["Cache-Control"] = "no-store"
    async with unit_of_work(actor) as work:
        return await look(work, body)
