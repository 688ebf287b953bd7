"""docs/permissions.md, printed from the permission table, the lifecycle, and what can be lent to keys."""

from services.identity.keys import LENDABLE, WHOLE_JURISDICTION
from services.identity.permissions import NEVER_ACTED_FOR, OVERSIGHT, PERMISSIONS, ROLE_WEIGHT, Scope, scope_of
from services.organization.models import ROLES
from services.platform.actor import Actor, Seat
from services.platform.ids import new_id
from services.routing.rules import WORKING_ROLES
from services.tickets.deciding import LENDABLE as TICKET_LENDABLE
from services.tickets.lifecycle import ACTION_NAMES, RELATION_NAMES, TABLE, Relation

_SEAT_OF = {
    "grid_worker": ("/县/镇/村/网格/", "grid"),
    "guide": ("/县/镇/村/网格/", "grid"),
    "assistant": ("/县/镇/村/网格/", "grid"),
    "village_secretary": ("/县/镇/村/", "village"),
    "township_dispatcher": ("/县/镇/", "township"),
    "department_officer": ("/县/部门/", "department"),
    "county_supervisor": ("/县/", "county"),
    "hotline_operator": ("/县/热线/", "station"),
    "service_member": ("/县/部门/", "department"),
    "organization_inspector": ("/县/部门/", "department"),
    "discipline_inspector": ("/县/部门/", "department"),
    "analyst": ("/县/", "county"),
    "administrator": ("/县/", "county"),
}
"""Where each role usually sits; a scope is worked out from such a seat, not written down here."""
_STANDING = {
    Relation.HOLDER: (WORKING_ROLES, "in the unit that holds the ticket"),
    Relation.CO_HANDLER: (WORKING_ROLES, "in a unit that was asked to help"),
    Relation.ADJUDICATOR: (frozenset({"township_dispatcher", "county_supervisor"}), "at the desk that has a dispute, or one above it"),
    Relation.CALLED: (WORKING_ROLES, "in a unit that was whistled for"),
    Relation.INSTRUCTED: (WORKING_ROLES, "in a unit that was instructed"),
    Relation.DESK: (frozenset({"township_dispatcher", "county_supervisor"}), "at a desk over the place"),
    Relation.ABOVE: (WORKING_ROLES, "in a unit above the one that holds the ticket"),
    Relation.CALLER: (frozenset({"hotline_operator"}), "anywhere"),
}


def _named(role: str) -> str:
    return f"{ROLES[role]} `{role}`"


def _these(roles: frozenset[str]) -> str:
    return "、".join(ROLES[role] for role in ROLES if role in roles)


def _reach(role: str) -> str:
    path, kind = _SEAT_OF[role]
    seat = Seat(role, new_id(), "x", path, "x", kind, "线")
    scope: Scope = scope_of(Actor("member", seats=(seat,)))
    if not (scope.prefixes or scope.functions or scope.unit_ids):
        return "the households they are paired with, and their own visits"
    if scope.everything:
        return f"everything: its office stands in the whole jurisdiction (`{path}`)"
    parts = [f"everything at and below `{prefix}`" for prefix in scope.prefixes]
    parts += [f"its functional line ({function}) in `{area}`" for function, area in scope.functions]
    return "; ".join([*parts, "what was assigned to its own unit"])


def _mark(action: str) -> str:
    if action not in LENDABLE:
        return "—"
    return "without an area" if action in WHOLE_JURISDICTION else "yes"


def printed() -> str:
    """Return docs/permissions.md."""
    order = [role for role in ROLES if role in ROLE_WEIGHT]
    lines = [
        "# Who may do what 权限表",
        "",
        "Printed from `services/identity/permissions.py`, `services/tickets/lifecycle.py` and `services/identity/keys.py`",
        "by `make docs`; do not edit. Every route states the action it needs, and the same scope narrows every query. What lies",
        "outside of somebody's scope does not exist for them: 404.",
        "",
        "## Roles and their scope 角色与范围",
        "",
        "| role | from a seat such as | sees |",
        "|---|---|---|",
        *(f"| {_named(role)} | `{_SEAT_OF[role][0]}` | {_reach(role)} |" for role in order),
        "",
        "Of several posts each gives its own; a role in an office of the whole jurisdiction serves all of it. Who acts for somebody on",
        "[leave](leave.md) (代班) holds their seat meanwhile; nobody acts for " + _these(NEVER_ACTED_FOR) + ".",
        _these(OVERSIGHT) + " oversee: they read across, take no action of a ticket, and see no contact.",
        "",
        "## Actions 操作",
        "",
        "| action | " + " | ".join(ROLES[role] for role in order) + " | to a key |",
        "|---|" + "---|" * (len(order) + 1),
    ]
    for action, roles in sorted(PERMISSIONS.items()):
        marks = " | ".join("✓" if role in roles else "" for role in order)
        lines.append(f"| `{action}` | {marks} | {_mark(action)} |")
    return "\n".join([*lines, *_of_tickets(), *_of_keys()]) + "\n"


def _of_tickets() -> list[str]:
    lines = [
        "",
        "## Actions of a ticket 工单操作",
        "",
        "Who reads a ticket may take those its standing allows; in which status: [the life of a ticket](lifecycle.md).",
        "",
        "| standing | 中文 | whose |",
        "|---|---|---|",
    ]
    for relation, (roles, where) in _STANDING.items():
        named = "、".join(ROLES[role] for role in ROLES if role in roles)
        lines.append(f"| `{relation}` | {RELATION_NAMES[relation]} | {named}, {where} |")
    lines += ["", "| action | 中文 | by | to a key |", "|---|---|---|---|"]
    for action, name in ACTION_NAMES.items():
        by = {relation for row in TABLE if row.action == action for relation in row.by}
        standing = ", ".join(f"`{relation}`" for relation in Relation if relation in by)
        lent = "yes" if f"ticket.{action}" in TICKET_LENDABLE else "—"
        lines.append(f"| `{action}` | {name} | {standing} | {lent} |")
    return lines


def _of_keys() -> list[str]:
    return [
        "",
        "## What can be lent to a key",
        "",
        "The last column: what a program's [key](integrations.md#keys-of-programs) can be lent, of what its owner may do.",
        "Never what approves, verifies or publishes, what a person listens to or says, and what gives rights or secrets to others.",
        "“Without an area”: what it shows or changes belongs to no part of the jurisdiction. Actions of a ticket are named",
        "`ticket.…` there.",
    ]
