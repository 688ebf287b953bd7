"""Codes that a household says back to confirm how help ended: bound to what is said of the end, so that they stand for nothing else.

`sms_code` goes to the household's telephone in the register and is told to whoever closes; `wechat` is shown to the household, who sends
it to us from their own WeChat. Both hold for two hours and are used once.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from services.assistance.commands import AskHelpCode, CloseHelp
from services.assistance.help_queries import find_item
from services.assistance.models import HelpCode, HelpItem
from services.assistance.places import hold
from services.households.queries import telephone_of
from services.identity.permissions import require
from services.journal.noting import note
from services.platform.bulk import insert_many
from services.platform.errors import Conflict, Forbidden, TooMany
from services.platform.papers import SealedPaper, seal_paper
from services.platform.unit_of_work import Work
from services.verification.codes import ASKED_AT_MOST, CODE_LASTS, LOOKED_AT, WRONG_CODES_AT_MOST, is_code, sms_code, wechat_code

SUBJECT, PAPER, WECHAT_PAPER = "help_item", "help_code", "help_wechat"


@dataclass(frozen=True, slots=True)
class Asked:
    """A code that was asked for. `code` is there where it is shown (`wechat`); one that is sent is told to nobody else."""

    id: UUID
    way: str
    expires_at: datetime
    code: str | None
    repeated: bool = False


def end_hash(outcome: str, words: str | None) -> bytes:
    """Return the SHA-256 of what is said of an end: what a code for it stands for."""
    return hashlib.sha256(f"{outcome}\n{(words or '').strip()}".encode()).digest()


async def ask_help_code(work: Work, item_id: UUID, asked: AskHelpCode) -> Asked:
    """Have a code made for an end as it is to be written down; the same again is the same code.

    Raises 404 ``help.unknown``, 409 ``help.closed``, ``assistance.id_taken``, ``confirmation.no_telephone``, 429
    ``confirmation.too_many_codes``.
    """
    require(work.actor, "help.record")
    await hold(work, item_id, asked.code_id)
    item, hashed = await find_item(work, item_id), end_hash(asked.outcome, asked.words)
    there = (await work.session.execute(select(HelpCode.__table__).where(HelpCode.id == asked.code_id))).one_or_none()
    if there is not None:
        if (there.item_id, there.way, there.words_hash) != (item_id, asked.way, hashed):
            raise Conflict("assistance.id_taken", "Something else has this id; make a new one.")
        return _asked(there.id, there.way, there.words_hash, there.expires_at, repeated=True)
    if item.closed_on is not None:
        raise Conflict("help.closed", "This item is closed; open another one that follows it.")
    await _require_few(work, item_id)
    by_sms = asked.way == "sms_code"
    expires_at = work.now + CODE_LASTS
    row = {
        "id": asked.code_id, "item_id": item_id, "way": asked.way, "words_hash": hashed,
        "paper_id": await _sealed_number(work, item_id) if by_sms else None, "state": "queued" if by_sms else "by_hand",
        "next_try_at": work.now, "asked_at": work.now, "expires_at": expires_at, "asked_by_account_id": work.actor.account_id,
    }  # fmt: skip
    await insert_many(work.session, HelpCode, [row])
    await note(work, SUBJECT, item_id, "help_item.code_asked", {"way": asked.way})
    return _asked(asked.code_id, asked.way, hashed, expires_at)


async def take_help_try(work: Work, item_id: UUID, said: CloseHelp) -> None:
    """Count a try at a code before it is compared, in a transaction of its own; raise TooMany after the last there is.

    An item that is closed already takes no try any more. Raises NotFound ``help.unknown``.
    """
    if (await find_item(work, item_id)).closed_on is not None:
        return
    theirs = (HelpCode.id == said.code_id, HelpCode.item_id == item_id, HelpCode.way == "sms_code")
    if await work.session.scalar(select(HelpCode.id).where(*theirs).with_for_update()) is None:
        return
    counted = update(HelpCode).where(*theirs, HelpCode.wrong < WRONG_CODES_AT_MOST).values(wrong=HelpCode.wrong + 1)
    if (await work.session.execute(counted.returning(HelpCode.id))).one_or_none() is None:
        raise TooMany(
            "confirmation.too_many_tries", "The code was told wrong too often; ask for another one.", headers={"Retry-After": "60"}
        )


async def require_code(work: Work, item_id: UUID, said: CloseHelp) -> None:
    """Raise unless the household's code stands for the end as it is said now.

    403 ``confirmation.code_wrong``, 409 ``help.other_words`` for a code of another end, ``help.waits_for_household`` while nothing came
    by WeChat.
    """
    query = select(HelpCode.__table__).where(HelpCode.id == said.code_id, HelpCode.item_id == item_id, HelpCode.way == said.confirmation)
    row = (await work.session.execute(query)).one_or_none()
    if row is None:
        raise Forbidden("confirmation.code_wrong", "No code of this kind was made for this item under this id.")
    if row.words_hash != end_hash(said.outcome, said.words):
        raise Conflict("help.other_words", "The household was told another end; ask for a code for this one.")
    if row.way == "wechat":
        if row.confirmed_at is None:
            raise Conflict("help.waits_for_household", "The household has not sent the code from their WeChat yet.")
    elif row.expires_at <= work.now or not is_code(sms_code(row.id, row.words_hash), said.code or ""):
        raise Forbidden("confirmation.code_wrong", "This is not the code that was sent for this end, or its two hours are over.")


async def confirm_help_by_wechat(work: Work, openid: str, given: str) -> UUID | None:
    """Take a code that somebody sent us from their WeChat; return the item whose end they stand by, None for no code. Again is the same."""
    holds = (HelpCode.way == "wechat", HelpCode.expires_at > work.now, HelpCode.asked_at <= work.now)
    query = select(HelpCode.id, HelpCode.item_id, HelpCode.words_hash).where(*holds).order_by(HelpCode.asked_at.desc()).limit(LOOKED_AT)
    for row in await work.session.execute(query):
        if is_code(wechat_code(row.id, row.words_hash), given):
            await _confirmed(work, openid, row)
            item_id: UUID = row.item_id
            return item_id
    return None


async def _confirmed(work: Work, openid: str, row: Any) -> None:
    open_ = select(HelpCode.id).where(HelpCode.id == row.id, HelpCode.confirmed_at.is_(None)).with_for_update()
    if await work.session.scalar(open_) is None:
        return
    paper = seal_paper(WECHAT_PAPER, {"openid": openid}, work.now, openid=openid)
    await insert_many(work.session, SealedPaper, [paper])
    now = {"confirmed_at": work.now, "confirmed_paper_id": paper["id"]}
    await work.session.execute(update(HelpCode).where(HelpCode.id == row.id).values(now))
    await note(work, SUBJECT, row.item_id, "help_item.confirmed_by_wechat", {"code_id": str(row.id)})


def _asked(code_id: UUID, way: str, hashed: bytes, expires_at: datetime, *, repeated: bool = False) -> Asked:
    return Asked(code_id, way, expires_at, wechat_code(code_id, hashed) if way == "wechat" else None, repeated)


async def _require_few(work: Work, item_id: UUID) -> None:
    lately = (HelpCode.item_id == item_id, HelpCode.asked_at > work.now - timedelta(days=1))
    if (await work.session.scalar(select(func.count()).where(*lately)) or 0) >= ASKED_AT_MOST:
        detail = "So many codes were made for this item today; have it confirmed in another way."
        raise TooMany("confirmation.too_many_codes", detail, headers={"Retry-After": "86400"})


async def _sealed_number(work: Work, item_id: UUID) -> UUID:
    """Seal the household's telephone in the register with the code: nobody has it sent to a telephone of their own choice."""
    home = select(HelpItem.household_id).where(HelpItem.id == item_id).scalar_subquery()
    number = await telephone_of(work.session, home)
    if number is None:
        raise Conflict("confirmation.no_telephone", "No telephone of this household is known; have it confirmed in another way.")
    paper = seal_paper(PAPER, {"phone": number}, work.now, phone=number)
    await insert_many(work.session, SealedPaper, [paper])
    paper_id: UUID = paper["id"]
    return paper_id
