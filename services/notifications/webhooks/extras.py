"""What an entitled subscription gets besides: the complainants' words and contacts, opened at the moment of sending and kept nowhere."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import Row, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.contacts import open_contact
from services.complaints.models import Complainant, Complaint
from services.complaints.restricting import is_restricted
from services.notifications.webhooks.matching import instant
from services.platform.bulk import one_of
from services.platform.text import hidden
from services.tickets.models import Ticket


@dataclass(frozen=True, slots=True, repr=False)
class Extras:
    """The sealed rows of the complaints of some tickets."""

    rows: Mapping[UUID, Sequence[Row[Any]]]

    def of(self, ticket_id: UUID | None) -> list[dict[str, Any]] | None:
        """Return the complaints of a ticket in clear; None where there is nothing this subscription may have."""
        if ticket_id is None or ticket_id not in self.rows:
            return None
        return [_complaint(row) for row in self.rows[ticket_id]]


async def read_extras(session: AsyncSession, ticket_ids: set[UUID | None]) -> Extras:
    """Read the complaints of tickets, and of those merged into them, still sealed."""
    wanted = sorted(found for found in ticket_ids if found is not None)
    if not wanted:
        return Extras({})
    rows: Iterable[Row[Any]] = await session.execute(
        select(
            Complaint.id,
            Complaint.channel,
            Complaint.said,
            Complaint.happened_at,
            Complaint.confidential,
            Complainant.row_key,
            Complainant.sealed,
            Ticket.id.label("own"),
            Ticket.merged_into_id.label("into"),
            Ticket.privacy,
        )
        .join(Ticket, Ticket.id == Complaint.ticket_id)
        .join(
            Complainant, and_(Complainant.complaint_id == Complaint.id, ~is_restricted(Complainant.__table__.c.complaint_id)), isouter=True
        )
        .where(one_of(Ticket.id, wanted) | one_of(Ticket.merged_into_id, wanted))
        .order_by(Complaint.id)
    )
    found: defaultdict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        for ticket_id in {row.own, row.into} & set(wanted):
            found[ticket_id].append(row)
    return Extras(found)


def _complaint(row: Row[Any]) -> dict[str, Any]:
    """A complaint in clear. Whoever asked for confidence is named to nobody outside, entitled or not."""
    place = row.said.place
    return {
        "id": str(row.id),
        "channel": row.channel,
        "words": hidden(row.said.words),
        "place": hidden(place) if place else None,
        "said_at": instant(row.happened_at),
        "confidential": row.confidential or row.privacy == "confidential",
        "contact": None if row.confidential or row.privacy == "confidential" else _contact(row),
    }


def _contact(row: Row[Any]) -> dict[str, str | None] | None:
    try:
        contact = open_contact(row.id, row.row_key, row.sealed)
    except InvalidTag:
        return None
    return {"name": contact.name, "phone": contact.phone} if contact else None
