"""Answers about the ledger of what was done outside of tickets."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.activities.views import DeclaredView
from services.reports.views import PeriodView, UnitName

_FIGURE: JsonDict = {
    "metric": "households_visited@1", "name": "走访农户", "unit": "户", "numerator": 911, "denominator": None, "value": 911, "shown": "911",
    "no_data": False,
}  # fmt: skip


class LedgerFigure(BaseModel):
    """A figure of the ledger in its own counting unit. Figures of different units are never added."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FIGURE]})

    metric: str = Field(description="`id@version`; what it counts is at /v1/metrics.")
    name: str
    unit: str = Field(description="户, 次, 条, 件, 元, 人, 人次, 起, 天 or %.")
    numerator: int = Field(description="Fen for money, half-days for labour.")
    denominator: int | None
    value: int | str | None = Field(description="A rate as its exact fraction; null without data.")
    shown: str = Field(description="What to print; money in 元, labour in days; `—` without data.")
    no_data: bool


class LedgerRow(BaseModel):
    """One row. Key `-`: entries without a value (not placed so precisely)."""

    key: str = Field(examples=["441624108"])
    name: str = Field(examples=["彭寨镇"])
    figures: list[LedgerFigure]


class BesideTickets(BaseModel):
    """Things done, in the ledger and as tickets, side by side. What belongs to a ticket is counted there alone, when it is closed."""

    things_without_ticket: int = Field(examples=[1100])
    things_with_ticket: int = Field(description="Not part of `together`.", examples=[3])
    tickets_closed: int | None = Field(description="As `completed` counts, discovered ones too; null without data.", examples=[5670])
    together: int | None = Field(description="办成实事(未关联工单) and 办结量: nothing is counted twice.", examples=[6770])


class LedgerReport(BaseModel):
    """The figures of the ledger; what is declared from paper stands beside them and in none of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "as_of": "2026-11-22T04:00:00Z", "period": {"first": "2026-11-01", "last": "2026-11-22"},
                    "unit": {"code": "441624", "name": "和平县"}, "by": "unit:township", "total": [_FIGURE],
                    "rows": [{"key": "441624108", "name": "彭寨镇", "figures": [_FIGURE]}], "funds": [],
                    "beside_tickets": {"things_without_ticket": 1100, "things_with_ticket": 3, "tickets_closed": 5670, "together": 6770},
                    "declared": [],
                }
            ]
        }
    )  # fmt: skip

    as_of: datetime = Field(description="What was recorded up to this instant and not withdrawn by then is counted.")
    period: PeriodView
    unit: UnitName | None
    programme: str | None = Field(default=None, description="The programme whose days and units these are.")
    by: str | None
    total: list[LedgerFigure] = Field(description="Distinct households and people are distinct over all rows: not the sum of the rows.")
    rows: list[LedgerRow]
    funds: list[LedgerRow] = Field(description="Pledged, received and spent, by source.")
    beside_tickets: BesideTickets
    declared: list[DeclaredView] = Field(description="Totals from paper whose period touches this one.")


class CountedEntry(BaseModel):
    """An entry that a figure counted; of distinct households or people the newest one of each."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d60", "kind": "visit", "kind_name": "走访", "counting_unit": "次",
                    "place": {"code": "441624108213001", "name": "第一网格"}, "member_id": "019aa6c0-0000-7000-8000-000000000001",
                    "happened_on": "2026-11-20", "outcome": "met", "stage": None, "source": None, "amount": None,
                    "reference": "5f2b8c0d11aa9e42", "entries": 3, "ticket": None, "recorded_at": "2026-11-22T02:10:00Z",
                    "withdrawn_at": None,
                }
            ]
        }
    )  # fmt: skip

    id: UUID
    kind: str
    kind_name: str
    counting_unit: str
    place: UnitName
    member_id: UUID
    happened_on: date
    outcome: str | None
    stage: str | None
    source: str | None
    amount: int | None = Field(description="What this row adds to a sum.")
    reference: str | None = Field(description="Of the household or person, where distinct ones are counted; equality is all it tells.")
    entries: int = Field(description="How many entries this row stands for.")
    ticket: str | None
    recorded_at: datetime
    withdrawn_at: datetime | None = Field(description="Withdrawn since, where an earlier instant was asked for.")


class CountedEntries(BaseModel):
    """A page of the entries behind a figure of the ledger."""

    metric: str = Field(examples=["households_visited@1"])
    part: Literal["numerator", "denominator"] = Field(examples=["numerator"])
    total: int = Field(description="The figure's part: as many rows as there are, or the sum of their amounts.", examples=[911])
    count: int = Field(description="How many rows the list has.", examples=[911])
    items: list[CountedEntry]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")
