"""Recording visits and attempts, and completing visits: each once, however often and in whatever order a phone sends it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, column, select, table

from services.activities.entering import Entered, enter, hold
from services.activities.models import Activity
from services.activities.references import fingerprint
from services.identity.permissions import require
from services.journal.noting import note
from services.platform.bulk import insert_many, one_of
from services.platform.clock import local_day
from services.platform.errors import Conflict, Fault, Invalid, NotFound
from services.platform.unit_of_work import Work
from services.visits.access import Home, home_for, home_of, settled_at
from services.visits.commands import CompleteVisit, RecordVisit
from services.visits.days import county_days
from services.visits.models import Visit
from services.visits.opinions_reading import unconfirmed_at

ATTEMPT_MISSING = "visit.waits_for_attempt"
VISIT_MISSING = "visit.unknown"
OPINIONS_MISSING = "visit.waits_for_opinions"
UNCONFIRMED = "visit.unconfirmed"
_REPEATABLE = ("absent", "refused")
_MATTERS = table("matters", column("id", Uuid()))


async def record_visit(work: Work, command: RecordVisit, counted_at: datetime | None = None) -> bool:
    """Record a visit or an attempt, one's own or what somebody else told, in the ledger too; return whether it is new.

    `counted_at` is when it happened where that was reckoned already. Raises 404 ``household.unknown``, ``member.unknown`` and
    ``matter.unknown``, 422 ``visit.time_impossible``, and 409 ``visit.id_taken``, ``activity.id_taken``, ``visit.household_ended``,
    ``visit.not_theirs``, ``visit.waits_for_attempt`` and ``visit.does_not_follow``.
    """
    require(work.actor, "visit.record")
    if work.actor.member_id is None:
        raise NotFound("household.unknown", "Only members call on households.")
    member_id = command.member_id or work.actor.member_id
    await hold(work, {command.visit_id, *((command.follows_id,) if command.follows_id else ())})
    mark = fingerprint(f"visit:{command.model_dump_json()}", work.actor.account_id)
    there = await work.session.get(Visit, command.visit_id)
    if there is not None:
        if there.fingerprint != mark:
            raise Conflict("visit.id_taken", "Another visit has this id; make a new one.")
        return False
    happened_at = counted_at or settled_at(command.happened_at, work.now)
    home = await _home(work, command.household_id, local_day(happened_at), member_id)
    if home.ended_on is not None and home.ended_on <= local_day(happened_at) and command.outcome != "moved":
        raise Conflict("visit.household_ended", "This household had ended by then; say `moved`, or call on the one that is listed now.")
    if command.rebooked_for is not None and command.rebooked_for < local_day(happened_at):
        fault = [Fault("/rebooked_for", "must not lie before the visit")]
        raise Invalid("visit.rebooked_too_early", "Name a day to come again.", errors=fault)
    attempt = await _attempt(work, command, happened_at)
    await _require_matter(work, command.matter_id)
    row = await _row(work, command, happened_at, attempt, member_id)
    await enter(work, [_entered(command, home, happened_at, member_id)])
    await insert_many(work.session, Visit, [{**row, "fingerprint": mark}])
    return True


async def _home(work: Work, household_id: UUID, day: date, member_id: UUID) -> Home:
    own = member_id == work.actor.member_id
    return await (home_of(work, household_id, day) if own else home_for(work, household_id, day, member_id))


async def _require_matter(work: Work, matter_id: UUID | None) -> None:
    """Raise unless there is such a matter. Its room lies above this one, which keeps no more of it than the id."""
    if matter_id is not None and await work.session.scalar(select(_MATTERS.c.id).where(_MATTERS.c.id == matter_id)) is None:
        raise NotFound("matter.unknown", "There is no matter with this id; see GET /v1/matters.", errors=[Fault("/matter_id", "is none")])


async def _attempt(work: Work, command: RecordVisit, happened_at: datetime) -> Visit | None:
    """Return the attempt that is repeated; raise where it is not here yet, or is none of this household."""
    if command.follows_id is None:
        return None
    attempt = await work.session.get(Visit, command.follows_id)
    if attempt is None:
        raise Conflict(ATTEMPT_MISSING, "The attempt this repeats is not here yet: send that first.", errors=[_FOLLOWS])
    if attempt.household_id != command.household_id or attempt.outcome not in _REPEATABLE or attempt.happened_at > happened_at:
        raise Conflict("visit.does_not_follow", "Only an earlier call at a closed door of this household is repeated.", errors=[_FOLLOWS])
    return attempt


async def _row(work: Work, command: RecordVisit, happened_at: datetime, attempt: Visit | None, member_id: UUID) -> dict[str, Any]:
    month = (await county_days(work)).round_on(local_day(happened_at))
    if month is None and attempt is not None and attempt.member_id == member_id:
        month = attempt.month
    over = command.nothing_said or command.outcome != "met"
    return {
        "id": command.visit_id,
        "household_id": command.household_id,
        "member_id": member_id,
        "month": month,
        "happened_at": happened_at,
        "outcome": command.outcome,
        "nothing_said": command.nothing_said,
        "rebooked_for": command.rebooked_for,
        "follows_id": command.follows_id,
        "purposes": sorted(set(command.purposes)),
        "matter_id": command.matter_id,
        "recorded_at": work.now,
        "recorded_by_account_id": work.actor.account_id,
        "completed_at": work.now if over else None,
        "completed_by_account_id": work.actor.account_id if over else None,
        "unconfirmed_because": None,
        "desk_told_at": None,
    }


def _entered(command: RecordVisit, home: Home, happened_at: datetime, member_id: UUID) -> Entered:
    return Entered(
        id=command.visit_id, kind="visit", unit_id=home.unit.id, member_id=member_id, happened_on=local_day(happened_at),
        by_unit_id=home.by_unit_id, outcome=command.outcome, household=home.reference, words=command.words,
    )  # fmt: skip


async def complete_visit(work: Work, visit_id: UUID, command: CompleteVisit) -> bool:
    """Complete a visit one made or wrote down; return whether that is new.

    Raises 404 ``visit.unknown``; 409 ``visit.waits_for_opinions`` (with those that are not here), ``visit.unconfirmed`` (with those nobody
    confirmed, where no reason is given), ``visit.completed`` (for another reason), ``visit.withdrawn``.
    """
    require(work.actor, "visit.record")
    await hold(work, {visit_id, *command.opinion_ids})
    row = await work.session.scalar(select(Visit).where(Visit.id == visit_id).with_for_update())
    if row is None or (work.actor.account_id != row.recorded_by_account_id and work.actor.member_id != row.member_id):
        raise NotFound(VISIT_MISSING, "There is no visit with this id, or none of yours.")
    if row.completed_at is not None:
        if command.unconfirmed_because not in (None, row.unconfirmed_because) or (row.nothing_said and command.opinion_ids):
            raise Conflict("visit.completed", "This visit is completed already.")
        return False
    if await work.session.scalar(select(Activity.withdrawn_at).where(Activity.id == visit_id)) is not None:
        raise Conflict("visit.withdrawn", "This visit was withdrawn from the ledger.")
    await _require_here(work, visit_id, command)
    open_ones = await unconfirmed_at(work, visit_id)
    if open_ones and command.unconfirmed_because is None:
        told = {"opinions": [str(one) for one in open_ones]}
        raise Conflict(UNCONFIRMED, "Have these opinions confirmed, or say why they are not.", extra=told)
    row.completed_at, row.completed_by_account_id = work.now, work.actor.account_id
    row.unconfirmed_because = command.unconfirmed_because if open_ones else None
    await work.session.flush()
    data = {"unconfirmed": [str(one) for one in open_ones], "because": row.unconfirmed_because} if open_ones else {}
    await note(work, "activity", visit_id, "visit.completed", data)
    return True


async def _require_here(work: Work, visit_id: UUID, command: CompleteVisit) -> None:
    wanted = set(command.opinion_ids)
    if not wanted:
        return
    heard = select(Activity.id).where(one_of(Activity.id, wanted), Activity.kind == "opinion", Activity.within_id == visit_id)
    missing = sorted(str(one) for one in wanted - set(await work.session.scalars(heard)))
    if missing:
        raise Conflict(OPINIONS_MISSING, "Opinions heard at this visit are not here yet: send them first.", extra={"opinions": missing})


_FOLLOWS = Fault("/follows_id", "is no attempt at this household")
