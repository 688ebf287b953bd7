"""Discovery: where this endpoint is, in which forms it answers, when its services changed last, and whom to ask for a key."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.catalogue.models import Category
from services.channels.open311.status import w3c
from services.connections.models import Connection
from services.platform.settings import settings

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"


async def discovery(session: AsyncSession, url: str) -> dict[str, Any]:
    """Return the discovery document of the endpoint at `url`. Its `changeset` moves with the catalogue and with what clients are asked."""
    categories = await session.scalar(select(func.max(Category.updated_at)))
    asked = await session.scalar(select(func.max(Connection.updated_at)).where(Connection.kind == "open311"))
    changeset = w3c(max((one for one in (categories, asked) if one is not None), default=None)) or ""
    return {
        "changeset": changeset,
        "contact": f"村民大管家热线 {settings().hotline_number}",
        "key_service": f"接口密钥由本系统管理员发放，请致电 {settings().hotline_number}。",
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": url,
                "changeset": changeset,
                "type": "production",
                "formats": ["text/xml", "application/json"],
            }
        ],
    }
