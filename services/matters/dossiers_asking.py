"""年终质询: asking whoever answers for an open matter, their answer, and what is decided on it. Three acts of at least two people."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from services.identity.models import Account
from services.identity.persons import is_same_person, lenders_of
from services.journal.noting import note
from services.matters.dossiers import areas_of, entry, questions_of, year_at
from services.matters.dossiers_commands import AnswerAtYearEnd, AskAtYearEnd, DecideAtYearEnd
from services.matters.dossiers_models import YearEndAnswer, YearEndOutcome, YearEndQuestion
from services.matters.dossiers_views import YearEndQuestionView
from services.matters.holding import SUBJECT, unknown
from services.matters.models import Matter
from services.organization.queries import unit_tree
from services.platform.clock import local_day
from services.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work

ANSWER_WITHIN = timedelta(days=60)


async def ask(work: Work, command: AskAtYearEnd) -> UUID:
    """Ask somebody; return the question.

    Raises 404 ``matter.unknown``; 409 ``year.not_over``, ``matter.not_open`` and ``question.asked``; 403 ``question.own_matter`` to
    whoever answers for the matter too; 422 ``question.not_responsible`` and ``question.answer_by``.
    """
    tree, today = await unit_tree(work.session), local_day(work.now)
    matter = await work.session.get(Matter, command.matter_id)
    if matter is None or not _over(work, "dossier.ask", tree.by_id[matter.unit_id].path):
        raise unknown()
    year = year_at(command.year, work.now)
    if not year.over:
        raise Conflict("year.not_over", "This year goes on; what is open at its end is asked about afterwards.")
    if not today <= command.answer_by <= today + ANSWER_WITHIN:
        raise Invalid(
            "question.answer_by", "Give a day from today on, within sixty days.", errors=[Fault("/answer_by", "too soon or late")]
        )
    found = await entry(work, tree, year, matter.id)
    if found is None:
        raise Conflict("matter.not_open", "This matter was not open at the end of that year; nobody is asked about it.")
    person = next((one for one in found.persons if one.member_id == command.member_id), None)
    if person is None:
        raise Invalid("question.not_responsible", "This person did not answer for the matter at the end of that year; see `persons`.")
    await _require_another(work, {one.member_id for one in found.persons})
    asked = new_id()
    row = {
        "id": asked, "matter_id": matter.id, "year": command.year, "member_id": command.member_id, "capacity": person.capacity,
        "words": command.words, "answer_by": command.answer_by, "asked_at": work.now, "asked_by_account_id": work.actor.account_id,
    }  # fmt: skip
    put = insert(YearEndQuestion).values(row).on_conflict_do_nothing().returning(YearEndQuestion.id)
    if await work.session.scalar(put) is None:
        raise Conflict("question.asked", "This person was asked about this matter for that year already; see the dossier.")
    said = {"question_id": str(asked), "year": command.year, "member_id": str(command.member_id), "unit": person.unit.code}
    await note(work, SUBJECT, matter.id, "matter.questioned", {**said, "answer_by": str(command.answer_by)})
    return asked


async def answer(work: Work, question_id: UUID, command: AnswerAtYearEnd) -> None:
    """Answer what one was asked; the same words again are the same answer.

    Raises 404 ``question.unknown``, 403 ``question.not_yours``, 409 ``question.decided``.
    """
    question = await _question(work, question_id)
    if work.actor.lent is not None or question.member_id != work.actor.member_id:
        raise Forbidden("question.not_yours", "Whoever was asked answers in person.")
    said = list(await work.session.scalars(select(YearEndAnswer.words).where(YearEndAnswer.question_id == question_id)))
    if command.words in said:
        return
    if await _decisions(work, question_id):
        raise Conflict("question.decided", "It was decided on already; ask whoever decided to do so anew.")
    work.session.add(
        YearEndAnswer(
            id=new_id(), question_id=question_id, words=command.words, answered_at=work.now, answered_by_account_id=work.actor.account_id,
            asked_by_account_id=question.asked_by_account_id,
        )
    )  # fmt: skip
    await work.session.flush()
    await note(work, SUBJECT, question.matter_id, "matter.answered", {"question_id": str(question_id), "year": question.year})


async def decide(work: Work, question_id: UUID, command: DecideAtYearEnd) -> None:
    """Decide on a question, or correct what was decided. The same again changes nothing.

    Raises 404 ``question.unknown``; 403 ``permission.denied`` and ``question.own_matter``; 409 ``question.waits`` while an answer may
    still come, ``question.decided`` where a correction does not say why, and ``question.answered`` for `no_answer`; 422
    ``question.new_date``, ``question.first_decision``.
    """
    question = await _question(work, question_id)
    tree = await unit_tree(work.session)
    place = await work.session.scalar(select(Matter.unit_id).where(Matter.id == question.matter_id))
    assert place is not None
    if not _over(work, "dossier.ask", tree.by_id[place].path):
        raise Forbidden("permission.denied", "Whoever asks decides; it is not yours to.", extra={"action": "dossier.ask"})
    await _require_no_part(work, question, tree)
    before = await _decisions(work, question_id)
    last = before[-1] if before else None
    if last is not None and (last.code, last.new_date, last.words) == (command.code, command.new_date, command.words):
        return
    answers = await work.session.scalar(select(func.count()).where(YearEndAnswer.question_id == question_id)) or 0
    _require_due(work, question, command, before, answers)
    work.session.add(
        YearEndOutcome(
            question_id=question_id, nth=len(before) + 1, code=command.code, new_date=command.new_date, words=command.words,
            because=command.because, decided_at=work.now, decided_by_account_id=work.actor.account_id,
        )
    )  # fmt: skip
    await work.session.flush()
    said: dict[str, Any] = {"question_id": str(question_id), "year": question.year, "code": command.code, "nth": len(before) + 1}
    await note(work, SUBJECT, question.matter_id, "matter.judged", said)


async def read_question(work: Work, question_id: UUID) -> YearEndQuestionView:
    """Return a question, to whoever was asked and whoever oversees the place. Raises 404 ``question.unknown``."""
    await _question(work, question_id, lock=False)
    return (await questions_of(work, [YearEndQuestion.id == question_id], work.now))[0]


async def _question(work: Work, question_id: UUID, *, lock: bool = True) -> YearEndQuestion:
    query = select(YearEndQuestion).where(YearEndQuestion.id == question_id)
    question = await work.session.scalar(query)
    tree = await unit_tree(work.session)
    if question is not None:
        if lock:  # what is written once cannot be locked as a row: whoever writes about it waits here
            await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(question_id.bytes[8:], "big", signed=True))))
        place = await work.session.scalar(select(Matter.unit_id).where(Matter.id == question.matter_id))
        mine = work.actor.lent is None and question.member_id == work.actor.member_id
        if place is not None and (mine or _over(work, "dossier.oversee", tree.by_id[place].path)):
            return question
    raise NotFound("question.unknown", "There is no question with this id, or none that you may know of.")


async def _decisions(work: Work, question_id: UUID) -> list[YearEndOutcome]:
    query = select(YearEndOutcome).where(YearEndOutcome.question_id == question_id).order_by(YearEndOutcome.nth)
    return list(await work.session.scalars(query))


def _require_due(work: Work, question: YearEndQuestion, command: DecideAtYearEnd, before: list[YearEndOutcome], answers: int) -> None:
    if before and command.because is None:
        raise Conflict("question.decided", "It was decided on already; say in `because` why that is corrected.")
    if not before and command.because is not None:
        raise Invalid("question.first_decision", "Only a correction has a `because`; leave it out.")
    if command.new_date is not None and command.new_date <= local_day(work.now):
        raise Invalid("question.new_date", "Carry it over to a day to come.", errors=[Fault("/new_date", "must be in the future")])
    if answers and command.code == "no_answer":
        raise Conflict("question.answered", "There is an answer; decide on it.")
    if not answers and (local_day(work.now) <= question.answer_by or command.code != "no_answer"):
        raise Conflict("question.waits", "Nobody answered yet. When the day is over it can be decided as `no_answer`.")


async def _require_no_part(work: Work, question: YearEndQuestion, tree: Any) -> None:
    found = await entry(work, tree, year_at(question.year, work.now), question.matter_id)
    await _require_another(
        work, {question.member_id, *(one.member_id for one in found.persons if found)} if found else {question.member_id}
    )
    answered = select(YearEndAnswer.answered_by_account_id).where(YearEndAnswer.question_id == question.id)
    if await is_same_person(work.session, work.actor.account_id, *await work.session.scalars(answered)):
        raise Forbidden("question.own_matter", "Whoever answered does not decide on it.")


async def _require_another(work: Work, members: set[UUID]) -> None:
    """Raise Forbidden ``question.own_matter`` where the person behind the actor answers for the matter themselves."""
    account = work.actor.account_id
    lenders = await lenders_of(work.session, {account}) if account else {}
    person = await work.session.scalar(select(Account.member_id).where(Account.id == lenders.get(account, account))) if account else None
    if members & {work.actor.member_id, person}:
        raise Forbidden("question.own_matter", "You answer for this matter yourself; let somebody else ask and decide.")


def _over(work: Work, action: str, path: str) -> bool:
    return any(path.startswith(area) for area in areas_of(work.actor, action))
