"""Forgetting somebody who unsubscribed: the platform's rule is that what was had from WeChat about them is deleted.

Their tickets and what they told stay: those are the county's files. What goes is whatever says who they were: the openid wherever it was
sealed, its index, the talk, what is known of how to reach them. If they come back they are somebody new.
"""

from typing import Any

from sqlalchemy import delete, exists, select, update

from services.channels.wechat.models import Conversation, WechatMessage
from services.complaints.commands import Contact
from services.complaints.contacts import open_contact, seal_contact
from services.complaints.models import Complainant
from services.connections.wechat_people import forget_person
from services.platform.key_turns import destroyed
from services.platform.papers import SealedPaper, erase_papers
from services.platform.unit_of_work import Work

_GONE = {"row_key": None, "sealed": None, "phone_index": None, "openid_index": None}


async def forget(work: Work, conversation: dict[str, Any]) -> None:
    """Delete what is known from WeChat about the person of a held conversation; the turn of their leaving was just taken.

    What they sent after leaving (they came back at once) has not had its turn yet and stays. Needs the worker's rights.
    """
    index = conversation["openid_index"]
    await _forget_contacts(work, index)
    papers = select(SealedPaper.id).where(SealedPaper.openid_index == index)
    unsaid = update(WechatMessage).where(WechatMessage.paper_id.in_(papers), WechatMessage.reply == "owed")
    await work.session.execute(unsaid.values(reply="given_up", last_error="unsubscribed"))
    still_to_come = exists(select(WechatMessage.id).where(WechatMessage.paper_id == SealedPaper.id, WechatMessage.processed_at.is_(None)))
    await erase_papers(work.session, (SealedPaper.openid_index == index) & ~still_to_come)
    await forget_person(work, index)
    await work.session.execute(delete(Conversation).where(Conversation.id == conversation["id"]))


async def _forget_contacts(work: Work, openid_index: bytes) -> None:
    """Take the openid out of their contacts; a contact that was nothing else is erased."""
    query = select(Complainant.complaint_id, Complainant.row_key, Complainant.sealed, Complainant.recorded_at)
    for complaint_id, row_key, sealed, recorded_at in (
        await work.session.execute(query.where(Complainant.openid_index == openid_index))
    ).all():
        opened = open_contact(complaint_id, row_key, sealed)
        left = Contact(name=opened.name, phone=opened.phone, email=opened.email) if opened else Contact()
        row = seal_contact(complaint_id, left, recorded_at) if left.known else {}
        values = {name: row.get(name) for name in _GONE}
        await destroyed(work.session, [row_key])
        await work.session.execute(update(Complainant).where(Complainant.complaint_id == complaint_id).values(values))
