"""问题村 as a filter: places that lay in a village on the list of problem villages, as was known at an instant."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from services.matters.models import ProblemVillage
from services.organization.models import Unit


def in_problem_village(at: datetime) -> ColumnElement[bool]:
    """Return the condition, over the units of a query, that one is a village on a list of any level at `at`, or lies in one."""
    village = aliased(Unit)
    listed = (
        select(ProblemVillage.id)
        .join(village, village.id == ProblemVillage.unit_id)
        .where(func.starts_with(Unit.path, village.path), ProblemVillage.recorded_at <= at)
        .where(or_(ProblemVillage.ended_at.is_(None), ProblemVillage.ended_at > at))
    )
    return listed.correlate(Unit).exists()
