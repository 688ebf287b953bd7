"""Filling gaps from the exchange's own files: queue_log and call records (CDR) of Asterisk.

An exchange posts once and asks never again, and its queue speaks only in its log. Lines go the way of posts and are kept once: what was
posted stays as it was, what never came is marked as reconciled, and reading the same lines again changes nothing.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from sqlalchemy.dialects.postgresql import insert

from services.calls.adapters import asterisk
from services.calls.adapters.values import told
from services.calls.events import CallEvent, Told
from services.calls.exchanges import KIND, Exchange, exchange_of
from services.calls.in_clear import without_numbers
from services.calls.models import ExchangeFile
from services.calls.storing import Stored, store
from services.connections.directory import connected_systems
from services.platform.actor import SYSTEM
from services.platform.database import database
from services.platform.unit_of_work import unit_of_work

LINES_AT_ONCE = 200
_HEAD = 256
_READ_AT_MOST = 4 * 1024 * 1024
CDR, QUEUE_LOG = "cdr", "queue_log"
_KINDS = {CDR: "text/csv", QUEUE_LOG: "text/plain"}


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was done: lines read, events that were missing, lines nobody could read."""

    lines: int = 0
    filled: int = 0
    unreadable: int = 0

    def __add__(self, other: "Reconciled") -> "Reconciled":
        """Add up."""
        return Reconciled(self.lines + other.lines, self.filled + other.filled, self.unreadable + other.unreadable)


async def reconcile(exchange: Exchange, kind: str, lines: Iterable[bytes]) -> Reconciled:
    """Keep what `lines` of a file of `kind` say and no post did; in batches, each a transaction of its own."""
    done, waiting = Reconciled(), iter(lines)
    while batch := list(islice(waiting, LINES_AT_ONCE)):
        items = list(read_lines(exchange, kind, batch))
        if items:
            async with unit_of_work(SYSTEM) as work:
                fetches = exchange.options.recordings is not None
                found: Stored = await store(work, exchange.code, items, _KINDS[kind], fetches=fetches, reconciled=True)
            done += Reconciled(0, found.new, found.unreadable)
        done += Reconciled(len(batch))
    return done


def read_lines(exchange: Exchange, kind: str, lines: Iterable[bytes]) -> Iterator[Told]:
    """Return what each line says; lines that are about no call are left out. Pure."""
    for raw in lines:
        line = raw.strip(b"\r\n \x00")
        if not line:
            continue
        found = told(line, partial(_events, exchange, kind, line))
        if found.error != "event.none":
            yield without_numbers(found, exchange.source)


def _events(exchange: Exchange, kind: str, line: bytes) -> Iterator[CallEvent]:
    text = line.decode("utf-8", "replace")
    return asterisk.read_record_line(text, exchange.source) if kind == CDR else asterisk.read_queue_line(text)


async def reconcile_files(directory: Path) -> Reconciled:
    """Read on, for every connected exchange that names files in `directory`, where reading ended the last time."""
    async with database().transaction() as session:
        exchanges = [exchange_of(system) for system in (await connected_systems(session)).of_kind(KIND)]
    done = Reconciled()
    for exchange in exchanges:
        files = exchange.options.files
        if files is None:
            continue
        for kind, name in ((QUEUE_LOG, files.queue_log), (CDR, files.cdr)):
            if name and (path := inside(directory, name)) is not None:
                done += await _read_on(exchange, kind, name, path)
    return done


def inside(directory: Path, name: str) -> Path | None:
    """Return the file of that name below `directory`; None where it is none or leads out of it."""
    root = directory.resolve()
    path = (root / name).resolve()
    return path if path.is_relative_to(root) and path.is_file() else None


async def _read_on(exchange: Exchange, kind: str, name: str, path: Path) -> Reconciled:
    """Read the whole lines that were added to a file since the last time; a new file under the old name is read from its beginning."""
    async with unit_of_work(SYSTEM) as work:
        known = await work.session.get(ExchangeFile, (exchange.code, name))
        head, position = (known.head, known.position) if known is not None else (b"", 0)
    lines, head, position = _added(path, head, position)
    if not lines:
        return Reconciled()
    done = await reconcile(exchange, kind, lines)
    async with unit_of_work(SYSTEM) as work:
        values = {"head": head, "position": position, "read_at": work.now}
        row = insert(ExchangeFile).values({"source": exchange.code, "path": name, **values})
        await work.session.execute(row.on_conflict_do_update(index_elements=["source", "path"], set_=values))
    return done


def _added(path: Path, known_head: bytes, position: int) -> tuple[Sequence[bytes], bytes, int]:
    """Return the whole lines behind `position`, the fingerprint of the file's beginning, and where to go on.

    The first line is what a file is known by: appending never changes it, and a rotated file has another one.
    """
    with path.open("rb") as file:
        first = file.readline(_HEAD)
        head = hashlib.sha256(first).digest() if first.endswith(b"\n") or len(first) == _HEAD else b""
        size = path.stat().st_size
        begin = position if head and head == known_head and position <= size else 0
        file.seek(begin)
        block = file.read(_READ_AT_MOST)
    whole = block[: block.rfind(b"\n") + 1]
    return whole.splitlines(keepends=True), head, begin + len(whole)
