"""Writing the ledger: entries one by one or in batches, each once however often it is sent; corrections; withdrawals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, bindparam, func, select, update
from sqlalchemy import Row as Found

from services.activities.commands import CorrectActivity, RecordActivity, RecordThing, WithdrawActivity
from services.activities.models import Activity, HelpedPerson, OpinionThing
from services.activities.queries import visible
from services.activities.references import fingerprint
from services.activities.rules import Doer, Entry, Known, Row, Rows, decide, join, seat_over
from services.identity.permissions import require, scope_of
from services.journal.noting import note
from services.journal.recording import new_event, record
from services.organization.models import Member, Post, Unit
from services.organization.queries import unit_tree
from services.platform.bulk import insert_many, one_of
from services.platform.clock import local_day
from services.platform.errors import Conflict, Forbidden, NotFound, Problem
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, seal_paper
from services.platform.unit_of_work import Work
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.numbers import read_number

RECORDED, WITHDRAWN = "activity.recorded", "activity.withdrawn"


@dataclass(frozen=True)
class Outcome:
    """What became of an entry: recorded now, there already, or refused with `problem`."""

    activity_id: UUID
    problem: Problem | None = None
    repeated: bool = False


async def record_activities(work: Work, entries: Sequence[RecordActivity]) -> list[Outcome]:
    """Record `entries`, each for itself in this order; say what became of each.

    An entry that is there with the same words by the same person is repeated: nothing changes. Under the same id with other words it is
    refused, ``activity.id_taken``. Requests about the same entries wait for each other.
    """
    require(work.actor, "activity.record")
    await lock(work, {activity_id for entry in entries for activity_id in _concerned(entry)})
    known = await _known(work, entries)
    outcomes, written = [], Rows()
    for entry in entries:
        outcome, rows = _decided(work, entry, known)
        outcomes.append(outcome)
        join(known, rows)
        _gather(written, rows)
    await _write(work, written)
    return outcomes


async def record_one(work: Work, entry: RecordActivity) -> Outcome:
    """Record one entry; raise its problem where it is refused."""
    (outcome,) = await record_activities(work, [entry])
    if outcome.problem is not None:
        raise outcome.problem
    return outcome


async def withdraw(work: Work, activity_id: UUID, why: WithdrawActivity) -> None:
    """Take an entry out of the figures, once: one's own, or as whoever records for others in its place. It stays to be seen.

    What belongs to it stays; an opinion it was done about is free for another thing.
    """
    await lock(work, {activity_id})
    await _withdraw(work, await _own(work, activity_id), why, replaced_by=None)


async def correct(work: Work, activity_id: UUID, command: CorrectActivity) -> Outcome:
    """Withdraw an entry and record another in its place, both or neither. The same correction again is the first one."""
    entry = command.activity
    require(work.actor, "activity.record")
    concerned = {activity_id, *_concerned(entry)}
    await lock(work, concerned)
    old = await _own(work, activity_id)
    known = await _known(work, [entry], {activity_id})
    mark = _mark(work, entry)
    there = known.entries.get(entry.activity_id)
    if there is not None:
        corrects = await work.session.scalar(select(Activity.corrects_id).where(Activity.id == there.id))
        if there.fingerprint == mark and corrects == activity_id:
            return Outcome(entry.activity_id, repeated=True)
        raise _taken()
    if entry.kind != old.kind:
        raise Conflict("activity.other_kind", "A correction is of the same kind; withdraw this entry and record the other one.")
    led = known.entries[activity_id].thing_id
    await _withdraw(work, old, command, replaced_by=entry.activity_id)
    for opinion_id, opinion in known.entries.items():  # opinions of the thing that is corrected are free for its correction
        if opinion.thing_id == activity_id:
            known.entries[opinion_id] = replace(opinion, thing_id=None)
    rows = decide(work.actor, work.now, entry, mark, known, corrects=activity_id)
    if led is not None and entry.kind == "opinion":  # what was done about it was done about what it really said
        rows.led.append({"id": new_id(), "opinion_id": entry.activity_id, "thing_id": led, "recorded_at": work.now})
    await _write(work, rows)
    return Outcome(entry.activity_id)


def _decided(work: Work, entry: RecordActivity, known: Known) -> tuple[Outcome, Rows]:
    mark, there = _mark(work, entry), known.entries.get(entry.activity_id)
    if there is not None:
        same = there.fingerprint == mark
        return Outcome(entry.activity_id, None if same else _taken(), repeated=same), Rows()
    try:
        return Outcome(entry.activity_id), decide(work.actor, work.now, entry, mark, known)
    except Problem as problem:
        return Outcome(entry.activity_id, problem), Rows()


def _mark(work: Work, entry: RecordActivity) -> bytes:
    return fingerprint(entry.model_dump_json(), work.actor.account_id)


def _taken() -> Conflict:
    return Conflict("activity.id_taken", "Another entry has this id; make a new one, or correct the one there is.")


def _concerned(entry: RecordActivity) -> set[UUID]:
    """Return the entries that recording this one makes or relies on."""
    within = getattr(entry, "within_id", None)
    led = entry.opinion_ids if isinstance(entry, RecordThing) else ()
    return {entry.activity_id, *led, *((within,) if within else ())}


async def lock(work: Work, ids: Iterable[UUID]) -> None:
    """Have requests about the same entries, there or to come, wait for each other; always in the same order."""
    numbers = sorted({int.from_bytes(found.bytes[8:], "big", signed=True) for found in ids})
    given = func.unnest(bindparam(None, numbers, ARRAY(BigInteger())))
    ordered = select(given.label("number")).order_by("number").subquery()
    await work.session.execute(select(func.pg_advisory_xact_lock(ordered.c.number)))


async def _known(work: Work, entries: Sequence[RecordActivity], further: Iterable[UUID] = ()) -> Known:
    ids = {*further, *(activity_id for entry in entries for activity_id in _concerned(entry))}
    now_led = (OpinionThing.opinion_id == Activity.id) & OpinionThing.withdrawn_at.is_(None)
    columns = (Activity.id, Activity.kind, Activity.unit_id, Activity.fingerprint, Activity.withdrawn_at, OpinionThing.thing_id)
    rows = await work.session.execute(select(*columns).outerjoin(OpinionThing, now_led).where(one_of(Activity.id, ids)))
    there = {row.id: Entry(row.id, row.kind, row.unit_id, row.fingerprint, row.withdrawn_at is not None, row.thing_id) for row in rows}
    numbers = {number for entry in entries if (number := getattr(entry, "ticket", None))}
    others = {entry.member_id for entry in entries if entry.member_id not in (None, work.actor.member_id)}
    return Known(
        await unit_tree(work.session), local_day(work.now), there, await _tickets(work, numbers) if numbers else {},
        await _doers(work, [member_id for member_id in others if member_id]) if others else {},
    )  # fmt: skip


async def _tickets(work: Work, numbers: Iterable[str]) -> dict[str, UUID]:
    canonical = {number: read_number(number) for number in numbers}
    wanted = [number for number in canonical.values() if number is not None]
    query = select(TICKETS["number"], TICKETS["id"])
    rows = await work.session.execute(query.where(TICKETS["number"].in_(wanted), compile_scope(scope_of(work.actor), TICKETS)))
    found = {row.number: row.id for row in rows}
    return {said: found[number] for said, number in canonical.items() if number in found}


async def _doers(work: Work, member_ids: Sequence[UUID]) -> dict[UUID, Doer]:
    """Return who they are; the seat they act from is their newest post."""
    query = (
        select(Member.id, Member.left_on, Post.unit_id)
        .outerjoin(Post, Post.member_id == Member.id)
        .where(one_of(Member.id, member_ids))
        .order_by(Member.id, Post.valid_from, Post.id)
    )
    return {row.id: Doer(row.left_on, row.unit_id) for row in await work.session.execute(query)}


async def _write(work: Work, rows: Rows) -> None:
    if not rows.activities:
        return
    for row_class, found in (
        (SealedPaper, rows.papers), (Activity, rows.activities), (HelpedPerson, rows.persons), (OpinionThing, rows.led)
    ):  # fmt: skip
        if found:
            await insert_many(work.session, row_class, found)
    await record(work, [_event(work, row) for row in rows.activities])


def _event(work: Work, row: Row) -> dict[str, Any]:
    data = {"kind": row["kind"], "unit_id": str(row["unit_id"]), "member_id": str(row["member_id"]), "day": str(row["happened_on"])}
    if row["corrects_id"]:
        data["corrects_id"] = str(row["corrects_id"])
    return new_event(work.actor, work.now, subject_kind="activity", subject_id=row["id"], seq=1, type=RECORDED, data=data)


def _gather(into: Rows, rows: Rows) -> None:
    into.activities += rows.activities
    into.persons += rows.persons
    into.led += rows.led
    into.papers += rows.papers


async def _own(work: Work, activity_id: UUID) -> Found[Any]:
    """Return an entry that `work.actor` may withdraw; raise where it is unknown, not theirs, or the actor may record nothing."""
    require(work.actor, "activity.record")
    columns = (Activity.id, Activity.kind, Activity.member_id, Activity.recorded_by_account_id, Activity.withdrawn_at, Unit.path, Unit.code)
    query = select(*columns).join(Unit, Unit.id == Activity.unit_id).where(Activity.id == activity_id, visible(work.actor))
    found: Any = (await work.session.execute(query)).one_or_none()
    if found is None:
        raise NotFound("activity.unknown", "There is no entry with this id, or none that you may know of.")
    mine = work.actor.account_id == found.recorded_by_account_id or work.actor.member_id == found.member_id
    unit = (await unit_tree(work.session)).by_code[found.code]
    if not mine and seat_over(work.actor, "activity.record_for_others", unit) is None:
        raise Forbidden("activity.not_yours", "This entry is somebody else's; ask them, the village or the township to correct it.")
    row: Found[Any] = found
    return row


async def _withdraw(work: Work, old: Found[Any], why: WithdrawActivity, *, replaced_by: UUID | None) -> None:
    if old.withdrawn_at is not None:
        raise Conflict("activity.withdrawn", "This entry was withdrawn before; correct the one that stands for it, if any.")
    paper = seal_paper("activity", {"words": why.words}, work.now) if why.words else None
    if paper:
        await insert_many(work.session, SealedPaper, [paper])
    values = {
        "withdrawn_at": work.now,
        "withdrawn_because": why.reason,
        "withdrawn_by_account_id": work.actor.account_id,
        "withdrawn_paper_id": paper["id"] if paper else None,
    }
    await work.session.execute(update(Activity).where(Activity.id == old.id).values(values))
    either = (OpinionThing.opinion_id == old.id) | (OpinionThing.thing_id == old.id)
    await work.session.execute(update(OpinionThing).where(either, OpinionThing.withdrawn_at.is_(None)).values(withdrawn_at=work.now))
    data = {"reason": why.reason} | ({"replaced_by": str(replaced_by)} if replaced_by else {})
    await note(work, "activity", old.id, WITHDRAWN, data)
