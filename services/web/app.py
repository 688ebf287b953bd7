"""Making a door: one FastAPI application with everything the doors have in common."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware

from migrations.running import require_current
from services.platform.database import INTAKE, REPORTING, Database, database, use_database
from services.platform.doorbell import Doorbell, doorbell, use_doorbell
from services.platform.errors import Problem
from services.platform.key_folder import require_same_folder
from services.platform.logging import set_up_logging
from services.platform.memory import settle_memory
from services.platform.quotas import Quotas, quotas, use_quotas
from services.platform.settings import settings
from services.web import health
from services.web.front import Front
from services.web.openapi import complete
from services.web.origins import Origins
from services.web.problems import install, unexpected

log = structlog.get_logger()

Hook = Callable[[], Awaitable[None]]


class Door(FastAPI):
    """An application whose documentation says of every operation what can go wrong with it."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, completed once."""
        if not self.openapi_schema:
            self.openapi_schema = complete(super().openapi())
        return self.openapi_schema


def create_app(
    *,
    title: str,
    role: str,
    routers: Sequence[APIRouter],
    description: str = "",
    on_start: Sequence[Hook] = (),
    on_stop: Sequence[Hook] = (),
) -> FastAPI:
    """Return a door that works under database role `role`.

    Starting, it opens the database and the doorbell and runs `on_start`; it refuses to start on a schema it was not written for, and starts
    without a database that is away (`/readyz` then says 503 until it is back).
    """
    app = Door(
        title=title,
        description=description,
        version=_version(),
        lifespan=_lifespan(title, role, on_start, on_stop),
        middleware=[Middleware(Front, body_limit=settings().body_limit, origins=_origins(role))],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_telemetry(),
    )
    install(app)
    for router in (health.router, *routers):
        app.router.routes.extend(router.routes)  # one flat list: a router in a router is looked through again at each request
    return app


def _origins(role: str) -> Origins:
    """Return whose pages may call the intake door: to sign in, to read a ticket. The reporting door is called by its own alone."""
    return Origins(settings().page_origins.replace(",", " ").split() if role == INTAKE else ())


def _telemetry() -> TelemetryConfig:
    """Return FastAPI's own telemetry settings: spans and metrics where an exporter is configured; never its logs, which quote requests."""
    configured = bool(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")) or os.environ.get("FASTAPI_OTEL_AUTO_CONFIGURE", "") == "true"
    return {"logs": False, "tracing": configured, "metrics": configured, "operation_spans": False}


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("daguanjia")
    except PackageNotFoundError:
        return "0.1.0"


def _lifespan(title: str, role: str, on_start: Sequence[Hook], on_stop: Sequence[Hook]) -> Any:
    @asynccontextmanager
    async def open_for_business(_app: FastAPI) -> AsyncIterator[None]:
        set_up_logging(role.removeprefix("daguanjia_"))
        use_database(Database(_url(role), role, pool_size=settings().pool_size))
        use_doorbell(Doorbell(settings().redis_url))
        use_quotas(Quotas(settings().redis_url))
        try:
            await _check_schema()
            for hook in on_start:
                await hook()
            settle_memory()
            log.info("door.open", title=title)
            yield
            for hook in on_stop:
                await hook()
        finally:
            await doorbell().close()
            await quotas().close()
            await database().close()
            use_doorbell(None)
            use_quotas(None)
            use_database(None)

    return open_for_business


def _url(role: str) -> str:
    """Return the address of the database a role works on: the reporting door may have a replica of its own."""
    if role == REPORTING and settings().reporting_database_url:
        return settings().reporting_database_url
    return settings().database_url


async def _check_schema() -> None:
    try:
        await require_current(database())
        await require_same_folder(database())
    except Problem as problem:
        log.error("door.cannot_open", code=problem.code, detail=problem.detail)  # noqa: TRY400  the sentence says it all
        raise
    except Exception as error:
        if unexpected(error).code != "database.away":
            raise
        log.warning("door.database_away", error=type(error).__name__)
