"""Updates both ways, as FixMyStreet exchanges them: what happened to a client's own requests, and what its users add to them.

Told is every change of status and every answer; nothing else of a ticket's story is the client's. Taken is what a complainant adds: words
and pictures become a supplement of the complaint, ``FIXED`` and ``REOPEN`` from whoever reported it their verdict on the answer they got.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.attachments.receiving import Received, write_down
from services.channels.open311.filing import CHANNEL, keep_paper, want_media
from services.channels.open311.models import Open311Request, Open311Update
from services.channels.open311.reading import DESCRIPTION_AT_MOST, Fields, read_instant
from services.channels.open311.status import SENT, fixmystreet_status, open_or_closed, solved_by, w3c
from services.complaints.afterwards import told_afterwards
from services.complaints.reading import owed_answers
from services.complaints.supplements import MoreTold, open_ticket_of, supplement
from services.complaints.tracking import STATUS_WORDS
from services.connections.directory import ConnectedSystem
from services.journal.models import Event
from services.platform.actor import COMPLAINANT
from services.platform.errors import NotFound, Problem
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, read_paper
from services.platform.phones import normalised_phone
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets.actions import act_on
from services.tickets.commands import Confirmation
from services.tickets.models import Answer, Ticket
from services.tickets.numbers import read_number

PAPER = "open311_update"
_SOMEBODY_ELSE = "〔他人补充〕"
_TOO_LATE = "诉求人通过开放接口对已结束的工单作了补充说明，请查看后回访，核实是否需要重办。"
_MARKS = ("email", "phone", "account_id", "device_id")


async def updates_between(
    session: AsyncSession, system: ConnectedSystem, since: datetime, until: datetime, *, skip: int, size: int, more: bool
) -> list[dict[str, Any]]:
    """Return what happened to the requests of `system` between two instants (both inclusive), oldest first."""
    mine = Open311Request.connection_id == system.id
    changed = (
        select(Event.id, Event.recorded_at.label("at"), Event.data, Ticket.number)
        .join(Open311Request, Open311Request.ticket_id == Event.subject_id)
        .join(Ticket, Ticket.id == Event.subject_id)
        .where(mine, Event.recorded_at.between(since, until), Event.data.has_key("to_status"))
        .where(Event.data["to_status"].astext != "answered")
        .order_by(Event.recorded_at, Event.id)
        .limit(skip + size)
    )
    answered = (
        select(Answer.id, Answer.answered_at.label("at"), Answer.words, Ticket.number, Ticket.status)
        .join(Open311Request, Open311Request.complaint_id == Answer.complaint_id)
        .join(Ticket, Ticket.id == Open311Request.ticket_id)
        .where(mine, Answer.answered_at.between(since, until))
        .order_by(Answer.answered_at, Answer.id)
        .limit(skip + size)
    )
    told = [(row.at, row.id, _changed(row, more=more)) for row in await session.execute(changed)]
    told += [(row.at, row.id, _answered(row, more=more)) for row in await session.execute(answered)]
    return [view for *_, view in sorted(told, key=lambda one: one[:2])][skip : skip + size]


def _changed(row: Any, *, more: bool) -> dict[str, Any]:
    status = row.data["to_status"]
    why = row.data.get("words") if status in ("rejected", "cancelled") else None
    return _update(row, status, f"{STATUS_WORDS[status]}：{why}" if why else STATUS_WORDS[status], more=more)


def _answered(row: Any, *, more: bool) -> dict[str, Any]:
    """An answer; one to a matter that was merged is told under the client's own number, which stays closed."""
    return _update(row, "merged" if row.status == "merged" else "answered", row.words, more=more)


def _update(row: Any, status: str, description: str, *, more: bool) -> dict[str, Any]:
    return {
        "update_id": str(row.id),
        "service_request_id": row.number,
        "status": fixmystreet_status(status) if more else open_or_closed(status),
        "updated_datetime": w3c(row.at),
        "description": description,
        "media_url": None,
        "external_status_code": status,
    }


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """An update that a client sends. `besides` is what else came with it, to be sealed."""

    number: str
    update_id: str
    said_at: datetime
    status: str
    words: str
    besides: dict[str, Any] = field(default_factory=dict)


def read_update(fields: Fields) -> Told:
    """Return the update in a request. Raises problems of status 400 for what is missing or wrong."""
    fields.check()
    given = {name: _needed(fields, name) for name in ("service_request_id", "update_id", "updated_datetime", "status", "description")}
    status = given["status"].strip().upper().replace(" ", "_")
    if status not in SENT:
        raise Problem("open311.status", f"status must be one of {', '.join(sorted(SENT))}.")
    if len(given["description"]) > DESCRIPTION_AT_MOST - len(_SOMEBODY_ELSE):
        raise Problem("open311.description", f"description is longer than {DESCRIPTION_AT_MOST - len(_SOMEBODY_ELSE)} characters.")
    if len(given["update_id"]) > 128:  # noqa: PLR2004  an id, not a text
        raise Problem("open311.update_id", "update_id is longer than 128 characters.")
    said_at = read_instant(given["updated_datetime"], "updated_datetime")
    besides = {name: values for name, values in fields.besides().items() if name not in given}
    return Told(given["service_request_id"], given["update_id"], said_at, status, given["description"], besides)


def _needed(fields: Fields, name: str) -> str:
    value = fields.one(name)
    if value is None:
        raise Problem("open311.missing", f"{name} is required.")
    return value


async def take_update(told: Told, system: ConnectedSystem, files: Sequence[Received]) -> UUID:
    """Keep an update of a request that `system` filed; return our id of it. `files` are durable in the store already.

    Raises NotFound ``open311.request_unknown`` for any other request, and a problem of status 400 ``open311.update_known`` for an
    `update_id` that was taken before.
    """
    async with unit_of_work(COMPLAINANT) as work:
        request = await _own_request(work.session, told.number, system)
        by_reporter = _is_reporter(
            told.besides, read_paper(request.paper_id, request.row_key, request.sealed) if request.paper_id else None
        )
        update_id = await _write_once(work, told, system, request.complaint_id)
        attached = tuple([await write_down(work, file) for file in files])
        words = told.words if by_reporter else f"{_SOMEBODY_ELSE}{told.words}"
        more = MoreTold(CHANNEL, f"update:{update_id}", words, files=len(attached), attachment_ids=attached)
        goes_on = await open_ticket_of(work.session, request.ticket_id)
        if goes_on is None:
            await told_afterwards(work, request.complaint_id, request.ticket_id, more, _TOO_LATE, by_them=by_reporter)
        else:
            await supplement(work, request.complaint_id, goes_on, more)
            await _verdict(work, goes_on, solved_by(told.status) if by_reporter else None, own=goes_on == request.ticket_id)
        return update_id


async def _own_request(session: AsyncSession, number: str, system: ConnectedSystem) -> Any:
    canonical = read_number(number)
    if canonical is not None:
        query = (
            select(Open311Request.complaint_id, Open311Request.ticket_id, Open311Request.paper_id, SealedPaper.row_key, SealedPaper.sealed)
            .join(Ticket, Ticket.id == Open311Request.ticket_id)
            .outerjoin(SealedPaper, SealedPaper.id == Open311Request.paper_id)
            .where(Ticket.number == canonical, Open311Request.connection_id == system.id)
        )
        found = (await session.execute(query.limit(1))).one_or_none()
        if found is not None:
            return found
    raise NotFound("open311.request_unknown", "There is no service_request_id like this that was filed with this api_key.")


async def _write_once(work: Work, told: Told, system: ConnectedSystem, complaint_id: UUID) -> UUID:
    """Write the update down; two deliveries at once wait for each other at the unique index."""
    paper_id = await keep_paper(work, PAPER, told.besides)
    row = {
        "id": new_id(),
        "connection_id": system.id,
        "update_id": told.update_id,
        "complaint_id": complaint_id,
        "status": told.status,
        "paper_id": paper_id,
        "said_at": told.said_at,
        "recorded_at": work.now,
    }
    once = insert(Open311Update).values(row).on_conflict_do_nothing(index_elements=["connection_id", "update_id"])
    written: UUID | None = await work.session.scalar(once.returning(Open311Update.id))
    if written is None:
        raise Problem("open311.update_known", "An update with this update_id already exists.")
    await want_media(work, complaint_id, paper_id, told.besides)
    return written


async def _verdict(work: Work, ticket_id: UUID, solved: bool | None, *, own: bool) -> None:
    """Take a verdict where an answer waits for one. That it is solved, one of several complainants cannot say for the others."""
    status = await work.session.scalar(select(Ticket.status).where(Ticket.id == ticket_id))
    if solved is None or status != "answered" or (solved and not own):
        return
    await act_on(work, ticket_id, Confirmation(action="call_back", way="open311", reached=True, solved=solved), owed_answers)


def _is_reporter(update: dict[str, Any], request: dict[str, Any] | None) -> bool:
    """Tell whether an update comes from whoever made the request: it names nobody, or one of the same marks."""
    here, there = _marks(update), _marks(request or {})
    return not here or bool(here & there)


def _marks(given: dict[str, Any]) -> set[tuple[str, str]]:
    return {(name, _canonical(name, value)) for name in _MARKS for value in given.get(name, ())}


def _canonical(name: str, value: str) -> str:
    if name == "phone":
        try:
            return normalised_phone(value) or value
        except ValueError:
            return value
    return value.strip().lower()
