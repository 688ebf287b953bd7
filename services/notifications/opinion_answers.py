"""Sending villagers what an opinion of theirs was answered: by SMS, to the number that lies sealed with it.

As every message, taken with a lease that is committed before anything is sent, and never sent inside a transaction. An answer is given up
after three days: they were told at the door, and the handbook shows that no message came.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import aliased

from services.notifications.senders import Letter, Sender, Senders, SendResult
from services.notifications.templates import SIGNED
from services.platform.actor import SYSTEM
from services.platform.papers import SealedPaper, read_paper
from services.platform.settings import settings
from services.platform.text import hidden
from services.platform.unit_of_work import Work, unit_of_work
from services.visits.opinions_models import OpinionAnswer, OpinionOutcome

TEMPLATE = "opinion_answered"
LADDER = tuple(timedelta(seconds=seconds) for seconds in (60, 300, 1800, 7200, 21600, 86400, 86400))
_LEASE = timedelta(seconds=60)
_LONGEST = 200


async def send_answers(senders: Senders, limit: int) -> int:
    """Try up to `limit` answers that are due, the oldest first; return how many were tried."""
    async with unit_of_work(SYSTEM) as work:
        rows = await _claimed(work, limit)
    for row in rows:
        result = await _sent(senders, row)
        async with unit_of_work(SYSTEM) as work:
            await _record(work, row, result)
    return len(rows)


async def _claimed(work: Work, limit: int) -> list[Row[Any]]:
    due = (
        select(OpinionAnswer.outcome_id)
        .where(OpinionAnswer.state == "queued", OpinionAnswer.next_try_at <= func.now())
        .order_by(OpinionAnswer.next_try_at, OpinionAnswer.outcome_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    lease = update(OpinionAnswer).where(OpinionAnswer.outcome_id.in_(due.scalar_subquery()))
    taken = lease.values(next_try_at=func.now() + _LEASE, tries=OpinionAnswer.tries + 1).returning(OpinionAnswer.outcome_id)
    ids = list(await work.session.scalars(taken))
    said = aliased(SealedPaper)
    columns = (
        OpinionAnswer.outcome_id, OpinionAnswer.tries, OpinionAnswer.paper_id, SealedPaper.row_key, SealedPaper.sealed,
        OpinionOutcome.paper_id.label("said_id"), said.row_key.label("said_key"), said.sealed.label("said"),
    )  # fmt: skip
    query = (
        select(*columns)
        .join(OpinionOutcome, OpinionOutcome.id == OpinionAnswer.outcome_id)
        .join(SealedPaper, SealedPaper.id == OpinionAnswer.paper_id)
        .join(said, said.id == OpinionOutcome.paper_id)
    )
    return list(await work.session.execute(query.where(OpinionAnswer.outcome_id.in_(ids)).order_by(OpinionAnswer.outcome_id)))


async def _sent(senders: Senders, row: Row[Any]) -> SendResult:
    clear, said = read_paper(row.paper_id, row.row_key, row.sealed), read_paper(row.said_id, row.said_key, row.said)
    sender: Sender | None = senders.sms or senders.file
    if clear is None or said is None or sender is None:
        return SendResult("refused", error="no_carrier" if sender is None else "erased")
    address = clear["phone"] if senders.sms is not None else f"opinion_answer:{row.outcome_id}"  # the file holds no address of a person
    return await sender.send(Letter(str(row.outcome_id), address, _words(said["words"]), "", TEMPLATE))


def _words(said: str) -> str:
    """Return the message: the beginning of what was written down; numbers of people in it are hidden, as wherever words are shown."""
    told = hidden(said)
    short = told if len(told) <= _LONGEST else told[: _LONGEST - 1] + "…"
    return f"{SIGNED}您向走访干部反映的意见已答复：{short}如有疑问请拨打{settings().hotline_number}。"


async def _record(work: Work, row: Row[Any], result: SendResult) -> None:
    values: dict[str, Any] = {"last_error": result.error}
    if result.outcome == "sent":
        values |= {"state": "sent", "sent_at": work.now}
    elif result.outcome == "later" and row.tries <= len(LADDER):
        values["next_try_at"] = work.now + max(LADDER[row.tries - 1], result.wait or LADDER[0])
    else:
        values["state"] = "given_up"
    await work.session.execute(update(OpinionAnswer).where(OpinionAnswer.outcome_id == row.outcome_id).values(values))
