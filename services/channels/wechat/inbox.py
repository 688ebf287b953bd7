"""What happens to a push of WeChat's: it is made durable, then the person's turn is taken, and the words of the answer come back.

What is durable is never lost and never done twice: a turn that fails or takes too long here is taken by the worker (`leftovers.py`),
and an answer that could not go back with the push in time is owed to the person.
"""

import asyncio

from services.channels.wechat.answers import must_be_sent
from services.channels.wechat.keeping import Kept, keep
from services.channels.wechat.messages import Push
from services.channels.wechat.patience import note_kept, still_waited_for
from services.channels.wechat.turns import answered_before, hold, owe, pending, said, take_turn
from services.platform.actor import COMPLAINANT
from services.platform.doorbell import doorbell
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work

_MANY = 20
"""So many turns of one person that were left over are taken before their newest; more are the worker's."""


async def take(push: Push) -> str | None:
    """Take a push and return the words of the passive reply, None where nothing is to be said (now).

    Raises Unavailable ``wechat.not_kept`` where it could not be made durable: WeChat comes again. What is raised after that leaves the turn
    to the worker. The same push again, at whatever moment, is answered alike.
    """
    until = asyncio.get_running_loop().time() + settings().wechat_patience
    kept = await keep(push)
    note_kept()
    if kept is None:
        return None
    if kept.leaves:
        doorbell().ring()
        return None
    return await _answer(kept, until)


async def _answer(kept: Kept, until: float) -> str | None:
    """Take the turn of a push, after those of the same person that were left over; return what is answered to it."""
    loop = asyncio.get_running_loop()

    def in_time() -> bool:
        return loop.time() < until and still_waited_for()

    async with unit_of_work(COMPLAINANT) as work:
        conversation = await hold(work, kept.openid_index)
        assert conversation is not None
        waiting = await pending(work.session, conversation)
        mine = next((place for place, turn in enumerate(waiting) if turn.id == kept.id), None)
        if mine is None:
            parts = await answered_before(work.session, kept.id)
        elif mine >= _MANY or any(turn.leaves for turn in waiting[:mine]):
            return None
        else:
            for turn in waiting[:mine]:
                await take_turn(work, conversation, turn, told=lambda: False)
            parts = await take_turn(work, conversation, waiting[mine], told=in_time)
        words = await said(work.session, kept.openid_index, parts)
    if mine is not None and not in_time() and must_be_sent(parts):  # it became late while it was being made durable
        async with unit_of_work(COMPLAINANT) as work:
            await owe(work, kept.id)
    return words
