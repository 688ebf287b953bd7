"""年终质询 at the door: asking, answering, deciding, and freezing what became of it. Reading is at the reporting door."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Response
from pydantic import BaseModel

from services.matters import dossiers_asking, dossiers_freezing
from services.matters.dossiers_asking import read_question
from services.matters.dossiers_commands import AnswerAtYearEnd, AskAtYearEnd, CorrectYearEnd, DecideAtYearEnd, FreezeYearEnd
from services.matters.dossiers_freezing import list_frozen
from services.matters.dossiers_views import DOSSIER_EXAMPLE, QUESTION_EXAMPLE, FrozenDossierView, YearEndQuestionView
from services.platform.actor import Actor
from services.platform.unit_of_work import Work, unit_of_work
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/year-end", tags=["year end"])

Asker = Annotated[Actor, Depends(requires("dossier.ask"))]
Answerer = Annotated[Actor, Depends(requires("dossier.answer"))]
Freezer = Annotated[Actor, Depends(requires("dossier.freeze"))]
QuestionPath = Annotated[UUID, Path(description="The question's id.", examples=[QUESTION_EXAMPLE])]
DossierPath = Annotated[UUID, Path(description="The frozen dossier's id.", examples=[DOSSIER_EXAMPLE])]


@router.post("/questions", status_code=201, response_model=YearEndQuestionView, summary="Ask who answers for an open matter")
async def ask(body: AskAtYearEnd, actor: Asker, key: IdempotencyKeyHeader) -> Response:
    """Ask somebody why a matter they answer for was not struck off by the end of the year (年终质询).

    Never by whoever answers for it too.
    """
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            return 201, await read_question(work, await dossiers_asking.ask(work, body))

        return await once(work, actor, "POST /v1/year-end/questions", key, fingerprint_of(body), do, recall=_recall(work))


@router.get("/questions/{question_id}", summary="One question of a year's end")
async def one(question_id: QuestionPath, actor: Answerer) -> YearEndQuestionView:
    """Return a question one was asked, or one of the area one oversees, with answers and outcome."""
    async with unit_of_work(actor) as work:
        return await read_question(work, question_id)


@router.post("/questions/{question_id}/answers", response_model=YearEndQuestionView, summary="Answer")
async def answer(question_id: QuestionPath, body: AnswerAtYearEnd, actor: Answerer, key: IdempotencyKeyHeader) -> Response:
    """Answer what one was asked, in person; what more there is to say is another answer, until it is decided on."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await dossiers_asking.answer(work, question_id, body)
            return 200, await read_question(work, question_id)

        path = f"POST /v1/year-end/questions/{question_id}/answers"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/questions/{question_id}/outcomes", response_model=YearEndQuestionView, summary="Decide on a question")
async def decide(question_id: QuestionPath, body: DecideAtYearEnd, actor: Asker, key: IdempotencyKeyHeader) -> Response:
    """Decide what becomes of it: accepted, carried over to a day, supervised, criticised, passed to the discipline inspection.

    A later decision corrects the one before and says why; both are shown.
    """
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await dossiers_asking.decide(work, question_id, body)
            return 200, await read_question(work, question_id)

        path = f"POST /v1/year-end/questions/{question_id}/outcomes"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/dossiers", status_code=201, response_model=FrozenDossierView, summary="Freeze the dossier of a year")
async def freeze(body: FreezeYearEnd, actor: Freezer, key: IdempotencyKeyHeader) -> Response:
    """Freeze the dossier of a year and area: from now on nobody can change it."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            return 201, await _listed(work, await dossiers_freezing.freeze(work, body))

        return await once(work, actor, "POST /v1/year-end/dossiers", key, fingerprint_of(body), do)


@router.post("/dossiers/{dossier_id}/correction", status_code=201, response_model=FrozenDossierView, summary="Correct a frozen dossier")
async def correct(dossier_id: DossierPath, body: CorrectYearEnd, actor: Freezer, key: IdempotencyKeyHeader) -> Response:
    """Freeze what is known now as the next edition, with a reason and everything that became different; the one before stays."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            return 201, await _listed(work, await dossiers_freezing.correct(work, dossier_id, body))

        path = f"POST /v1/year-end/dossiers/{dossier_id}/correction"
        return await once(work, actor, path, key, fingerprint_of(body), do)


async def _listed(work: Work, dossier_id: UUID) -> FrozenDossierView:
    return (await list_frozen(work, year=None, unit=None, as_of=None, only=dossier_id)).items[0]


def _recall(work: Work) -> Any:
    async def recall(question_id: UUID) -> BaseModel:
        return await read_question(work, question_id)

    return recall
