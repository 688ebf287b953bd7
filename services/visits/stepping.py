"""Recording the steps of one's round: each once, in their order, however a phone sends them."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from services.activities.models import Activity
from services.activities.references import fingerprint
from services.attachments.expecting import arrived_ones, expect
from services.attachments.linking import DEFAULT_ROLE, link
from services.identity.permissions import require
from services.journal.noting import note
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode
from services.pairing.models import Pairing
from services.pairing.queries import in_force
from services.platform.bulk import insert_many
from services.platform.errors import Conflict, Fault, Invalid, NotFound
from services.platform.papers import SealedPaper, seal_paper
from services.platform.secrets import fingerprint as digest
from services.platform.settings import settings
from services.platform.unit_of_work import Work
from services.visits.access import settled_at
from services.visits.commands import RecordStep, month_of
from services.visits.days import county_days
from services.visits.models import ServiceStep, Visit
from services.visits.service_days import begins
from services.visits.steps import Round, number_of, require_in_turn

PAPER = "service_step"


async def record_step(work: Work, command: RecordStep, counted_at: datetime | None = None) -> bool:
    """Record a step of `work.actor`'s own round; return whether it is new. `counted_at`: when it happened, where that is reckoned already.

    Raises 409 ``service_step.id_taken`` and what :func:`require_in_turn` does, 404 ``unit.unknown``, 422 ``unit.not_an_area`` and
    ``visit.time_impossible``, ``attachment.unknown``.
    """
    require(work.actor, "visit.record")
    member_id = work.actor.member_id
    if member_id is None:
        raise NotFound("member.unknown", "Only members have a round.")
    month = month_of(command.month)
    await _lock(work, member_id, month)
    mark = fingerprint(f"service_step:{command.model_dump_json()}", work.actor.account_id)
    there = await work.session.get(ServiceStep, command.step_id)
    if there is not None:
        if there.fingerprint != mark:
            raise Conflict("service_step.id_taken", "Another step has this id; make a new one.")
        return False
    happened_at = counted_at or settled_at(command.happened_at, work.now)
    unit = await _place(work, command.unit)
    previous_at = require_in_turn(command.step, happened_at, await round_so_far(work, member_id, month))
    number = number_of(command.step)
    row = {
        "id": command.step_id, "member_id": member_id, "month": month, "step": command.step, "nth": number,
        "previous_nth": number - 1 if previous_at else None, "happened_at": happened_at, "previous_at": previous_at, "unit_id": unit.id,
        **_position(command), "paper_id": await _paper(work, command.words), "fingerprint": mark, "recorded_at": work.now,
        "recorded_by_account_id": work.actor.account_id,
    }  # fmt: skip
    await insert_many(work.session, ServiceStep, [row])
    await _photographs(work, command)
    data = {"member_id": str(member_id), "month": command.month, "step": command.step, "unit_id": str(unit.id)}
    await note(work, "service_step", command.step_id, "service_step.recorded", data)
    return True


async def _paper(work: Work, words: str | None) -> UUID | None:
    """Seal what was said; return the paper."""
    if words is None:
        return None
    paper = seal_paper(PAPER, {"words": words}, work.now)
    await insert_many(work.session, SealedPaper, [paper])
    paper_id: UUID = paper["id"]
    return paper_id


async def _photographs(work: Work, command: RecordStep) -> None:
    """Tie photographs to the step: those that are here now, the others as soon as their uploads are complete."""
    here = await arrived_ones(work, command.upload_ids)
    await link(work, [*command.attachment_ids, *here.values()], PAPER, command.step_id)
    await expect(work, {upload_id: DEFAULT_ROLE for upload_id in command.upload_ids if upload_id not in here}, PAPER, command.step_id)


async def round_so_far(work: Work, member_id: UUID, month: date) -> Round:
    """Return how far a member's round of a month has come."""
    days = (await county_days(work)).of(month)
    rows = await work.session.execute(
        select(ServiceStep.step, ServiceStep.happened_at).where(ServiceStep.member_id == member_id, ServiceStep.month == month)
    )
    done = {row.step: row.happened_at for row in rows}
    stands = select(Visit.id).join(Activity, Activity.id == Visit.id).where(Activity.withdrawn_at.is_(None))
    called = await work.session.scalar(stands.where(Visit.member_id == member_id, Visit.month == month).limit(1))
    planned = False
    if days:
        paired = select(Pairing.id).where(Pairing.member_id == member_id, Pairing.household_id.is_not(None), in_force(days[-1]))
        planned = await work.session.scalar(paired.limit(1)) is not None
    return Round(days, begins(days), done, planned, called is not None)


async def _place(work: Work, code: str) -> UnitNode:
    unit = (await unit_tree(work.session)).by_code.get(code)
    if unit is None or not unit.active:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    if unit.kind in ("station", "department"):
        raise Invalid("unit.not_an_area", "Say where it happened; this unit is an office.", errors=[Fault("/unit", "must be an area")])
    return unit


def _position(command: RecordStep) -> Mapping[str, object]:
    found = command.position
    if found is None:
        return {"lat": None, "lon": None, "cell_metres": None}
    return {"lat": found.lat, "lon": found.lon, "cell_metres": settings().position_cell_metres}


async def _lock(work: Work, member_id: UUID, month: date) -> None:
    number = int.from_bytes(digest(b"service_round", member_id.bytes, str(month).encode())[:8], "big", signed=True)
    await work.session.execute(select(func.pg_advisory_xact_lock(number)))
