"""Requests as open clients read them, with two pairs of eyes.

Anybody sees what is public: category, village, a point rounded to about 100 m, how far it is and whose it is. Never the words, which may
name people; never anything of a private or confidential matter, of a complaint made in confidence, or of one whose category is undecided.
A client that shows its `api_key` sees its own requests whole: description, exact place, address and media as given, and the answers.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, exists, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.catalogue.policy import Catalogue
from services.catalogue.queries import catalogue
from services.channels.open311.models import Open311Request
from services.channels.open311.status import ENDED, fixmystreet_status, open_or_closed, w3c
from services.complaints.models import Complaint
from services.complaints.tracking import STATUS_WORDS
from services.connections.directory import ConnectedSystem
from services.deadlines.models import Clock
from services.organization.naming import short_name
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import one_of
from services.platform.papers import SealedPaper, read_paper
from services.platform.text import hidden
from services.tickets.filters import TICKETS, TicketFilter, compile_filter
from services.tickets.lifecycle import OPEN, STATUS_NAMES
from services.tickets.models import Answer, Ticket
from services.tickets.numbers import read_number

_T = Ticket.__table__
_R = Open311Request.__table__
_DECIMALS = 3
"""Of a degree: about 100 m."""
_MILESTONES = (
    ("received", "received_at"), ("dispatched", "dispatched_at"), ("accepted", "accepted_at"), ("resolved", "resolved_at"),
    ("answered", "answered_at"), ("closed", "closed_at"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """Which requests are asked for; `until` is inclusive. With `numbers` everything else is disregarded."""

    numbers: tuple[str, ...] | None = None
    service_codes: tuple[str, ...] | None = None
    statuses: Collection[str] = ("open", "closed")
    since: datetime | None = None
    until: datetime | None = None
    skip: int = 0
    size: int = 1000
    more: bool = False


@dataclass(frozen=True, slots=True)
class _Beside:
    """What a request's view needs besides its row."""

    tree: UnitTree
    policies: Catalogue
    due: Mapping[tuple[UUID, int], datetime]
    answers: Mapping[UUID, Sequence[Row[Any]]]
    more: bool


async def list_requests(session: AsyncSession, system: ConnectedSystem | None, asked: Asked) -> list[dict[str, Any]]:
    """Return the requests asked for, newest first, as far as `system` (None: anybody) may see them."""
    policies = await catalogue(session)
    query = _rows(system).where(_visible(system, policies), *_wanted(asked))
    query = query.order_by(_T.c.received_at.desc(), _T.c.id.desc()).offset(asked.skip).limit(asked.size)
    rows = (await session.execute(query)).all()
    beside = _Beside(await unit_tree(session), policies, await _due(session, rows), await _answers(session, rows), asked.more)
    return [_view(row, beside) for row in rows]


async def token_of(session: AsyncSession, token: str) -> str | None:
    """Return the number of the request whose complaint has this id; None for every other token."""
    try:
        complaint_id = UUID(token)
    except ValueError:
        return None
    query = select(Ticket.number).join(Open311Request, Open311Request.ticket_id == Ticket.id)
    found: str | None = await session.scalar(query.where(Open311Request.complaint_id == complaint_id))
    return found


def _rows(system: ConnectedSystem | None) -> Any:
    mine = and_(_R.c.ticket_id == _T.c.id, _R.c.connection_id == system.id) if system else false()
    return (
        select(
            *_T.c, _R.c.complaint_id, _R.c.described, _R.c.paper_id, Complaint.said, SealedPaper.row_key, SealedPaper.sealed,
        )
        .select_from(_T)
        .outerjoin(_R, mine)
        .outerjoin(Complaint, Complaint.id == _R.c.complaint_id)
        .outerjoin(SealedPaper, SealedPaper.id == _R.c.paper_id)
    )  # fmt: skip


def _visible(system: ConnectedSystem | None, policies: Catalogue) -> ColumnElement[bool]:
    """The condition that somebody may see a ticket at all."""
    plain = sorted(policy.code for policy in policies.all() if policy.privacy == "normal")
    told = aliased(Complaint)
    in_confidence = exists(select(told.id).where(told.ticket_id == _T.c.id, told.confidential).correlate(_T))
    public = and_(_T.c.source == "complaint", _T.c.privacy == "normal", _T.c.category_code.in_(plain), ~in_confidence)
    return or_(public, _R.c.complaint_id.is_not(None)) if system else public


def _wanted(asked: Asked) -> list[ColumnElement[bool]]:
    if asked.numbers is not None:
        return [_T.c.number.in_([number for text in asked.numbers if (number := read_number(text)) is not None])]
    if asked.service_codes is not None and not asked.service_codes:
        return [false()]
    wanted = TicketFilter(
        status=[*(OPEN if "open" in asked.statuses else ()), *(ENDED if "closed" in asked.statuses else ())],
        received_from=asked.since,
        received_to=asked.until + timedelta(microseconds=1) if asked.until else None,
    )
    found = compile_filter(wanted, TICKETS)
    return found if asked.service_codes is None else [*found, _T.c.category_code.in_(asked.service_codes)]


async def _due(session: AsyncSession, rows: Sequence[Row[Any]]) -> dict[tuple[UUID, int], datetime]:
    query = select(Clock.ticket_id, Clock.round, func.min(Clock.due_at)).where(
        one_of(Clock.ticket_id, [row.id for row in rows]), Clock.stage == "resolve", Clock.state.in_(("running", "paused"))
    )
    return {(ticket, number): due for ticket, number, due in await session.execute(query.group_by(Clock.ticket_id, Clock.round))}


async def _answers(session: AsyncSession, rows: Sequence[Row[Any]]) -> dict[UUID, list[Row[Any]]]:
    own = [row.complaint_id for row in rows if row.complaint_id is not None]
    if not own:
        return {}
    query = select(Answer.complaint_id, Answer.words, Answer.answered_at).where(one_of(Answer.complaint_id, own))
    found: dict[UUID, list[Any]] = {}
    for row in await session.execute(query.order_by(Answer.answered_at, Answer.id)):
        found.setdefault(row.complaint_id, []).append(row)
    return found


def _view(row: Row[Any], beside: _Beside) -> dict[str, Any]:
    own = row.complaint_id is not None
    policy = beside.policies.category(row.category_code) if row.category_code else None
    answers = beside.answers.get(row.complaint_id, ()) if own else ()
    given = (read_paper(row.paper_id, row.row_key, row.sealed) or {}) if row.paper_id is not None else {}
    place = _place(row.place_unit_id, beside.tree, exact=own)
    view = {
        "service_request_id": row.number,
        "status": open_or_closed(row.status),
        "status_notes": _notes(row.status, answers),
        "service_name": policy.name if policy else None,
        "service_code": row.category_code or "",
        "description": (hidden(row.said.words[: row.described]) or None) if own else None,
        "agency_responsible": _agency(row, beside.tree),
        "service_notice": None,
        "requested_datetime": w3c(row.received_at),
        "updated_datetime": w3c(row.closed_at or row.updated_at if row.status not in OPEN else row.updated_at),
        "expected_datetime": w3c(beside.due.get((row.id, row.round))),
        "address": _said_there(row, own=own) or _address(place, beside.tree),
        "address_id": place.code if place else None,
        "zipcode": None,
        "lat": _degrees(row.lat, exact=own),
        "long": _degrees(row.lon, exact=own),
        "media_url": next(iter(given.get("media_url", ())), None),
    }
    return {**view, **_extensions(row, answers, given)} if beside.more else view


def _said_there(row: Row[Any], *, own: bool) -> str | None:
    place = row.said.place if own else None
    return hidden(place) if place else None


def _notes(status: str, answers: Sequence[Row[Any]]) -> str:
    words: str = STATUS_WORDS[status]
    return f"{words}：{hidden(answers[-1].words)}" if answers else words


def _agency(row: Row[Any], tree: UnitTree) -> str | None:
    unit = tree.by_id.get(row.lead_unit_id or row.desk_unit_id)
    return short_name(unit.name, unit.kind) if unit else None


def _place(unit_id: UUID | None, tree: UnitTree, *, exact: bool) -> UnitNode | None:
    """The unit of the place; for the public never smaller than a village."""
    unit = tree.by_id.get(unit_id) if unit_id else None
    if unit is not None and unit.kind == "grid" and not exact:
        return next(iter(tree.ancestors(unit)), None)
    return unit


def _address(unit: UnitNode | None, tree: UnitTree) -> str | None:
    """The place as it is written here, the widest first: 和平县彭寨镇水口村."""
    if unit is None:
        return None
    chain = [*reversed(tree.ancestors(unit)), unit]
    return "".join(short_name(one.name, one.kind) for one in chain)


def _degrees(value: float | None, *, exact: bool) -> float | None:
    return value if value is None or exact else round(value, _DECIMALS)


def _extensions(row: Row[Any], answers: Sequence[Row[Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """What clients that ask for `extensions` get beside the specification's own."""
    steps = [
        {"datetime": w3c(at), "summary": STATUS_NAMES[status], "description": None, "type": "status"}
        for status, column in _MILESTONES
        if (at := getattr(row, column)) is not None
    ]
    told = [{"datetime": w3c(one.answered_at), "summary": "反馈", "description": hidden(one.words), "type": "answer"} for one in answers]
    attributes = [
        {"code": name.removeprefix("attribute[").rstrip("[]"), "value": ", ".join(values)}
        for name, values in given.items()
        if name.startswith("attribute[")
    ]
    return {
        "attributes": attributes,
        "extended_attributes": {"external_status_code": row.status, "fixmystreet_status": fixmystreet_status(row.status)},
        "notes": sorted([*steps, *told], key=lambda note: str(note["datetime"])),
    }
