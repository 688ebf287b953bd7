"""裁定: the desk above decides whose a ticket is that was given back three times. Pure.

What it decides is a designation: there is no return after it. It may name any unit, but for a county department's matter only one of
the county's or, at the lowest, a township (`responsibility.py`). The desk that decided keeps watch over the ticket.
"""

from services.platform.errors import Conflict
from services.tickets.case import Case, Deed
from services.tickets.changes import Outcome
from services.tickets.commands import Adjudicate
from services.tickets.moving import assign_lead, staffed_unit
from services.tickets.responsibility import refuse_push_down


def may_adjudicate(case: Case, _deed: Deed) -> None:
    """Refuse where nobody asked whose the ticket is."""
    if not case.ticket.adjudication:
        raise Conflict("ticket.no_adjudication", "No adjudication is open; the ticket was not given back three times. Dispatch it.")


def adjudicate(case: Case, command: Adjudicate, deed: Deed) -> Outcome:
    """Name the unit, with the reason, and designate it."""
    unit = staffed_unit(case, command.unit, deed)
    refuse_push_down(case, unit, adjudicated=True)
    why = {
        "rule": "adjudicated",
        "words": command.words,
        "returns": case.ticket.returns,
        "chosen": {"code": unit.code, "name": unit.name},
    }
    outcome = assign_lead(case, unit, why, deed, designate=True)
    return Outcome({**outcome.data, "words": command.words}, outcome.values, outcome.inserts, outcome.updates)
