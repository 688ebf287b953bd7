"""Confirming what a villager said: by one of five kinds, each bound to the words they saw.

What is entered by somebody who was there is taken here; WeChat's comes from the villager's own telephone (`opinions_codes.py`). A phone
that was away sends signatures and witnesses later; what it builds on may still be on its way, and the code says so.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from services.attachments.expecting import arrived_ones
from services.attachments.linking import link, require_uploaded
from services.attachments.models import Attachment
from services.calls.queries import call_row, numbers_of
from services.identity.models import Account
from services.identity.permissions import require
from services.journal.noting import note
from services.platform.bulk import insert_many
from services.platform.errors import Conflict, Fault, Forbidden, Invalid
from services.platform.papers import SealedPaper, seal_paper
from services.platform.unit_of_work import Work
from services.tickets.models import CallBack
from services.tickets.shown import can_be_seen
from services.visits.opinions import AHEAD_AT_MOST, SUBJECT, marked, possible, require_standing
from services.visits.opinions_access import opinion_of
from services.visits.opinions_codes import code_that_fits, telephones
from services.visits.opinions_commands import ConfirmByCall, ConfirmBySignature, ConfirmByWitness, ConfirmOpinionByCode
from services.visits.opinions_models import OpinionConfirmation, OpinionWording

WITNESS_PAPER = "opinion_witness"
WORDS_MISSING = "confirmation.waits_for_words"
UPLOAD_MISSING = "confirmation.waits_for_upload"
"""What a confirmation builds on is not here yet; a phone that was away sends it too."""

Confirming = ConfirmBySignature | ConfirmOpinionByCode | ConfirmByCall | ConfirmByWitness
Row = dict[str, Any]


async def confirm(work: Work, opinion_id: UUID, said: Confirming) -> bool:
    """Keep that a villager stands by words of an opinion; tell whether it was kept already.

    One of earlier words is kept too, and shown as void. Raises 404 ``opinion.unknown``, 409 ``opinion.withdrawn``, ``opinion.id_taken``,
    ``confirmation.waits_for_words``, 422 ``opinion.time_impossible``, ``confirmation.before_words``, and what its kind raises.
    """
    opinion = await opinion_of(work, opinion_id, "opinion.confirm", locked=True)
    mark = marked(work, said)
    there = await work.session.scalar(select(OpinionConfirmation.fingerprint).where(OpinionConfirmation.id == said.confirmation_id))
    if there is not None:
        if there != mark:
            raise Conflict("opinion.id_taken", "Something else was sent under this id; make a new one.")
        return True
    require_standing(opinion)
    happened_at = possible(said.happened_at, work.now, "/happened_at")
    wording = await _wording(work, opinion_id, said.words_hash)
    if happened_at < wording.happened_at - AHEAD_AT_MOST:
        fault = [Fault("/happened_at", "is before the words were said")]
        raise Invalid("confirmation.before_words", "Nobody confirms words before they were said; correct the time.", errors=fault)
    row: Row = {
        "id": said.confirmation_id, "opinion_id": opinion_id, "sequence": wording.sequence, "words_hash": wording.words_hash,
        "kind": said.kind, "attachment_id": None, "call_id": None, "code_id": None, "witness_account_id": None, "paper_id": None,
        "fingerprint": mark, "happened_at": happened_at, "recorded_at": work.now, "by_account_id": work.actor.account_id,
        "satisfied": said.satisfied if isinstance(said, ConfirmByCall) else None,
    }  # fmt: skip
    row |= await _proof(work, opinion, said, row)
    await insert_many(work.session, OpinionConfirmation, [row])
    data = {"kind": said.kind, "sequence": wording.sequence, "words_hash": said.words_hash}
    await note(work, SUBJECT, opinion_id, "opinion.confirmed", data)
    return False


async def _proof(work: Work, opinion: Any, said: Confirming, row: Row) -> Row:
    """Return what a kind adds to the row; raise what stands against it."""
    match said:
        case ConfirmBySignature():
            return {"attachment_id": await _signature(work, opinion.id, said)}
        case ConfirmOpinionByCode():
            return {"code_id": await _code(work, opinion.id, said, row)}
        case ConfirmByCall():
            return {"call_id": await _call(work, opinion, said, row)}
        case ConfirmByWitness():
            return await _witness(work, opinion, said)


async def _wording(work: Work, opinion_id: UUID, words_hash: str) -> Any:
    """Return the newest wording with this hash: what they saw. Words that came back count as those that were signed."""
    query = select(OpinionWording.sequence, OpinionWording.words_hash, OpinionWording.happened_at)
    query = query.where(OpinionWording.opinion_id == opinion_id, OpinionWording.words_hash == bytes.fromhex(words_hash))
    found = (await work.session.execute(query.order_by(OpinionWording.sequence.desc()).limit(1))).one_or_none()
    if found is None:
        detail = "No wording of this opinion has this hash: send the wording too, or read the opinion again."
        raise Conflict(WORDS_MISSING, detail, errors=[Fault("/words_hash", "is of no words of this opinion")])
    return found


async def _signature(work: Work, opinion_id: UUID, said: ConfirmBySignature) -> UUID:
    """Return the picture of a signature, tied to the opinion. The very same picture is no second signature, of whatever.

    Raises Conflict ``confirmation.waits_for_upload`` and ``confirmation.signature_used``, Invalid ``attachment.unknown`` and
    ``confirmation.signature``.
    """
    picture_id = said.attachment_id
    if said.upload_id is not None:
        picture_id = (await arrived_ones(work, [said.upload_id])).get(said.upload_id)
        if picture_id is None:
            raise Conflict(UPLOAD_MISSING, "Complete the upload of the signature; then send it again.",
                           errors=[Fault("/upload_id", "this upload is not complete")])  # fmt: skip
    assert picture_id is not None, "the command has one of both"
    await require_uploaded(work.session, work.actor, [picture_id])
    query = select(Attachment.sha256, can_be_seen().label("picture")).where(Attachment.id == picture_id)
    given = (await work.session.execute(query)).one()
    if not given.picture:
        raise Invalid("confirmation.signature", "The signature must be a picture that can be opened; photograph the signed page.")
    await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(given.sha256[:8], "big", signed=True))))
    same = select(Attachment.id).where(Attachment.sha256 == given.sha256)
    here = select(OpinionConfirmation.id).where(OpinionConfirmation.attachment_id.in_(same))
    on_tickets = select(CallBack.id).where(CallBack.signature_id.in_(same))
    if await work.session.scalar(select(or_(here.exists(), on_tickets.exists()))):
        detail = "This very picture was handed in as a signature before; each signed word needs a picture of its own."
        raise Conflict("confirmation.signature_used", detail)
    await link(work, [picture_id], "opinion", opinion_id, {picture_id: "signature"})
    return picture_id


async def _code(work: Work, opinion_id: UUID, said: ConfirmOpinionByCode, row: Row) -> UUID:
    found = await code_that_fits(work, opinion_id, row["words_hash"], said.code, row["happened_at"])
    if found is None:
        detail = "This is not the code that was sent for these words, or its two hours are over."
        raise Forbidden("confirmation.code_wrong", detail)
    used = select(OpinionConfirmation.id).where(OpinionConfirmation.code_id == found)
    if await work.session.scalar(used) is not None:
        raise Conflict("confirmation.code_used", "This code has confirmed these words already.")
    return found


async def _call(work: Work, opinion: Any, said: ConfirmByCall, row: Row) -> UUID:
    """Return the call in which they said so: with the household's own telephone, recorded, and heard by somebody who may listen.

    Raises Forbidden ``permission.denied`` and ``confirmation.own_opinion``, NotFound ``call.unknown``, Conflict
    ``confirmation.not_recorded``, ``confirmation.other_number``, ``confirmation.call_used``, Invalid ``confirmation.before_words``.
    """
    require(work.actor, "recording.listen")
    if work.actor.account_id == opinion.recorded_by_account_id:
        raise Forbidden(
            "confirmation.own_opinion", "Who wrote an opinion down does not vouch for the call; let somebody else listen to it."
        )
    call = await call_row(work.session, said.call_id)
    if call.recording_state != "kept" or call.answered_at is None:
        raise Conflict("confirmation.not_recorded", "The recording of this call is not kept, or nobody answered it.")
    if call.answered_at < (await _said_at(work, row)):
        fault = [Fault("/call_id", "was before the words were said")]
        raise Invalid("confirmation.before_words", "Nobody confirms words before they were said; name a later call.", errors=fault)
    number = (await numbers_of(work.session, [call])).get(call.id)
    if number is None or number not in await telephones(work, opinion):
        raise Conflict("confirmation.other_number", "This call was not with a telephone of the household; name another call.")
    mine = (OpinionConfirmation.opinion_id == opinion.id, OpinionConfirmation.sequence == row["sequence"])
    if await work.session.scalar(select(OpinionConfirmation.id).where(*mine, OpinionConfirmation.call_id == call.id)) is not None:
        raise Conflict("confirmation.call_used", "This call has confirmed these words already.")
    return call.id


async def _said_at(work: Work, row: Row) -> Any:
    query = select(OpinionWording.happened_at)
    return await work.session.scalar(
        query.where(OpinionWording.opinion_id == row["opinion_id"], OpinionWording.sequence == row["sequence"])
    )


async def _witness(work: Work, opinion: Any, said: ConfirmByWitness) -> Row:
    """Return who was there: neither whoever enters it nor who heard the opinion or wrote it down (the database holds it, too).

    Raises Invalid ``confirmation.witness`` for a member without an account, Forbidden ``confirmation.own_witness``.
    """
    if said.witness.name is not None:
        paper = seal_paper(WITNESS_PAPER, {"name": said.witness.name}, work.now)
        await insert_many(work.session, SealedPaper, [paper])
        return {"paper_id": paper["id"]}
    query = select(Account.id).where(Account.member_id == said.witness.member_id, Account.disabled_at.is_(None))
    account_id = await work.session.scalar(query)
    if account_id is None:
        raise Invalid("confirmation.witness", "The witness must be a member with an account, or be given by name.",
                      errors=[Fault("/witness/member_id", "is nobody with an account")])  # fmt: skip
    own = said.witness.member_id in (work.actor.member_id, opinion.member_id)
    if own or account_id in (work.actor.account_id, opinion.recorded_by_account_id):
        raise Forbidden(
            "confirmation.own_witness", "Who heard the opinion or enters this is no witness; somebody else must have been there."
        )
    return {"witness_account_id": account_id}
