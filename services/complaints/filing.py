"""From what was told to the rows that keep it. Pure: no database, no clock, no number yet.

The ticket's event carries ids and codes only: the words stay, sealed, in the complaint's row, the person in the complainant's.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from services.complaints.commands import FileComplaint, Place
from services.complaints.contacts import seal_contact
from services.complaints.placing import point_of
from services.deadlines.clocks import PLAIN, ClockRules
from services.platform.actor import Actor
from services.platform.errors import Fault, Invalid
from services.platform.ids import new_id
from services.platform.sealed_words import seal_telling
from services.routing.geo import to_wgs84
from services.tickets.opening import OpenedRows, Opening, open_ticket

Row = dict[str, Any]

AHEAD_AT_MOST = timedelta(minutes=5)
"""How far a device's clock may run ahead before its time is refused."""
BACK_AT_MOST = timedelta(days=366)
_NO_PLACE = Place()


@dataclass(frozen=True, slots=True)
class Bearings:
    """What the codes in a telling mean in this county, and the rules its clocks go by: looked up before, in snapshots."""

    area_path: str
    place_unit_id: UUID | None = None
    surface_to_id: UUID | None = None
    category_code: str | None = None
    category_version: int | None = None
    urgency: str = "normal"
    privacy: str = "normal"
    danger: str | None = None
    rules: ClockRules = PLAIN
    accused: tuple[str, ...] | None = None


class Repeatable(NamedTuple):
    """The idempotency key a caller gave, within their scope, and the fingerprint of what they asked."""

    scope: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Filing:
    """A complaint ready to be written. Only the ticket's number is missing: it is drawn when the row is written."""

    actor: Actor
    now: datetime
    ticket_id: UUID
    opening: Opening
    complaint: Row
    complainant: Row | None
    links: tuple[Row, ...] = ()
    repeatable: Repeatable | None = None
    place: dict[str, Any] | None = field(default=None)

    @property
    def complaint_id(self) -> UUID:
        """The complaint's id, made here."""
        found: UUID = self.complaint["id"]
        return found

    @property
    def message(self) -> tuple[str, str]:
        """What makes the message one, however often it is delivered."""
        return self.complaint["channel"], self.complaint["channel_message_id"]

    def opened(self, sequence: int) -> OpenedRows:
        """Return the ticket's rows, with the `sequence`-th number."""
        return open_ticket(self.actor, self.now, self.opening, ticket_id=self.ticket_id, sequence=sequence)


def prepare(
    command: FileComplaint,
    actor: Actor,
    now: datetime,
    bearings: Bearings,
    *,
    repeatable: Repeatable | None = None,
    place: dict[str, Any] | None = None,
) -> Filing:
    """Return the rows of `command`, said by whoever `actor` writes it down for, learned at `now`.

    Raises Invalid where the stated time cannot be. `place` is what the caller is told about the place, and no part of the rows.
    """
    telling = command.telling
    said_at = _said_at(telling.happened_at, now)
    complaint = _complaint(command, actor, now, said_at)
    complaint["confidential"] |= bearings.accused is not None
    complaint_id = complaint["id"]
    contact = telling.contact if command.source == "complaint" else None
    return Filing(
        actor=actor,
        now=now,
        ticket_id=complaint["ticket_id"],
        opening=_opening(command, bearings, said_at, complaint_id),
        complaint=complaint,
        complainant=seal_contact(complaint_id, contact, now) if contact is not None and contact.known else None,
        links=tuple(_link(attachment_id, complaint_id, now) for attachment_id in telling.attachment_ids),
        repeatable=repeatable,
        place=place,
    )


def _opening(command: FileComplaint, bearings: Bearings, said_at: datetime, complaint_id: UUID) -> Opening:
    secret = command.telling.confidential or bearings.accused is not None
    lat, lon = (None, None) if bearings.accused is not None else _on_the_map(command.telling.place or _NO_PLACE)
    return Opening(
        channel=command.channel,
        source=command.source,
        received_at=said_at,
        area_path=bearings.area_path,
        rules=bearings.rules,
        category_code=bearings.category_code,
        category_version=bearings.category_version,
        urgency=bearings.urgency,
        privacy="confidential" if secret else bearings.privacy,
        place_unit_id=bearings.place_unit_id,
        lat=lat,
        lon=lon,
        surface_to_id=bearings.surface_to_id,
        complaint_id=complaint_id,
        danger=bearings.danger,
        told=command.told,
        terms=command.terms,
        accused=bearings.accused,
    )


def _complaint(command: FileComplaint, actor: Actor, now: datetime, said_at: datetime) -> Row:
    telling = command.telling
    where = telling.place or _NO_PLACE
    complaint_id = new_id()
    return {
        "id": complaint_id,
        "ticket_id": new_id(),
        "channel": command.channel,
        "channel_message_id": command.channel_message_id,
        **seal_telling(complaint_id, telling.words, where.words),
        "category_hint": telling.category,
        "place_code": where.unit_code,
        "lat": where.lat,
        "lon": where.lon,
        "coordinate_system": where.coordinate_system,
        "confidential": telling.confidential,
        "wants_answer": telling.wants_answer and command.source == "complaint",
        "call_id": command.call_id,
        "household_id": command.household_id,
        "filed_by_account_id": actor.account_id,
        "happened_at": said_at,
        "received_at": now,
    }


def _said_at(stated: datetime | None, now: datetime) -> datetime:
    if stated is None:
        return now
    if stated > now + AHEAD_AT_MOST:
        raise _wrong_time("must not be in the future")
    if stated < now - BACK_AT_MOST:
        raise _wrong_time("must not be older than 366 days")
    return min(stated, now)


def _wrong_time(detail: str) -> Invalid:
    return Invalid("complaint.time_impossible", "Correct the time at which it was said.", errors=[Fault("/happened_at", detail)])


def _on_the_map(where: Place) -> tuple[float | None, float | None]:
    """The place in WGS-84, which everything inside counts in; the complaint keeps it as it was given."""
    given = point_of(where)
    if given is None:
        return None, None
    point = to_wgs84(given)
    return point.lat, point.lon


def _link(attachment_id: UUID, complaint_id: UUID, now: datetime) -> Row:
    return {"attachment_id": attachment_id, "subject_id": complaint_id, "subject_kind": "complaint", "role": "evidence", "linked_at": now}
