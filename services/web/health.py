"""Whether a door lives, and whether it can work now."""

import asyncio
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from migrations.running import require_current
from services.platform.database import database
from services.platform.doorbell import doorbell
from services.platform.errors import Problem, Unavailable
from services.platform.key_folder import require_same_folder
from services.web.metrics import metrics_response
from services.web.problems import unexpected
from services.web.routes import door_router

router = door_router(tags=["health"])
_PATIENCE = 2.0


class Health(BaseModel):
    """The process answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "alive"}]})

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """The door can work; `degraded` names parts that are away without hindering it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ready", "degraded": []}]})

    status: Literal["ready"] = "ready"
    degraded: list[str] = Field(description="`doorbell`: Redis is away; the worker looks by itself every few seconds.")


@router.get("/healthz", summary="Does the process answer?")
async def healthz() -> Health:
    """Say that the process answers; nothing else is looked at."""
    return Health()


@router.get("/readyz", summary="Can this door work now?")
async def readyz() -> Readiness:
    """Look at the database, its schema and the keys of days (503 where they do not serve), and at the doorbell (`degraded`)."""
    try:
        async with asyncio.timeout(_PATIENCE):
            await require_current(database())
            await require_same_folder(database())
    except Problem:
        raise
    except TimeoutError:
        raise Unavailable("database.away", "The database does not answer.", headers={"Retry-After": "2"}) from None
    except Exception as error:  # noqa: BLE001  told apart by `unexpected`
        raise unexpected(error) from None
    return Readiness(degraded=[] if await doorbell().answers() else ["doorbell"])


@router.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    """Return the figures for Prometheus."""
    return await metrics_response()
