"""Telling a unit of something that is no ticket, by the same messages and ways as everything else it is told."""

from uuid import UUID

from services.notifications.models import Message
from services.notifications.templates import SIGNED
from services.platform.bulk import insert_many
from services.platform.ids import new_id
from services.platform.unit_of_work import Work


async def announce(work: Work, *, unique_key: str, event_id: UUID, unit_id: UUID, template: str, words: str) -> None:
    """Queue one message to a unit about an event; the same `unique_key` again does nothing. `words` hold no personal data."""
    row = {
        "id": new_id(),
        "unique_key": unique_key,
        "ticket_id": None,
        "event_id": event_id,
        "audience": "unit",
        "complaint_id": None,
        "unit_id": unit_id,
        "template": template,
        "words": SIGNED + words,
        "state": "queued",
        "next_try_at": work.now,
        "created_at": work.now,
    }
    await insert_many(work.session, Message, [row], condition="ON CONFLICT (unique_key) DO NOTHING")
