"""Supplements: what a complainant tells later of the same matter. Laid beside the complaint, never into it; the ticket learns of it.

The words stay here: the ticket's event says only that there are some, so that whoever holds the ticket is told and reads them there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert as plain_insert
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.attachments.models import AttachmentLink
from services.complaints.commands import Place
from services.complaints.danger import danger_in
from services.complaints.models import Complaint, Supplement
from services.complaints.placing import point_of
from services.complaints.reading import owed_answers
from services.complaints.views import SupplementView
from services.platform.ids import new_id
from services.platform.sealed_words import seal_telling
from services.platform.unit_of_work import Work
from services.routing.geo import to_wgs84
from services.tickets import commands
from services.tickets.actions import act_on
from services.tickets.lifecycle import OPEN
from services.tickets.models import Ticket

TOLD_APART = timedelta(minutes=5)
"""Pictures that come sooner after one another are one message to the unit."""
_MERGED_AT_MOST = 10
_T = Ticket.__table__


@dataclass(frozen=True, slots=True, repr=False)
class MoreTold:
    """Something told later, on a channel, under the channel's own id of the message. No `repr`: words are nobody else's."""

    channel: str
    channel_message_id: str
    words: str | None = None
    place: Place = field(default_factory=Place)
    files: int = 0
    attachment_ids: tuple[UUID, ...] = ()


async def open_ticket_of(session: AsyncSession, ticket_id: UUID) -> UUID | None:
    """Return the ticket on which a matter goes on (where it was merged, the one it was merged into); None where it has ended."""
    going_on, status = await goes_on_in(session, ticket_id)
    return going_on if status in OPEN else None


async def goes_on_in(session: AsyncSession, ticket_id: UUID) -> tuple[UUID, str]:
    """Return the ticket a matter is, or was, handled in (where it was merged, the one it was merged into), and that ticket's status."""
    status = "merged"
    for _ in range(_MERGED_AT_MOST):
        status, into = (await session.execute(select(_T.c.status, _T.c.merged_into_id).where(_T.c.id == ticket_id))).one()
        if into is None:
            break
        ticket_id = into
    return ticket_id, status


async def supplement(work: Work, complaint_id: UUID, ticket_id: UUID, more: MoreTold, *, quiet: bool = False) -> UUID | None:
    """Lay what was told later beside the complaint and note it on the open ticket; return its id, None where it was there before.

    `work.actor` is the complainant, or an operator who writes it down. `quiet`: the unit was told of one a moment ago; danger to life is
    never quiet. Raises what the decision on the ticket raises; nothing is written then.
    """
    point = point_of(more.place)
    supplement_id = new_id()
    row = {
        "id": supplement_id,
        "complaint_id": complaint_id,
        "channel": more.channel,
        "channel_message_id": more.channel_message_id,
        **seal_telling(supplement_id, more.words, more.place.words),
        "lat": more.place.lat,
        "lon": more.place.lon,
        "coordinate_system": more.place.coordinate_system,
        "files": more.files,
        "by_account_id": work.actor.account_id,
        "received_at": work.now,
    }
    once = insert(Supplement).values(row).on_conflict_do_nothing(index_elements=["complaint_id", "channel_message_id"])
    written: UUID | None = await work.session.scalar(once.returning(Supplement.id))
    if written is None:
        return None
    await link_files(work, complaint_id, more.attachment_ids)
    where = to_wgs84(point) if point is not None else None
    danger = danger_in(more.words) if more.words else None
    command = commands.Supplement(
        supplement_id=written,
        complaint_id=complaint_id,
        words=more.words is not None,
        files=more.files,
        lat=where.lat if where else None,
        lon=where.lon if where else None,
        placed=where is not None or more.place.words is not None,
        danger=danger,
        quiet=quiet and danger is None,
    )
    await act_on(work, ticket_id, command, owed_answers)
    return written


async def link_files(work: Work, complaint_id: UUID, attachment_ids: Sequence[UUID]) -> None:
    """Tie files that the channel itself brought in to a complaint; one that is tied already stays as it is."""
    rows = [
        {"attachment_id": attachment_id, "subject_id": complaint_id, "subject_kind": "complaint", "role": "evidence", "linked_at": work.now}
        for attachment_id in dict.fromkeys(attachment_ids)
    ]
    if rows:
        await work.session.execute(insert(AttachmentLink).values(rows).on_conflict_do_nothing())


async def remark(work: Work, complaint_id: UUID, words: str, message_id: str, *, channel: str = "wechat") -> None:
    """Write beside a complaint what the system has to say of it (a picture could not be fetched), and on its ticket while it is open."""
    ticket_id = await work.session.scalar(select(Complaint.ticket_id).where(Complaint.id == complaint_id))
    going_on = await open_ticket_of(work.session, ticket_id) if ticket_id else None
    more = MoreTold(channel, message_id, words)
    if going_on is not None:
        await supplement(work, complaint_id, going_on, more)
        return
    remark_id = new_id()
    row = {
        "id": remark_id,
        "complaint_id": complaint_id,
        "channel": more.channel,
        "channel_message_id": message_id,
        **seal_telling(remark_id, words, None),
        "received_at": work.now,
    }
    await work.session.execute(plain_insert(Supplement), [row])


async def supplements_of(session: AsyncSession, complaint_ids: Sequence[UUID]) -> dict[UUID, list[SupplementView]]:
    """Return what was told later of each complaint, oldest first."""
    query = select(Supplement).where(Supplement.complaint_id.in_(complaint_ids)).order_by(Supplement.received_at, Supplement.id)
    found: dict[UUID, list[SupplementView]] = {}
    for row in await session.scalars(query):
        view = SupplementView(
            id=row.id,
            channel=row.channel,
            words=row.said.told,
            place_words=row.said.place,
            has_point=row.lat is not None,
            files=row.files,
            received_at=row.received_at,
        )
        found.setdefault(row.complaint_id, []).append(view)
    return found
