"""Codes that a villager says back: bound to words, derived from the installation's secret, and kept nowhere.

`sms_code` is sent to the telephone of the household and told to whoever visits; `wechat` is shown to the villager, who sends it to us from
their own WeChat. Both hold for two hours and are used once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from services.households.queries import telephone_of
from services.journal.noting import note
from services.platform.bulk import insert_many
from services.platform.errors import Conflict, TooMany
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, read_paper, seal_paper
from services.platform.phones import normalised_phone
from services.platform.secrets import blind_index
from services.platform.unit_of_work import Work
from services.verification.codes import ASKED_AT_MOST, CODE_LASTS, LOOKED_AT, WRONG_CODES_AT_MOST, is_code, sms_code, wechat_code
from services.visits.opinions import SUBJECT, newest, require_standing
from services.visits.opinions_access import opinion_of
from services.visits.opinions_commands import AskForCode
from services.visits.opinions_models import OpinionCode, OpinionConfirmation

PAPER, WECHAT_PAPER = "opinion_code", "opinion_wechat"


@dataclass(frozen=True, slots=True)
class Asked:
    """A code that was asked for. `code` is there where it is shown (`wechat`); one that is sent is told to nobody else."""

    id: UUID
    way: str
    expires_at: datetime
    code: str | None
    repeated: bool = False


async def ask_for_code(work: Work, opinion_id: UUID, asked: AskForCode) -> Asked:
    """Have a code made for the words in force; the same again is the same code.

    It goes to the number in the register of households; only where the register has none, to the one whoever said it left: so nobody has
    it sent to a telephone of their own choice. Raises 404 ``opinion.unknown``, 409 ``opinion.withdrawn``, ``opinion.id_taken``,
    ``confirmation.other_words``, ``confirmation.no_telephone``, 429 ``confirmation.too_many_codes``.
    """
    row = await opinion_of(work, opinion_id, "opinion.confirm", locked=True)
    there = (await work.session.execute(select(OpinionCode.__table__).where(OpinionCode.id == asked.code_id))).one_or_none()
    if there is not None:
        if (there.opinion_id, there.way, there.words_hash.hex()) != (opinion_id, asked.way, asked.words_hash):
            raise Conflict("opinion.id_taken", "Something else was sent under this id; make a new one.")
        return _asked(there, repeated=True)
    require_standing(row)
    present = await newest(work, opinion_id)
    if present.words_hash.hex() != asked.words_hash:
        raise Conflict("confirmation.other_words", "These are not the words in force any more; read them again, and have them read out.")
    await _require_few(work, opinion_id)
    made = {
        "id": asked.code_id, "opinion_id": opinion_id, "sequence": present.sequence, "words_hash": present.words_hash, "way": asked.way,
        "paper_id": await _sealed_number(work, row) if asked.way == "sms_code" else None,
        "state": "queued" if asked.way == "sms_code" else "by_hand", "next_try_at": work.now, "asked_at": work.now,
        "expires_at": work.now + CODE_LASTS, "asked_by_account_id": work.actor.account_id,
    }  # fmt: skip
    await insert_many(work.session, OpinionCode, [made])
    await note(work, SUBJECT, opinion_id, "opinion.code_asked", {"way": asked.way, "sequence": present.sequence})
    return Asked(asked.code_id, asked.way, made["expires_at"], _shown(asked.way, asked.code_id, present.words_hash))


async def take_try(work: Work, opinion_id: UUID, words_hash: str, confirmation_id: UUID) -> None:
    """Count a try at the newest code of an opinion that was sent, before it is compared; raise TooMany after the last there is.

    In a transaction of its own, which stays whatever becomes of the try: many tries at once are counted one by one. What is kept already
    is no try any more. Raises NotFound ``opinion.unknown``: nobody uses up the tries of an opinion they know nothing of.
    """
    await opinion_of(work, opinion_id, "opinion.confirm")
    if await work.session.scalar(select(OpinionConfirmation.id).where(OpinionConfirmation.id == confirmation_id)) is not None:
        return
    query = _live(opinion_id, bytes.fromhex(words_hash), work.now).with_for_update()
    newest_id = await work.session.scalar(query)
    if newest_id is None:
        return
    counted = update(OpinionCode).where(OpinionCode.id == newest_id, OpinionCode.wrong < WRONG_CODES_AT_MOST)
    taken = await work.session.execute(counted.values(wrong=OpinionCode.wrong + 1).returning(OpinionCode.id))
    if taken.one_or_none() is None:
        raise TooMany(
            "confirmation.too_many_tries", "The code was told wrong too often; ask for another one.", headers={"Retry-After": "60"}
        )


async def code_that_fits(work: Work, opinion_id: UUID, words_hash: bytes, given: str, at: datetime) -> UUID | None:
    """Return the id of the code that was sent for these words, holds at `at` and is `given`; None where there is none."""
    code_id: UUID | None = await work.session.scalar(_live(opinion_id, words_hash, at))
    if code_id is None or not is_code(sms_code(code_id, words_hash), given):
        return None
    return code_id


async def confirm_by_wechat(work: Work, openid: str, given: str, satisfied: bool | None = None) -> str | None:
    """Take a code that somebody sent us from their WeChat: it stands for the words it was made for. Return their hash; None for no code.

    `satisfied` is what they say of whoever called on them. Sent again it is the same. By the villager, so by nobody's account; which WeChat
    account it was is kept sealed.
    """
    query = (
        select(OpinionCode.__table__)
        .where(OpinionCode.way == "wechat", OpinionCode.expires_at > work.now, OpinionCode.asked_at <= work.now)
        .order_by(OpinionCode.asked_at.desc())
        .limit(LOOKED_AT)
    )
    for row in await work.session.execute(query):
        if is_code(wechat_code(row.id, row.words_hash), given):
            await _wechat_confirms(work, openid, row, satisfied)
            return str(row.words_hash.hex())
    return None


async def _wechat_confirms(work: Work, openid: str, code: Any, satisfied: Any) -> None:
    await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(code.id.bytes[8:], "big", signed=True))))
    used = select(OpinionConfirmation.id).where(OpinionConfirmation.code_id == code.id)
    if await work.session.scalar(used) is not None:
        return
    paper = seal_paper(WECHAT_PAPER, {"openid": openid}, work.now, openid=openid)
    await insert_many(work.session, SealedPaper, [paper])
    row = {
        "id": new_id(), "opinion_id": code.opinion_id, "sequence": code.sequence, "words_hash": code.words_hash, "kind": "wechat",
        "code_id": code.id, "paper_id": paper["id"], "fingerprint": blind_index("opinion", f"wechat:{code.id}"), "happened_at": work.now,
        "recorded_at": work.now, "by_account_id": None, "attachment_id": None, "call_id": None, "witness_account_id": None,
        "satisfied": satisfied,
    }  # fmt: skip
    await insert_many(work.session, OpinionConfirmation, [row])
    data = {"kind": "wechat", "sequence": code.sequence, "words_hash": code.words_hash.hex()}
    await note(work, SUBJECT, code.opinion_id, "opinion.confirmed", data)


def _shown(way: str, code_id: UUID, words_hash: bytes) -> str | None:
    return wechat_code(code_id, words_hash) if way == "wechat" else None


def _asked(row: Any, *, repeated: bool) -> Asked:
    return Asked(row.id, row.way, row.expires_at, _shown(row.way, row.id, row.words_hash), repeated)


def _live(opinion_id: UUID, words_hash: bytes, at: datetime) -> Any:
    """Return the query for the newest code of an opinion that was sent for these words and holds at `at`."""
    theirs = (OpinionCode.opinion_id == opinion_id, OpinionCode.words_hash == words_hash, OpinionCode.way == "sms_code")
    holds = (OpinionCode.asked_at <= at, OpinionCode.expires_at > at)
    return select(OpinionCode.id).where(*theirs, *holds).order_by(OpinionCode.asked_at.desc(), OpinionCode.id.desc()).limit(1)


async def _require_few(work: Work, opinion_id: UUID) -> None:
    lately = (OpinionCode.opinion_id == opinion_id, OpinionCode.asked_at > work.now - timedelta(days=1))
    if (await work.session.scalar(select(func.count()).where(*lately)) or 0) >= ASKED_AT_MOST:
        detail = "So many codes were made for this opinion today; confirm it by another kind."
        raise TooMany("confirmation.too_many_codes", detail, headers={"Retry-After": "86400"})


async def _sealed_number(work: Work, opinion: Any) -> UUID:
    numbers = await telephones(work, opinion)
    if not numbers:
        raise Conflict("confirmation.no_telephone", "No telephone of this household is known; confirm by another kind.")
    paper = seal_paper(PAPER, {"phone": numbers[0]}, work.now, phone=numbers[0])
    await insert_many(work.session, SealedPaper, [paper])
    paper_id: UUID = paper["id"]
    return paper_id


async def telephones(work: Work, opinion: Any) -> list[str]:
    """Return the telephones of whoever said an opinion, in their one spelling: the register's first. Never for showing."""
    found = [await telephone_of(work.session, opinion.household_id), await _telephone_on(work, opinion.contact_paper_id)]
    return list(dict.fromkeys(one for one in found if one))


async def told_at(work: Work, opinion: Any) -> str | None:
    """Return where whoever said an opinion is told what became of it: the number they left; the register's where nobody else said it."""
    if opinion.contact_paper_id is not None:
        return await _telephone_on(work, opinion.contact_paper_id)
    return next(iter(await telephones(work, opinion)), None)


async def _telephone_on(work: Work, paper_id: Any) -> str | None:
    if paper_id is None:
        return None
    query = select(SealedPaper.id, SealedPaper.row_key, SealedPaper.sealed).where(SealedPaper.id == paper_id)
    row = (await work.session.execute(query)).one_or_none()
    clear = read_paper(row.id, row.row_key, row.sealed) if row is not None else None
    return normalised_phone(clear["phone"]) if clear and clear.get("phone") else None
