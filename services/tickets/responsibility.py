"""首接负责: whose a matter is, and what nobody can pass on. Pure.

A matter is given back three times at most, by whatever units; the third time the desk above decides whose it is, and after that nobody
gives it back. A matter of a county department is led by the county: neither the department nor a desk hands it down to township, village
or grid, who can help as co-handlers. It is one where the complainant surfaced it to a department or its category surfaces by itself,
where a row of the catalogue names a department, or where the category's handler is one and no row says otherwise.

Two ways lead out, both on record: correcting the category or the place (triage), after which the matter is judged anew; and an
adjudication, by which the desk above may designate a township. Never a village or a grid: what reaches them goes through their township.
"""

from services.organization.tree import UnitNode
from services.platform.actor import Actor
from services.platform.errors import Conflict
from services.tickets.case import Case
from services.tickets.lifecycle import Relation
from services.tickets.relations import relations

RETURNS_AT_MOST = 3
"""How often a ticket is given back; the third time opens an adjudication."""
_DEPARTMENT = "department:"
_COUNTY_TIERS = ("county", "city")
_OFFICES = ("department", "station")


def department_of(case: Case) -> UnitNode | None:
    """Return the county department whose matter the ticket is; None where it is no department's."""
    tree = case.around.tree
    surfaced = tree.by_id.get(case.ticket.surface_to_id) if case.ticket.surface_to_id else None
    if surfaced is not None:
        return surfaced if _is_department(surfaced) else None
    row = tree.by_id.get(case.row_unit_id) if case.row_unit_id else None
    if row is not None:
        return row if _is_department(row) else None
    handler = case.category.handler if case.category else ""
    if not handler.startswith(_DEPARTMENT):
        return None
    found = tree.with_function(handler.removeprefix(_DEPARTMENT), _county_path(case))
    return found if found is not None and _is_department(found) else None


def refuse_push_down(case: Case, unit: UnitNode, *, adjudicated: bool = False) -> None:
    """Refuse to make `unit` the lead of a county department's matter where it is below the county; an adjudication may name a township."""
    if unit.tier in _COUNTY_TIERS or (adjudicated and unit.tier == "township"):
        return
    department = department_of(case)
    if department is None:
        return
    detail = (
        f"The matter is {department.code}'s ({department.name}), a county department's: it cannot be led by {unit.code} ({unit.name}). "
        "Join that unit as a co-handler, or correct the category where it is wrong."
    )
    raise Conflict("ticket.county_matter", detail, extra={"department": department.code})


def refuse_while_adjudicated(case: Case) -> None:
    """Refuse to hand out a ticket whose unit is being decided on; `extra` names the desk that decides."""
    if not case.ticket.adjudication:
        return
    desk = case.around.tree.by_id.get(case.ticket.desk_unit_id) if case.ticket.desk_unit_id else None
    who = f"{desk.code} ({desk.name})" if desk else "the county desk"
    detail = f"The ticket was given back {case.ticket.returns} times; {who} decides whose it is with the action adjudicate."
    raise Conflict("ticket.adjudication_open", detail, extra={"desk": desk.code if desk else None})


def refuse_to_end_adjudicated(case: Case, actor: Actor) -> None:
    """Refuse a desk below the one that decides to get rid of a ticket that is being adjudicated; the hotline may, for who withdraws."""
    if not {Relation.ADJUDICATOR, Relation.CALLER} & relations(case, actor).keys():
        refuse_while_adjudicated(case)


def may_return(case: Case) -> None:
    """Refuse a return after a designation, or after the third one."""
    if case.ticket.designated:
        raise Conflict(
            "ticket.designated", "The ticket was designated by adjudication and cannot be returned; hand it up or request an extension."
        )
    if case.ticket.returns >= RETURNS_AT_MOST:
        detail = f"The ticket was given back {RETURNS_AT_MOST} times already and cannot be returned again; hand it up instead."
        raise Conflict("ticket.returns_used_up", detail)


def desk_above(case: Case, desk: UnitNode) -> UnitNode:
    """Return the desk over `desk` that adjudicates: the county over a township, the city over a county; itself where none is above."""
    above = (unit for unit in case.around.tree.ancestors(desk) if unit.active and unit.kind in _COUNTY_TIERS)
    return next(above, desk)


def _is_department(unit: UnitNode) -> bool:
    return unit.active and unit.kind in _OFFICES and unit.tier in _COUNTY_TIERS


def _county_path(case: Case) -> str:
    """Return the path of the county that the place lies in; of the jurisdiction where the place is unknown."""
    tree = case.around.tree
    place = tree.by_id.get(case.ticket.place_unit_id) if case.ticket.place_unit_id else None
    if place is not None:
        for unit in (place, *tree.ancestors(place)):
            if unit.kind in _COUNTY_TIERS:
                return unit.path
    return tree.root.path if tree.root else case.ticket.area_path
