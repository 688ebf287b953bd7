"""The system dispatches what was just received: many tickets in one transaction, each with the reason for its unit."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.catalogue.policy import Catalogue
from services.catalogue.queries import catalogue
from services.catalogue.suggestion import suggest
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.unit_of_work import Work
from services.routing.accused import is_accused
from services.routing.geo import CoordinateSystem, Point
from services.routing.locating import Located
from services.routing.locating import located as locate
from services.routing.rules import WORKING_ROLES, Route, RouteQuestion, route
from services.tickets.case import Case, Deed
from services.tickets.changes import Change, Outcome, Row
from services.tickets.deciding import to_change
from services.tickets.lifecycle import step
from services.tickets.loading import lock, plain_cases
from services.tickets.models import Assignment
from services.tickets.moving import assign_lead
from services.tickets.recording import write

_CANDIDATES = 5
_WITHOUT_PLACE = ("no_place", "backstop")
"""Rules that gave a ticket to the desk because nobody knew where it is."""


@dataclass(frozen=True, slots=True)
class PlaceHint:
    """What the complaint of a ticket without a known place says about it: words for the place, and the words themselves."""

    place_words: str | None
    words: str


Hints = Callable[[Work, Sequence[UUID]], Awaitable[Mapping[UUID, PlaceHint]]]


async def route_received(work: Work, ticket_ids: Sequence[UUID], hints: Hints) -> int:
    """Dispatch those of the tickets that wait for it; return how many. Those somebody dispatched or ended since are skipped.

    A returned ticket is not dispatched by the system: the desk decides. `hints` reads what the complaints say about the place.
    """
    tickets = [ticket for ticket in await lock(work.session, ticket_ids) if ticket.status == "received"]
    if not tickets:
        return 0
    cases = [case for case in await plain_cases(work.session, tickets) if not case.returned]
    found = await hints(work, [case.ticket.id for case in cases if case.ticket.place_unit_id is None])
    policies = await catalogue(work.session)
    changes = []
    for case in cases:
        hint = found.get(case.ticket.id)
        located = _located(case, hint)
        placed = _placed(case, located)
        chosen = _routed(work, placed, policies)
        why = _why(case, chosen, located)
        if hint is not None and case.ticket.category_code is None:
            why["suggested_categories"] = [code for code, _ in suggest(hint.words, policies.leaves())[:3]]
        changes.append(_dispatched(work, case, placed, chosen, why))
    await write(work, changes)
    return len(changes)


async def relocate(work: Work, ticket_ids: Sequence[UUID], hints: Hints) -> int:
    """Route those of the tickets anew whose place nobody knew and a supplement now says; return how many.

    Only what the system itself gave to the desk for want of a place, and nobody has accepted since: a person's decision stands.
    """
    waiting = [
        ticket
        for ticket in await lock(work.session, ticket_ids)
        if ticket.status == "dispatched" and ticket.place_unit_id is None and ticket.accused is None and not ticket.designated
    ]
    if not waiting:
        return 0
    cases = [case for case in await plain_cases(work.session, waiting) if case.lead is not None]
    by_system = one_of(Assignment.id, [case.lead.id for case in cases if case.lead]) & Assignment.why["rule"].astext.in_(_WITHOUT_PLACE)
    placeless = set(await work.session.scalars(select(Assignment.id).where(by_system)))
    found = await hints(work, [case.ticket.id for case in cases])
    policies = await catalogue(work.session)
    changes = []
    for case in cases:
        located = _located(case, found.get(case.ticket.id))
        placed = _placed(case, located)
        if case.lead is None or case.lead.id not in placeless or placed.ticket.place_unit_id is None:
            continue
        changes.append(_relocated(work, case, placed, _routed(work, placed, policies), located))
    await write(work, changes)
    return len(changes)


def _relocated(work: Work, case: Case, placed: Case, chosen: Route, located: Located | None) -> Change:
    """Return the change that writes the place down, and gives the ticket to the unit there unless that is who has it."""
    place: Row = {"place_unit_id": placed.ticket.place_unit_id, "area_path": placed.ticket.area_path}
    told = {key: str(value) for key, value in place.items()}
    if chosen.lead_unit_id == case.ticket.lead_unit_id:
        triaged = step("dispatched", "triage")
        assert triaged is not None
        return to_change(case, triaged, Outcome({**told, "words": "按诉求人补充的地点定位"}, place))
    tree = case.around.tree
    why = _why(case, chosen, located)
    deed = Deed(work.actor, work.now)
    helpers = tuple(tree.by_id[helper] for helper in chosen.co_unit_ids)
    outcome = assign_lead(
        placed, tree.by_id[chosen.lead_unit_id], why, deed, desk=tree.by_id[chosen.desk_unit_id], co_handlers=helpers, ended="relocated"
    )
    data = outcome.data | told | {"ring_unit_ids": [str(ring) for ring in chosen.ring_unit_ids]}
    moved = step("dispatched", "transfer")
    assert moved is not None
    return to_change(case, moved, replace(outcome, data=data, values={**outcome.values, **place}))


def _routed(work: Work, placed: Case, policies: Catalogue) -> Route:
    question = RouteQuestion(
        category_code=placed.ticket.category_code,
        place_unit_id=placed.ticket.place_unit_id,
        area_path=placed.ticket.area_path,
        urgency=placed.ticket.urgency,
        surface_to_id=placed.ticket.surface_to_id,
        today=local_day(work.now),
        accused=None if placed.ticket.accused is None else tuple(placed.ticket.accused),
    )
    return route(question, placed.around.tree, policies)


def _located(case: Case, hint: PlaceHint | None) -> Located | None:
    """Return what the words and the coordinates of a matter without a place say; None for one that has a place."""
    ticket = case.ticket
    if ticket.place_unit_id is not None or ticket.accused is not None:
        return None
    point = Point(ticket.lat, ticket.lon, CoordinateSystem.WGS84) if ticket.lat is not None and ticket.lon is not None else None
    words = (hint.place_words or hint.words) if hint else None
    return locate(case.around.tree, code=None, words=words, point=point)


def _placed(case: Case, located: Located | None) -> Case:
    unit = case.around.tree.by_id.get(located.unit_id) if located and located.unit_id else None
    if unit is None:
        return case
    return replace(case, ticket=replace(case.ticket, place_unit_id=unit.id, area_path=unit.path))


def _why(case: Case, chosen: Route, located: Located | None) -> dict[str, Any]:
    why = dict(chosen.why)
    if located is not None:
        names = [case.around.tree.by_id[unit_id].path for unit_id in located.candidates[:_CANDIDATES] if unit_id in case.around.tree.by_id]
        why["place"] = {"how": located.how, "candidates": names}
    if case.ticket.round > 1 and case.lead_before is not None:
        before = case.around.tree.by_id.get(case.lead_before)
        why["round_before"] = {"code": before.code, "name": before.name} if before else None
    return why


def _dispatched(work: Work, case: Case, placed: Case, chosen: Route, why: dict[str, Any]) -> Change:
    """Return the change that gives the ticket to the chosen seat; to that of the round before, where it is a further round."""
    tree = case.around.tree
    unit = tree.by_id[chosen.lead_unit_id]
    before = tree.by_id.get(case.lead_before) if case.ticket.round > 1 and case.lead_before else None
    if (
        before is not None
        and not is_accused(before, case.ticket.accused, tree)
        and tree.staffed(before.id, WORKING_ROLES, local_day(work.now))
    ):
        unit, why = before, {**why, "rule": "same_seat_as_before", "chosen": {"code": before.code, "name": before.name}}
    helpers = tuple(tree.by_id[helper] for helper in chosen.co_unit_ids) if case.ticket.round == 1 else ()
    outcome = assign_lead(placed, unit, why, Deed(work.actor, work.now), desk=tree.by_id[chosen.desk_unit_id], co_handlers=helpers)
    more: Row = {}
    if placed.ticket.place_unit_id != case.ticket.place_unit_id:
        more = {"place_unit_id": placed.ticket.place_unit_id, "area_path": placed.ticket.area_path}
    if chosen.why["rule"] == "direct" and case.ticket.surface_to_id is None:
        more["surface_to_id"] = chosen.lead_unit_id
    data = outcome.data | {key: str(value) for key, value in more.items()} | {"ring_unit_ids": [str(ring) for ring in chosen.ring_unit_ids]}
    row = step("received", "dispatch")
    assert row is not None
    return to_change(case, row, replace(outcome, data=data, values={**outcome.values, **more}))
