"""How many distinct households told the matters of a period, and how satisfied they are."""

from datetime import UTC, date
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AwareDatetime

from services.platform.actor import Actor
from services.platform.errors import Invalid
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.households import AskedHouseholds, HouseholdsReport, households_report
from services.reports.satisfied_households import SatisfiedHouseholds, satisfied_households
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/figures", tags=["figures"])

Reader = Annotated[Actor, Depends(requires("report.read"))]


def _asked(
    first: Annotated[date | None, Query(alias="from", description="First day, Asia/Shanghai.", examples=["2026-11-01"])] = None,
    last: Annotated[date | None, Query(alias="to", description="Last day; it belongs to the period.", examples=["2026-11-30"])] = None,
    unit: Annotated[Code | None, Query(description="Whose area the matters lie in.", examples=["441624108"])] = None,
    category: Annotated[Code | None, Query(description="With all below it.", examples=["water"])] = None,
    as_of: Annotated[
        AwareDatetime | None,
        Query(
            description="An instant with its offset: answer as it was known then; 422 `as_of.not_kept` where who told it changed since.",
            examples=["2026-11-15T00:00:00+08:00"],
        ),
    ] = None,
) -> AskedHouseholds:
    try:
        return AskedHouseholds(first, last, unit, category, as_of and as_of.astimezone(UTC))
    except OverflowError:
        raise Invalid("period.invalid", "`as_of` must be an instant like 2026-11-01T08:30:00+08:00.") from None


Question = Annotated[AskedHouseholds, Depends(_asked)]


@router.get("/households", summary="Count the households that told matters")
async def read_households(actor: Reader, asked: Question) -> HouseholdsReport:
    """Count distinct households (户), not calls: those that share a number or an account are one. At this door, for it needs who told."""
    async with unit_of_work(actor) as work:
        return await households_report(work, asked)


@router.get("/satisfaction-by-household", summary="Satisfaction with each household weighing one")
async def read_satisfied_households(actor: Reader, asked: Question) -> SatisfiedHouseholds:
    """Tell 满意率 with each household weighing one, beside the official rate of the same tickets. At this door, for it needs who told."""
    async with unit_of_work(actor) as work:
        return await satisfied_households(work, asked)
