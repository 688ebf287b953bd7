"""Keeping the register at the door: a household is listed, changed, ended, and opened for a purpose. Each leaves an event."""

from uuid import UUID

from sqlalchemy import select

from services.households.commands import ChangeHousehold, EndHousehold, ListHousehold, OpenContact
from services.households.finding import Sought, find_homes, follow_homes
from services.households.models import Household
from services.households.parsing import Listed
from services.households.queries import paper_of, reachable
from services.households.references import household_key, need_village, village_of
from services.households.storing import REWRITTEN, household_rows, lock_register, said
from services.households.views import HouseholdContact, contact_view
from services.identity.permissions import PERMISSIONS, area_of, lends
from services.journal.noting import note
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.actor import Actor
from services.platform.bulk import insert_many
from services.platform.clock import local_day
from services.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound, PreconditionFailed
from services.platform.papers import SealedPaper
from services.platform.unit_of_work import Work

SUBJECT = "household"


async def list_household(work: Work, command: ListHousehold) -> UUID:
    """List a household; return its id. One that had ended is listed again.

    Raises 404 ``unit.unknown``, 403 ``household.outside_area``, 409 ``household.number_taken``.
    """
    tree = await unit_tree(work.session)
    unit, village = _place(work.actor, tree, command.unit)
    listed = Listed(unit, village, command.number, command.head, command.phone, command.address, command.people)
    await lock_register(work)
    await follow_homes(work)
    [known] = await find_homes(work, [Sought(unit, village, command.number)])
    row, paper = household_rows(work, listed, household_key(village, command.number), said(listed))
    if isinstance(known, str) or (known is not None and known.ended_on is None):
        raise Conflict("household.number_taken", "The register of this village has this number already; change that household instead.")
    await insert_many(work.session, SealedPaper, [paper])
    await insert_many(work.session, Household, [row])
    household_id: UUID = row["id"]
    await note(work, SUBJECT, household_id, "household.listed", {"unit": unit.code})
    return household_id


async def change_household(work: Work, household_id: UUID, command: ChangeHousehold, expected_version: int | None) -> None:
    """Write down what is known of a household now. It stays in its village and keeps its number.

    Raises 404 ``household.unknown``, 409 ``household.ended`` and ``household.other_village``, 412 ``version.changed``.
    """
    tree = await unit_tree(work.session)
    known = await _own(work, tree, household_id)
    if expected_version is not None and expected_version != known.version:
        raise PreconditionFailed("version.changed", "Somebody changed this household meanwhile; read it again.")
    unit, village = _place(work.actor, tree, command.unit)
    if village != village_of(tree, tree.by_id[known.unit_id]):
        raise Conflict("household.other_village", "A household that moves to another village ends here and is listed there.")
    clear = await paper_of(work, known.paper_id)
    if clear is None:
        raise Conflict("household.erased", "What was known of this household was erased; list it anew.")
    listed = Listed(unit, village, clear["number"], command.head, command.phone, command.address, command.people)
    if said(listed) == known.fingerprint:
        return
    row, paper = household_rows(work, listed, known.reference, said(listed))
    await insert_many(work.session, SealedPaper, [paper])
    _rewrite(known, {name: row[name] for name in REWRITTEN})
    await work.session.flush()
    await note(work, SUBJECT, known.id, "household.changed", {"unit": unit.code})


async def end_household(work: Work, household_id: UUID, command: EndHousehold) -> None:
    """Say that a household is no more in its village. The same again changes nothing.

    Raises 404 ``household.unknown`` and 422 ``household.day_ahead``.
    """
    known = await _own(work, await unit_tree(work.session), household_id, ended_too=True)
    today = local_day(work.now)
    day = command.on or today
    if day > today:
        raise Invalid("household.day_ahead", "Say it when the day has come.", errors=[Fault("/on", "must not be in the future")])
    if known.ended_on is not None:
        return
    _rewrite(known, {"ended_on": day, "ended_at": work.now, "ended_because": command.because})
    await work.session.flush()
    await note(work, SUBJECT, known.id, "household.ended", {"because": command.because, "on": str(day)})


async def open_contact(work: Work, household_id: UUID, command: OpenContact) -> HouseholdContact:
    """Return who lives there, in clear, and write down who read it and why."""
    row = await reachable(work, household_id)
    await note(work, SUBJECT, household_id, "household.contact_read", {"purpose": command.purpose, "words": command.words})
    return contact_view(await paper_of(work, row.paper_id))


def keeps(actor: Actor, unit: UnitNode) -> bool:
    """Tell whether `actor` keeps the register of where `unit` lies."""
    seats = actor.seats if lends(actor, "household.change") else ()
    return any(seat.role in PERMISSIONS["household.change"] and unit.path.startswith(area_of(seat)) for seat in seats)


def _place(actor: Actor, tree: UnitTree, code: str) -> tuple[UnitNode, UnitNode]:
    unit = tree.by_code.get(code)
    if unit is None or not unit.active:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    village = need_village(tree, unit, "/unit")
    if unit.kind not in (village.kind, "grid"):
        raise Invalid("unit.not_an_area", "A household lives in a grid or a village.", errors=[Fault("/unit", "must be an area")])
    if not keeps(actor, unit):
        raise Forbidden("household.outside_area", "This village lies outside of your area; let somebody of that area list it.")
    return unit, village


async def _own(work: Work, tree: UnitTree, household_id: UUID, *, ended_too: bool = False) -> Household:
    await reachable(work, household_id)
    known = await work.session.scalar(select(Household).where(Household.id == household_id).with_for_update())
    assert known is not None
    if not keeps(work.actor, tree.by_id[known.unit_id]):
        raise Forbidden("household.outside_area", "This village lies outside of your area; let somebody of that area change it.")
    if known.ended_on is not None and not ended_too:
        raise Conflict("household.ended", "This household has ended; list it again under its number.")
    return known


def _rewrite(known: Household, values: dict[str, object]) -> None:
    for column, value in values.items():
        setattr(known, column, value)
    known.version += 1
