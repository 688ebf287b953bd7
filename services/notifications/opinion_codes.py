"""Sending the codes that villagers confirm an opinion with: by SMS, at once, to the number that lies sealed with the code.

As every message, taken with a lease that is committed before anything is sent, and never sent inside a transaction. A code that could not
be sent while it holds is given up: whoever visits sees so, and confirms by another kind.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, select, update

from services.notifications.senders import Letter, Sender, Senders, SendResult
from services.notifications.templates import SIGNED
from services.platform.actor import SYSTEM
from services.platform.clock import local_text
from services.platform.papers import SealedPaper, read_paper
from services.platform.settings import settings
from services.platform.unit_of_work import Work, unit_of_work
from services.visits.opinions_codes import sms_code
from services.visits.opinions_models import OpinionCode

TEMPLATE = "opinion_code"
LADDER = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300))
_LEASE = timedelta(seconds=60)


async def send_codes(senders: Senders, limit: int) -> int:
    """Try up to `limit` codes that are due, the oldest first; return how many were tried."""
    async with unit_of_work(SYSTEM) as work:
        rows = await _claimed(work, limit)
    for row in rows:
        result = await _sent(senders, row)
        async with unit_of_work(SYSTEM) as work:
            await _record(work, row, result)
    return len(rows)


async def _claimed(work: Work, limit: int) -> list[Row[Any]]:
    due = (
        select(OpinionCode.id)
        .where(OpinionCode.state == "queued", OpinionCode.next_try_at <= func.now())
        .order_by(OpinionCode.next_try_at, OpinionCode.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    lease = update(OpinionCode).where(OpinionCode.id.in_(due.scalar_subquery()))
    taken = lease.values(next_try_at=func.now() + _LEASE, tries=OpinionCode.tries + 1).returning(OpinionCode.id)
    ids = list(await work.session.scalars(taken))
    columns = (
        OpinionCode.id, OpinionCode.words_hash, OpinionCode.tries, OpinionCode.asked_at, OpinionCode.expires_at, OpinionCode.paper_id,
        SealedPaper.row_key, SealedPaper.sealed,
    )  # fmt: skip
    query = select(*columns).join(SealedPaper, SealedPaper.id == OpinionCode.paper_id).where(OpinionCode.id.in_(ids))
    return list(await work.session.execute(query.order_by(OpinionCode.asked_at, OpinionCode.id)))


async def _sent(senders: Senders, row: Row[Any]) -> SendResult:
    clear = read_paper(row.paper_id, row.row_key, row.sealed)
    if clear is None:
        return SendResult("refused", error="no_carrier")
    sender: Sender | None = senders.sms or senders.file
    if sender is None:
        return SendResult("refused", error="no_carrier")
    address = clear["phone"] if senders.sms is not None else f"opinion_code:{row.id}"  # the file holds no address of a person
    return await sender.send(Letter(str(row.id), address, _words(row), "", TEMPLATE))


def _words(row: Row[Any]) -> str:
    code = sms_code(row.id, row.words_hash)
    return (
        f"{SIGNED}您向走访干部反映的意见已记录，请先听干部念一遍，无误后把验证码{code}告诉干部，表示确认；{local_text(row.expires_at)}前有效。"
        f"不是您本人反映的，请不要告诉任何人，并拨打{settings().hotline_number}。"
    )


async def _record(work: Work, row: Row[Any], result: SendResult) -> None:
    values: dict[str, Any] = {"last_error": result.error}
    if result.outcome == "sent":
        values |= {"state": "sent", "sent_at": work.now}
    elif result.outcome == "later" and row.tries <= len(LADDER) and work.now < row.expires_at:
        values["next_try_at"] = work.now + max(LADDER[row.tries - 1], result.wait or LADDER[0])
    else:
        values["state"] = "given_up"
    await work.session.execute(update(OpinionCode).where(OpinionCode.id == row.id).values(values))
