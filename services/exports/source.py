"""What a source is, and what most of them are made with: a question read, its rows paged."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from services.exports.asking import Given, names_of, read
from services.exports.columns import Column
from services.exports.known_columns import columns_named
from services.exports.paging import Line, Page
from services.platform.clock import local_day
from services.platform.errors import Invalid
from services.platform.unit_of_work import Work
from services.reports.questions import Asked
from services.tickets.lifecycle import STATUS_NAMES

T = TypeVar("T")
Pages = AsyncIterator[Page]
Check = Callable[[Work, Given], Awaitable[object]]
PAGE = 5000
FIGURE_TICKETS = columns_named(
    "number", "status", "status_name", "channel", "source", "category", "place", "place_name", "holder", "holder_name", "round",
    "received_at", "due_at", "completed_at", "on_time",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Something whose rows can be had. `parameters` are the names a question may use; `check` raises what asking it now would raise."""

    code: str
    title: str
    english: str
    permission: str
    columns: tuple[Column, ...]
    parameters: tuple[str, ...]
    check: Check
    pages: Callable[[Work, Given], Pages]


def asked_of(kind: type[T], work: Work, given: Given) -> T:
    """Return the question that the names of `kind` in `given` ask; other names are the source's own."""
    known = names_of(kind)
    return read(kind, {name: value for name, value in given.items() if name in known}, local_day(work.now))


def metric_asked(work: Work, given: Given) -> Asked:
    """Return the question about a metric; raise Invalid ``question.metric_missing`` where none is named."""
    return asked_of(Asked, work, {**given, "metric": said(given, "metric", "question.metric_missing", "which figure; see GET /v1/metrics")})


def said(given: Given, name: str, code: str, what: str) -> str:
    """Return what `given` says as `name`; raise Invalid `code` where it says nothing."""
    if name not in given:
        raise Invalid(code, f"Say with `{name}` {what}.")
    return given[name]


def part_of(given: Given, parts: Any, usual: str) -> Any:
    """Return the part of a figure that is asked for; raise Invalid ``question.invalid`` for one there is not."""
    found = given.get("part", usual)
    if found not in get_args(parts):
        raise Invalid("question.invalid", f"`part` must be one of {', '.join(get_args(parts))}.")
    return found


def whole_number(given: Given, name: str, usual: int, most: int) -> int:
    """Return the number from 0 to `most` that is given as `name`; raise Invalid ``question.invalid`` for anything else."""
    text = given.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most):
        raise Invalid("question.invalid", f"`{name}` must be 0 to {most}.")
    return int(text)


def named_status(line: Line) -> Line:
    """Return a line of a list of tickets with the name of its status."""
    return {**line, "status_name": STATUS_NAMES.get(line["status"], line["status"])}
