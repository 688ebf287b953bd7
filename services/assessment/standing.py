"""Who may see and do what about runs and sheets. Pure, but for the conditions it compiles.

A sheet is seen by whoever is assessed in it and by those above: of a unit, everybody who sits in it, and who leads an area it lies in; of
a person, oneself, and who leads an area above their unit. A run that is not published yet is seen by those who make runs.
"""

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, true

from services.assessment.models import AssessmentRun, AssessmentSheet
from services.identity.permissions import OVERSIGHT, area_of, may, scope_of
from services.platform.actor import Actor
from services.platform.errors import Conflict, Forbidden

_LEADS = frozenset({"township_dispatcher", "county_supervisor", "village_secretary", "analyst", "administrator"}) | OVERSIGHT
SHOWN = ("published", "final")


class Assessed(Protocol):
    """Whom a sheet is about."""

    unit_id: UUID
    unit_path: str
    member_id: UUID | None


def makes_runs(actor: Actor) -> bool:
    """Tell whether somebody makes runs: at the desk of the whole jurisdiction, since a run is about all of it."""
    return may(actor, "assessment.make") and scope_of(actor).everything


def require_maker(actor: Actor) -> None:
    """Raise unless somebody makes runs."""
    if not makes_runs(actor):
        raise Forbidden("assessment.not_the_county", "Assessments are made at the desk of the county; ask there.")


def visible_runs(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that somebody may know of a run."""
    return true() if makes_runs(actor) else AssessmentRun.state.in_(SHOWN)


def visible_sheets(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that somebody may see a sheet."""
    areas = {area_of(seat) for seat in actor.seats if seat.role in _LEADS}
    if actor.kind == "system" or any(area.count("/") == len("//") for area in areas):
        return true()
    unit, path, member = AssessmentSheet.unit_id, AssessmentSheet.unit_path, AssessmentSheet.member_id
    inside = [path.startswith(area, autoescape=True) for area in sorted(areas)]
    own_unit = unit.in_(scope_of(actor).unit_ids)
    own = member == actor.member_id if actor.member_id else false()
    below = [and_(path.startswith(area, autoescape=True), path != area) for area in sorted(areas)]
    return or_(and_(member.is_(None), or_(own_unit, *inside)), own, and_(member.is_not(None), or_(false(), *below)))


def objecting_unit(actor: Actor, sheet: Assessed) -> UUID:
    """Return the unit from which somebody may object to a sheet: the unit assessed itself, or the person assessed; raise for others."""
    own = any(seat.unit_id == sheet.unit_id for seat in actor.seats)
    if sheet.member_id is None and own and may(actor, "assessment.appeal"):
        return sheet.unit_id
    if sheet.member_id is not None and sheet.member_id == actor.member_id:
        return sheet.unit_id
    raise Forbidden("appeal.not_assessed", "Only whoever is assessed in a sheet objects to it.")


def require_reviewer(actor: Actor, sheet: Assessed, involved: Iterable[UUID]) -> None:
    """Raise unless somebody makes runs, asked neither for this one nor objected to it, and is not of the unit (or the person) assessed."""
    require_maker(actor)
    if actor.account_id in set(involved):
        raise Forbidden("appeal.had_a_part", "Whoever asked for the run or made the objection does not decide on it; somebody else must.")
    inside = any(seat.unit_id == sheet.unit_id or _holds(sheet.unit_path, seat.path) for seat in actor.seats)
    if inside or (sheet.member_id is not None and sheet.member_id == actor.member_id):
        raise Forbidden("appeal.own_unit", "Nobody decides on an objection of their own unit; somebody of another must.")


def _holds(path: str, inner: str) -> bool:
    return path.count("/") > len("//") and inner.startswith(path)


def require_state(run: AssessmentRun, *states: str) -> None:
    """Raise Conflict ``assessment.state`` unless a run is in one of `states`."""
    if run.state not in states:
        detail = f"A run that is {run.state} does not allow this; it would have to be {' or '.join(states)}."
        raise Conflict("assessment.state", detail, extra={"state": run.state})
