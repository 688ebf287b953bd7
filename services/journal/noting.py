"""Noting a change of something that is no ticket (a unit, a member, the catalogue): one event, chained to the subject's last."""

from uuid import UUID

from sqlalchemy import func, select

from services.journal.chain import START
from services.journal.models import Event
from services.journal.recording import Row, new_event, record
from services.platform.unit_of_work import Work


async def note(work: Work, subject_kind: str, subject_id: UUID, type: str, data: Row) -> None:  # noqa: A002  the column's name
    """Record that `type` happened to a subject now. Writers about the same subject wait for each other, so that its chain has no gap.

    `data` holds ids, codes and words of ours; no personal data.
    """
    await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(subject_id.bytes[8:], "big", signed=True))))
    last = (
        await work.session.execute(select(Event.seq, Event.hash).where(Event.subject_id == subject_id).order_by(Event.seq.desc()).limit(1))
    ).one_or_none()
    event = new_event(
        work.actor,
        work.now,
        subject_kind=subject_kind,
        subject_id=subject_id,
        seq=last.seq + 1 if last else 1,
        type=type,
        data=data,
        previous_hash=last.hash if last else START,
    )
    await record(work, [event])
