"""What is known of people on WeChat: when they last did something, what was sent since, what they agreed to receive.

Called with the keyed index of an openid (``blind_index(OPENID, openid)``), in the transaction that keeps the push, once for each push.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import ARRAY, LargeBinary, any_, bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.connections.models import WeChatFailure, WeChatPerson
from services.platform.ids import new_id
from services.platform.unit_of_work import Work

Interaction = Literal["message", "click", "follow", "scan"]

_LONGEST_REASON = 64
_ACCEPTED = "accept"
_REFUSED = "43101"
_SUCCESS = frozenset({"success", "0"})


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """One person as the ways to reach somebody see them."""

    last_message_at: datetime | None = None
    message_sends: int = 0
    touched_at: datetime | None = None
    touch_sends: int = 0
    consents: dict[str, int] = field(default_factory=dict)


async def note_interaction(work: Work, openid_index: bytes, kind: Interaction, at: datetime) -> None:
    """Remember that the person did something at `at`: a message opens 48 hours and five messages, anything else a minute and three.

    What comes late or twice changes nothing.
    """
    happened, sends = ("last_message_at", "message_sends") if kind == "message" else ("touched_at", "touch_sends")
    column = getattr(WeChatPerson, happened)
    row = insert(WeChatPerson).values({"openid_index": openid_index, happened: at})
    newer = {happened: at, sends: 0}
    await work.session.execute(
        row.on_conflict_do_update(index_elements=["openid_index"], set_=newer, where=column.is_(None) | (column < at))
    )


async def note_consent(work: Work, openid_index: bytes, template_id: str, status: str) -> None:
    """Remember one line of subscribe_msg_popup_event or subscribe_msg_change_event: ``accept`` allows one more message, else none."""
    if status == _ACCEPTED:
        await work.session.execute(insert(WeChatPerson).values(openid_index=openid_index).on_conflict_do_nothing())
        await work.session.execute(_ALLOW, {"openid_index": openid_index, "template_id": template_id})
    else:
        await close_consent(work, openid_index, template_id)


async def note_template_result(
    work: Work, openid_index: bytes, status: str, *, message_id: str | None = None, template_id: str | None = None
) -> None:
    """Remember what became of a message that WeChat had taken. Of success nothing is kept.

    TEMPLATESENDJOBFINISH: `status` as it is written there (``failed:user block``) and its MsgID as `message_id`. subscribe_msg_sent_event:
    ErrorCode as `status` and TemplateId as `template_id`; its MsgID says nothing, because sending gives none.
    """
    reason = "".join(status.split()).lower()[:_LONGEST_REASON]
    if reason in _SUCCESS or (message_id is None and template_id is None):
        return
    known_by = {"template_id": template_id} if template_id else {"message_id": message_id}
    failure = WeChatFailure(id=new_id(), openid_index=openid_index, reason=reason, recorded_at=work.now, **known_by)
    work.session.add(failure)
    await work.session.flush()
    if template_id and reason == _REFUSED:
        await close_consent(work, openid_index, template_id)


async def forget_person(work: Work, openid_index: bytes) -> None:
    """Delete all that is known here of somebody who has unfollowed."""
    await work.session.execute(delete(WeChatPerson).where(WeChatPerson.openid_index == openid_index))
    await work.session.execute(delete(WeChatFailure).where(WeChatFailure.openid_index == openid_index))


async def person_facts(session: AsyncSession, openid_indexes: Iterable[bytes]) -> dict[bytes, PersonFacts]:
    """Return what is known of each person; nothing of those never seen."""
    wanted = list(openid_indexes)
    if not wanted:
        return {}
    rows = await session.execute(
        select(
            WeChatPerson.openid_index,
            WeChatPerson.last_message_at,
            WeChatPerson.message_sends,
            WeChatPerson.touched_at,
            WeChatPerson.touch_sends,
            WeChatPerson.consents,
        ).where(WeChatPerson.openid_index == any_(bindparam(None, wanted, ARRAY(LargeBinary()))))
    )
    return {row[0]: PersonFacts(*row[1:]) for row in rows}


async def count_customer_message(work: Work, openid_index: bytes, *, by_message: bool) -> None:
    """Count one customer message sent in the window that the person's message opened, or that anything else did."""
    column = WeChatPerson.message_sends if by_message else WeChatPerson.touch_sends
    await work.session.execute(update(WeChatPerson).where(WeChatPerson.openid_index == openid_index).values({column: column + 1}))


async def use_consent(work: Work, openid_index: bytes, template_id: str) -> None:
    """Count one subscription message sent: one consent is one message."""
    await work.session.execute(_USE, {"openid_index": openid_index, "template_id": template_id})


async def close_consent(work: Work, openid_index: bytes, template_id: str) -> None:
    """Remember that no consent is left."""
    changed = update(WeChatPerson).where(WeChatPerson.openid_index == openid_index)
    await work.session.execute(changed.values(consents=WeChatPerson.consents.op("-")(template_id)))


_ALLOW = text(
    "UPDATE wechat_people SET consents = consents || jsonb_build_object(CAST(:template_id AS text),"
    " coalesce((consents ->> CAST(:template_id AS text))::int, 0) + 1) WHERE openid_index = :openid_index"
)
_USE = text(
    "UPDATE wechat_people SET consents = consents || jsonb_build_object(CAST(:template_id AS text),"
    " (consents ->> CAST(:template_id AS text))::int - 1)"
    " WHERE openid_index = :openid_index AND (consents ->> CAST(:template_id AS text))::int > 0"
)
