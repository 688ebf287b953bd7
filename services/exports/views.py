"""What is shown of exports, of saved reports and of the data dictionary."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.exports.columns import KIND_WORDS, Column
from services.exports.models import Export, ReportDelivery, SavedReport
from services.exports.source import Source

_ID = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e10"
_QUESTION = {"metric": "completion_rate_due", "by": "unit:township", "period": "last_month"}


class ExportView(BaseModel):
    """An export: how far it is, and where its file lies once it is ready."""

    id: UUID = Field(examples=[_ID])
    source: str = Field(examples=["tickets"])
    format: str = Field(examples=["csv"])
    question: dict[str, str] = Field(examples=[{"status": "open", "unit": "441624108"}])
    state: str = Field(description="queued, running, ready, failed (see `problem`), cancelled, expired.", examples=["ready"])
    rows_done: int = Field(description="Rows written so far.", examples=[1204])
    rows_estimated: int | None = Field(description="Rows there will be; null until that is known.", examples=[1204])
    size: int | None = Field(description="Bytes of the file.", examples=[182344])
    sha256: str | None = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    problem: str | None = Field(description="Code of what stood in the way.", examples=[None])
    as_of: datetime | None = Field(description="The instant whose state the file shows.", examples=["2026-11-22T02:10:02Z"])
    created_at: datetime = Field(examples=["2026-11-22T02:10:00Z"])
    ended_at: datetime | None = Field(examples=["2026-11-22T02:10:04Z"])
    expires_at: datetime | None = Field(description="Until when the file is kept.", examples=["2026-11-29T02:10:04Z"])
    name: str = Field(description="Name of the file.", examples=["tickets-20261122-101000.csv"])
    file: str | None = Field(description="Where the file is, at the reporting door.", examples=[f"/v1/exports/{_ID}/file"])


class ColumnView(BaseModel):
    """A column of a table."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "hand_offs", "heading": "流转次数", "english": "Hand-offs", "kind": "integer", "kind_words": "整数",
                    "unit": "次", "meaning": "流转次数",
                }
            ]
        }
    )  # fmt: skip

    code: str
    heading: str
    english: str
    kind: str
    kind_words: str
    unit: str
    meaning: str


class SourceView(BaseModel):
    """Something that can be exported, saved and delivered."""

    source: str = Field(examples=["workload"])
    title: str = Field(examples=["在办负荷"])
    english: str = Field(examples=["Open tickets of each unit"])
    parameters: list[str] = Field(description="What it may be asked.", examples=[["unit", "holder"]])
    columns: list[ColumnView]


class DataDictionary(BaseModel):
    """Every source with its columns."""

    items: list[SourceView]


class ScheduleView(BaseModel):
    """When a saved report is told, and to which subscription."""

    frequency: str = Field(examples=["weekly"])
    hour: int = Field(examples=[8])
    weekday: int | None = Field(examples=[1])
    monthday: int | None = Field(examples=[None])
    subscription: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d50"])
    next_at: datetime | None = Field(examples=["2026-11-23T00:00:00Z"])


class SavedReportView(BaseModel):
    """A saved report."""

    id: UUID = Field(examples=[_ID])
    name: str = Field(examples=["上月各镇结案率"])
    source: str = Field(examples=["reports"])
    question: dict[str, str] = Field(examples=[_QUESTION])
    own: bool = Field(description="Whether it is the reader's own; else it is shared with their unit.", examples=[True])
    unit: str | None = Field(description="With whom it is shared.", examples=["441624"])
    schedule: ScheduleView | None = Field(
        examples=[
            {
                "frequency": "weekly", "hour": 8, "weekday": 1, "monthday": None,
                "subscription": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d50", "next_at": "2026-11-23T00:00:00Z",
            }
        ]
    )  # fmt: skip
    version: int = Field(examples=[1])
    created_at: datetime = Field(examples=["2026-11-22T02:10:00Z"])


class SavedReports(BaseModel):
    """The saved reports one may run: one's own, then those shared with one's units."""

    items: list[SavedReportView]


class ReportDeliveryView(BaseModel):
    """One occurrence of a schedule and what became of it."""

    occurrence: datetime = Field(examples=["2026-11-23T00:00:00Z"])
    state: str = Field(description="told (see the log of the subscription), refused (see `problem`).", examples=["told"])
    missed: int = Field(description="Occurrences before it that nobody told: they are named in it.", examples=[0])
    delivery: UUID | None = Field(description="The `webhook-id`.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d51"])
    problem: str | None = Field(examples=[None])
    made_at: datetime = Field(examples=["2026-11-23T00:00:03Z"])


class ReportDeliveries(BaseModel):
    """The newest occurrences of a schedule."""

    items: list[ReportDeliveryView]


class TableView(BaseModel):
    """The rows of a source, as far as an answer holds them."""

    source: str = Field(examples=["reports"])
    question: dict[str, str] = Field(examples=[_QUESTION])
    as_of: datetime = Field(examples=["2026-11-22T02:10:00Z"])
    columns: list[ColumnView]
    rows: list[list[Any]] = Field(
        description="Values in the order of `columns`.", examples=[[["completion_rate_due@1", "441624108", "彭寨镇", 911, 972, 93.72]]]
    )
    total: int = Field(description="How many rows there are.", examples=[18])
    truncated: bool = Field(description="Whether there are more than these; an export has all of them.", examples=[False])


def export_view(row: Export) -> ExportView:
    """Return the view of a row."""
    same = {
        name: getattr(row, name)
        for name in (
            "id",
            "source",
            "format",
            "question",
            "state",
            "rows_done",
            "rows_estimated",
            "size",
            "as_of",
            "created_at",
            "ended_at",
        )
    }
    ready = row.state == "ready"
    return ExportView(
        **same,
        sha256=row.sha256.hex() if row.sha256 else None,
        problem=row.problem_code,
        expires_at=row.expires_at,
        name=row.name,
        file=f"/v1/exports/{row.id}/file" if ready else None,
    )


def column_view(column: Column) -> ColumnView:
    """Return the view of a column."""
    return ColumnView(
        code=column.code,
        heading=column.heading,
        english=column.english,
        kind=column.kind,
        kind_words=KIND_WORDS[column.kind],
        unit=column.unit,
        meaning=column.meaning,
    )


def source_view(source: Source) -> SourceView:
    """Return the view of a source."""
    return SourceView(
        source=source.code,
        title=source.title,
        english=source.english,
        parameters=list(source.parameters),
        columns=[column_view(column) for column in source.columns],
    )


def saved_view(row: SavedReport, unit_code: str | None, *, own: bool) -> SavedReportView:
    """Return the view of a row."""
    schedule = None
    if row.frequency is not None and row.hour is not None and row.subscription_id is not None:
        schedule = ScheduleView(
            frequency=row.frequency,
            hour=row.hour,
            weekday=row.weekday,
            monthday=row.monthday,
            subscription=row.subscription_id,
            next_at=row.next_at,
        )
    same = {name: getattr(row, name) for name in ("id", "name", "source", "question", "version", "created_at")}
    return SavedReportView(**same, own=own, unit=unit_code, schedule=schedule)


def delivery_view(row: ReportDelivery) -> ReportDeliveryView:
    """Return the view of a row."""
    return ReportDeliveryView(
        occurrence=row.occurrence_at,
        state=row.state,
        missed=row.missed,
        delivery=row.delivery_id,
        problem=row.problem_code,
        made_at=row.made_at,
    )
