"""Entries that other rooms make in the ledger, of what they record themselves: a visit, an opinion, help, a settled dispute.

Their rows carry the entry's id, so that it is recorded once and counted here. Whether somebody may is for those rooms to say; so is what
happens twice: they hold their ids with :func:`hold` before they look whether theirs is there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.activities.models import Activity, HelpedPerson
from services.activities.recording import RECORDED, WITHDRAWN, lock
from services.activities.references import fingerprint
from services.activities.rules import require_past
from services.journal.noting import note
from services.journal.recording import new_event, record
from services.platform.bulk import insert_many, one_of
from services.platform.clock import local_day
from services.platform.errors import Conflict
from services.platform.papers import SealedPaper, seal_paper
from services.platform.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Entered:
    """An entry: what `Activity` says of its columns. `words` are sealed; `persons` are keyed references of who was helped."""

    id: UUID
    kind: str
    unit_id: UUID
    member_id: UUID
    happened_on: date
    by_unit_id: UUID | None = None
    outcome: str | None = None
    household: bytes | None = None
    stage: str | None = None
    source: str | None = None
    amount: int | None = None
    within_id: UUID | None = None
    ticket_id: UUID | None = None
    words: str | None = None
    persons: tuple[bytes, ...] = ()


async def hold(work: Work, ids: Iterable[UUID]) -> None:
    """Have everybody who records under these ids wait for each other until the transaction is over."""
    await lock(work, ids)


async def enter(work: Work, entries: Sequence[Entered]) -> None:
    """Write `entries` into the ledger, each with its event. Raises Conflict ``activity.id_taken``, Invalid ``activity.day_in_future``."""
    if not entries:
        return
    for entry in entries:
        require_past(entry.happened_on, local_day(work.now))
    await lock(work, [entry.id for entry in entries])
    if await work.session.scalar(select(Activity.id).where(one_of(Activity.id, [entry.id for entry in entries])).limit(1)) is not None:
        raise Conflict("activity.id_taken", "Another entry has this id; make a new one, or correct the one there is.")
    papers, rows = [], []
    for entry in entries:
        row = _row(work, entry)
        if entry.words is not None:
            papers.append(seal_paper("activity", {"words": entry.words}, work.now))
            row["paper_id"] = papers[-1]["id"]
        rows.append(row)
    persons = [{"activity_id": entry.id, "person": person} for entry in entries for person in entry.persons]
    for row_class, found in ((SealedPaper, papers), (Activity, rows), (HelpedPerson, persons)):
        if found:
            await insert_many(work.session, row_class, found)
    await record(work, [_event(work, entry) for entry in entries])


def _row(work: Work, entry: Entered) -> dict[str, Any]:
    said = asdict(entry)
    words, _persons = said.pop("words"), said.pop("persons")
    mark = fingerprint(f"{sorted((name, str(value)) for name, value in said.items())}{words}", work.actor.account_id)
    recorded = {"recorded_at": work.now, "recorded_by_account_id": work.actor.account_id}
    return {**said, **recorded, "paper_id": None, "fingerprint": mark, "corrects_id": None}


def _event(work: Work, entry: Entered) -> dict[str, Any]:
    data = {"kind": entry.kind, "unit_id": str(entry.unit_id), "member_id": str(entry.member_id), "day": str(entry.happened_on)}
    return new_event(work.actor, work.now, subject_kind="activity", subject_id=entry.id, seq=1, type=RECORDED, data=data)


async def take_back(work: Work, ids: Iterable[UUID], reason: str) -> None:
    """Withdraw entries of other rooms, with the reason they give; one that was withdrawn before stays as it was."""
    wanted = list(ids)
    await lock(work, wanted)
    values = {"withdrawn_at": work.now, "withdrawn_because": reason, "withdrawn_by_account_id": work.actor.account_id}
    open_ones = update(Activity).where(one_of(Activity.id, wanted), Activity.withdrawn_at.is_(None)).values(values)
    for activity_id in sorted(await work.session.scalars(open_ones.returning(Activity.id))):
        await note(work, "activity", activity_id, WITHDRAWN, {"reason": reason})
