"""The public page: results of finished periods and who is responsible where, as pages for people and as JSON for programs. No login.

Results are read from rows that were frozen when they were published, so that no two answers can be subtracted from each other; nothing is
counted here. What is small is not told: services/notices/suppression.py. Users' page: docs/notice.md.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Path, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.notice_pages import directory_page, ladder_page, missing_page, register_page, results_page
from reporting_api.pages import PAGES
from reporting_api.places import read_place, write_place
from reporting_api.readers import UNCHANGED
from services.notices.directory import Match, find, ladder, match_of, parts_of
from services.notices.queries import Page, page_of, published_periods
from services.notices.register import Phase
from services.notices.register_reading import PublicMatters, public_register
from services.notices.views import (
    Ladder,
    Periods,
    PlacesFound,
    Results,
    period_view,
    place_view,
    places_found,
    results_view,
    rung_views,
)
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.platform.actor import SYSTEM
from services.platform.errors import Invalid, NotFound, Problem
from services.platform.settings import settings
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.facts import PLACES
from services.web.paging import PageCursor, PageLimit
from services.web.routes import door_router

router = door_router(tags=["public page"])

KEPT = "public, max-age=300"
"""Anybody between us and the reader may keep an answer for five minutes; what was published changes by a correction at most."""

PeriodAsked = Annotated[
    str | None,
    Query(max_length=10, description="2026-10, 2026-Q4 or 2026; the newest month where not given.", examples=["2026-10"]),
]
AreaAsked = Annotated[Code | None, Query(description="A county, township or village; the whole where not given.", examples=["441624108"])]
Words = Annotated[str, Query(max_length=40, description="A place as people call it, or its code.", examples=["水口村"])]
_FIRST = 100
"""So many matters stand on one page of the register."""
PlaceCode = Annotated[Code, Path(description="The unit's code.", examples=["441624108213001"])]


@router.get("/v1/notice/periods", summary="Periods that results were published for", response_model=Periods, responses=UNCHANGED)
async def list_periods(request: Request) -> Response:
    """List the published periods; the first is the newest month."""
    async with unit_of_work(SYSTEM) as work:
        codes = await published_periods(work.session)
    return _json(request, Periods(items=[period_view(code) for code in codes]).model_dump_json())


@router.get("/v1/notice/results", summary="Published results of a period and area", response_model=Results, responses=UNCHANGED)
async def read_results(request: Request, period: PeriodAsked = None, area: AreaAsked = None) -> Response:
    """Return what was published: figures with their definitions, by place and category, and finished matters. Frozen."""
    found = await _found(period, area)
    return _json(request, _READY.get((*found.key, "json"), found.as_json))


@router.get("/v1/notice/places", summary="Find a village or grid by its name", response_model=PlacesFound, responses=UNCHANGED)
async def search_places(request: Request, q: Words) -> Response:
    """Return the places a name may mean, in any form people use: 水口村, 水口村委会, 太平; several where the name is not clear."""
    async with unit_of_work(SYSTEM) as work:
        found = find(await unit_tree(work.session), q)
    return _json(request, places_found(found).model_dump_json())


@router.get("/v1/notice/places/{code}", summary="Who is responsible for a place", response_model=Ladder, responses=UNCHANGED)
async def read_ladder(request: Request, code: PlaceCode) -> Response:
    """Return the grid, village, township and county above a place, who sits there and the numbers of their offices.

    Names are shown where an administrator published them; a blank unit is shown as blank, with the unit that answers in its place.
    """
    return _json(request, (await _ladder(code)).model_dump_json())


@router.get("/v1/notice/matters", summary="The public register of matters", response_model=PublicMatters, responses=UNCHANGED)
async def read_matters(
    request: Request,
    area: AreaAsked = None,
    phase: Annotated[Phase | None, Query(description="Only these.", examples=["notice"])] = None,
    as_of: Annotated[AwareDatetime | None, Query(description="As it was known at this instant.")] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """List matters of the county's register (挂号、销号公示), the newest first: no words, no names, households in bands."""
    after = read_place(cursor) if cursor else None
    async with unit_of_work(SYSTEM) as work:
        found, following = await public_register(work, area=area, phase=phase, as_of=as_of, after=after, limit=limit)
    found.next = write_place(following)
    return _json(request, found.model_dump_json())


@router.get("/notice/matters", include_in_schema=False)
async def show_matters(request: Request, area: str = "", cursor: str = "") -> Response:
    """Return the page of the register: what can be objected to first, then the rest."""
    try:
        after = read_place(cursor) if cursor else None
        async with unit_of_work(SYSTEM) as work:
            noticed, _more = await public_register(work, area=area or None, phase="notice", as_of=None, after=None, limit=_FIRST)
            found, following = await public_register(work, area=area or None, phase=None, as_of=None, after=after, limit=_FIRST)
            unit = (await unit_tree(work.session)).by_code.get(area)
    except Problem:
        if not _by_browser(request):
            raise
        return _html(request, missing_page(asked=True), HTTPStatus.NOT_FOUND)
    found.next = write_place(following)
    return _html(request, register_page(found, [] if cursor else noticed.items, area, unit.name if unit else ""))


@router.get("/notice", include_in_schema=False)
async def show_results(request: Request, period: str = "", area: str = "") -> Response:
    """Return the page of results."""
    try:
        found = await _found(period or None, area or None)
    except (NotFound, Invalid):
        async with unit_of_work(SYSTEM) as work:
            anything = await published_periods(work.session)
        asked = bool(period or area)
        if asked and not _by_browser(request):
            raise
        return _html(request, missing_page(asked=asked and bool(anything)), HTTPStatus.NOT_FOUND if asked else HTTPStatus.OK)
    text = _READY.get((*found.key, "html", *found.periods), found.as_page)
    return _html(request, text)


@router.get("/notice/directory", include_in_schema=False)
async def show_directory(request: Request, q: str = "") -> Response:
    """Return the page that finds a place."""
    said = q[:40]
    async with unit_of_work(SYSTEM) as work:
        tree = await unit_tree(work.session)
        found = find(tree, said)
    parts = parts_of(tree, tree.root) if tree.root is not None and not said.strip() else []
    return _html(request, directory_page(said, places_found(found).items, places_found(parts).items))


@router.get("/notice/directory/{code}", include_in_schema=False)
async def show_ladder(request: Request, code: str) -> Response:
    """Return the page of who is responsible for a place."""
    try:
        found = await _ladder(code)
    except NotFound:
        if not _by_browser(request):
            raise
        return _html(request, missing_page(asked=True), HTTPStatus.NOT_FOUND)
    return _html(request, ladder_page(found))


@dataclass(frozen=True)
class _Found:
    """A page that was published, the area it was asked for, and the codes of all periods."""

    page: Page
    area: tuple[str, str, str]
    periods: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """What the answer is made of: frozen, so that it need not be made twice."""
        return (self.page.period, self.page.area_code, str(self.page.version), self.page.sha256, *self.area)

    def as_json(self) -> str:
        """Return what is published of the area, for programs."""
        return results_view(self.page, *self.area).model_dump_json()

    def as_page(self) -> str:
        """Return it as a page."""
        return results_page(results_view(self.page, *self.area), [period_view(code) for code in self.periods])


class _Ready:
    """Answers made from frozen rows, the latest asked for."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], str] = OrderedDict()

    def get(self, key: tuple[str, ...], make: Callable[[], str]) -> str:
        """Return the answer under `key`, made where it is not kept."""
        found = self._kept.pop(key, None)
        if found is None:
            found = make()
        self._kept[key] = found
        if len(self._kept) > _MOST_READY:
            self._kept.popitem(last=False)
        return found


_MOST_READY = 256
_READY = _Ready()


async def _found(period: str | None, area: str | None) -> _Found:
    """Return what was published. Raises 404 ``notice.unknown``, ``unit.unknown`` or 422 ``notice.period_invalid``."""
    if period is not None:
        period_view(period)
    async with unit_of_work(SYSTEM) as work:
        tree = await unit_tree(work.session)
        periods = tuple(await published_periods(work.session))
        if not periods:
            raise NotFound("notice.unknown", "Nothing was published yet.")
        code = area or settings().jurisdiction
        page = await page_of(work.session, tree, period or periods[0], code)
    unit = tree.by_code.get(code)
    return _Found(page, (code, unit.name if unit else code, unit.tier if unit else ""), periods)


async def _ladder(code: str) -> Ladder:
    async with unit_of_work(SYSTEM) as work:
        tree: UnitTree = await unit_tree(work.session)
        unit = tree.by_code.get(code)
        if unit is None or not unit.active or unit.kind not in PLACES:
            raise NotFound("unit.unknown", "There is no place with this code.")
        rungs = await ladder(work.session, tree, unit)
    place: Match = match_of(tree, unit)
    return Ladder(
        hotline=settings().hotline_number, place=place_view(place), rungs=rung_views(rungs), parts=places_found(parts_of(tree, unit)).items
    )


def _json(request: Request, content: str) -> Response:
    tag = f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": KEPT}
    known = [given.strip().removeprefix("W/") for given in request.headers.get("if-none-match", "").split(",")]
    if tag in known or known == ["*"]:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def _by_browser(request: Request) -> bool:
    """Tell whether whoever asks reads pages: others get the problem itself."""
    return "text/html" in request.headers.get("accept", "")


def _html(request: Request, text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    answer = PAGES.html(request, text, {"Cache-Control": KEPT if status == HTTPStatus.OK else "no-store"})
    if status != HTTPStatus.OK and answer.status_code == HTTPStatus.OK:
        answer.status_code = status
    return answer
