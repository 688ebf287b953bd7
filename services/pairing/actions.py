"""Pairing, ending and handing over at the door. Each leaves an event."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from services.households.actions import end_household
from services.households.commands import EndHousehold
from services.households.models import Household
from services.households.references import village_of
from services.identity.permissions import PERMISSIONS, area_of, lends
from services.journal.noting import note
from services.organization.models import Member
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.pairing.commands import EndPairing, HandOver, Pair
from services.pairing.following import follow_pairings
from services.pairing.models import Pairing
from services.pairing.parsing import Wanted
from services.pairing.rules import Neighbour, require_fitting, require_partner, shared_out
from services.pairing.storing import PAIRINGS, ended_row, last_of, lock_pairings, new_row, today_of
from services.pairing.views import HandedOver
from services.platform.actor import Actor
from services.platform.bulk import insert_many, one_of, update_many
from services.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from services.platform.unit_of_work import Work

SUBJECT = "pairing"


async def pair(work: Work, command: Pair) -> tuple[UUID, bool]:
    """Pair as said; return the pairing, and whether it was in force before: then nothing changed.

    Raises 404 ``unit.unknown``, ``member.unknown``, ``household.unknown``; 403 ``pairing.outside_area``; 422 ``pairing.day_ahead``,
    ``pairing.unit_does_not_fit``, ``pairing.partner_does_not_fit``; 409 ``pairing.household_taken``, ``pairing.overlaps``.
    """
    tree, today = await unit_tree(work.session), today_of(work)
    since = command.since or today
    _require_past(since, today, "/since")
    await lock_pairings(work)
    await follow_pairings(work)
    home = await _home(work, command.household_id) if command.household_id else None
    unit = _unit(tree, command.unit) if command.unit else village_of(tree, tree.by_id[home.unit_id]) if home else None
    assert unit is not None
    _require_keeps(work.actor, unit)
    if home is None:
        require_fitting(command.kind, unit)
    partner = _unit(tree, command.partner) if command.partner else None
    if partner is not None:
        require_partner(partner)
    if command.member_id is not None:
        await _require_here(work, [command.member_id], since)
    wanted = Wanted(command.kind, unit, since, command.member_id, partner)
    there = await _there(work, wanted, home)
    if there is not None:
        return there, True
    row = new_row(work, wanted, household_id=home.id if home else None)
    await insert_many(work.session, Pairing, [row])
    await note(work, SUBJECT, row["id"], "pairing.begun", {"kind": command.kind, "unit": unit.code, "since": str(since)})
    pairing_id: UUID = row["id"]
    return pairing_id, False


async def end_pairing(work: Work, pairing_id: UUID, command: EndPairing) -> None:
    """End a pairing. One that is over stays as it is, and the same again changes nothing.

    Raises 404 ``pairing.unknown``, 403 ``pairing.outside_area``, 422 ``pairing.day_ahead``, 409 ``pairing.ended`` and
    ``pairing.not_begun``.
    """
    tree, today = await unit_tree(work.session), today_of(work)
    day = command.on or today
    _require_past(day, today, "/on")
    await lock_pairings(work)
    found = await work.session.get(Pairing, pairing_id)
    if found is None:
        raise NotFound("pairing.unknown", "There is no pairing with this id.")
    _require_keeps(work.actor, tree.by_id[found.unit_id])
    if found.valid_to is not None:
        if (found.valid_to, found.ended_because) == (day, command.because):
            return
        raise Conflict("pairing.ended", f"This pairing was over on {found.valid_to} already.")
    if day < found.valid_from:
        raise Conflict("pairing.not_begun", f"It began on {found.valid_from}; it cannot have ended before.")
    await update_many(work.session, Pairing, [ended_row(work, pairing_id, day, command.because)])
    await note(work, SUBJECT, pairing_id, "pairing.ended", {"because": command.because, "on": str(day)})


async def household_ended(work: Work, household_id: UUID, command: EndHousehold) -> None:
    """End a household, and with it the pairing it has; both or neither. Raises as :func:`end_household` does."""
    await lock_pairings(work)
    await end_household(work, household_id, command)
    columns = (Pairing.id, Pairing.valid_from)
    query = select(*columns).where(Pairing.household_id == household_id, Pairing.valid_to.is_(None))
    found = (await work.session.execute(query)).one_or_none()
    if found is not None:
        day = max(command.on or today_of(work), found.valid_from)
        await update_many(work.session, Pairing, [ended_row(work, found.id, day, "household_ended")])
        await note(work, SUBJECT, found.id, "pairing.ended", {"because": "household_ended", "on": str(day)})


async def hand_over(work: Work, command: HandOver) -> HandedOver:
    """Give all households of a member in one's area to others from today, evenly by what they have, neighbours together.

    Raises 404 ``member.unknown`` and 409 ``pairing.nothing_to_hand_over``.
    """
    tree, today = await unit_tree(work.session), today_of(work)
    await lock_pairings(work)
    names = await _require_here(work, command.to, today)
    mine = await _households_of(work, tree, command.from_member_id)
    if not mine:
        raise Conflict("pairing.nothing_to_hand_over", "This member has no household in your area; there is nothing to hand over.")
    loads = await loads_of(work, command.to)
    homes = [Neighbour(found.household_id, path) for found, path in mine if found.household_id]
    taken = shared_out(homes, {member_id: loads.get(member_id, 0) for member_id in command.to})
    fresh, ended = [], []
    for found, _path in mine:
        assert found.household_id is not None
        unit = tree.by_id[found.unit_id]
        wanted = Wanted("member_household", unit, max(today, found.valid_from), taken[found.household_id])
        fresh.append(new_row(work, wanted, household_id=found.household_id, follows_id=found.id))
        ended.append(ended_row(work, found.id, wanted.since, "left" if command.because == "left" else "transferred"))
    await update_many(work.session, Pairing, ended)
    await insert_many(work.session, Pairing, fresh)
    got = {member_id: sum(one == member_id for one in taken.values()) for member_id in command.to}
    told = {"from": str(command.from_member_id), "to": {str(one): count for one, count in got.items()}, "because": command.because}
    await note(work, "pairings", PAIRINGS, "pairings.handed_over", told)
    receivers = [
        HandedOver.Receiver(
            id=one, name=names[one].name, staff_number=names[one].staff_number, got=got[one], has=loads.get(one, 0) + got[one]
        )
        for one in command.to
    ]
    return HandedOver(households=len(mine), to=receivers)


async def loads_of(work: Work, member_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many households each has now."""
    in_force = Pairing.valid_to.is_(None) & Pairing.household_id.is_not(None)
    query = select(Pairing.member_id, func.count()).where(in_force, one_of(Pairing.member_id, member_ids)).group_by(Pairing.member_id)
    return {member_id: count for member_id, count in await work.session.execute(query) if member_id is not None}


async def _households_of(work: Work, tree: UnitTree, member_id: UUID) -> list[tuple[Pairing, str]]:
    """Return the households a member has in the area of whoever asks, and where each lies."""
    query = select(Pairing, Household.unit_id).join(Household, Household.id == Pairing.household_id)
    rows = await work.session.execute(query.where(Pairing.member_id == member_id, Pairing.valid_to.is_(None)).order_by(Pairing.id))
    return [(found, tree.by_id[unit_id].path) for found, unit_id in rows if _keeps(work.actor, tree.by_id[found.unit_id])]


async def _there(work: Work, wanted: Wanted, home: Household | None) -> UUID | None:
    """Return the same pairing where it is in force; raise where the household has somebody else, or had on that day."""
    if home is None:
        whose = Pairing.member_id == wanted.member_id if wanted.member_id else Pairing.by_unit_id == (wanted.partner and wanted.partner.id)
        same = select(Pairing.id).where(Pairing.kind == wanted.kind, Pairing.unit_id == wanted.unit.id, whose, Pairing.valid_to.is_(None))
        return await work.session.scalar(same)
    before = (await last_of(work, [home.id])).get(home.id)
    if before is None:
        return None
    if before.valid_to is None:
        if before.member_id == wanted.member_id:
            return before.id
        raise Conflict("pairing.household_taken", "Another member has this household; end that pairing, or hand it over.")
    if wanted.since < before.valid_to:
        raise Conflict("pairing.overlaps", f"This household had a member until {before.valid_to}; begin then or later.")
    return None


async def _home(work: Work, household_id: UUID) -> Household:
    home = await work.session.get(Household, household_id)
    if home is None:
        raise NotFound("household.unknown", "There is no household with this id; see GET /v1/households.")
    if home.ended_on is not None:
        raise Conflict("household.ended", f"This household ended on {home.ended_on}.")
    return home


async def _require_here(work: Work, member_ids: Sequence[UUID], day: date) -> dict[UUID, Member]:
    found = {one.id: one for one in await work.session.scalars(select(Member).where(one_of(Member.id, member_ids)))}
    if any(one not in found or ((left := found[one].left_on) is not None and left <= day) for one in member_ids):
        raise NotFound("member.unknown", "Nobody of this id was here on that day; see GET /v1/members.")
    return found


def _unit(tree: UnitTree, code: str) -> UnitNode:
    unit = tree.by_code.get(code)
    if unit is None or not unit.active:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    return unit


def _require_past(day: date, today: date, pointer: str) -> None:
    if day > today:
        raise Invalid("pairing.day_ahead", "Say it when the day has come.", errors=[Fault(pointer, "must not be in the future")])


def _keeps(actor: Actor, unit: UnitNode) -> bool:
    seats = actor.seats if lends(actor, "pairing.change") else ()
    return any(seat.role in PERMISSIONS["pairing.change"] and unit.path.startswith(area_of(seat)) for seat in seats)


def _require_keeps(actor: Actor, unit: UnitNode) -> None:
    if not _keeps(actor, unit):
        raise Forbidden("pairing.outside_area", "This place lies outside of your area; let somebody of that area say it.")
