"""What the worker does for talks on WeChat: turns that were left over, photos that no words followed, answers that are still owed.

A turn is left over where the door failed, was killed, or had no right to take it (somebody unsubscribes). It is tried again for as long as
it takes: what somebody sent us is never given up.
"""

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Row, func, select, update

from services.channels.wechat.conversation import Effect, Kind, State, rule
from services.channels.wechat.effects import file_waiting
from services.channels.wechat.forgetting import forget
from services.channels.wechat.keeping import Turn, push_of
from services.channels.wechat.models import Conversation, WechatMessage
from services.channels.wechat.replies import shown_of
from services.channels.wechat.turns import hold, pending, said, take_turn
from services.connections.wechat_api import TOKEN_REFUSED, WeChatApi, WeChatError, WeChatUnreachable
from services.connections.wechat_people import count_customer_message
from services.platform.actor import COMPLAINANT, SYSTEM
from services.platform.bulk import table_of
from services.platform.papers import SealedPaper, read_paper
from services.platform.settings import settings
from services.platform.unit_of_work import Work, unit_of_work

log = structlog.get_logger()

LADDER = tuple(timedelta(seconds=seconds) for seconds in (2, 5, 15, 60, 300, 600))
"""How long a turn waits after each failure; after the last it goes on at that step."""
REPLY_LADDER = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 7200))
"""How long an owed answer waits after each failure; after the last it is given up: by then nobody waits for it."""
_BAD_MOMENT = TOKEN_REFUSED | {-1, 45009, 45011}
"""WeChat is busy, has enough of us for now, or knows no token just then: nothing is wrong with the answer or the person."""
_LEASE = timedelta(seconds=60)
_C, _M, _P = table_of(Conversation), table_of(WechatMessage), table_of(SealedPaper)


async def take_leftovers(limit: int) -> int:
    """Take one turn of each of up to `limit` people whose turns are due, oldest first; return how many were tried."""
    due = (
        select(_P.c.openid_index)
        .join(_M, _M.c.paper_id == _P.c.id)
        .where(_M.c.processed_at.is_(None), _M.c.due_at <= func.now(), _P.c.openid_index.is_not(None))
        .group_by(_P.c.openid_index)
        .order_by(func.min(_M.c.due_at))
        .limit(limit)
    )
    async with unit_of_work(SYSTEM) as work:
        people = list(await work.session.scalars(due))
    return sum([await _take_next(index) for index in people])


async def _take_next(openid_index: bytes) -> int:
    """Take the next turn of one person, and put it off where it fails; return how many were tried."""
    turn: Turn | None = None
    try:
        async with unit_of_work(COMPLAINANT) as work:
            conversation = await hold(work, openid_index, patiently=False)
            if conversation is None:
                return 0
            turn = _next(await pending(work.session, conversation), work)
            if turn is None:
                return 0
            await take_turn(work, conversation, turn, told=lambda: False)
            if turn.leaves:
                await forget(work, conversation)
    except Exception as error:
        if turn is None:  # what they sent cannot even be read: they wait, and nobody else does
            log.exception("wechat.talk_failed", error=type(error).__name__)
            await _put_off_all(openid_index, type(error).__name__)
            return 1
        log.exception("wechat.turn_failed", message_id=str(turn.id), error=type(error).__name__, tries=turn.tries + 1)
        await _put_off(turn, type(error).__name__)
    return 1


def _next(waiting: list[Turn], work: Work) -> Turn | None:
    """Return the turn to take: the first, unless the door still has its chance with it; one that failed lets others go before it.

    Only leaving goes before nothing: what was sent before it must be dealt with while it can be read.
    """
    for place, turn in enumerate(waiting):
        if turn.due_at <= work.now:
            return None if turn.leaves and place else turn
        if not turn.tries:
            return None
    return None


async def _put_off(turn: Turn, error: str) -> None:
    async with unit_of_work(SYSTEM) as work:
        wait = LADDER[min(turn.tries, len(LADDER) - 1)]
        failed = update(WechatMessage).where(WechatMessage.id == turn.id, WechatMessage.processed_at.is_(None))
        await work.session.execute(failed.values(tries=turn.tries + 1, due_at=work.now + wait, last_error=error))


async def _put_off_all(openid_index: bytes, error: str) -> None:
    """Look at a person's turns again after the ladder's last step. Raises where the database is away: then it is nothing of theirs."""
    async with unit_of_work(SYSTEM) as work:
        theirs = select(SealedPaper.id).where(SealedPaper.openid_index == openid_index)
        due = update(WechatMessage).where(WechatMessage.paper_id.in_(theirs), WechatMessage.processed_at.is_(None))
        await work.session.execute(due.values(due_at=work.now + LADDER[-1], last_error=error))


async def break_silences(limit: int) -> int:
    """File what waits for words that did not come within the window, for up to `limit` people; return how many were filed."""
    window = timedelta(minutes=settings().wechat_matter_minutes)
    async with unit_of_work(SYSTEM) as work:
        quiet = select(_C.c.openid_index).where(_C.c.state == State.GATHERING, _C.c.last_at < work.now - window)
        people = list(await work.session.scalars(quiet.order_by(_C.c.last_at).limit(limit)))
    return sum([await _break_one(index, window) for index in people])


async def _break_one(openid_index: bytes, window: timedelta) -> int:
    """Break one silence; where that fails, nobody else's is kept for it."""
    try:
        return await _break_silence(openid_index, window)
    except Exception as error:
        log.exception("wechat.silence_failed", error=type(error).__name__)
        return 0


async def _break_silence(openid_index: bytes, window: timedelta) -> int:
    async with unit_of_work(COMPLAINANT) as work:
        conversation = await hold(work, openid_index, patiently=False)
        if conversation is None or conversation["state"] != State.GATHERING or conversation["last_at"] >= work.now - window:
            return 0
        if await pending(work.session, conversation):  # their words may be among what is left over
            return 0
        row = rule(State.GATHERING, Kind.SILENCE)
        outcome = await file_waiting(work, conversation) if Effect.FILE_WAITING in row.effects else None
        after = update(Conversation).where(Conversation.id == conversation["id"])
        await work.session.execute(after.values(state=str(row.to), confides=conversation["confides"], version=Conversation.version + 1))
        return int(outcome is not None)


async def send_owed(api: WeChatApi | None, limit: int) -> int:
    """Tell up to `limit` answers that did not go back with their push; return how many were tried. Without WeChat they are given up."""
    async with unit_of_work(SYSTEM) as work:
        claimed = await _claim(work, limit)
    for row in claimed:
        try:
            await _tell(api, row)
        except Exception as error:
            log.exception("wechat.reply_failed", message_id=str(row.id), error=type(error).__name__)
            await _note(row, "owed" if row.tries <= len(REPLY_LADDER) else "given_up", type(error).__name__)
    return len(claimed)


async def _claim(work: Work, limit: int) -> list[Row[Any]]:
    due = (
        select(_M.c.id)
        .where(_M.c.reply == "owed", _M.c.due_at <= func.now())
        .order_by(_M.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    lease = update(_M).where(_M.c.id.in_(due.scalar_subquery())).values(due_at=func.now() + _LEASE, tries=_M.c.tries + 1)
    taken = list(await work.session.scalars(lease.returning(_M.c.id)))
    if not taken:
        return []
    query = select(_M.c.id, _M.c.answer, _M.c.tries, _P.c.id.label("paper_id"), _P.c.row_key, _P.c.sealed, _P.c.openid_index)
    return list(await work.session.execute(query.join(_P, _P.c.id == _M.c.paper_id).where(_M.c.id.in_(taken)).order_by(_M.c.id)))


async def _tell(api: WeChatApi | None, row: Row[Any]) -> None:
    """Send one answer as a customer message, and note how it went."""
    push = push_of(read_paper(row.paper_id, row.row_key, row.sealed))
    if api is None or push is None:
        return await _note(row, "given_up", "no_way")
    async with unit_of_work(SYSTEM) as work:
        words = await said(work.session, row.openid_index, row.answer["says"])
    try:
        await api.call(
            "/cgi-bin/message/custom/send", {"touser": push.sender, "msgtype": "text", "text": {"content": shown_of(words or "")}}
        )
    except (WeChatError, WeChatUnreachable) as error:
        for_good = isinstance(error, WeChatError) and error.errcode not in _BAD_MOMENT
        return await _note(row, "given_up" if for_good or row.tries > len(REPLY_LADDER) else "owed", str(error))
    return await _note(row, "sent", None)


async def _note(row: Row[Any], reply: str, error: str | None) -> None:
    async with unit_of_work(SYSTEM) as work:
        wait = REPLY_LADDER[min(row.tries, len(REPLY_LADDER)) - 1]
        mine = update(WechatMessage).where(WechatMessage.id == row.id, WechatMessage.reply == "owed", WechatMessage.tries == row.tries)
        await work.session.execute(mine.values(reply=reply, last_error=error, due_at=work.now + wait))
        if reply == "sent":
            await count_customer_message(work, row.openid_index, by_message=True)
    if error:
        log.warning("wechat.reply_not_sent", message_id=str(row.id), error=error, tries=row.tries)
