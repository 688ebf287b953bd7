"""What is told of a matter whose ticket has ended: kept beside the complaint, and brought to people. Only people open a ticket again.

Danger to life waits for nobody's call: it is filed as a new matter, at the same place.
"""

from uuid import UUID

from sqlalchemy import insert, select

from services.complaints.commands import Contact, FileComplaint, Place, Telling
from services.complaints.contacts import open_contact
from services.complaints.danger import danger_in
from services.complaints.filing_desk import prepared_within
from services.complaints.models import Complainant, Complaint, Supplement
from services.complaints.phone_tasks import open_phone_tasks
from services.complaints.supplements import MoreTold, link_files
from services.complaints.writing import write
from services.organization.queries import unit_tree
from services.platform.database import driver_of
from services.platform.ids import new_id
from services.platform.sealed_words import seal_telling
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket


async def told_afterwards(work: Work, complaint_id: UUID, ticket_id: UUID, more: MoreTold, task_words: str, *, by_them: bool) -> None:
    """Keep `more`, told of the ended ticket `ticket_id`, and have the hotline look at it: `task_words` say what to do.

    `by_them`: the complainant says so, and not somebody else. It is no ``call_back`` that the hotline gets: that asks about an answer, and
    ends with the ticket.
    """
    supplement_id = new_id()
    row = {
        "id": supplement_id,
        "complaint_id": complaint_id,
        "channel": more.channel,
        "channel_message_id": more.channel_message_id,
        **seal_telling(supplement_id, more.words, more.place.words),
        "files": more.files,
        "received_at": work.now,
    }
    await work.session.execute(insert(Supplement), [row])
    await link_files(work, complaint_id, more.attachment_ids)
    task = {"ticket_id": ticket_id, "complaint_id": complaint_id, "purpose": "tell", "words": task_words}
    await open_phone_tasks(work, [task])
    if more.words and danger_in(more.words):
        await _file_anew(work, complaint_id, more, by_them=by_them)


async def _file_anew(work: Work, complaint_id: UUID, more: MoreTold, *, by_them: bool) -> None:
    """File what was told as a complaint at the same place, of the same person where they tell it themselves."""
    query = select(Complaint, Ticket.place_unit_id, Complainant.row_key, Complainant.sealed).join(Ticket, Ticket.id == Complaint.ticket_id)
    query = query.outerjoin(Complainant, Complainant.complaint_id == Complaint.id).where(Complaint.id == complaint_id)
    first, unit_id, row_key, sealed = (await work.session.execute(query)).one()
    unit = (await unit_tree(work.session)).by_id.get(unit_id) if unit_id else None
    known = open_contact(complaint_id, row_key, sealed) if by_them else None
    telling = Telling(
        words=more.words or "",
        place=Place(
            unit_code=unit.code if unit and unit.active else None,
            words=more.place.words or first.said.place,
            lat=first.lat,
            lon=first.lon,
            coordinate_system=first.coordinate_system,
        ),
        contact=Contact(name=known.name, phone=known.phone, openid=known.openid, email=known.email) if known else None,
        confidential=first.confidential,
    )
    filing = await prepared_within(work, FileComplaint(more.channel, more.channel_message_id, telling))
    await write(await driver_of(work.session), [filing])
    work.rings = True
