"""Which post somebody may hold where. Pure.

A17: cadres sent down to the grids are guides 指导员 when they are party members, assistants 助理员 otherwise.
"""

from services.platform.errors import Invalid

GRID_INSTRUCTOR = "grid_instructor"
_INSTRUCTORS = ("guide", "assistant")
_KINDS: dict[str, frozenset[str]] = {
    "grid_worker": frozenset({"grid"}),
    "guide": frozenset({"grid"}),
    "assistant": frozenset({"grid"}),
    "village_secretary": frozenset({"village", "community"}),
    "township_dispatcher": frozenset({"township", "station"}),
    "department_officer": frozenset({"department", "station"}),
    "county_supervisor": frozenset({"county", "city", "department", "station"}),
    "hotline_operator": frozenset({"county", "city", "department", "station"}),
    "service_member": frozenset({"department", "station", "township", "county", "city"}),
    "organization_inspector": frozenset({"department"}),
    "discipline_inspector": frozenset({"department"}),
    "analyst": frozenset({"county", "city", "township", "department", "station"}),
    "administrator": frozenset({"county", "city", "department", "station"}),
}


def instructor_role(*, party_member: bool) -> str:
    """Return the role of a cadre in a grid."""
    return "guide" if party_member else "assistant"


def settled_role(wanted: str, *, party_member: bool) -> str:
    """Return the role to give for the one asked for; raise where guide or assistant is asked for against party membership."""
    derived = instructor_role(party_member=party_member)
    if wanted == GRID_INSTRUCTOR:
        return derived
    if wanted in _INSTRUCTORS and wanted != derived:
        raise Invalid(
            "post.role_follows_party_membership",
            f"Party members are guides, others are assistants: this member can only be {derived}. Ask for grid_instructor instead.",
            extra={"role": derived},
        )
    return wanted


def require_fitting(role: str, kind: str) -> None:
    """Raise where a role is not held in units of this kind."""
    if kind not in _KINDS[role]:
        kinds = ", ".join(sorted(_KINDS[role]))
        raise Invalid("post.role_does_not_fit_unit", f"A {role} sits in a unit of kind {kinds}, not in a {kind}.")
