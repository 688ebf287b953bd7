"""The form in which a bulletin, ours or anybody's, is given to the lint; and what the lint finds."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.platform.text import storable

ROWS_AT_MOST, COLUMNS_AT_MOST, TABLES_AT_MOST = 2000, 60, 60
_BIGGEST = 10**15


def _as_printed(given: object) -> object:
    """Take a bare JSON number for what is printed; a truth value or anything else is left to be refused."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return format(given, "f").rstrip("0").rstrip(".") if isinstance(given, float) and abs(given) < _BIGGEST else str(given)
    return given


Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(storable)]
Printed = Annotated[str, BeforeValidator(_as_printed), StringConstraints(max_length=64), AfterValidator(storable)]
Count = Annotated[int, Field(ge=-_BIGGEST, le=_BIGGEST)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ForeignCell(_Form):
    """A cell: what is printed and, where the bulletin says so, what it was made of."""

    printed: Printed = Field(examples=["93.72%"])
    numerator: Count | None = None
    denominator: Count | None = None


def _as_cell(given: object) -> object:
    return given if isinstance(given, dict | ForeignCell) else {"printed": given}


CellForm = Annotated[ForeignCell, BeforeValidator(_as_cell)]


class ForeignColumn(_Form):
    """A column: what kind of number stands in it, and of which columns (by key) it is made."""

    key: Name = Field(examples=["received"])
    name: str = Field(default="", max_length=200, examples=["受理量"])
    kind: Literal["figure", "count", "rate", "share", "change", "points", "interval", "words"] = Field(
        default="count",
        description="`figure`: a count, or a rate where the cell has a denominator · `change`, `points`: the difference of the two columns"
        " of `of` · `words`: not checked.",
    )
    of: list[Name] = Field(
        default_factory=list,
        max_length=2,
        description="rate: numerator, denominator · change: now, then · share: the counts",
        examples=[["closed", "due"]],
    )
    additive: bool = Field(default=True, description="false: the total is not the sum of the rows, as where a case counts in several rows.")
    may_exceed: bool = Field(default=False, description="Whether a rate may pass 100 % by its definition.")


class ForeignRow(_Form):
    """A row: cells by the key of the column; a bare text or number is what is printed."""

    name: Name = Field(examples=["彭寨镇"])
    cells: dict[Name, CellForm] = Field(max_length=COLUMNS_AT_MOST, examples=[{"received": "1054", "rate": {"printed": "93.72%"}}])


class ForeignTable(_Form):
    """A table with its total, where it prints one."""

    name: Name = Field(examples=["案件来源"])
    as_of: AwareDatetime | None = Field(default=None, examples=["2024-08-02T01:00:00Z"])
    columns: list[ForeignColumn] = Field(min_length=1, max_length=COLUMNS_AT_MOST)
    rows: list[ForeignRow] = Field(max_length=ROWS_AT_MOST)
    total: dict[Name, CellForm] | None = Field(default=None, max_length=COLUMNS_AT_MOST, examples=[{"received": "14090"}])


class ForeignFigure(_Form):
    """A figure in the text: what is printed, and its fraction; without denominator it is a count."""

    name: Name = Field(examples=["结案率"])
    printed: Printed = Field(examples=["99.84%"])
    numerator: Count | None = Field(default=None, examples=[14068])
    denominator: Count | None = Field(default=None, examples=[14090])
    may_exceed: bool = False
    as_of: AwareDatetime | None = Field(default=None, examples=["2024-08-02T01:00:00Z"])


class ForeignBulletin(_Form):
    """A bulletin to be checked."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "title": "数字城管月报（2024年7月）",
                    "tables": [
                        {
                            "name": "各区",
                            "columns": [{"key": "collected", "name": "采集员上报"}],
                            "rows": [{"name": "甲区", "cells": {"collected": 7002}}, {"name": "乙区", "cells": {"collected": 5100}}],
                            "total": {"collected": 12120},
                        }
                    ],
                    "figures": [{"name": "结案率", "printed": "99.84%", "numerator": 14068, "denominator": 14090}],
                    "equal": [],
                }
            ]
        },
    )

    title: Name
    last: date | None = Field(default=None, description="Last day of the period.", examples=["2024-07-31"])
    as_of: AwareDatetime | None = Field(default=None, examples=["2024-08-02T01:00:00Z"])
    tables: list[ForeignTable] = Field(default_factory=list, max_length=TABLES_AT_MOST)
    figures: list[ForeignFigure] = Field(default_factory=list, max_length=ROWS_AT_MOST)
    equal: list[tuple[str, str]] = Field(
        default_factory=list,
        max_length=500,
        description="Places that print the same number: `table/row/column key` (the total row is called 合计), or the name of a figure.",
        examples=[[["案件来源/采集员/collected", "各区/合计/collected"]]],
    )


class Finding(BaseModel):
    """Something that is wrong. A `notice` does not keep a bulletin from being published, an `error` does."""

    code: str = Field(examples=["sum_differs"])
    where: str = Field(examples=["各区/合计/采集员上报"])
    printed: str = Field(examples=["12120"])
    expected: str = Field(examples=["12102"])
    words: str = Field(examples=["合计印为12120，各行相加为12102，相差18。疑为数字颠倒。"])
    level: Literal["error", "notice"] = Field(default="error", examples=["error"])


class BulletinFindings(BaseModel):
    """What the lint found; nothing in a sound bulletin."""

    sound: bool = Field(description="Whether there is no error.", examples=[False])
    items: list[Finding]
