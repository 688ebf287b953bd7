"""Tickets that may be of the same matter: candidates with a score and why, for people to decide on. Nothing is ever merged by itself.

Some hundred candidates at most are compared: of the neighbourhood, of the same branch of the catalogue or none yet, told within a window
of days; found through an index over (place, day), the nearest in time first. The score is pure: `likeness.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.catalogue.policy import Catalogue
from services.catalogue.queries import catalogue
from services.complaints.confidence import knows_in_confidence
from services.complaints.filing import BACK_AT_MOST
from services.complaints.households import Keys, Telling, counted, tellings_of
from services.complaints.likeness import Circumstances, Likeness, likeness
from services.complaints.models import Complaint
from services.complaints.neighbourhood import box_around, metres_between, names_of, near_units, relation, township_units
from services.complaints.placing import point_of
from services.complaints.similar_views import SimilarTicket, SimilarTo, Why
from services.identity.permissions import may, scope_of
from services.organization.naming import name_forms
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.platform.actor import Actor
from services.platform.bulk import one_of
from services.platform.papers import PHONE
from services.platform.secrets import blind_index
from services.platform.text import hidden
from services.platform.unit_of_work import Work
from services.routing.geo import Point, to_wgs84
from services.routing.locating import located
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.lifecycle import STATUS_NAMES
from services.tickets.models import Ticket
from services.tickets.queries import find_visible
from services.tickets.views import CategoryName, TierUnitName

DAYS = 30
"""How far apart the same matter is usually told again; whoever asks may say another window."""
AT_LEAST = 0.3
COMPARED_AT_MOST = 150
"""Of each neighbourhood (the units, the places not known, the points near by) and each direction in time."""
EXCERPT = 120
_OVER = ("merged", "cancelled")
_DAY = timedelta(days=1)
_T = Ticket.__table__.c


@dataclass(frozen=True, slots=True, repr=False)
class _Matter:
    """What others are compared with. No `repr`: the words are nobody else's."""

    words: str
    category: str | None
    place: UUID | None
    point: Point | None
    at: datetime
    keys: Keys | None
    but: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """What is wanted: within how many days either way, how many, how alike at least."""

    days: int = DAYS
    limit: int = 20
    at_least: float = AT_LEAST


async def similar_to_ticket(work: Work, number: str, search: Search) -> list[SimilarTicket]:
    """Return the tickets `work.actor` may see that may be of the same matter as this one, best first. Raises what `find_visible` raises."""
    ticket = await find_visible(work.session, work.actor, number)
    words = await _first_words(work.session, [ticket.id])
    tellings = (await tellings_of(work.session, [ticket.id]))[ticket.id]
    matter = _Matter(
        words.get(ticket.id, ""),
        ticket.category_code,
        ticket.place_unit_id,
        _point(ticket),
        ticket.received_at,
        _keys_known_to(work.actor, ticket.desk_unit_id, tellings),
        tuple(found for found in (ticket.id, ticket.merged_into_id) if found),
    )
    return await _similar(work, matter, search)


async def similar_to_draft(work: Work, asked: SimilarTo, search: Search) -> list[SimilarTicket]:
    """Return the tickets that what is being told now may be of, best first; nothing is kept of the question."""
    tree = await unit_tree(work.session)
    place = asked.place
    point = point_of(place) if place else None
    found = located(tree, code=place.unit_code, words=place.words, point=point).unit_id if place else None
    keys = frozenset([blind_index(PHONE, asked.phone)]) if asked.phone else frozenset[bytes]()
    at = max(min(asked.happened_at or work.now, work.now), work.now - BACK_AT_MOST)
    matter = _Matter(asked.words, asked.category, found, to_wgs84(point) if point else None, at, keys)
    return await _similar(work, matter, search)


async def _similar(work: Work, matter: _Matter, search: Search) -> list[SimilarTicket]:
    tree, policies = await unit_tree(work.session), await catalogue(work.session)
    rows = (await work.session.execute(_candidates(work.actor, tree, matter, search))).all()
    words = await _first_words(work.session, [row.id for row in rows])
    scored = [(_alike(tree, matter, row, words.get(row.id, "")), row) for row in rows]
    best = sorted((one for one in scored if one[0].score >= search.at_least), key=lambda one: (-one[0].score, one[1].number))
    best = best[: search.limit]
    told = await tellings_of(work.session, [row.id for _, row in best])
    return [_view(work.actor, tree, policies, matter, found, row, words.get(row.id, ""), told[row.id]) for found, row in best]


def _candidates(actor: Actor, tree: UnitTree, matter: _Matter, search: Search) -> Select[Any]:
    """Return the query of the tickets to compare, each once."""
    units = near_units(tree, matter.place)
    places: list[ColumnElement[bool] | None] = [None]
    if units is not None:
        places = [one_of(_T.place_unit_id, units), _T.place_unit_id.is_(None)]
        if matter.point is not None:
            places.append(_close_by(tree, matter.place, matter.point))
    conditions = [_T.status.not_in(_OVER), _T.id.not_in(matter.but), compile_scope(scope_of(actor), TICKETS)]
    if matter.category is not None:
        root = matter.category.partition(".")[0]
        conditions.append(
            or_(_T.category_code.is_(None), _T.category_code == root, _T.category_code.startswith(f"{root}.", autoescape=True))
        )
    window = search.days * _DAY
    before = (_T.received_at >= matter.at - window) & (_T.received_at <= matter.at)
    after = (_T.received_at > matter.at) & (_T.received_at <= matter.at + window)
    parts = []
    for place in places:
        for when, order in ((before, _T.received_at.desc()), (after, _T.received_at.asc())):
            here = select(_T.id).where(when, *conditions).order_by(order, _T.id).limit(COMPARED_AT_MOST)
            parts.append(select((here if place is None else here.where(place)).subquery().c.id))
    ids = union_all(*parts).subquery()
    return select(Ticket.__table__).where(_T.id.in_(select(ids.c.id)))


def _close_by(tree: UnitTree, place: UUID | None, point: Point) -> ColumnElement[bool]:
    box = box_around(point)
    inside = and_(_T.lat.between(box.south, box.north), _T.lon.between(box.west, box.east))
    return and_(one_of(_T.place_unit_id, township_units(tree, place)), inside)


async def _first_words(session: AsyncSession, ticket_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the words each ticket began with."""
    query = (
        select(Complaint.ticket_id, Complaint.said)
        .ext(distinct_on(Complaint.ticket_id))
        .where(one_of(Complaint.ticket_id, ticket_ids))
        .order_by(Complaint.ticket_id, Complaint.received_at, Complaint.id)
    )
    return {row.ticket_id: row.said.words for row in await session.execute(query)}


def _point(row: Row[Any]) -> Point | None:
    return Point(row.lat, row.lon) if row.lat is not None and row.lon is not None else None


def _alike(tree: UnitTree, matter: _Matter, row: Row[Any], words: str) -> Likeness:
    between = _between(tree, matter, row)
    names = [form for unit in names_of(tree, matter.place, row.place_unit_id) for form in _forms(unit.name, unit.kind)]
    return likeness(matter.words, words, between, names)


@lru_cache(maxsize=16_384)
def _forms(name: str, kind: str) -> tuple[str, ...]:
    forms = name_forms(name, kind)
    return (*forms.certain, *forms.loose)


def _between(tree: UnitTree, matter: _Matter, row: Row[Any]) -> Circumstances:
    return Circumstances(
        place=relation(tree, matter.place, row.place_unit_id),
        category=_categories(matter.category, row.category_code),
        days=abs(matter.at - row.received_at) / _DAY,
        metres=metres_between(matter.point, _point(row)),
    )


def _categories(ours: str | None, theirs: str | None) -> str:
    if ours is None or theirs is None:
        return "open"
    if ours == theirs:
        return "same"
    return "branch" if ours.partition(".")[0] == theirs.partition(".")[0] else "other"


def _keys_known_to(actor: Actor, desk: UUID | None, tellings: Sequence[Telling]) -> Keys | None:
    """Return the indexes of whoever told a matter; None where `actor` may not know whether two are one person."""
    secret = any(telling.in_confidence for telling in tellings) and not knows_in_confidence(actor, desk)
    if secret or not may(actor, "contact.read"):
        return None
    return frozenset(key for telling in tellings for key in telling.keys)


def _view(
    actor: Actor, tree: UnitTree, policies: Catalogue, matter: _Matter, found: Likeness, row: Row[Any], words: str, told: list[Telling]
) -> SimilarTicket:
    between = _between(tree, matter, row)
    category = policies.category(row.category_code) if row.category_code else None
    place = tree.by_id.get(row.place_unit_id) if row.place_unit_id else None
    theirs = _keys_known_to(actor, row.desk_unit_id, told)
    known = matter.keys is not None and theirs is not None
    return SimilarTicket(
        number=row.number,
        status=row.status,
        status_name=STATUS_NAMES[row.status],
        category=CategoryName(code=category.code, name=category.name) if category else None,
        place=TierUnitName(code=place.code, name=place.name, tier=place.tier) if place else None,
        received_at=row.received_at,
        words=hidden(words)[:EXCERPT],
        score=round(found.score, 3),
        why=Why(
            words=round(found.words, 3),
            place=between.place,
            metres=round(between.metres) if between.metres is not None else None,
            category=between.category,
            days_apart=round(between.days, 1),
        ),
        same_person=bool(matter.keys & theirs) if known and matter.keys and theirs else (False if known else None),
        told_by=counted(told),
    )
