"""帮扶 at the door: help items of one's area, of the households one is paired with, and those one helps with."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel

from intake_api.households import page_id, path_of
from services.assistance import helping
from services.assistance.commands import AskHelpCode, CloseHelp, OpenHelp, RecordHelpStep, SetHelpers, WithdrawStep
from services.assistance.files import help_file
from services.assistance.help_codes import ask_help_code, take_help_try
from services.assistance.help_queries import WantedHelp, list_items, read_item
from services.assistance.help_views import HelpCodeView, HelpItemDetail, HelpItemView
from services.attachments.models import Attachment
from services.attachments.sniffing import EXTENSIONS
from services.attachments.store import store
from services.platform.actor import Actor
from services.platform.text import Code
from services.platform.unit_of_work import Work, unit_of_work
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.paging import Page, PageCursor, PageLimit, link_next, write_cursor
from services.web.ranges import FILE_ANSWERS, Asked, AskedFor, Stored, file_answer
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/help-items", tags=["assistance"])

Reader = Annotated[Actor, Depends(requires("help.read"))]
Recorder = Annotated[Actor, Depends(requires("help.record"))]
ItemPath = Annotated[UUID, Path(description="The item's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e10"])]
StepPath = Annotated[UUID, Path(description="The step's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e11"])]
FilePath = Annotated[UUID, Path(description="The file's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e90"])]
_CODE_BEFORE: dict[int | str, dict[str, Any]] = {200: {"model": HelpCodeView, "description": "This code was asked for before."}}
_BEFORE: dict[int | str, dict[str, Any]] = {200: {"model": HelpItemDetail, "description": "This was recorded before."}}


class HelpItemPage(Page[HelpItemView]):
    """A page of help items."""


@router.get("", summary="List help items")
async def browse(  # noqa: PLR0913, PLR0917  each is one way to narrow the list
    request: Request,
    response: Response,
    actor: Reader,
    unit: Annotated[Code | None, Query(description="Where, with all below.", examples=["441624108213"])] = None,
    household: Annotated[UUID | None, Query(description="Only of this household.")] = None,
    state: Annotated[Literal["open", "closed", "all"], Query(description="Open ones, closed ones, or both.")] = "open",
    mine: Annotated[bool, Query(description="Only those I help with or wrote down.")] = False,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> HelpItemPage:
    """List the help items one may know of, masked."""
    after = page_id(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        wanted = WantedHelp(await path_of(work, unit), household, state, mine)
        found = await list_items(work, wanted, after, limit + 1)
    following = write_cursor(str(found[limit - 1].id)) if len(found) > limit else None
    link_next(request, response, following)
    return HelpItemPage(items=found[:limit], next=following)


@router.post("", status_code=201, response_model=HelpItemDetail, responses=_BEFORE, summary="Open a help item")
async def open_item(body: OpenHelp, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Undertake something for a household. Sent again it is the same item."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            before = await helping.open_help(work, body)
            return 200 if before else 201, await read_item(work, body.item_id)

        return await once(work, actor, "POST /v1/help-items", key, fingerprint_of(body), do, recall=_recall(work))


@router.get("/{item_id}", summary="One help item")
async def one(item_id: ItemPath, actor: Reader) -> HelpItemDetail:
    """Return an item with its goal, its money and all that was done."""
    async with unit_of_work(actor) as work:
        return await read_item(work, item_id)


@router.put("/{item_id}/helpers", summary="Say who helps")
async def set_helpers(item_id: ItemPath, body: SetHelpers, actor: Recorder) -> HelpItemDetail:
    """Say who helps from now on; whoever is left out helps no more. The same again changes nothing."""
    async with unit_of_work(actor) as work:
        await helping.set_helpers(work, item_id, body)
        return await read_item(work, item_id)


@router.post("/{item_id}/steps", status_code=201, response_model=HelpItemDetail, responses=_BEFORE, summary="Record what was done")
async def add_step(item_id: ItemPath, body: RecordHelpStep, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Record a deed; what of it counts is in the ledger at once. Sent again it is the same deed."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            before = await helping.record_step(work, item_id, body)
            return 200 if before else 201, await read_item(work, item_id)

        path = f"POST /v1/help-items/{item_id}/steps"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/{item_id}/steps/{step_id}/withdrawal", response_model=HelpItemDetail, summary="Take a step back")
async def withdraw_step(item_id: ItemPath, step_id: StepPath, body: WithdrawStep, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Take a step out of the figures, with a reason; it stays to be seen."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await helping.withdraw_step(work, item_id, step_id, body)
            return 200, await read_item(work, item_id)

        path = f"POST /v1/help-items/{item_id}/steps/{step_id}/withdrawal"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/{item_id}/closing", response_model=HelpItemDetail, summary="Close a help item")
async def close(item_id: ItemPath, body: CloseHelp, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Close an item with the household's confirmation, or with why there is none. The same again changes nothing."""
    if body.code is not None:
        async with unit_of_work(actor) as work:
            await take_help_try(work, item_id, body)
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await helping.close_help(work, item_id, body)
            return 200, await read_item(work, item_id)

        path = f"POST /v1/help-items/{item_id}/closing"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/{item_id}/codes", status_code=201, response_model=HelpCodeView, responses=_CODE_BEFORE, summary="Ask for a code")
async def ask(item_id: ItemPath, body: AskHelpCode, actor: Recorder, response: Response) -> HelpCodeView:
    """Have a code made for an end, as it is to be written down. `sms_code` is sent to the household's telephone and told to nobody else.

    `wechat` is answered here: show it to the household, who sends 确认 and the code to the official account. Sent again it is the same.
    """
    async with unit_of_work(actor) as work:
        asked = await ask_help_code(work, item_id, body)
    response.status_code = 200 if asked.repeated else 201
    response.headers["Cache-Control"] = "no-store"
    return HelpCodeView(id=asked.id, way=asked.way, expires_at=asked.expires_at, code=asked.code)


@router.get("/{item_id}/files/{attachment_id}", response_class=Response, responses=FILE_ANSWERS, summary="A file of a help item")
async def read_file(item_id: ItemPath, attachment_id: FilePath, actor: Reader, asked: AskedFor) -> Response:
    """Return a picture or paper of a step, or the household's signature, for whoever may know of the item."""
    async with unit_of_work(actor) as work:
        found = await help_file(work, item_id, attachment_id)
    return await private_file(found, asked)


async def private_file(found: Attachment, asked: Asked) -> Response:
    """Return a file that is for whoever asked alone: no cache keeps it."""
    name = f"{found.id}.{EXTENSIONS[found.media_type]}"
    answer = await file_answer(Stored(found.store_key, found.size, found.media_type, found.sha256, name), asked, store())
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _recall(work: Work) -> Any:
    async def recall(item_id: UUID) -> BaseModel:
        return await read_item(work, item_id)

    return recall
