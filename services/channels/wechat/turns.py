"""Taking turns of a conversation: whoever holds its row takes what is waiting, in the order in which it was sent, each exactly once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.channels.wechat.answers import Part, must_be_sent, words_of
from services.channels.wechat.conversation import Kind, State, present_state, rule
from services.channels.wechat.effects import Talk, have
from services.channels.wechat.hearing import Heard, hear
from services.channels.wechat.keeping import Turn, unprocessed
from services.channels.wechat.messages import Push
from services.channels.wechat.models import Conversation, WechatMessage
from services.channels.wechat.own import closed_lately, named, own_progress, waiting_for_a_word
from services.complaints.supplements import open_ticket_of
from services.connections.wechat_people import Interaction, note_consent, note_interaction, note_template_result
from services.platform.bulk import table_of
from services.platform.ids import new_id
from services.platform.settings import settings
from services.platform.unit_of_work import Work

_C, _M = table_of(Conversation), table_of(WechatMessage)
_UNHAPPY = ("unsolved", "dissatisfied")


async def hold(work: Work, openid_index: bytes, *, patiently: bool = True) -> dict[str, Any] | None:
    """Return the conversation of a person, locked until the transaction ends; made where there is none.

    Where somebody else holds it: waits for them if `patiently`, else returns None.
    """
    row = {"id": new_id(), "openid_index": openid_index, "since": work.now, "last_at": work.now}
    if patiently:
        made = insert(Conversation).values(row)
        locked = made.on_conflict_do_update(index_elements=["openid_index"], set_={"version": _C.c.version + 1}).returning(_C)
        return dict((await work.session.execute(locked)).mappings().one())
    await work.session.execute(insert(Conversation).values(row).on_conflict_do_nothing())
    free = select(_C).where(_C.c.openid_index == openid_index).with_for_update(skip_locked=True)
    found = (await work.session.execute(free)).mappings().one_or_none()
    return None if found is None else dict(found)


async def take_turn(work: Work, conversation: dict[str, Any], turn: Turn, *, told: Callable[[], bool]) -> list[Part]:
    """Take one turn of a conversation that is held, and return what is answered.

    `told` says at the end whether the answer can still go back with the push; where it cannot, it is owed to the person.
    """
    push = turn.push
    heard = hear(push) if push is not None else Heard(Kind.QUIET)
    await _note_person(work, conversation["openid_index"], push)
    talk = Talk(work, conversation, turn, heard, push.sender if push else None, told=told)
    window = timedelta(minutes=settings().wechat_matter_minutes)
    state = State(conversation["state"])
    if state is State.TELLING:
        talk.going_on = await open_ticket_of(work.session, conversation["ticket_id"])
    state = present_state(state, conversation["last_at"], turn.received_at, window, matter_open=talk.going_on is not None)
    conversation["state"] = state
    talk.heard = heard = await _understood(talk, state)
    row = rule(state, heard.kind)
    for effect in row.effects:
        await have(talk, effect)
    conversation["state"] = row.to
    if push is not None and (push.kind != "event" or heard.kind is Kind.PLACE):
        conversation["last_at"] = max(conversation["last_at"], turn.received_at)
    await _write_down(talk, owed=bool(talk.says) and not told() and must_be_sent(talk.says))
    return talk.says


async def said(session: AsyncSession, openid_index: bytes, parts: Sequence[Part]) -> str | None:
    """Return the words of an answer, as they are told now."""
    asked = next((part for part in parts if part["say"] == "progress"), None)
    progress = await own_progress(session, openid_index, asked.get("number")) if asked else []
    return words_of(parts, settings().hotline_number, progress)


async def answered_before(session: AsyncSession, message_id: UUID) -> list[Part]:
    """Return what was answered to a push whose turn was taken."""
    answer = await session.scalar(select(_M.c.answer).where(_M.c.id == message_id))
    return list(answer["says"]) if answer else []


async def pending(session: AsyncSession, conversation: dict[str, Any]) -> list[Turn]:
    """Return the turns of a held conversation that wait to be taken, in order."""
    return await unprocessed(session, conversation["openid_index"])


async def _understood(talk: Talk, state: State) -> Heard:
    """Return what was heard in the light of the person's tickets: which one a verdict is about, and whether a number answers a question."""
    heard, conversation = talk.heard, talk.conversation
    if state is State.CHOOSING and heard.kind is Kind.PROGRESS and heard.words is not None:
        heard = replace(heard, kind=Kind.CHOICE)
    if heard.kind not in (Kind.VERDICT, Kind.CHOICE) or (heard.kind is Kind.CHOICE and state is not State.CHOOSING):
        return heard
    index = conversation["openid_index"]
    talk.candidates = await waiting_for_a_word(talk.work.session, index)
    if not talk.candidates:
        return await _too_late(talk, heard)
    chosen = named(talk.candidates, heard.number, heard.choice)
    if chosen is None and heard.kind is Kind.VERDICT and heard.number is None and len(talk.candidates) == 1:
        chosen = talk.candidates[0]
    talk.judged = chosen
    return heard if chosen is not None else replace(heard, kind=Kind.VERDICT_UNCLEAR)


async def _too_late(talk: Talk, heard: Heard) -> Heard:
    """No ticket waits for a verdict. "Not solved" about one that was closed lately is a new complaint that names it."""
    verdict = heard.verdict or talk.conversation["asked"]
    if verdict in _UNHAPPY and talk.going_on is None:
        closed = await closed_lately(talk.work.session, talk.conversation["openid_index"], talk.work.now, settings().reopen_days)
        about = named(closed, heard.number, heard.choice) or (closed[0] if closed and heard.number is None else None)
        if about is not None:
            talk.extra_words = f"（针对已办结的工单{about.number}）"
            return replace(heard, kind=Kind.NEW_WORDS, words=heard.words or "未解决")
    return replace(heard, kind=Kind.VERDICT_NONE)


async def _note_person(work: Work, openid_index: bytes, push: Push | None) -> None:
    """Remember what decides how the person can be written to: when they did something, what they agreed to, what did not arrive."""
    if push is None or push.event == "unsubscribe":
        return
    at = push.created_at
    if push.kind != "event":
        await note_interaction(work, openid_index, "message", at)
    elif push.event in _TOUCHES:
        await note_interaction(work, openid_index, _TOUCHES[push.event], at)
    elif push.event in ("subscribe_msg_popup_event", "subscribe_msg_change_event"):
        for choice in push.choices:
            await note_consent(work, openid_index, choice.get("TemplateId", ""), choice.get("SubscribeStatusString", ""))
    elif push.event == "TEMPLATESENDJOBFINISH":
        await note_template_result(work, openid_index, push.text_of("Status"), message_id=push.text_of("MsgID") or None)
    elif push.event == "subscribe_msg_sent_event":
        for choice in push.choices:
            status, template = choice.get("ErrorCode", ""), choice.get("TemplateId")
            await note_template_result(work, openid_index, status, message_id=choice.get("MsgID"), template_id=template)


_TOUCHES: dict[str, Interaction] = {"CLICK": "click", "subscribe": "follow", "SCAN": "scan"}

_DONE = text(
    "WITH talk AS (UPDATE conversations SET state = :state, complaint_id = :talk_complaint, ticket_id = :talk_ticket, asked = :asked,"
    " confides = :confides, told_unit_at = :told_unit_at, hint_message_id = :hint_message_id, hint_at = :hint_at, last_at = :last_at,"
    " version = version + 1"
    " WHERE id = :conversation_id)"
    " UPDATE wechat_messages SET processed_at = :now, conversation_id = :conversation_id, waits = :waits, complaint_id = :complaint_id,"
    " ticket_id = :ticket_id, answer = CAST(:answer AS jsonb), reply = :reply, due_at = :now, tries = 0 WHERE id = :message_id"
)


async def _write_down(talk: Talk, *, owed: bool) -> None:
    """Mark the turn as taken, and the conversation as it is now."""
    conversation = talk.conversation
    values = {
        "state": str(conversation["state"]),
        "talk_complaint": conversation["complaint_id"],
        "talk_ticket": conversation["ticket_id"],
        "conversation_id": conversation["id"],
        "now": talk.work.now,
        "waits": talk.waits,
        "complaint_id": talk.complaint_id,
        "ticket_id": talk.ticket_id,
        "answer": orjson.dumps({"says": talk.says}).decode() if talk.says else None,
        "reply": "owed" if owed else None,
        "message_id": talk.turn.id,
        **{name: conversation[name] for name in ("asked", "confides", "told_unit_at", "hint_message_id", "hint_at", "last_at")},
    }
    await talk.work.session.execute(_DONE, values)


async def owe(work: Work, message_id: UUID) -> None:
    """Note that the answer to a push whose turn was taken did not go back with it, and is owed."""
    unsaid = update(WechatMessage).where(WechatMessage.id == message_id, WechatMessage.reply.is_(None), WechatMessage.answer.is_not(None))
    await work.session.execute(unsaid.values(reply="owed", due_at=work.now))
