"""Writing pairings: those of a file in portions, single ones at the door; ending them; handing over what somebody had."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.households.finding import Sought, find_homes
from services.journal.noting import note
from services.pairing.following import follow_pairings
from services.pairing.models import Pairing
from services.pairing.parsing import Wanted
from services.platform.bulk import insert_many, one_of, update_many
from services.platform.clock import local_day
from services.platform.csv_files import LineError
from services.platform.ids import new_id
from services.platform.unit_of_work import Work

PAIRINGS = uuid5(UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8"), "urn:daguanjia:pairings")
"""The journal's subject for loads and for handing over: the register as a whole."""
PORTION = 2_000

Row = dict[str, Any]


@dataclass
class LoadReport:
    """What a load did: pairings added, households handed from one member to another, pairings that were there; lines that could not be."""

    added: int = 0
    transferred: int = 0
    unchanged: int = 0
    errors: list[LineError] = field(default_factory=list)

    def add(self, other: "LoadReport") -> None:
        """Add what another portion did."""
        self.added += other.added
        self.transferred += other.transferred
        self.unchanged += other.unchanged
        self.errors += other.errors


@dataclass(frozen=True, slots=True)
class Last:
    """The last pairing of a household: in force where `valid_to` is None."""

    id: UUID
    member_id: UUID
    valid_from: date
    valid_to: date | None


async def lock_pairings(work: Work) -> None:
    """Have writers of pairings wait for each other."""
    await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(PAIRINGS.bytes[8:], "big", signed=True))))


async def put_pairings(work: Work, wanted: Sequence[Wanted], *, transfer: bool) -> LoadReport:
    """Have these pairings in force. A household that somebody else has is handed over where `transfer`, else its line is a mistake.

    What is not mentioned stays. The same again changes nothing.
    """
    await lock_pairings(work)
    await follow_pairings(work)
    report = LoadReport()
    homes = [one for one in wanted if one.household is not None]
    fresh, ended = await _with_households(work, homes, report, transfer=transfer)
    fresh += await _with_areas(work, [one for one in wanted if one.household is None], report)
    await update_many(work.session, Pairing, ended)
    await insert_many(work.session, Pairing, fresh)
    report.transferred = sum(row["follows_id"] is not None for row in fresh)
    report.added = len(fresh) - report.transferred
    if fresh:
        counts = dict(Counter(row["kind"] for row in fresh))
        await note(work, "pairings", PAIRINGS, "pairings.loaded", {"added": counts, "transferred": report.transferred})
    return report


async def _with_households(work: Work, wanted: Sequence[Wanted], report: LoadReport, *, transfer: bool) -> tuple[list[Row], list[Row]]:
    there = await find_homes(work, [Sought(one.place or one.unit, one.unit, one.household or "") for one in wanted])
    last = await last_of(work, [home.id for home in there if home is not None and not isinstance(home, str)])
    fresh: list[Row] = []
    ended: list[Row] = []
    for one, home in zip(wanted, there, strict=True):
        before = last.get(home.id) if home is not None and not isinstance(home, str) else None
        wrong = _cannot(one, home, before, transfer=transfer)
        if wrong is not None:
            report.errors.append(LineError(one.line, "household", wrong))
        elif before is not None and before.valid_to is None and before.member_id == one.member_id:
            report.unchanged += 1
        else:
            assert home is not None
            goes_on = before is not None and before.valid_to is None
            if goes_on:
                assert before is not None
                ended.append(ended_row(work, before.id, one.since, "transferred"))
            fresh.append(new_row(work, one, household_id=home.id, follows_id=before.id if before and goes_on else None))
    return fresh, ended


def _cannot(one: Wanted, home: Any, before: Last | None, *, transfer: bool) -> str | None:
    """Return why a household cannot be paired so; None where it can, or is."""
    if home is None or isinstance(home, str):
        return home or "is not in the village's register; load the households first"
    if home.ended_on is not None:
        return f"has ended on {home.ended_on}"
    if before is None or (before.valid_to is None and before.member_id == one.member_id):
        return None
    if before.valid_to is None and not transfer:
        return "has another member; say --transfer to hand it over"
    if one.since < (before.valid_to or before.valid_from):
        return f"had another member until {before.valid_to or before.valid_from}; a pairing begins after the one before"
    return None


async def _with_areas(work: Work, wanted: Sequence[Wanted], report: LoadReport) -> list[Row]:
    there = set()
    if wanted:
        columns = (Pairing.kind, Pairing.unit_id, Pairing.member_id, Pairing.by_unit_id)
        in_force = select(*columns).where(Pairing.valid_to.is_(None), one_of(Pairing.unit_id, {one.unit.id for one in wanted}))
        there = {(row.kind, row.unit_id, row.member_id or row.by_unit_id) for row in await work.session.execute(in_force)}
    fresh = []
    for one in wanted:
        if (one.kind, one.unit.id, one.member_id or (one.partner.id if one.partner else None)) in there:
            report.unchanged += 1
        else:
            fresh.append(new_row(work, one))
    return fresh


async def last_of(work: Work, household_ids: Iterable[UUID]) -> dict[UUID, Last]:
    """Return the last pairing of each household that ever had one."""
    columns = (Pairing.household_id, Pairing.id, Pairing.member_id, Pairing.valid_from, Pairing.valid_to)
    newest = Pairing.valid_to.desc().nulls_first()
    query = select(*columns).where(one_of(Pairing.household_id, household_ids)).ext(distinct_on(Pairing.household_id))
    rows = await work.session.execute(query.order_by(Pairing.household_id, newest, Pairing.valid_from.desc(), Pairing.id.desc()))
    return {row.household_id: Last(row.id, row.member_id, row.valid_from, row.valid_to) for row in rows}


def new_row(work: Work, one: Wanted, *, household_id: UUID | None = None, follows_id: UUID | None = None) -> Row:
    """Return the row of a pairing in force."""
    return {
        "id": new_id(), "kind": one.kind, "member_id": one.member_id, "by_unit_id": one.partner.id if one.partner else None,
        "unit_id": one.unit.id, "household_id": household_id, "valid_from": one.since, "valid_to": None, "ended_because": None,
        "follows_id": follows_id, "recorded_at": work.now, "recorded_by_account_id": work.actor.account_id,
        "ended_at": None, "ended_by_account_id": None,
    }  # fmt: skip


def ended_row(work: Work, pairing_id: UUID, first_day_over: date, because: str) -> Row:
    """Return what ends a pairing."""
    return {
        "id": pairing_id, "valid_to": first_day_over, "ended_because": because, "ended_at": work.now,
        "ended_by_account_id": work.actor.account_id,
    }  # fmt: skip


def today_of(work: Work) -> date:
    """Return the day it is in Asia/Shanghai."""
    return local_day(work.now)
