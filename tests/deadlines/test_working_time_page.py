"""The page on working time: its definition is read, and every date in its table is what comes out."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.catalogue.parsing import parse_limit
from services.deadlines.calendar import seed_days
from services.deadlines.calendars import calendars_from, years_from_days
from services.deadlines.due import Due, StageLimit, StartRule, TimeUnit, due_at
from services.platform.clock import SHANGHAI

PAGE = (Path(__file__).parents[2] / "docs" / "working-time.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\| (\d{4}-\d\d-\d\d \d\d:\d\d) \| (\S+) \| (\d{4}-\d\d-\d\d) (\d\d):(\d\d)( 暂定)? \|", PAGE, re.MULTILINE)


def _definition() -> dict[str, Any]:
    found = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert found
    made: dict[str, Any] = json.loads(found[1])
    return made


def test_the_definition_on_the_page_is_read() -> None:
    calendars = calendars_from(1, _definition())
    assert set(calendars.by_code) == {"default", "hall", "guard"}
    assert calendars.code_for("/441624/441624108/441624108213/") == "guard"
    assert len(EXAMPLES) == 13


@pytest.mark.parametrize(("start", "cell", "day", "hour", "minute", "unsure"), EXAMPLES)
def test_an_example_on_the_page_comes_out(start: str, cell: str, day: str, hour: str, minute: str, unsure: str) -> None:
    calendar = calendars_from(1, {**_definition(), "years": years_from_days(seed_days([2025, 2026, 2027]))}).calendar("default")
    read = parse_limit("resolve", cell)
    assert read
    limit = StageLimit("resolve", read.amount, TimeUnit(read.unit), StartRule(read.start))
    ends = datetime.combine(date.fromisoformat(day), time(), SHANGHAI) + timedelta(hours=int(hour), minutes=int(minute))
    begins = datetime.strptime(start, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
    assert due_at(begins, limit, calendar) == Due(ends, provisional=bool(unsure))
