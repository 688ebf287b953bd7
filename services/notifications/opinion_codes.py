"""Sending the codes that villagers confirm an opinion with, or how help ended: by SMS, at once, to the number sealed with the code.

As every message, taken with a lease that is committed before anything is sent, and never sent inside a transaction. A code that could not
be sent while it holds is given up: whoever visits sees so, and confirms by another kind.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, select, update

from services.assistance.models import HelpCode
from services.notifications.senders import Letter, Sender, Senders, SendResult
from services.notifications.templates import SIGNED
from services.platform.actor import SYSTEM
from services.platform.clock import local_text
from services.platform.papers import SealedPaper, read_paper
from services.platform.settings import settings
from services.platform.unit_of_work import Work, unit_of_work
from services.verification.codes import sms_code
from services.visits.opinions_models import OpinionCode

TEMPLATE = "opinion_code"
LADDER = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300))
_LEASE = timedelta(seconds=60)


Kind = type[OpinionCode] | type[HelpCode]


async def send_codes(senders: Senders, limit: int) -> int:
    """Try up to `limit` codes of each kind that are due, the oldest first; return how many were tried."""
    tried = 0
    kinds: tuple[Kind, ...] = (OpinionCode, HelpCode)
    for kind in kinds:
        async with unit_of_work(SYSTEM) as work:
            rows = await _claimed(work, kind, limit)
        for row in rows:
            result = await _sent(senders, kind, row)
            async with unit_of_work(SYSTEM) as work:
                await _record(work, kind, row, result)
        tried += len(rows)
    return tried


async def _claimed(work: Work, kind: Kind, limit: int) -> list[Row[Any]]:
    due = (
        select(kind.id)
        .where(kind.state == "queued", kind.next_try_at <= func.now())
        .order_by(kind.next_try_at, kind.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    lease = update(kind).where(kind.id.in_(due.scalar_subquery()))
    taken = lease.values(next_try_at=func.now() + _LEASE, tries=kind.tries + 1).returning(kind.id)
    ids = list(await work.session.scalars(taken))
    columns = (
        kind.id, kind.words_hash, kind.tries, kind.asked_at, kind.expires_at, kind.paper_id,
        SealedPaper.row_key, SealedPaper.sealed,
    )  # fmt: skip
    query = select(*columns).join(SealedPaper, SealedPaper.id == kind.paper_id).where(kind.id.in_(ids))
    return list(await work.session.execute(query.order_by(kind.asked_at, kind.id)))


async def _sent(senders: Senders, kind: Kind, row: Row[Any]) -> SendResult:
    clear = read_paper(row.paper_id, row.row_key, row.sealed)
    if clear is None:
        return SendResult("refused", error="no_carrier")
    sender: Sender | None = senders.sms or senders.file
    if sender is None:
        return SendResult("refused", error="no_carrier")
    address = (
        clear["phone"] if senders.sms is not None else f"{kind.__tablename__.removesuffix('s')}:{row.id}"
    )  # the file holds no address of a person
    return await sender.send(Letter(str(row.id), address, _words(kind, row), "", TEMPLATE))


def _words(kind: Kind, row: Row[Any]) -> str:
    code = sms_code(row.id, row.words_hash)
    if kind is HelpCode:
        return (
            f"{SIGNED}帮扶干部报告对您家的帮扶已办结，请先听干部说明结果，属实的请把验证码{code}告诉干部，表示确认；"
            f"{local_text(row.expires_at)}前有效。不属实的，请不要告诉任何人，并拨打{settings().hotline_number}。"
        )
    return (
        f"{SIGNED}您向走访干部反映的意见已记录，请先听干部念一遍，无误后把验证码{code}告诉干部，表示确认；{local_text(row.expires_at)}前有效。"
        f"不是您本人反映的，请不要告诉任何人，并拨打{settings().hotline_number}。"
    )


async def _record(work: Work, kind: Kind, row: Row[Any], result: SendResult) -> None:
    values: dict[str, Any] = {"last_error": result.error}
    if result.outcome == "sent":
        values |= {"state": "sent", "sent_at": work.now}
    elif result.outcome == "later" and row.tries <= len(LADDER) and work.now < row.expires_at:
        values["next_try_at"] = work.now + max(LADDER[row.tries - 1], result.wait or LADDER[0])
    else:
        values["state"] = "given_up"
    await work.session.execute(update(kind).where(kind.id == row.id).values(values))
