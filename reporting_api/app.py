"""The reporting door: figures with their definitions and the tickets behind them. Runs as ``uvicorn reporting_api.app:app``."""

from fastapi import FastAPI

from reporting_api.routers import ROUTERS
from services.platform.database import REPORTING
from services.web.app import create_app


def build() -> FastAPI:
    """Return the reporting door."""
    return create_app(
        title="daguanjia reporting",
        role=REPORTING,
        routers=ROUTERS,
        description="大管家: figures that name their definition and drill down to exactly the tickets they count.",
    )


app = build()
