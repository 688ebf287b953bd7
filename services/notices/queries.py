"""Reading what was published. The public page reads a frozen row by its key and counts nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notices.models import Notice
from services.notices.periods import period_named
from services.organization.tree import UnitTree
from services.platform.database import Json
from services.platform.errors import NotFound
from services.platform.settings import settings

_COLUMNS = (Notice.period, Notice.area_code, Notice.version, Notice.content, Notice.sha256, Notice.as_of, Notice.frozen_at)


@dataclass(frozen=True, slots=True)
class Page:
    """What is published of an area for a period."""

    period: str
    area_code: str
    version: int
    content: Json
    sha256: str
    as_of: datetime
    frozen_at: datetime


async def published_periods(session: AsyncSession) -> Sequence[str]:
    """Return the codes of all periods something was published for: months newest first, then quarters, then years."""
    query = select(Notice.period).where(Notice.area_code == settings().jurisdiction, Notice.version == 1)
    found = list(await session.scalars(query))
    return sorted(found, key=lambda code: (-len(period_named(code).months), period_named(code).first), reverse=True)


async def published(session: AsyncSession, period: str, area: str) -> Page | None:
    """Return the newest version of an area's page for a period, without what it was made from."""
    query = select(*_COLUMNS).where(Notice.period == period, Notice.area_code == area).order_by(Notice.version.desc()).limit(1)
    row = (await session.execute(query)).one_or_none()
    return Page(*row) if row is not None else None


async def page_of(session: AsyncSession, tree: UnitTree, period: str, area: str) -> Page:
    """Return the page on which an area's results stand: its own, or that of the township or jurisdiction it lies in.

    Raises 404 ``notice.unknown`` where nothing was published for the period, ``unit.unknown`` for an area that is none.
    """
    unit = tree.by_code.get(area)
    above = [one.code for one in tree.ancestors(unit)] if unit is not None else []
    for code in (area, *above):
        found = await published(session, period, code)
        if found is not None and (code == area or _names(found, area)):
            return found
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code.")
    raise NotFound("notice.unknown", "Nothing was published for this period and area.")


def _names(page: Page, area: str) -> bool:
    """Tell whether a page has a line for an area, or names it among those not told for themselves."""
    places = page.content["places"]
    return places is not None and any(row["code"] == area for row in places["rows"])
