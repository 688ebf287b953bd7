"""Who reads figures and the tickets behind them, and what every such read may be answered with."""

from typing import Annotated, Any

from fastapi import Depends

from services.platform.actor import Actor
from services.web.signed_in import requires

Reader = Annotated[Actor, Depends(requires("report.read"))]
TicketReader = Annotated[Actor, Depends(requires("ticket.read"))]
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Nothing changed since the answer whose tag If-None-Match names."}}
