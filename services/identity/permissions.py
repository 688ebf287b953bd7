"""Who may do what, as one table, and whose matters somebody sees. Pure.

Ticket actions have their own table beside the lifecycle; this one is for everything else.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from services.platform.actor import Actor, Seat
from services.platform.errors import Forbidden

GRID = frozenset({"grid_worker", "guide", "assistant"})
FIELD = GRID | {"village_secretary"}
DESKS = frozenset({"township_dispatcher", "county_supervisor"})
OVERSIGHT = frozenset({"organization_inspector", "discipline_inspector"})
"""Whoever oversees reads across, and changes nothing of a ticket, sees no contact, and learns nobody's name who asked for confidence."""
PLACED = FIELD | DESKS | OVERSIGHT | {"department_officer", "hotline_operator", "analyst", "administrator"}
"""Roles whose post reaches a place, a line or a desk."""
ALL = PLACED | {"service_member"}
"""挂钩党员 see what concerns the households they are paired with, by their pairings, and nothing by their post."""

PERMISSIONS: dict[str, frozenset[str]] = {
    "hotline.file": DESKS | {"hotline_operator"},
    "call.read": frozenset({"hotline_operator", "county_supervisor"}),
    "recording.listen": frozenset({"hotline_operator", "county_supervisor"}),
    "hotline.desk": frozenset({"hotline_operator", "county_supervisor"}),
    "draw.make": frozenset({"hotline_operator", "county_supervisor"}),
    "confirmation.enter": FIELD | DESKS | {"hotline_operator", "department_officer"},
    "exclusion.propose": DESKS,
    "exclusion.decide": frozenset({"county_supervisor"}),
    "exclusion.appeal": frozenset({"hotline_operator", "county_supervisor"}),
    "exclusion.read": DESKS | OVERSIGHT | {"hotline_operator"},
    "field.report": FIELD,
    "shift.keep": FIELD,
    "shift.watch": DESKS,
    "petition.file": DESKS | {"hotline_operator", "department_officer"},
    "petition.on_behalf": FIELD | DESKS | {"hotline_operator", "department_officer"},
    "complaint.repeat": DESKS | {"hotline_operator", "department_officer"},
    "complaint.reword": FIELD | DESKS | {"hotline_operator", "department_officer"},
    "attachment.upload": ALL - OVERSIGHT - {"analyst"},
    "attachment.read": ALL - {"analyst"},
    "ticket.read": PLACED,
    "message.read": DESKS | OVERSIGHT | {"hotline_operator"},
    "complaint.read": FIELD | DESKS | OVERSIGHT | {"hotline_operator", "department_officer"},
    "contact.read": FIELD | DESKS | {"hotline_operator", "department_officer"},
    "reveal.read": frozenset({"discipline_inspector"}),
    "report.read": PLACED,
    "activity.record": FIELD | DESKS | {"department_officer"},
    "activity.record_for_others": DESKS | {"village_secretary"},
    "activity.read": ALL,
    "activity.words": FIELD | DESKS | {"department_officer"},
    "activity.declare": DESKS | {"administrator"},
    "assessment.make": frozenset({"county_supervisor"}),
    "assessment.read": PLACED,
    "assessment.appeal": FIELD | DESKS | {"department_officer"},
    "warning.acknowledge": DESKS,
    "brigading.read": DESKS | {"hotline_operator"},
    "help.record": FIELD | DESKS | {"department_officer", "service_member"},
    "help.read": FIELD | DESKS | {"department_officer", "service_member"},
    "mediation.record": FIELD | DESKS,
    "mediation.read": FIELD | DESKS,
    "deliberation.record": FIELD | DESKS,
    "deliberation.read": PLACED,
    "deliberation.publish": DESKS | {"village_secretary"},
    "household.read": FIELD | DESKS,
    "household.change": DESKS | {"village_secretary", "administrator"},
    "programme.change": frozenset({"county_supervisor", "administrator"}),
    "service_days.change": frozenset({"county_supervisor", "administrator"}),
    "service.report": DESKS | OVERSIGHT | {"village_secretary", "analyst", "administrator"},
    "visit.record": FIELD | DESKS | {"department_officer", "service_member"},
    "visit.read": FIELD | DESKS | OVERSIGHT | {"department_officer", "service_member"},
    "opinion.record": FIELD | DESKS | {"department_officer", "service_member"},
    "opinion.confirm": FIELD | DESKS | {"department_officer", "service_member", "hotline_operator"},
    "opinion.read": FIELD | DESKS | OVERSIGHT | {"department_officer", "service_member", "hotline_operator"},
    "field.sync": FIELD | {"service_member"},
    "pairing.read": FIELD | DESKS | OVERSIGHT | {"department_officer", "analyst", "administrator"},
    "pairing.change": DESKS | {"administrator"},
    "matter.read": ALL,
    "matter.determine": DESKS,
    "matter.change": FIELD | DESKS | {"department_officer", "service_member"},
    "asset.change": DESKS | {"administrator"},
    "village.flag": frozenset({"county_supervisor"}),
    "dossier.read": ALL,
    "dossier.oversee": OVERSIGHT | {"county_supervisor"},
    "dossier.ask": OVERSIGHT | {"county_supervisor"},
    "dossier.answer": ALL,
    "dossier.freeze": frozenset({"county_supervisor", "organization_inspector"}),
    "export.read": DESKS | OVERSIGHT | {"analyst", "administrator"},
    "notice.publish": frozenset({"administrator"}),
    "unit.read": ALL,
    "unit.report": DESKS | OVERSIGHT | {"analyst", "administrator"},
    "unit.change": frozenset({"administrator"}),
    "member.read": DESKS | OVERSIGHT | {"administrator"},
    "member.change": frozenset({"administrator"}),
    "account.change": frozenset({"administrator"}),
    "leave.read": ALL,
    "leave.enter": ALL,
    "category.read": ALL,
    "category.change": frozenset({"administrator"}),
    "calendar.change": frozenset({"administrator"}),
    "policy.read": OVERSIGHT | {"administrator", "county_supervisor", "analyst"},
    "policy.change": frozenset({"administrator"}),
    "connection.change": frozenset({"administrator"}),
    "key.change": frozenset({"administrator"}),
    "webhook.read": frozenset({"administrator", "county_supervisor"}),
    "webhook.change": frozenset({"administrator"}),
    "webhook.entitle": frozenset({"administrator", "county_supervisor"}),
    "bulletin.draft": frozenset({"analyst", "county_supervisor"}),
    "bulletin.publish": frozenset({"county_supervisor"}),
    "privacy.read": frozenset({"administrator", "county_supervisor"}),
    "privacy.hold": frozenset({"administrator", "county_supervisor"}),
    "privacy.decide": frozenset({"county_supervisor"}),
    "platform.read": DESKS | OVERSIGHT | {"hotline_operator", "administrator"},
}
"""Action → roles that may do it. An action that is not here is a mistake of ours: `may` raises KeyError."""

ROLE_WEIGHT = (
    "administrator",
    "county_supervisor",
    "hotline_operator",
    "department_officer",
    "township_dispatcher",
    "village_secretary",
    "guide",
    "assistant",
    "grid_worker",
    "service_member",
    "organization_inspector",
    "discipline_inspector",
    "analyst",
)
"""Of several seats, the one whose role comes first here is the main seat."""

NEVER_ACTED_FOR = OVERSIGHT | {"administrator"}
"""Roles nobody acts for while their holder is on leave: who gives rights, and who watches over the others, is named for it in person."""

_AREA_ROLES = OVERSIGHT | {"county_supervisor", "analyst", "administrator", "hotline_operator", "township_dispatcher"}
_OWN_PATH_ROLES = FIELD
_BESIDE_THE_LADDER = frozenset({"station", "department"})


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose matters somebody sees: areas by prefix of the path, functional lines inside an area, and own seats; any of them suffices.

    `recused`: codes of the units they sit in or below, and who they are: of a matter about any of these (举报) they know nothing, whatever
    else they see. The jurisdiction's own code is none of them, for nothing is about all of it.
    """

    prefixes: tuple[str, ...] = ()
    functions: tuple[tuple[str, str], ...] = ()
    unit_ids: tuple[UUID, ...] = ()
    everything: bool = False
    recused: tuple[str, ...] = ()


def may(actor: Actor, action: str) -> bool:
    """Tell whether `actor` may do `action`; the system may do everything, a complainant nothing of this table, a key what it was lent."""
    roles = PERMISSIONS[action]
    return actor.kind == "system" or (lends(actor, action) and any(seat.role in roles for seat in actor.seats))


def lends(actor: Actor, action: str) -> bool:
    """Tell whether nothing was held back: True for everybody but a key that was not lent `action`."""
    return actor.lent is None or action in actor.lent.actions


def require(actor: Actor, action: str) -> None:
    """Raise :class:`Forbidden` unless `actor` may do `action`."""
    if not may(actor, action):
        raise Forbidden("permission.denied", "Your posts do not allow this; ask an administrator if they should.", extra={"action": action})


def area_of(seat: Seat) -> str:
    """Return the path of the area a seat serves: its own, or the one its office stands in; of a key's, what was left of it."""
    return seat.within or area_of_path(seat.path, seat.kind)


def reach_of(seat: Seat) -> str:
    """Return the path of everything a seat reaches by its place: its area, or in the field its own unit."""
    return seat.path if seat.role in _OWN_PATH_ROLES else area_of(seat)


def narrowed(seat: Seat, area: str) -> Seat | None:
    """Return `seat` as it reaches nothing outside of the path `area`; None where it reaches nothing inside."""
    reach = reach_of(seat)
    if area.startswith(reach):
        return replace(seat, path=area if area.startswith(seat.path) else seat.path, within=area)
    return replace(seat, within=reach) if reach.startswith(area) else None


def area_of_path(path: str, kind: str) -> str:
    """Return the path of the area a unit of `kind` at `path` serves: a station or department serves the area it stands in."""
    if kind not in _BESIDE_THE_LADDER:
        return path
    parent = path.rstrip("/").rpartition("/")[0] + "/"
    return parent if parent != "/" else path


def scope_of(actor: Actor) -> Scope:
    """Return whose matters `actor` sees. A seat in the office of the whole jurisdiction sees everything."""
    if actor.kind == "system":
        return Scope(everything=True)
    prefixes: dict[str, None] = {}
    functions: dict[tuple[str, str], None] = {}
    seats = [seat for seat in actor.seats if seat.role in PLACED]
    for seat in seats:
        if seat.role in _AREA_ROLES:
            prefixes[area_of(seat)] = None
        elif seat.role in _OWN_PATH_ROLES:
            prefixes[seat.path] = None
        elif seat.function:
            functions[(seat.function, area_of(seat))] = None
    widest = tuple(p for p in prefixes if not any(p != other and p.startswith(other) for other in prefixes))
    return Scope(
        prefixes=widest,
        functions=tuple(functions),
        unit_ids=tuple(dict.fromkeys(seat.unit_id for seat in seats if seat.within is None)),
        everything=any(prefix.count("/") == len("//") for prefix in widest),
        recused=_recused(actor),
    )


def _recused(actor: Actor) -> tuple[str, ...]:
    codes = dict.fromkeys(code for seat in actor.seats for code in seat.path.strip("/").split("/")[1:])
    return (*codes, str(actor.member_id)) if actor.member_id else tuple(codes)
