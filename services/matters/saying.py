"""What households say of the result: their own words in the handbook, confirmed there; and reasons, by name, where a word is not had."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.activities.references import fingerprint
from services.households.models import Household
from services.matters.completing import require_complete
from services.matters.executors import require_another
from services.matters.holding import Held, changed, who
from services.matters.models import MatterSource
from services.matters.objecting import is_around
from services.matters.persons import tellers_of
from services.matters.striking_deeds import AnswerRefusal, ConfirmHousehold, Waive
from services.matters.striking_facts import striking_of
from services.matters.striking_models import MatterCompletion, MatterReason, MatterWord
from services.platform.errors import Conflict, Fault, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.visits.opinions import newest
from services.visits.opinions_access import opinion_of
from services.visits.opinions_models import OpinionConfirmation
from services.visits.opinions_rules import Confirmed, Said, confirmed
from services.visits.outcomes import join_matter


async def confirm_household(work: Work, held: Held, command: ConfirmHousehold) -> None:
    """Take an opinion as its household's word on the result; the same again is the same.

    Raises 404 ``opinion.unknown``; 409 ``matter.not_complete``, ``word.unconfirmed`` for "solved" that nobody confirmed, ``word.too_early``
    for what was heard before the work was reported complete, ``word.taken`` for a word given already, ``word.is_telling`` for what the
    trouble was told in; 422 ``word.elsewhere`` for a household of another place that did not tell it.
    """
    opinion = await opinion_of(work, command.opinion_id, "opinion.read", locked=True)
    there = await work.session.get(MatterWord, command.opinion_id)
    if there is not None:
        if (there.matter_id, there.round, there.solved) != (held.matter.id, held.matter.round, command.solved):
            raise Conflict("word.taken", "This opinion was taken as a word already, on another matter or to another effect.")
        return
    await require_complete(work, held)
    await _require_word(work, held, opinion)
    if command.solved and await _standing(work, opinion.id) is not Confirmed.BY_THEM:
        detail = "They have not confirmed these words by one of the five kinds; let them, then take it as their word."
        raise Conflict("word.unconfirmed", detail)
    work.session.add(
        MatterWord(opinion_id=opinion.id, matter_id=held.matter.id, round=held.matter.round, solved=command.solved, **who(work))
    )
    mark = fingerprint(f"{opinion.id} {held.matter.id}", work.actor.account_id)
    await join_matter(work, opinion.id, new_id(), held.matter.id, mark)
    await changed(work, held, "matter.household_said", {"opinion_id": str(opinion.id), "solved": command.solved})


async def answer_refusal(work: Work, held: Held, command: AnswerRefusal) -> None:
    """Answer a household's "not solved" with a reason. Raises 404 ``word.unknown``, 403 ``matter.own_work``."""
    await require_another(work, held.matter)
    striking = await striking_of(work, held.matter, held.matter.round)
    if str(command.word_id) not in {word.id for word in striking.words if not word.solved}:
        raise NotFound("word.unknown", "Nobody said that this matter is not solved under this id; see `striking.words` of the matter.")
    await _give_reasons(work, held, "word", [command.word_id], command.because, command.words)


async def waive(work: Work, held: Held, command: Waive) -> None:
    """Say why some of those who told it are not asked, or why fewer households suffice; the last reason given before strikes nothing out.

    Raises 404 ``teller.unknown``, 403 ``matter.own_work``.
    """
    await require_another(work, held.matter)
    if command.about == "households":
        await _give_reasons(work, held, "households", [held.matter.id], command.because, command.words)
        return
    known = {one.id for one in await tellers_of(work, held.matter.id)}
    if not set(command.teller_ids) <= known:
        raise NotFound("teller.unknown", "One of these told nothing of this matter; see `striking.tellers` of the matter.")
    await _give_reasons(work, held, "teller", command.teller_ids, command.because, command.words)


async def _give_reasons(work: Work, held: Held, about: str, subjects: Any, because: str, words: str) -> None:
    """Keep a reason for each subject that has none yet in this round."""
    matter = held.matter
    theirs = (MatterReason.matter_id == matter.id, MatterReason.round == matter.round, MatterReason.about == about)
    given = set(await work.session.scalars(select(MatterReason.subject_id).where(*theirs)))
    fresh = [subject for subject in dict.fromkeys(subjects) if subject not in given]
    if not fresh:
        return
    for subject in fresh:
        work.session.add(
            MatterReason(
                id=new_id(), matter_id=matter.id, round=matter.round, about=about, subject_id=subject, because=because, words=words,
                **who(work),
            )
        )  # fmt: skip
    said = {"about": about, "subjects": [str(one) for one in fresh], "because": because, "words": words}
    await changed(work, held, "matter.reason_given", said)


async def _require_word(work: Work, held: Held, opinion: Any) -> None:
    """Raise unless an opinion may be a word on the result of this round."""
    told = select(MatterSource.source_id).where(MatterSource.source_id == opinion.id, MatterSource.left_at.is_(None))
    if await work.session.scalar(told) is not None:
        raise Conflict("word.is_telling", "The trouble was told in this opinion; write down what they say of the result as one of its own.")
    if opinion.withdrawn_at is not None:
        raise Conflict("opinion.withdrawn", "This opinion was withdrawn; write down what they say anew.")
    first = select(MatterCompletion.recorded_at).where(MatterCompletion.matter_id == held.matter.id)
    first = first.where(MatterCompletion.round == held.matter.round).order_by(MatterCompletion.recorded_at).limit(1)
    reported = await work.session.scalar(first)
    assert reported is not None, "somebody reported it complete"
    if opinion.heard_at <= reported:
        raise Conflict("word.too_early", "This was said before the work was reported complete; ask them again.")
    home = (await work.session.execute(select(Household.village_id, Household.reference).where(Household.id == opinion.household_id))).one()
    if is_around(held, home.village_id):
        return
    if any(bytes(home.reference) in one.keys for one in await tellers_of(work, held.matter.id)):
        return
    fault = [Fault("/opinion_id", "is of a household of another place")]
    raise Invalid("word.elsewhere", "This household lives elsewhere and told nothing of this matter.", errors=fault)


async def _standing(work: Work, opinion_id: UUID) -> Confirmed:
    present = await newest(work, opinion_id)
    rows = select(OpinionConfirmation.words_hash, OpinionConfirmation.kind).where(OpinionConfirmation.opinion_id == opinion_id)
    said = [Said(bytes(row.words_hash), row.kind) for row in await work.session.execute(rows)]
    return confirmed(said, bytes(present.words_hash))
