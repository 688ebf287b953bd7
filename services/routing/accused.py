"""举报: whom a matter is about, and who may therefore have no part in it. Pure.

`accused` is what a ticket keeps of it: codes of units and ids (as text) of members that were named; empty where nobody was.
Accused is a named unit with all below it, the functional line under a named office, and every seat that somebody of these also sits in:
whoever was complained about must not hold the matter under another name. The jurisdiction itself is never accused, for nobody is above it
here; a person of it can be.
"""

from collections.abc import Collection

from services.organization.tree import UnitNode, UnitTree

DISCIPLINE = "department:discipline"
"""The handler of categories that are about people of office (纪检监察)."""
_DESKS = ("township", "county", "city")


def is_accused(unit: UnitNode, accused: Collection[str] | None, tree: UnitTree) -> bool:
    """Tell whether `unit` may have no part in a matter about `accused`; nobody is where `accused` is None."""
    if not accused or (tree.root is not None and unit.id == tree.root.id):
        return False
    if _below(unit, accused, tree):
        return True
    people = _people(accused, tree)
    return any(str(post.member_id) in people for post in tree.active_posts(unit.id))


def deciding_desk(accused: Collection[str], tree: UnitTree) -> UnitNode | None:
    """Return the first desk above everybody accused that is not accused itself: of a township, else the jurisdiction's own.

    It is that one too where nobody was named: whoever did not say may have meant anybody below. None where no units are loaded.
    """
    units = units_of(accused, tree)
    if not units:
        return tree.root
    for desk in tree.ancestors(units[0]):
        above_all = all(unit.path.startswith(desk.path) and unit.id != desk.id for unit in units)
        if desk.kind in _DESKS and desk.active and above_all and not is_accused(desk, accused, tree):
            return desk
    return tree.root


def units_of(accused: Collection[str], tree: UnitTree) -> list[UnitNode]:
    """Return the units that are named, and those where named members sit today but for the jurisdiction itself, by path."""
    found = {unit.id: unit for code in accused if (unit := tree.by_code.get(code)) is not None}
    members = {name for name in accused if name not in tree.by_code}
    if members:
        for unit in tree.by_id.values():
            if any(str(post.member_id) in members for post in tree.active_posts(unit.id)):
                found[unit.id] = unit
    root = tree.root.id if tree.root else None
    return sorted((unit for unit in found.values() if unit.id != root), key=lambda unit: unit.path)


def _below(unit: UnitNode, named: Collection[str], tree: UnitTree) -> bool:
    """Tell whether `unit` is a named one, stands below one, or belongs to the line of a named office in the area that it serves."""
    if not set(unit.path.strip("/").split("/")).isdisjoint(named):
        return True
    offices = (tree.by_code.get(code) for code in named) if unit.function else ()
    return any(office is not None and office.function == unit.function and unit.path.startswith(_served(office)) for office in offices)


def _served(office: UnitNode) -> str:
    """Return the path of what an office with a functional line serves: of the unit it stands in."""
    return office.path.rstrip("/").rpartition("/")[0] + "/"


def _people(named: Collection[str], tree: UnitTree) -> frozenset[str]:
    """Return the members named, and all who sit in a unit that is named or below one."""
    inside = (unit for unit in tree.by_id.values() if _below(unit, named, tree))
    sitting = {str(post.member_id) for unit in inside for post in tree.active_posts(unit.id)}
    return frozenset(sitting | {name for name in named if name not in tree.by_code})
