"""What both reports are asked by: an area one may know of, and the instant as of which they tell."""

from dataclasses import dataclass
from datetime import datetime

from services.activities.rules import EARLIEST
from services.identity.permissions import require, scope_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode
from services.platform.errors import Forbidden, Invalid, NotFound
from services.platform.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Within:
    """The unit that is asked for, the areas of it one may know of (paths), and as of when."""

    unit: UnitNode
    areas: tuple[str, ...]
    as_of: datetime


async def within(work: Work, unit_code: str | None, as_of: datetime | None) -> Within:
    """Return what a question is about; the whole jurisdiction and now where it does not say.

    Raises 403 ``permission.denied`` and ``unit.outside_scope``, 404 ``unit.unknown``, 422 ``as_of.future`` and ``as_of.too_early``.
    """
    require(work.actor, "service.report")
    if as_of is not None and as_of > work.now:
        raise Invalid("as_of.future", "Ask as of an instant that has come.")
    if as_of is not None and as_of.year < EARLIEST.year:
        raise Invalid("as_of.too_early", f"Nothing was known before {EARLIEST}.")
    tree, scope = await unit_tree(work.session), scope_of(work.actor)
    unit = tree.by_code.get(unit_code) if unit_code else tree.root
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    areas: tuple[str, ...] = (unit.path,)
    if not scope.everything:
        pairs = [sorted((area, unit.path), key=len) for area in scope.prefixes]
        areas = tuple(dict.fromkeys(longer for shorter, longer in pairs if longer.startswith(shorter)))
    if not areas:
        raise Forbidden("unit.outside_scope", "Your posts do not reach this unit.")
    return Within(unit, areas, as_of or work.now)
