"""Decisions that only add words and a notice: 受理告知, 保密, and 催办, 督办, 批示 of those above. Pure."""

from services.organization.tree import UnitNode
from services.platform.errors import Conflict, Forbidden
from services.platform.ids import new_id
from services.tickets import timing
from services.tickets.case import Case, Deed
from services.tickets.changes import Insert, Outcome, Row
from services.tickets.commands import Inform, Instruct, Seal, Supervise, Urge
from services.tickets.models import Directive
from services.tickets.moving import unit_by_code


def inform(case: Case, command: Inform, deed: Deed) -> Outcome:
    """Tell whoever petitioned that the petition is taken on."""
    clock = case.clock("inform")
    if clock is None:
        raise Conflict("ticket.no_petition", "Only petitions under the petition rules are answered with a notice of acceptance.")
    if clock.state not in ("running", "paused"):
        raise Conflict("petition.informed", "The person was told already that the petition is taken on.")
    unit_id = case.ticket.lead_unit_id or deed.unit_id
    return Outcome({"words": command.words, "unit_id": str(unit_id)}, updates=timing.stop(case, ["inform"], deed.now))


def seal(case: Case, command: Seal, deed: Deed) -> Outcome:
    """Keep the complainants in confidence from now on."""
    if case.ticket.privacy == "confidential":
        raise Conflict("ticket.confidential", "The ticket is confidential already.")
    return Outcome({"words": command.words, "privacy": "confidential"}, {"privacy": "confidential"})


def urge(case: Case, command: Urge, deed: Deed) -> Outcome:
    """Ask the holder (the desk, while nobody holds it) to hurry."""
    return _directive(case, "urge", command.words, deed, None)


def supervise(case: Case, command: Supervise, deed: Deed) -> Outcome:
    """Put the ticket under supervision."""
    return _directive(case, "supervise", command.words, deed, None)


def instruct(case: Case, command: Instruct, deed: Deed) -> Outcome:
    """Instruct a unit directly, past the tiers between: they are told, as the event's `passed_over`."""
    unit = unit_by_code(case, command.unit)
    seat = next((seat for seat in deed.actor.seats if unit.path.startswith(seat.path)), None)
    if seat is None:
        raise Forbidden("ticket.outside_scope", "That unit is not below yours.")
    return _directive(case, "instruct", command.words, deed, unit)


def _directive(case: Case, kind: str, words: str, deed: Deed, addressed: UnitNode | None) -> Outcome:
    to_unit_id = addressed.id if addressed else case.ticket.lead_unit_id or case.ticket.desk_unit_id
    row: Row = {
        "id": new_id(),
        "ticket_id": case.ticket.id,
        "kind": kind,
        "from_account_id": deed.actor.account_id,
        "from_unit_id": deed.unit_id,
        "to_unit_id": to_unit_id,
        "words": words,
        "given_at": deed.now,
    }
    data: Row = {"directive_id": str(row["id"]), "to_unit_id": str(to_unit_id) if to_unit_id else None, "words": words}
    if addressed is not None:
        data["passed_over"] = [
            str(unit.id) for unit in case.around.tree.ancestors(addressed) if unit.id != deed.unit_id and not _at_or_above(case, unit, deed)
        ]
    return Outcome(data, inserts=(Insert(Directive, row),))


def _at_or_above(case: Case, unit: UnitNode, deed: Deed) -> bool:
    own = case.around.tree.by_id.get(deed.unit_id) if deed.unit_id else None
    return own is not None and own.path.startswith(unit.path)
