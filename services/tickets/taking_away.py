"""举报: a matter that turns out to be about somebody is taken from them, while it is open. Pure.

It goes to the first desk above all of them; whoever of them had a part in it loses it, with their clocks, and is told nothing. From then on
they know nothing of it (`filters.py`), and the database itself gives them no part in it again.
"""

from collections.abc import Sequence
from dataclasses import replace

from services.organization.tree import UnitNode
from services.platform.clock import local_day
from services.platform.errors import Conflict, Invalid
from services.routing.accused import deciding_desk, is_accused
from services.routing.rules import WORKING_ROLES
from services.tickets import moving, tasks, timing
from services.tickets.case import AssignmentState, Case, Deed
from services.tickets.changes import Outcome, Row, Update
from services.tickets.commands import Seal
from services.tickets.lifecycle import OPEN
from services.tickets.models import Assignment


def take_away(case: Case, command: Seal, named: Sequence[str], deed: Deed) -> Outcome:
    """Give the matter to the first desk above all it is about.

    Where nobody is named it is whoever has a part in it now. More can be named later; nobody is ever taken off the list, for they would
    learn what they were not to know. Raises Invalid ``unit.unknown`` and ``complaint.accused_above_all``, Conflict ``ticket.not_open`` once
    the work is done and ``ticket.confidential`` where nothing new was said.
    """
    if case.ticket.status not in OPEN[:3]:
        raise Conflict("ticket.not_open", "Reopen the ticket first: what is done cannot be taken away from whoever did it.")
    accused = sorted({*(case.ticket.accused or ()), *(_checked(case, named) or _had_by(case))})
    if accused == case.ticket.accused:
        raise Conflict("ticket.confidential", "That it is about these was said already.")
    desk, holder = _desk_and_holder(case, accused, deed)
    values: Row = {"privacy": "confidential", "accused": accused, "place_unit_id": desk.id, "area_path": desk.path, "desk_unit_id": desk.id}
    values |= {"lat": None, "lon": None, "surface_to_id": None}
    told: Row = {
        "words": command.words,
        "privacy": "confidential",
        "accused": accused,
        "place_unit_id": str(desk.id),
        "area_path": desk.path,
    }
    gone = [row for row in case.co_handlers if _accused(case, row, accused)]
    left = tuple(row for row in case.assignments if row not in gone)
    ending = tuple(Update(Assignment, row.id, {"ended_at": deed.now, "end": "accused"}) for row in gone)
    ending += _their_clocks(case, accused, deed)
    if case.ticket.lead_unit_id == holder.id:
        return Outcome(
            told | {"desk_unit_id": str(desk.id)},
            values,
            updates=(*tasks.ended(replace(case, assignments=left), (), deed.now, ""), *ending),
        )
    why = {"rule": "accused", "chosen": {"code": holder.code, "name": holder.name}}
    right = replace(case, ticket=replace(case.ticket, **values), assignments=left)
    moved = moving.assign_lead(right, holder, why, deed, desk=desk, ended="accused")
    data = {key: value for key, value in moved.data.items() if key != "from_unit_id"}  # whoever had it is told nothing
    return replace(moved, data=data | told, values=values | dict(moved.values), updates=(*moved.updates, *ending), to="dispatched")


def _checked(case: Case, named: Sequence[str]) -> list[str]:
    tree = case.around.tree
    for code in named:
        unit = moving.unit_by_code(replace(case, ticket=replace(case.ticket, accused=None)), code)
        if tree.root is not None and tree.root.path.startswith(unit.path):
            raise Invalid(
                "complaint.accused_above_all", "Nobody here is above this unit; refer the matter to discipline inspection or the city."
            )
    return list(named)


def _had_by(case: Case) -> list[str]:
    """Return the codes of the townships and county offices whose units have a part in it: whoever does not say may mean any of theirs."""
    tree, root = case.around.tree, moving.root(case)
    ids = {row.unit_id for row in case.assignments} | {call.unit_id for call in case.calls}
    ids |= {directive.to_unit_id for directive in case.instructions if directive.to_unit_id}
    paths = {tree.by_id[unit_id].path for unit_id in ids if unit_id in tree.by_id}
    return sorted({path.removeprefix(root.path).partition("/")[0] for path in paths if path.startswith(root.path) and path != root.path})


def _desk_and_holder(case: Case, accused: Sequence[str], deed: Deed) -> tuple[UnitNode, UnitNode]:
    tree, today = case.around.tree, local_day(deed.now)
    desk = deciding_desk(accused, tree) or moving.root(case)
    return desk, next((unit for unit in (desk, *tree.ancestors(desk)) if tree.staffed(unit.id, WORKING_ROLES, today)), desk)


def _accused(case: Case, row: AssignmentState, accused: Sequence[str]) -> bool:
    unit = case.around.tree.by_id.get(row.unit_id)
    return unit is not None and is_accused(unit, accused, case.around.tree)


def _their_clocks(case: Case, accused: Sequence[str], deed: Deed) -> tuple[Update, ...]:
    """Stop what was asked of them beside tasks: instructions, and calls to the site."""
    tree = case.around.tree
    units = {
        unit.id for clock in case.clocks if clock.unit_id and (unit := tree.by_id.get(clock.unit_id)) and is_accused(unit, accused, tree)
    }
    theirs = tuple(clock for clock in case.clocks if clock.unit_id in units and clock.stage != tasks.STAGE)
    return timing.stop(replace(case, clocks=theirs), {clock.stage for clock in theirs}, deed.now)
