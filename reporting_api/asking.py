"""How a question about tickets stands in an address."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import Depends, Path, Query
from starlette.requests import Request

from services.exports.formats import FileFormat
from services.platform.errors import Invalid
from services.platform.text import Code
from services.reports.grouping import Grouping
from services.reports.questions import Asked, Comparing, Removal, Source
from services.tickets.filters import LAST_ROUND, Tier, Urgency

Format = Annotated[
    Literal["json", "csv", "xlsx", "parquet"] | None,
    Query(description="A file with Chinese headings: `csv` or `xlsx`, or `parquet` for programs; else as Accept says."),
]
MetricName = Annotated[
    str,
    Path(
        max_length=80,
        description="`id` or `id@version` of a metric; with `.csv`, `.xlsx` or `.parquet` behind it the answer is such a file.",
        examples=["completion_rate_due"],
    ),
]
From = Annotated[
    str | None,
    Query(
        alias="from",
        max_length=40,
        description="First day, Asia/Shanghai. Default: the first of the month that `to` lies in.",
        examples=["2026-11-01"],
    ),
]
To = Annotated[
    str | None,
    Query(alias="to", max_length=40, description="Last day; it belongs to the period. Default: today.", examples=["2026-11-30"]),
]
FromMoment = Annotated[
    str | None,
    Query(
        alias="from",
        max_length=40,
        description="First day, Asia/Shanghai, or an instant with its offset. Default: the first of the month that `to` lies in.",
        examples=["2026-11-01"],
    ),
]
ToMoment = Annotated[
    str | None,
    Query(
        alias="to",
        max_length=40,
        description="Last day, which belongs to the period; or an instant, which does not (`from` ≤ t < `to`). Default: today.",
        examples=["2026-11-30"],
    ),
]
AsOf = Annotated[
    str | None,
    Query(max_length=40, description="An instant with its offset: answer as it was known then.", examples=["2026-11-15T00:00:00+08:00"]),
]
RowKey = Annotated[
    str | None,
    Query(max_length=80, description="`key` of a row, with the `by` of the report.", examples=["441624108"]),
]
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)([Zz]|[+ -][0-9]{2}:[0-9]{2})")
_FILE = re.compile(r"\.(csv|xlsx|parquet)$")


def asked_of(  # noqa: PLR0913, PLR0917  one parameter of the address each
    metric: MetricName,
    first: FromMoment = None,
    last: ToMoment = None,
    unit: Annotated[Code | None, Query(description="Whose area the matters lie in.", examples=["441624108"])] = None,
    holder: Annotated[Code | None, Query(description="Who holds the tickets: a department, station or any unit, with all below.")] = None,
    by: Annotated[Grouping | None, Query(description="What rows are made for; without it there is only the total.")] = None,
    channel: Annotated[Code | None, Query(examples=["hotline"])] = None,
    category: Annotated[Code | None, Query(description="With all below it.", examples=["water"])] = None,
    source: Annotated[Source | None, Query(description="Default: what the metric counts, for most the complaints alone.")] = None,
    exclusions: Annotated[
        Removal, Query(description="Whether tickets with an unreasonable demand are counted. Both figures are told in any case.")
    ] = "kept",
    urgency: Annotated[Urgency | None, Query(examples=["urgent"])] = None,
    round: Annotated[  # noqa: A002  the name in the address
        int | None, Query(ge=1, le=LAST_ROUND, description=f"{LAST_ROUND}: the third round and every later one.", examples=[2])
    ] = None,
    tier: Annotated[Tier | None, Query(description="Of the unit that holds the ticket.", examples=["village"])] = None,
    compare: Annotated[
        Comparing | None, Query(description="Beside each figure the period before, the same period of the year before, or both.")
    ] = None,
    as_of: AsOf = None,
) -> Asked:
    """Return what the address asks; raise where a day or an instant is none."""
    begin, end = read_moment(first, "from"), read_moment(last, "to")
    return Asked(
        _FILE.sub("", metric),
        None if isinstance(begin, datetime) else begin,
        None if isinstance(end, datetime) else end,
        unit=unit,
        holder=holder,
        by=by,
        channel=channel,
        category=category,
        source=source,
        exclusions=exclusions,
        urgency=urgency,
        round=round,
        tier=tier,
        since=begin if isinstance(begin, datetime) else None,
        until=end if isinstance(end, datetime) else None,
        compare=compare,
        as_of=read_instant(as_of, "as_of"),
    )


Question = Annotated[Asked, Depends(asked_of)]


def read_day(text: str | None, name: str) -> date | None:
    """Return the day of an address's parameter `name`; raise Invalid ``period.invalid`` where it is none."""
    if text is None:
        return None
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Invalid("period.invalid", f"`{name}` must be a day like 2026-11-01.")


def read_instant(text: str | None, name: str) -> datetime | None:
    """Return the instant of an address's parameter `name`, to the second; raise Invalid ``period.invalid`` where it is none.

    A plus that was sent as it is arrives as a space: both are taken for the offset's sign.
    """
    if text is None:
        return None
    parts = _INSTANT.fullmatch(text)
    try:
        if parts:
            return datetime.fromisoformat(parts[1].upper() + parts[2].upper().replace(" ", "+")).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Invalid("period.invalid", f"`{name}` must be an instant like 2026-11-01T08:30:00+08:00.")


def read_moment(text: str | None, name: str) -> date | datetime | None:
    """Return the day or the instant of an address's parameter `name`; raise Invalid ``period.invalid`` where it is neither."""
    if text is None or len(text) <= len("2026-11-01"):
        return read_day(text, name)
    return read_instant(text, name)


def format_asked(request: Request, asked: Literal["json", "csv", "xlsx", "parquet"] | None) -> FileFormat | None:
    """Return the file that is asked for by `format`, by the end of the path or by Accept; None: JSON."""
    if asked:
        return None if asked == "json" else asked
    ending = _FILE.search(request.url.path)
    if ending:
        found: FileFormat = {"csv": "csv", "xlsx": "xlsx"}.get(ending[1], "parquet")  # type: ignore[assignment]
        return found
    accepted = request.headers.get("accept", "")
    place, json_place = accepted.find("text/csv"), accepted.find("application/json")
    return "csv" if place >= 0 and (json_place < 0 or place < json_place) else None
