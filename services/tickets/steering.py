"""Decisions that only add words and a notice: 受理告知, 保密, and 催办, 督办 of those above. Pure."""

from services.platform.errors import Conflict
from services.platform.ids import new_id
from services.tickets import taking_away, timing
from services.tickets.calling_commands import Supervise, Urge
from services.tickets.case import Case, Deed
from services.tickets.changes import Insert, Outcome, Row
from services.tickets.commands import Inform, Seal
from services.tickets.lifecycle import OPEN
from services.tickets.models import Directive


def may_inform(case: Case, _deed: Deed) -> None:
    """Refuse to tell what nobody must be told, or was told already."""
    clock = case.clock("inform")
    if clock is None:
        raise Conflict("ticket.no_petition", "Only petitions under the petition rules are answered with a notice of acceptance.")
    if not clock.runs:
        raise Conflict("petition.informed", "The person was told already that the petition is taken on.")


def inform(case: Case, command: Inform, deed: Deed) -> Outcome:
    """Tell whoever petitioned that the petition is taken on."""
    unit_id = case.ticket.lead_unit_id or deed.unit_id
    return Outcome({"words": command.words, "unit_id": str(unit_id)}, updates=timing.stop(case, ["inform"], deed.now))


def may_seal(case: Case, _deed: Deed) -> None:
    """Refuse what is so already. Whom a matter is about can be said while it is open, and more of them later."""
    if case.ticket.privacy == "confidential" and case.ticket.status not in OPEN[:3]:
        raise Conflict("ticket.confidential", "The ticket is confidential already.")


def seal(case: Case, command: Seal, deed: Deed) -> Outcome:
    """Keep the complainants in confidence from now on; with `accused` (举报) the matter is taken from whoever it is about."""
    if command.accused is not None:
        return taking_away.take_away(case, command, command.accused, deed)
    if case.ticket.privacy == "confidential":
        raise Conflict("ticket.confidential", "The ticket is confidential already.")
    return Outcome({"words": command.words, "privacy": "confidential"}, {"privacy": "confidential"})


def urge(case: Case, command: Urge, deed: Deed) -> Outcome:
    """Ask the holder (the desk, while nobody holds it) to hurry."""
    return _directive(case, "urge", command.words, deed)


def supervise(case: Case, command: Supervise, deed: Deed) -> Outcome:
    """Put the ticket under supervision."""
    return _directive(case, "supervise", command.words, deed)


def directive_row(case: Case, kind: str, words: str, deed: Deed) -> Row:
    """Return the row of a directive by whoever acts, to nobody yet."""
    return {
        "id": new_id(),
        "ticket_id": case.ticket.id,
        "kind": kind,
        "from_account_id": deed.actor.account_id,
        "from_unit_id": deed.unit_id,
        "words": words,
        "given_at": deed.now,
    }


def _directive(case: Case, kind: str, words: str, deed: Deed) -> Outcome:
    to_unit_id = case.ticket.lead_unit_id or case.ticket.desk_unit_id
    row = directive_row(case, kind, words, deed) | {"to_unit_id": to_unit_id}
    data: Row = {"directive_id": str(row["id"]), "to_unit_id": str(to_unit_id) if to_unit_id else None, "words": words}
    return Outcome(data, inserts=(Insert(Directive, row),))
