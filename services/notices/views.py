"""Answers about the public page."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.notices.directory import Match, Rung
from services.notices.models import REASONS
from services.notices.periods import period_named
from services.notices.publishing import PUBLISHED
from services.notices.queries import Page
from services.reports.metrics import METRICS

_COUNT: JsonDict = {"state": "exact", "value": 42, "low": None, "high": None, "shown": "42"}
_RATE: JsonDict = {"state": "bound", "value": None, "low": "95.5", "high": "100.0", "shown": "≥95.5%"}
_AREA: JsonDict = {"code": "441624108", "name": "彭寨镇", "tier": "township"}
_FIGURES: JsonDict = {"received": _COUNT, "satisfaction_rate": _RATE}
_ROW: JsonDict = {"code": "441624108213", "name": "水口村村民委员会", "figures": _FIGURES}
_PERIOD: JsonDict = {"code": "2026-10", "name": "2026年10月", "first": "2026-10-01", "last": "2026-10-31"}
_MATTER: JsonDict = {
    "place": "水口村村民委员会", "category": "自来水管破裂", "received": "2026-10-03", "finished": "2026-10-05", "days": 2,
    "result": "已现场处置,留有处置前后照片",
}  # fmt: skip
_DEFINITION: JsonDict = {
    "metric": "received@1", "name": "受理量", "numerator": "本期受理的工单", "denominator": None, "period": "按受理日", "note": "",
}  # fmt: skip
_RESULTS: JsonDict = {
    "period": _PERIOD, "months": ["2026-10"], "area": _AREA, "parent": {"code": "441624", "name": "和平县", "tier": "county"},
    "k": 5, "version": 1, "as_of": "2026-11-06T00:10:00Z", "frozen_at": "2026-11-06T00:10:00Z", "sha256": "9f2c",
    "definitions": [_DEFINITION],
    "figures": _FIGURES, "places": {"rows": [_ROW], "merged": ["太平村村民委员会"], "rest": {"received": 7}},
    "categories": None,
    "matters": [_MATTER], "corrections": [], "withdrawn": None,
}  # fmt: skip
_MATCH: JsonDict = {"code": "441624108213001", "name": "第一网格", "tier": "grid", "within": "和平县彭寨镇水口村村民委员会"}
_RUNG: JsonDict = {
    "code": "441624108213", "name": "水口村村民委员会", "tier": "village", "phone": "0762-5631234", "blank": False, "answered_by": None,
    "seats": [{"title": "村组织书记", "held": 1, "names": ["黄小明"]}],
}  # fmt: skip


class PeriodShown(BaseModel):
    """A period; days in Asia/Shanghai, both belong to it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PERIOD]})

    code: str
    name: str
    first: date
    last: date


class Periods(BaseModel):
    """Periods that results were published for: months, the newest first, then quarters and years."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_PERIOD]}]})

    items: list[PeriodShown]


class FigureShown(BaseModel):
    """One figure: `exact`; `bound`: only bounds are told; `at_least`: some months are not told; `merged`: not told for itself."""

    state: Literal["exact", "bound", "at_least", "merged"]
    value: int | None = Field(default=None, description="Of a count.")
    low: str | None = Field(default=None, description="Of a share, in percent.")
    high: str | None = None
    shown: str = Field(description="What to print.")


class AreaShown(BaseModel):
    """A unit that is an area."""

    code: str
    name: str
    tier: str


class RowShown(BaseModel):
    """One place or branch of categories."""

    code: str
    name: str
    figures: dict[str, FigureShown]


class TableShown(BaseModel):
    """Rows of which anything is told; `merged` names the others, `rest` is what all cells that are not told have together."""

    rows: list[RowShown]
    merged: list[str]
    rest: dict[str, int | None]


class MatterShown(BaseModel):
    """A finished matter: one of at least `k` like it at this place, drawn by lot."""

    place: str
    category: str
    received: date
    finished: date
    days: int = Field(description="0: finished on the day it came.")
    result: str = Field(description="In the words of its category.")


class CorrectionShown(BaseModel):
    """A correction, and what it changed of the area's own figures."""

    act: Literal["recount", "withdraw"]
    reason: str
    words: str
    on: date
    changed: list[dict[str, str]]


class DefinitionShown(BaseModel):
    """What a figure is."""

    metric: str
    name: str
    numerator: str
    denominator: str | None
    period: str
    note: str


class Results(BaseModel):
    """What is published of an area for a period. It is frozen: a correction is a further `version`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RESULTS]})

    period: PeriodShown
    months: list[str] = Field(description="The months counted in it.")
    area: AreaShown
    parent: AreaShown | None = Field(description="The area whose page this is a line of, for a village.")
    k: int = Field(description="No number stands for fewer tickets or households than this.")
    version: int
    as_of: datetime
    frozen_at: datetime
    sha256: str = Field(description="Hash of the canonical bytes of the page this was read from.")
    definitions: list[DefinitionShown]
    figures: dict[str, FigureShown]
    places: TableShown | None
    categories: TableShown | None
    matters: list[MatterShown]
    corrections: list[CorrectionShown]
    withdrawn: CorrectionShown | None


class PlaceFound(BaseModel):
    """A unit that was found, and where it lies."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MATCH]})

    code: str
    name: str
    tier: str
    within: str


class PlacesFound(BaseModel):
    """What a search found."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_MATCH]}]})

    items: list[PlaceFound]


class SeatView(BaseModel):
    """A role in a unit, how many hold it, and the names that are published."""

    title: str
    held: int
    names: list[str]


class RungView(BaseModel):
    """A unit of the ladder; where it is blank, `answered_by` says which unit above answers."""

    code: str
    name: str
    tier: str
    phone: str | None = Field(description="The office's number.")
    blank: bool
    answered_by: str | None
    seats: list[SeatView]


class Ladder(BaseModel):
    """Who is responsible for a place: its unit and those above, lowest first; `parts` are the places directly below."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"hotline": "580", "place": _MATCH, "rungs": [_RUNG], "parts": [_MATCH]}]})

    hotline: str
    place: PlaceFound
    rungs: list[RungView]
    parts: list[PlaceFound]


class PostsPublished(BaseModel):
    """How many posts changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"changed": 27}]})

    changed: int


class NoticeOrderView(BaseModel):
    """An order to correct what was published. `outcome` `too_small`: what changed is too little to be told."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "019aa6c0-0000-7000-8000-000000000009", "period": "2026-10", "act": "recount", "reason": "late_records",
                    "ordered_at": "2026-11-22T04:00:00Z", "done_at": None, "outcome": None,
                }
            ]
        }
    )  # fmt: skip

    id: str
    period: str
    act: str
    reason: str
    ordered_at: datetime
    done_at: datetime | None
    outcome: str | None


def period_view(code: str) -> PeriodShown:
    """Return the view of a period."""
    period = period_named(code)
    return PeriodShown(code=period.code, name=period.name, first=period.first, last=period.last)


def definitions() -> list[DefinitionShown]:
    """Return what each published figure is."""
    return [
        DefinitionShown(
            metric=found.key,
            name=found.name,
            numerator=found.numerator_words,
            denominator=found.denominator_words or None,
            period=found.period_words,
            note=found.note,
        )
        for found in (METRICS[metric] for metric in PUBLISHED)
    ]


def results_view(page: Page, area: str, name: str, tier: str) -> Results:
    """Return what is published of `area`, a page of its own or a line of `page`."""
    content: dict[str, Any] = dict(page.content)
    parent = None
    if content["area"]["code"] != area:
        parent = content["area"]
        line = next(row for row in content["places"]["rows"] if row["code"] == area)
        matters = [matter for matter in content["matters"] if matter["place"] == name]
        content |= {"area": {"code": area, "name": name, "tier": tier}, "figures": line["figures"]}
        content |= {"places": None, "categories": None, "matters": matters}
        content["corrections"] = [{**entry, "changed": []} for entry in content["corrections"]]
    content |= {"period": period_view(page.period), "parent": parent, "definitions": definitions()}
    content |= {"version": page.version, "as_of": page.as_of, "frozen_at": page.frozen_at, "sha256": page.sha256}
    content["corrections"] = [_worded(entry) for entry in content["corrections"]]
    content["withdrawn"] = _worded(content["withdrawn"]) if content["withdrawn"] else None
    return Results.model_validate(content)


def _worded(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {**entry, "words": REASONS[entry["reason"]]}


def place_view(match: Match) -> PlaceFound:
    """Return the view of a place that was found."""
    return PlaceFound(code=match.code, name=match.name, tier=match.tier, within=match.within)


def rung_views(rungs: Iterable[Rung]) -> list[RungView]:
    """Return the views of a ladder."""
    return [
        RungView(
            code=rung.code,
            name=rung.name,
            tier=rung.tier,
            phone=rung.phone,
            blank=not rung.seats,
            answered_by=rung.answered_by,
            seats=[SeatView(title=seat.title, held=seat.held, names=list(seat.names)) for seat in rung.seats],
        )
        for rung in rungs
    ]


def places_found(matches: Sequence[Match]) -> PlacesFound:
    """Return the view of a search's answer."""
    return PlacesFound(items=[place_view(match) for match in matches])
