"""Keeping events and the calls they make, idempotently: the same events, in any order, however often, leave the same rows.

Whoever stores events of a call holds its lock (by exchange and call id, legs included) until the commit, so that two posts at once each see
what the other said. What contradicts an event that is kept already is kept beside it, unreadable, for the operator to look at.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select, text

from services.calls.events import CallEvent, Told
from services.calls.models import Call
from services.calls.models import CallEvent as EventRow
from services.calls.writing import phone_of, text_in, write_calls
from services.platform.bulk import insert_many, update_many
from services.platform.ids import new_id
from services.platform.papers import PHONE, SealedPaper, seal_paper
from services.platform.secrets import blind_index
from services.platform.unit_of_work import Work

Row = dict[str, Any]
_FIRST_WINS = "ON CONFLICT DO NOTHING"
_LOCK = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS keys(key)")


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a post: how many events were new, how many were known, how many items nobody could read."""

    new: int
    known: int
    unreadable: int


async def store(
    work: Work, source: str, items: Sequence[Told], content_type: str, *, fetches: bool = False, reconciled: bool = False
) -> Stored:
    """Keep the items of a post of the exchange `source`, and bring its calls up to date. `fetches`: its recordings are fetched."""
    events = [(item, event) for item in items for event in item.events]
    await _lock(work, source, [event for _item, event in events])
    kept = await _kept(work, source, [event for _item, event in events])
    sorted_out = _Sorting(work, source, content_type, reconciled=reconciled)
    for item, event in events:
        sorted_out.event(item, event, kept)
    for item in items:
        if item.error is not None:
            sorted_out.odd.append((item, "unreadable", item.error))
    unreadable = await sorted_out.unreadable()
    await insert_many(work.session, SealedPaper, sorted_out.papers.values())
    await insert_many(work.session, EventRow, [*sorted_out.fresh, *unreadable], condition=_FIRST_WINS)
    await update_many(work.session, EventRow, sorted_out.better)
    if sorted_out.said:
        await write_calls(work, source, sorted_out.said, fetches=fetches)
    return Stored(len(sorted_out.fresh), len(events) - len(sorted_out.fresh), len(sorted_out.odd))


class _Sorting:
    """Sorts what came into what is new, what is better than what was found in a file, and what nobody can read or that contradicts."""

    def __init__(self, work: Work, source: str, content_type: str, *, reconciled: bool) -> None:
        self.work, self.source, self.content_type, self.reconciled = work, source, content_type, reconciled
        self.fresh: list[Row] = []
        self.better: list[Row] = []
        self.said: list[CallEvent] = []
        self.odd: list[tuple[Told, str, str]] = []
        self.papers: dict[int, Row] = {}

    def event(self, item: Told, event: CallEvent, kept: dict[tuple[str, str], "_Known"]) -> None:
        print_, known = fingerprint(self.source, event), kept.get((event.call_id, event.event))
        if known is not None and (self.reconciled or not known.reconciled):
            if known.fingerprint != print_ and not self.reconciled:
                self.odd.append((item, event.event, "event.contradicts"))
            return
        row = self._row(event, self._paper(item), print_)
        if known is None:
            self.fresh.append(row)
        else:
            row["id"] = known.id
            self.better.append(row)
        kept[event.call_id, event.event] = _Known(row["id"], print_, reconciled=self.reconciled)
        self.said.append(event)

    async def unreadable(self) -> list[Row]:
        """Return the rows of what is odd and not kept yet."""
        prints = [blind_index("call_event", f"{self.source} {name} {item.raw.hex()}") for item, name, _why in self.odd]
        query = select(EventRow.fingerprint).where(
            EventRow.source == self.source, EventRow.call_id.is_(None), EventRow.fingerprint.in_(prints)
        )
        kept = set(await self.work.session.scalars(query)) if prints else set()
        rows = {}
        for (item, name, why), print_ in zip(self.odd, prints, strict=True):
            if print_ not in kept and print_ not in rows:
                rows[print_] = self._row(None, self._paper(item), print_) | {"event": name, "error": why}
        return list(rows.values())

    def _paper(self, item: Told) -> Row:
        """The item's very bytes, sealed once for all its events; found again by the number it is about."""
        if id(item) not in self.papers:
            try:
                raw, encoding = item.raw.decode(), "utf-8"
            except UnicodeDecodeError:
                raw, encoding = item.raw.hex(), "hex"
            phone = next((found for event in item.events if (found := phone_of(event.number))), None)
            clear = {"raw": raw, "encoding": encoding, "content_type": self.content_type}
            self.papers[id(item)] = seal_paper("call_event", clear, self.work.now, phone=phone)
        return self.papers[id(item)]

    def _row(self, event: CallEvent | None, paper: Row, print_: bytes) -> Row:
        return {
            "id": new_id(),
            "source": self.source,
            "call_id": event.call_id if event else None,
            "event": event.event if event else "",
            "linked_id": event.linked_id if event and event.linked_id != event.call_id else None,
            "happened_at": event.happened_at if event else None,
            "received_at": self.work.now,
            "facts": event.facts.as_json() if event else {},
            "paper_id": paper["id"],
            "fingerprint": print_,
            "reconciled": self.reconciled and event is not None,
            "error": None,
        }


@dataclass(frozen=True, slots=True)
class _Known:
    """An event that is kept."""

    id: Any
    fingerprint: bytes
    reconciled: bool


def fingerprint(source: str, event: CallEvent) -> bytes:
    """Return the keyed fingerprint of what an event says: equal for equal events and telling nothing of a number."""
    said = [source, event.call_id, event.event, event.linked_id, event.facts.as_json(), event.number, event.recording]
    when = event.happened_at.isoformat() if event.happened_at else None
    return blind_index("call_event", orjson.dumps([*said, when]).decode())


async def _kept(work: Work, source: str, events: Sequence[CallEvent]) -> dict[tuple[str, str], _Known]:
    query = select(EventRow.call_id, EventRow.event, EventRow.id, EventRow.fingerprint, EventRow.reconciled).where(
        EventRow.source == source, text_in(EventRow.call_id, {event.call_id for event in events})
    )
    found = await work.session.execute(query) if events else ()
    return {(row.call_id, row.event): _Known(row.id, row.fingerprint, reconciled=row.reconciled) for row in found}


async def _lock(work: Work, source: str, events: Sequence[CallEvent]) -> None:
    """Hold the locks of all calls and legs in `events`, then of all their callers, until the commit; in one order always: no deadlock."""
    names = {name for event in events for name in (event.call_id, event.linked_id) if name}
    if not names:
        return
    await work.session.execute(_LOCK, {"keys": sorted({_key(b"call", source, name) for name in names})})
    callers = select(SealedPaper.phone_index).join(Call, Call.paper_id == SealedPaper.id)
    known = await work.session.scalars(callers.where(Call.source == source, text_in(Call.call_id, names)))
    indexes = {index for index in known if index} | {blind_index(PHONE, phone) for event in events if (phone := phone_of(event.number))}
    if indexes:
        await work.session.execute(_LOCK, {"keys": sorted(_key(b"caller", "", index.hex()) for index in indexes)})


def _key(kind: bytes, source: str, name: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{source}\x1f{name}".encode(), digest_size=8, key=kind).digest(), signed=True)
