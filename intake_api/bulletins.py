"""Bulletins (通报) at the door: drafting, counting again, the editor's words, publishing, correcting, and the lint of anybody's."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel
from starlette.responses import JSONResponse

from services.bulletins import drafting
from services.bulletins.collecting import collect
from services.bulletins.commands import CorrectBulletin, DraftBulletin, PublishBulletin, PutWords
from services.bulletins.figures import FrozenFigures
from services.bulletins.lint import lint
from services.bulletins.lint_forms import BulletinFindings, ForeignBulletin
from services.bulletins.periods import period_of
from services.bulletins.queries import find_bulletin, period_of_row, view_of
from services.bulletins.views import BulletinView
from services.platform.actor import Actor
from services.platform.errors import Conflict
from services.platform.unit_of_work import Work, unit_of_work
from services.web.etags import etag, if_match
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/bulletins", tags=["bulletins"])

Editor = Annotated[Actor, Depends(requires("bulletin.draft"))]
Publisher = Annotated[Actor, Depends(requires("bulletin.publish"))]
Reader = Annotated[Actor, Depends(requires("report.read"))]
Version = Annotated[int | None, Depends(if_match())]


@router.post("/lint", summary="Check the arithmetic of a bulletin, whosever it is")
async def lint_bulletin(body: ForeignBulletin, _reader: Reader) -> BulletinFindings:
    """Return every sum, share, rate and change that does not follow from the bulletin's own numbers. Nothing is kept."""
    found = lint(body)
    return BulletinFindings(sound=all(one.level != "error" for one in found), items=found)


@router.post("", status_code=201, response_model=BulletinView, summary="Draft a bulletin")
async def draft_bulletin(body: DraftBulletin, actor: Editor, key: IdempotencyKeyHeader) -> Response:
    """Draft the bulletin of a county or township for a month, quarter or year that is over, with the figures of now."""
    period = period_of(body.kind, body.period)
    async with unit_of_work(actor) as reading:
        drafting.require_over(reading, period)
        figures = await collect(reading, body.unit, period, decimals=body.decimals)

    async def made(work: Work) -> BulletinView:
        draft = await drafting.make_draft(work, figures)
        if draft is None:
            raise Conflict("bulletin.exists", "There is a bulletin of this unit and period already; see GET /v1/bulletins.")
        return await _view(work, draft.id)

    return await _once(actor, "/v1/bulletins", key, body, made)


@router.post("/{bulletin_id}/figures", response_model=BulletinView, summary="Count the figures of a draft again")
async def count_again(bulletin_id: UUID, actor: Editor, version: Version, response: Response) -> BulletinView:
    """Replace the figures of a draft by those of now; what the editor wrote stays. A published bulletin never changes."""
    figures = await _figures(actor, bulletin_id)
    async with unit_of_work(actor) as work:
        await drafting.count_again(work, bulletin_id, version, figures)
        found = await _view(work, bulletin_id)
    response.headers["ETag"] = etag(found.version)
    return found


@router.put("/{bulletin_id}/words", response_model=BulletinView, summary="Put the editor's words")
async def put_words(bulletin_id: UUID, body: PutWords, actor: Editor, version: Version, response: Response) -> BulletinView:
    """Replace what the editor says before, after and within a draft. Whoever puts words, even none, answers for the draft."""
    async with unit_of_work(actor) as work:
        await drafting.put_words(work, bulletin_id, version, body)
        found = await _view(work, bulletin_id)
    response.headers["ETag"] = etag(found.version)
    return found


@router.post("/{bulletin_id}/publication", response_model=BulletinView, summary="Publish a draft")
async def publish(bulletin_id: UUID, body: PublishBulletin, actor: Publisher, version: Version) -> BulletinView:
    """Freeze a draft as it was read, for good. Whoever publishes had no hand in it; what the lint finds keeps it from being published."""
    async with unit_of_work(actor) as work:
        await drafting.publish(work, bulletin_id, version, public=body.public, small_cells_words=body.small_cells_words)
        return await _view(work, bulletin_id)


@router.post("/{bulletin_id}/correction", status_code=201, response_model=BulletinView, summary="Begin the correction of a bulletin")
async def correct(bulletin_id: UUID, body: CorrectBulletin, actor: Editor, key: IdempotencyKeyHeader) -> Response:
    """Draft a further edition with the figures of now, which lists every figure it changes: from what, to what, and why."""
    figures = await _figures(actor, bulletin_id)

    async def made(work: Work) -> BulletinView:
        draft = await drafting.begin_correction(work, bulletin_id, body.reason, figures)
        return await _view(work, draft.id)

    return await _once(actor, f"/v1/bulletins/{bulletin_id}/correction", key, body, made)


async def _figures(actor: Actor, bulletin_id: UUID) -> FrozenFigures:
    """Return the figures of now for what a bulletin is about, of one snapshot."""
    async with unit_of_work(actor) as work:
        row = await find_bulletin(work, bulletin_id)
        unit, period, decimals = row.unit_code, period_of_row(row), row.BulletinDraft.decimals
    async with unit_of_work(actor) as reading:
        return await collect(reading, unit, period, decimals=decimals)


async def _view(work: Work, bulletin_id: UUID) -> BulletinView:
    return view_of(await find_bulletin(work, bulletin_id))


async def _once(actor: Actor, path: str, key: str | None, body: BaseModel, do: Callable[[Work], Awaitable[BulletinView]]) -> JSONResponse:
    def headers(view: BaseModel) -> dict[str, str]:
        assert isinstance(view, BulletinView)
        return {"ETag": etag(view.version), "Location": f"/v1/bulletins/{view.id}"}

    async with unit_of_work(actor) as work:

        async def done() -> tuple[int, BaseModel]:
            return 201, await do(work)

        return await once(work, actor, f"POST {path}", key, fingerprint_of(body), done, headers)
