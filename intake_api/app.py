"""The intake door: complaints come in, tickets are worked on, the county is administered. Runs as ``uvicorn intake_api.app:app``."""

from fastapi import FastAPI

from intake_api.routers import ROUTERS
from services.channels.wechat.patience import finish_going_on
from services.channels.wechat.wires import check_wires
from services.complaints.filing_desk import look_around
from services.complaints.letterbox import empty_letterbox
from services.platform.database import INTAKE
from services.web.app import create_app


def build() -> FastAPI:
    """Return the intake door."""
    return create_app(
        title="daguanjia intake",
        role=INTAKE,
        routers=ROUTERS,
        on_start=[check_wires, look_around],
        on_stop=[finish_going_on, empty_letterbox],
        description="大管家: one ticket for every villager's word, from the call to the verified answer.",
    )


app = build()
