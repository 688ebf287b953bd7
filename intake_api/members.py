"""Members and their posts, and the placement report."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from starlette.responses import JSONResponse

from services.identity.actors import forget_actors
from services.identity.permissions import scope_of
from services.organization.actions import add_member, change_member, end_post, give_post, member_of
from services.organization.commands import AddMember, ChangeMember, EndPost, GivePost
from services.organization.listing import list_members, one_member, unplaced
from services.organization.queries import forget_unit_tree
from services.organization.views import MemberView, Placement
from services.platform.actor import Actor
from services.platform.clock import local_day
from services.platform.errors import NotFound, Problem
from services.platform.unit_of_work import Work, unit_of_work
from services.web.etags import etag, if_match
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/members", tags=["members"])

Reader = Annotated[Actor, Depends(requires("member.read"))]
Administrator = Annotated[Actor, Depends(requires("member.change"))]


def _area(actor: Actor) -> tuple[str, ...] | None:
    scope = scope_of(actor)
    return None if scope.everything else scope.prefixes


@router.get("", summary="List the members")
async def browse(actor: Reader, request: Request, response: Response, limit: PageLimit = 50, cursor: PageCursor = None) -> Page[MemberView]:
    """List the members with a post in one's area; whoever serves the whole jurisdiction sees all."""
    after = _member_id(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        members = await list_members(work.session, _area(actor), local_day(work.now), after, limit + 1)
    following = write_cursor(str(members[limit - 1].id)) if len(members) > limit else None
    link_next(request, response, following)
    return Page[MemberView](items=members[:limit], next=following)


def _member_id(cursor: str) -> UUID:
    try:
        return UUID(str(read_cursor(cursor, (str,))[0]))
    except ValueError:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.") from None


@router.get("/unplaced", summary="Cadres not placed in a grid")
async def placement(actor: Reader) -> Placement:
    """Report how many town and village cadres of one's area are placed in a grid as guide or assistant, and name those who are not."""
    async with unit_of_work(actor) as work:
        return await unplaced(work.session, _area(actor), local_day(work.now))


@router.get("/{member_id}", summary="One member")
async def one(actor: Reader, member_id: UUID, response: Response) -> MemberView:
    """Return a member; its ``ETag`` is what a change needs as ``If-Match``."""
    async with unit_of_work(actor) as work:
        view = await one_member(work.session, await member_of(work, member_id))
    await require_visible(actor, member_id)
    response.headers["ETag"] = etag(view.version)
    return view


async def require_visible(actor: Actor, member_id: UUID) -> None:
    """Raise NotFound ``member.unknown`` unless the member has a post in an area `actor` serves."""
    area = _area(actor)
    if area is not None and not await _is_inside(actor, member_id, area):
        raise NotFound("member.unknown", "There is no such member.")


async def _is_inside(actor: Actor, member_id: UUID, area: tuple[str, ...]) -> bool:
    before = UUID(int=member_id.int - 1) if member_id.int else None
    async with unit_of_work(actor) as work:
        found = await list_members(work.session, area, local_day(work.now), before, 1)
    return bool(found) and found[0].id == member_id


@router.post("", status_code=201, response_model=MemberView, summary="Add a member")
async def add(actor: Administrator, command: AddMember, key: IdempotencyKeyHeader) -> JSONResponse:
    """Add a member; for administrators."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, MemberView]:
            return 201, await one_member(work.session, await add_member(work, command))

        return await once(work, actor, "POST /v1/members", key, fingerprint_of(command), do, _headers)


@router.patch("/{member_id}", summary="Change a member")
async def change(
    actor: Administrator, member_id: UUID, command: ChangeMember, version: Annotated[int | None, Depends(if_match())], response: Response
) -> MemberView:
    """Change a member. Joining or leaving the party turns guide into assistant and back from today (A17). For administrators."""
    async with unit_of_work(actor) as work:
        view = await one_member(work.session, await change_member(work, member_id, command, version))
    _forget()
    response.headers["ETag"] = etag(view.version)
    return view


@router.post("/{member_id}/posts", status_code=201, response_model=MemberView, summary="Give a post")
async def give(actor: Administrator, member_id: UUID, command: GivePost, key: IdempotencyKeyHeader) -> JSONResponse:
    """Give a member a post. ``grid_instructor`` becomes guide or assistant as party membership says (A17). For administrators."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, MemberView]:
            await give_post(work, member_id, command)
            return 201, await _view(work, member_id)

        answer = await once(work, actor, f"POST /v1/members/{member_id}/posts", key, fingerprint_of(command), do, _headers)
    _forget()
    return answer


@router.post("/{member_id}/posts/{post_id}/end", response_model=MemberView, summary="End a post")
async def end(actor: Administrator, member_id: UUID, post_id: UUID, command: EndPost, key: IdempotencyKeyHeader) -> JSONResponse:
    """End a post; the unit keeps what was assigned to it. For administrators."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, MemberView]:
            await end_post(work, member_id, post_id, command)
            return 200, await _view(work, member_id)

        answer = await once(work, actor, f"POST /v1/members/{member_id}/posts/{post_id}/end", key, fingerprint_of(command), do, _headers)
    _forget()
    return answer


async def _view(work: Work, member_id: UUID) -> MemberView:
    return await one_member(work.session, await member_of(work, member_id))


def _headers(view: object) -> dict[str, str]:
    assert isinstance(view, MemberView)
    return {"Location": f"/v1/members/{view.id}", "ETag": etag(view.version)}


def _forget() -> None:
    """Have this process see the change at once; others see it within seconds."""
    forget_actors()
    forget_unit_tree()
