"""Answers about categories."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.catalogue.commands import PutAreaRow
from services.catalogue.models import CatalogueRow
from services.catalogue.policy import CategoryPolicy

_LIMIT: dict[str, Any] = {"amount": 5, "unit": "working_days"}
_CATEGORY: dict[str, Any] = {
    "code": "water.canal",
    "parent_code": "water",
    "name": "水渠损毁",
    "leaf": True,
    "urgency": "normal",
    "privacy": "normal",
    "place_needed": True,
    "evidence": ["text", "photo"],
    "limits": {"resolve": _LIMIT},
    "handler": "lowest",
    "co_handler": "department:water",
    "surfaces_directly": False,
    "urgent_ring": False,
    "keywords": ["水渠", "渠道"],
    "active": True,
    "version": 1,
}
_AREA: dict[str, Any] = {"area_code": "441624108", "handler_code": "441624-D-SLJ", "note": "整镇由县水利局直管", "version": 1}


class LimitView(BaseModel):
    """How long a stage may take."""

    amount: int
    unit: str = Field(description="minutes, working_days or natural_days")


class CategoryView(BaseModel):
    """A category and its policy. `handler`: lowest, township, county or ``department:<function>``."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CATEGORY]})

    code: str
    parent_code: str | None
    name: str
    leaf: bool
    urgency: str
    privacy: str
    place_needed: bool
    evidence: list[str]
    limits: dict[str, LimitView]
    handler: str
    co_handler: str | None
    surfaces_directly: bool
    urgent_ring: bool
    keywords: list[str]
    active: bool
    version: int


class Categories(BaseModel):
    """The whole catalogue in its own order, groups before what is in them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_CATEGORY]}]})

    items: list[CategoryView]


class AreaRowView(PutAreaRow):
    """Who handles a category in an area."""

    model_config = ConfigDict(json_schema_extra={"examples": [_AREA]})

    area_code: str
    version: int


class CategoryDetail(CategoryView):
    """A category with the areas in which somebody else handles it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_CATEGORY, "areas": [_AREA]}]})

    areas: list[AreaRowView]


class Suggestion(BaseModel):
    """A category that fits some words; a higher score fits better."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "water.canal", "name": "水渠损毁", "score": 4.0}]})

    code: str
    name: str
    score: float


class Suggestions(BaseModel):
    """Categories that fit some words, best first; none where no keyword occurs."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [{"code": "water.canal", "name": "水渠损毁", "score": 4.0}]}]})

    items: list[Suggestion]


def category_view(category: CategoryPolicy) -> CategoryView:
    """Return the view of a category."""
    return CategoryView(**_columns(category))


def category_detail(category: CategoryPolicy, areas: list[AreaRowView]) -> CategoryDetail:
    """Return the view of a category with its areas."""
    return CategoryDetail(**_columns(category), areas=areas)


def area_row_view(row: CatalogueRow, area_code: str, handler_code: str) -> AreaRowView:
    """Return the view of an area's row."""
    return AreaRowView(area_code=area_code, handler_code=handler_code, note=row.note, version=row.version)


def _columns(category: CategoryPolicy) -> dict[str, Any]:
    columns = {name: getattr(category, name) for name in CategoryView.model_fields}
    columns["limits"] = {stage: LimitView(amount=limit.amount, unit=limit.unit) for stage, limit in category.limits.items()}
    columns["evidence"], columns["keywords"] = list(category.evidence), list(category.keywords)
    return columns
