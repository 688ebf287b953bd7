"""What the codes in a telling mean in this county: units, departments, categories. Pure over snapshots; no query."""

from uuid import UUID

from services.catalogue.policy import Catalogue, CategoryPolicy
from services.complaints.accusing import reports_somebody
from services.complaints.commands import Accused, Telling
from services.complaints.danger import danger_in
from services.complaints.filing import Bearings
from services.deadlines.clocks import ClockRules
from services.organization.tree import UnitNode, UnitTree
from services.platform.errors import Fault, Invalid
from services.routing.accused import DISCIPLINE, deciding_desk


def take_bearings(telling: Telling, tree: UnitTree, catalogue: Catalogue, rules: ClockRules) -> Bearings:
    """Return what the codes in `telling` mean.

    A category that is not in force is left to the words (it stays as a hint). Danger to life makes an emergency of it, whatever the channel
    and the category. Of a matter about somebody (举报: said, heard in the words, or of a category that discipline inspection handles) the
    place is the desk that decides: where it is would tell whom it is about. Raises Invalid ``complaint.unit_unknown`` for a place and
    ``complaint.department_unknown`` for a department that is none (codes are chosen, so a wrong one is a mistake), what `accused_in` does.
    """
    place = _place_unit(telling, tree)
    policy = catalogue.category(telling.category) if telling.category else None
    if policy is not None and not (policy.leaf and policy.active):
        policy = None
    accused = _accused(telling, policy, tree)
    if accused is not None:
        place = deciding_desk(accused, tree)
    danger = danger_in(telling.words)
    return Bearings(
        area_path=place.path if place else tree.root.path if tree.root else f"/{tree.root_code}/",
        place_unit_id=place.id if place else None,
        surface_to_id=_department(telling, tree) if accused is None else None,
        category_code=policy.code if policy else None,
        category_version=policy.version if policy else None,
        urgency="emergency" if danger else policy.urgency if policy else "normal",
        privacy=policy.privacy if policy else "normal",
        danger=danger,
        rules=rules,
        accused=accused,
    )


def _accused(telling: Telling, policy: CategoryPolicy | None, tree: UnitTree) -> tuple[str, ...] | None:
    if telling.accused is not None:
        return accused_in(telling.accused, tree)
    inspected = policy is not None and policy.handler == DISCIPLINE
    return () if inspected or reports_somebody(telling.words) else None


def accused_in(accused: Accused, tree: UnitTree) -> tuple[str, ...]:
    """Return what a ticket keeps of whom it is about: codes and ids, in order.

    Raises Invalid ``complaint.accused_unknown`` for a unit that is not there, ``complaint.accused_above_all`` for the jurisdiction itself.
    """
    for place, code in enumerate(accused.units):
        unit = tree.by_code.get(code)
        if unit is None or not unit.active:
            fault = Fault(f"/accused/units/{place}", "no unit in force has this code")
            raise Invalid("complaint.accused_unknown", "Correct the code, or leave it out: then the county's desk decides.", errors=[fault])
        if tree.root is not None and tree.root.path.startswith(unit.path):
            fault = Fault(f"/accused/units/{place}", "nobody is above this unit here")
            detail = (
                "Nobody here is above this unit. Name the person instead, or refer whoever tells it to discipline inspection or the city."
            )
            raise Invalid("complaint.accused_above_all", detail, errors=[fault])
    return tuple(sorted({*accused.units, *(str(member) for member in accused.members)}))


def _place_unit(telling: Telling, tree: UnitTree) -> UnitNode | None:
    if telling.place is None or telling.place.unit_code is None:
        return None
    unit = tree.by_code.get(telling.place.unit_code)
    if unit is None or not unit.active:
        fault = Fault("/place/unit_code", "no unit in force has this code")
        raise Invalid("complaint.unit_unknown", "Correct the code of the place, or tell the place in words.", errors=[fault])
    return unit


def _department(telling: Telling, tree: UnitTree) -> UUID | None:
    if telling.surface_to is None:
        return None
    unit = tree.by_code.get(telling.surface_to)
    if unit is None or not unit.active or unit.kind != "department":
        fault = Fault("/surface_to", "no department in force has this code")
        raise Invalid("complaint.department_unknown", "Correct the code of the department, or leave it out.", errors=[fault])
    return unit.id
