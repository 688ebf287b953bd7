"""Bringing calls up to date with their events. Whoever comes here holds the locks of the calls (`storing.py`).

A call is found by the first leg's id: an event with a `linked_id` belongs to that call, and so does everything else its leg ever said.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import any_, bindparam, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from services.calls.events import RECORDING, CallEvent, Facts
from services.calls.models import Call
from services.calls.models import CallEvent as EventRow
from services.calls.reading import Heard, read_call
from services.platform.bulk import insert_many, update_many
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, seal_paper
from services.platform.phones import normalised_phone
from services.platform.unit_of_work import Work

Row = dict[str, Any]
REPEAT_DAYS = 7
FIRST_FETCH_AFTER = timedelta(seconds=5)
"""An exchange closes the file of a recording after it has said that the call is over."""

_REPEATS = text(
    "UPDATE calls AS later SET called_before = EXISTS ("
    " SELECT 1 FROM calls AS earlier JOIN sealed_papers AS caller ON caller.id = earlier.paper_id"
    " WHERE caller.phone_index = own.phone_index AND earlier.direction = 'inbound' AND earlier.linked_id = earlier.call_id"
    " AND earlier.arrived_at >= later.arrived_at - make_interval(days => :days)"
    " AND (earlier.arrived_at, earlier.id) < (later.arrived_at, later.id))"
    " FROM sealed_papers AS own WHERE own.id = later.paper_id AND own.phone_index = ANY (ARRAY("
    "  SELECT paper.phone_index FROM sealed_papers AS paper JOIN calls ON calls.paper_id = paper.id"
    "  WHERE calls.id = ANY (CAST(:ids AS uuid[])) AND paper.phone_index IS NOT NULL))"
    " AND later.direction = 'inbound' AND later.arrived_at >= CAST(:since AS timestamptz)"
    " AND later.arrived_at <= CAST(:until AS timestamptz) + make_interval(days => :days)"
)


async def write_calls(work: Work, source: str, said: Sequence[CallEvent], *, fetches: bool) -> None:
    """Write the calls that the new events `said` belong to. `fetches`: recordings of this exchange are fetched."""
    names = {name for event in said for name in (event.call_id, event.linked_id) if name}
    roots = await _roots(work, source, names)
    heard = await _heard(work, source, roots)
    rows = await _rows(work, source, set(heard) | set(roots))
    papers: list[Row] = []
    fresh: list[Row] = []
    changed: list[Row] = []
    for root in sorted(heard):
        said_here = [event for event in said if roots.get(event.call_id, event.call_id) == root]
        legs = [row for name, row in rows.items() if name != root and roots.get(name) == root]
        values = _values(work, root, heard[root], rows.get(root), legs, said_here, papers, fetches=fetches)
        if root not in rows:
            fresh.append({**values, "id": new_id(), "source": source, "call_id": root})
        elif any(getattr(rows[root], name) != value for name, value in values.items()):
            changed.append({**values, "id": rows[root].id, "updated_at": work.now})
        changed += [{"id": leg.id, "linked_id": root, "updated_at": work.now} for leg in legs if leg.linked_id != root]
    await insert_many(work.session, SealedPaper, papers)
    await insert_many(work.session, Call, fresh)
    await update_many(work.session, Call, changed)
    await _count_repeats(work, [row for row in (*fresh, *changed) if "arrived_at" in row])


async def _roots(work: Work, source: str, names: set[str]) -> dict[str, str]:
    """Return the call of each leg of `names` and of every leg linked to them."""
    linked = select(EventRow.call_id, EventRow.linked_id).where(
        EventRow.source == source,
        EventRow.linked_id.is_not(None),
        or_(text_in(EventRow.call_id, names), text_in(EventRow.linked_id, names)),
    )
    found: dict[str, str] = {}
    for row in await work.session.execute(linked.distinct().order_by(EventRow.call_id, EventRow.linked_id)):
        found.setdefault(row.call_id, row.linked_id)
    for name in names:
        found.setdefault(name, name)
    return {name: found.get(root, root) for name, root in found.items()}  # a call that was itself joined to another


async def _heard(work: Work, source: str, roots: Mapping[str, str]) -> dict[str, list[Heard]]:
    calls = set(roots.values())
    query = select(EventRow).where(
        EventRow.source == source,
        or_(text_in(EventRow.call_id, calls | set(roots)), text_in(EventRow.linked_id, calls)),
        EventRow.error.is_(None),
    )
    found: defaultdict[str, list[Heard]] = defaultdict(list)
    for row in await work.session.scalars(query):
        kind = row.event.partition(":")[0]
        call_id = str(row.call_id)
        heard = Heard(call_id, kind, row.event, row.happened_at, row.received_at, Facts.of_json(row.facts))
        root = roots.get(call_id) or row.linked_id or call_id
        if root in calls:
            found[root].append(heard)
    return dict(found)


async def _rows(work: Work, source: str, names: set[str]) -> dict[str, Call]:
    query = select(Call).where(Call.source == source, text_in(Call.call_id, names))
    return {row.call_id: row for row in await work.session.scalars(query)}


def _values(
    work: Work,
    root: str,
    heard: Sequence[Heard],
    row: Call | None,
    legs: Sequence[Call],
    said: Sequence[CallEvent],
    papers: list[Row],
    *,
    fetches: bool,
) -> Row:
    """Return the columns of a call as its events have it; what must be sealed goes to `papers`."""
    paper_id = row.paper_id if row is not None else None
    paper_id = paper_id or next((leg.paper_id for leg in legs if leg.paper_id), None)
    number = next((event.number for event in said if event.number and event.call_id == root), None)
    number = number or next((event.number for event in said if event.number), None)
    if paper_id is None and number is not None:
        papers.append(seal_paper("call", {"number": number}, work.now, phone=phone_of(number)))
        paper_id = papers[-1]["id"]
    values = {**asdict(read_call(root, heard)), "linked_id": root, "paper_id": paper_id}
    if row is None:
        values |= {"first_heard_at": min(one.received_at for one in heard), "updated_at": work.now}
    return values | _recording(work, row, said, papers, number, fetches=fetches)


def _recording(work: Work, row: Call | None, said: Sequence[CallEvent], papers: list[Row], number: str | None, *, fetches: bool) -> Row:
    """Return what changes about the recording: the word that it is ready counts more than a name in the call's record."""
    told = sorted((event for event in said if event.recording), key=lambda event: event.kind != RECORDING)
    known = row is not None and row.recording_paper_id is not None
    if not told or (row is not None and row.recording_state == "kept") or (known and told[0].kind != RECORDING):
        return {}
    ready = told[0].kind == RECORDING
    papers.append(seal_paper("call_recording", {"recording": told[0].recording}, work.now, phone=phone_of(number)))
    due = work.now if ready else work.now + FIRST_FETCH_AFTER
    return {
        "recording_paper_id": papers[-1]["id"],
        "recording_state": "awaited" if fetches else None,
        "recording_next_try_at": due if fetches else None,
        "recording_tries": 0,
        "recording_error": None,
    }


async def _count_repeats(work: Work, rows: Sequence[Row]) -> None:
    """Say of each call whether its number called within the days before: of these, and of those after them."""
    if rows:
        instants: list[datetime] = [row["arrived_at"] for row in rows]
        ids = [row["id"] for row in rows]
        values = {"ids": ids, "since": min(instants), "until": max(instants), "days": REPEAT_DAYS}
        await work.session.execute(_REPEATS, values)


def phone_of(number: str | None) -> str | None:
    """Return the one spelling of a caller's number; None where it is withheld or none."""
    try:
        return normalised_phone(number) if number else None
    except ValueError:
        return None


def text_in(column: Any, values: Iterable[str]) -> Any:
    """Return the condition that a text column is one of `values`, as one array: the same statement for any number of them."""
    return column == any_(bindparam(None, sorted(values), ARRAY(Text())))
