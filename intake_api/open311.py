"""Open311 GeoReport v2 at the door. It keeps its own shapes: XML or JSON by the address's ending, `errors` instead of problems.

Whoever reads needs no key and sees what is public. Filing, and a client's own requests whole, need the `api_key`: the secret of a
connection of kind ``open311``. Parameters come in the address or in the form; they are read by hand, because an empty one counts as absent.
See docs/channels/open311.md.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any, NoReturn

import structlog
from fastapi import APIRouter, Path
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from intake_api import open311_documents as documents
from intake_api.open311_forms import FORM_LIMIT, read_form
from services.catalogue.queries import catalogue
from services.channels.open311.discovery import discovery
from services.channels.open311.filing import Taken, file_request, repeat_of
from services.channels.open311.reading import (
    LISTED_AT_MOST,
    Fields,
    asks_more,
    read_page,
    read_period,
    read_statuses,
    read_wish,
)
from services.channels.open311.requests import Asked, list_requests, token_of
from services.channels.open311.services import configured, definition, questions_of, service_policy, services
from services.channels.open311.shapes import JSON, XML, Written, error_written, written
from services.channels.open311.updates import read_update, take_update, updates_between
from services.connections.directory import ConnectedSystem, Directory, connected_systems
from services.platform import clock
from services.platform.actor import COMPLAINANT
from services.platform.errors import Forbidden, NotFound, Problem
from services.platform.secrets import tracking_code
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.web.front import takes_body_of
from services.web.idempotency import read_key
from services.web.problems import unexpected
from services.web.routes import DoorRoute

log = structlog.get_logger()

_KEPT_STATUSES = (400, 403, 404, 405, 408, 413, 500, 503)


class Open311Route(DoorRoute):
    """A route whose every failure is told as Open311 tells it, in the form that was asked for."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, with errors in their own shape around it."""
        handle = super().get_route_handler()

        async def handle_in_shape(request: Request) -> Response:
            try:
                return await handle(request)
            except ClientDisconnect:  # nobody is there to be told
                raise
            except Exception as error:  # noqa: BLE001  told apart below; what is ours is logged
                return _refused(error, request)

        return handle_in_shape


router = APIRouter(prefix="/open311", tags=["open311"], route_class=Open311Route)

Form = Annotated[str, Path(description="`xml` or `json`.", examples=["json"])]


def _refused(error: Exception, request: Request) -> Response:
    """Return the answer to an error: 403 for keys, 404 for what does not exist, 400 for everything else a client can put right."""
    if isinstance(error, RequestValidationError):
        error = Problem("request.invalid", "A parameter does not fit.")
    elif isinstance(error, HTTPException):
        error = error.__cause__ if isinstance(error.__cause__, Problem) else Problem("request.malformed", "The form could not be read.")
    found = error if isinstance(error, Problem) else unexpected(error)
    if found.status == 500:  # noqa: PLR2004  HTTP
        log.error("request.failed", route=getattr(request.scope.get("route"), "path", ""), exc_info=error)
    status = found.status if found.status in _KEPT_STATUSES else 400
    detail = "; ".join([found.detail, *(f"{fault.pointer}: {fault.detail}" for fault in found.errors)])
    return _answer(error_written(status, detail, request.path_params.get("fmt", XML)), found.headers)


def _answer(shaped: Written, headers: Mapping[str, str] | None = None) -> Response:
    usual = {"Content-Type": shaped.media_type, "Cache-Control": "no-store"}
    return Response(shaped.body, shaped.status, {**usual, **(headers or {})})


async def _asked(request: Request) -> Fields:
    """Return the parameters of the address, checked for form and jurisdiction."""
    if request.path_params["fmt"] not in (XML, JSON):
        raise NotFound("open311.form", "There is xml and json only.")
    fields = Fields(request.query_params.multi_items())
    _require_jurisdiction(fields)
    return fields


def _require_jurisdiction(fields: Fields) -> None:
    named = fields.one("jurisdiction_id")
    if named is not None and named != settings().jurisdiction:
        raise NotFound("open311.jurisdiction", "jurisdiction_id was not found; this endpoint serves one jurisdiction, leave it out.")


async def _directory() -> Directory:
    async with unit_of_work(COMPLAINANT) as work:
        return await connected_systems(work.session)


async def _client(fields: Fields) -> ConnectedSystem | None:
    """Return whose `api_key` was shown, None where none was; raise Forbidden for a wrong one."""
    key = fields.one("api_key")
    if key is None:
        return None
    found = (await _directory()).by_secret(key, "open311", clock.now())
    if found is None:
        raise Forbidden("open311.api_key", "Invalid api_key received.")
    return found


async def _required_client(fields: Fields) -> ConnectedSystem:
    found = await _client(fields)
    if found is None:
        raise Forbidden("open311.api_key", "api_key is required.")
    return found


def _unknown_service() -> NoReturn:
    raise NotFound("open311.service", "service_code was not found; GET services lists them.")


@router.get("/discovery.{fmt}", summary="Discovery", responses=documents.DISCOVERY, response_class=Response)
@router.get("/v2/discovery.{fmt}", summary="Discovery, beside the rest", responses=documents.DISCOVERY, response_class=Response)
async def discover(request: Request, fmt: Form) -> Response:
    """Tell where the endpoint is, in which forms it answers, and whom to ask for a key."""
    await _asked(request)
    async with unit_of_work(COMPLAINANT) as work:
        found = await discovery(work.session, f"{request.url.scheme}://{request.url.netloc}/open311/v2")
    return _answer(written("discovery", found, fmt))


@router.get(
    "/v2/services.{fmt}",
    summary="The services",
    responses=documents.SERVICES,
    response_class=Response,
    openapi_extra=documents.JURISDICTION,
)
async def list_services(request: Request, fmt: Form) -> Response:
    """List what can be requested: the categories in force, in Chinese, with their group and keywords."""
    await _asked(request)
    return _answer(written("services", await _listed_services(), fmt))


async def _listed_services() -> list[dict[str, Any]]:
    directory = await _directory()
    async with unit_of_work(COMPLAINANT) as work:
        return services(await catalogue(work.session), _questions(directory))


def _questions(directory: Directory) -> Any:
    return configured(system.options for system in directory.of_kind("open311"))


@router.get(
    "/v2/services/{code}.{fmt}",
    summary="What a service asks for",
    responses=documents.DEFINITION,
    response_class=Response,
    openapi_extra=documents.JURISDICTION,
)
async def define_service(request: Request, code: str, fmt: Form) -> Response:
    """Return the attributes of a service, in order."""
    await _asked(request)
    directory = await _directory()
    async with unit_of_work(COMPLAINANT) as work:
        policy = service_policy(await catalogue(work.session), code)
    if policy is None:
        _unknown_service()
    return _answer(written("service_definition", definition(policy, _questions(directory)), fmt))


@router.post(
    "/v2/requests.{fmt}", summary="File a request", responses=documents.FILED, response_class=Response, openapi_extra=documents.REQUEST_FORM
)
@takes_body_of(FORM_LIMIT)
async def file(request: Request, fmt: Form) -> Response:
    """File a request; 200 with its `service_request_id`, which is the ticket's number. Sent again it is found, not filed twice."""
    asked = await _asked(request)
    async with read_form(request, asked) as form:
        _require_jurisdiction(form.fields)
        system = await _required_client(form.fields)
        wish = await _wish(form.fields)
        files = await form.stored()
    repeat = repeat_of(system, form.fields, files, read_key(request.headers.get("idempotency-key")))
    return _answer(written("service_requests", [_filed(await file_request(wish, system, files, repeat))], fmt))


async def _wish(fields: Fields) -> Any:
    code = fields.one("service_code")
    if code is None:
        raise Problem("open311.missing", "service_code is required.")
    directory = await _directory()
    async with unit_of_work(COMPLAINANT) as work:
        policy = service_policy(await catalogue(work.session), code)
    if policy is None:
        _unknown_service()
    return read_wish(fields, policy, questions_of(policy, _questions(directory)))


def _filed(taken: Taken) -> dict[str, Any]:
    notice = f"您反映的问题已受理。工单号：{taken.number}；查询码：{tracking_code(taken.ticket_id)}（请勿告诉他人）。"
    return {"service_request_id": taken.number, "service_notice": notice, "account_id": None}


@router.get("/v2/requests.{fmt}", summary="Requests", responses=documents.REQUESTS, response_class=Response, openapi_extra=documents.LISTED)
async def list_all(request: Request, fmt: Form) -> Response:
    """List requests, newest first: those of 90 days, a thousand at most. `service_request_id` (several with commas) overrides the rest."""
    fields = await _asked(request)
    return _answer(written("service_requests", await _found(fields, _which(fields)), fmt))


def _which(fields: Fields) -> Asked:
    skip, size = read_page(fields)
    numbers, codes = fields.all("service_request_id"), fields.all("service_code")
    if numbers:
        if len(numbers) > LISTED_AT_MOST:
            raise Problem("open311.too_many", f"Ask for {LISTED_AT_MOST} requests at most.")
        return Asked(numbers=tuple(numbers), more=asks_more(fields))
    since, until = read_period(fields, clock.now())
    return Asked(
        service_codes=tuple(codes) or None,
        statuses=read_statuses(fields),
        since=since,
        until=until,
        skip=skip,
        size=size,
        more=asks_more(fields),
    )


async def _found(fields: Fields, asked: Asked) -> list[dict[str, Any]]:
    system = await _client(fields)
    async with unit_of_work(COMPLAINANT) as work:
        return await list_requests(work.session, system, asked)


@router.get(
    "/v2/requests/{service_request_id}.{fmt}",
    summary="One request",
    responses=documents.REQUESTS,
    response_class=Response,
    openapi_extra=documents.READ,
)
async def read_one(
    request: Request,
    service_request_id: str,
    fmt: Form,
) -> Response:
    """Return one request, as a list of one."""
    fields = await _asked(request)
    found = await _found(fields, Asked(numbers=(service_request_id,), more=asks_more(fields)))
    if not found:
        raise NotFound("open311.request_unknown", "service_request_id was not found.")
    return _answer(written("service_requests", found, fmt))


@router.get(
    "/v2/tokens/{token}.{fmt}",
    summary="The request a token stands for",
    responses=documents.TOKEN,
    response_class=Response,
    openapi_extra=documents.JURISDICTION,
)
async def read_token(request: Request, token: str, fmt: Form) -> Response:
    """Return the id of a request by its token. Every request has its id at once here; its complaint's id serves as token."""
    await _asked(request)
    async with unit_of_work(COMPLAINANT) as work:
        number = await token_of(work.session, token)
    if number is None:
        raise NotFound("open311.token_unknown", "token was not found.")
    return _answer(written("service_requests", [{"service_request_id": number, "token": token}], fmt))


@router.get(
    "/v2/servicerequestupdates.{fmt}",
    summary="What happened to one's requests",
    responses=documents.UPDATES,
    response_class=Response,
    openapi_extra=documents.PERIOD,
)
async def list_updates(request: Request, fmt: Form) -> Response:
    """List what happened to the client's own requests in a time, oldest first: every change of status, every answer."""
    fields = await _asked(request)
    system = await _required_client(fields)
    since, until = read_period(fields, clock.now())
    skip, size = read_page(fields)
    async with unit_of_work(COMPLAINANT) as work:
        told = await updates_between(work.session, system, since, until, skip=skip, size=size, more=asks_more(fields))
    return _answer(written("service_request_updates", told, fmt))


@router.post(
    "/v2/servicerequestupdates.{fmt}",
    summary="Add to one's request",
    responses=documents.UPDATED,
    response_class=Response,
    openapi_extra=documents.UPDATE_FORM,
)
@takes_body_of(FORM_LIMIT)
async def add_update(request: Request, fmt: Form) -> Response:
    """Take what a user of the client adds to a request. A known `update_id` is a 400 that says "already exists"."""
    asked = await _asked(request)
    async with read_form(request, asked) as form:
        _require_jurisdiction(form.fields)
        system = await _required_client(form.fields)
        told = read_update(form.fields)
        files = await form.stored()
    update_id = await take_update(told, system, files)
    return _answer(written("service_request_updates", [{"update_id": str(update_id)}], fmt))
