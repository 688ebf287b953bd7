"""Telling whoever mediates that a settlement is to be asked about: once for each, when its day is there. Nobody of the dispute is named."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text

from services.assistance.mediation_queries import asked_about, ends_it
from services.assistance.models import Mediation, MediationEnding, MediationReminder
from services.journal.noting import note
from services.organization.models import Member
from services.platform.bulk import insert_many
from services.platform.clock import local_day
from services.platform.unit_of_work import Work

SUBJECT = "mediation"
AT_ONCE = 200
_LOCK = 0x6D656469
_EVENT = text("SELECT id FROM events WHERE subject_id = :subject ORDER BY seq DESC LIMIT 1")


@dataclass(frozen=True, slots=True)
class DueFollowUp:
    """What the unit of a mediation is told: who of theirs is to ask, of which ending, by which event."""

    unit_id: UUID
    event_id: UUID
    unique_key: str
    words: str


async def due_follow_ups(work: Work) -> list[DueFollowUp]:
    """Note which settlements are to be asked about by now and were told to nobody yet; return what to tell. One worker at a time."""
    if not await work.session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}):
        return []
    told = select(MediationReminder.ending_id).where(MediationReminder.ending_id == MediationEnding.id)
    columns = (Mediation.id, Mediation.unit_id, MediationEnding.id.label("ending_id"), MediationEnding.follow_up_on, Member.name)
    query = (
        select(*columns)
        .select_from(Mediation)
        .join(MediationEnding, ends_it())
        .join(Member, Member.id == Mediation.mediator_member_id)
        .where(MediationEnding.follow_up_on <= local_day(work.now), ~asked_about(), ~told.exists())
        .order_by(MediationEnding.follow_up_on, MediationEnding.id)
        .limit(AT_ONCE)
    )
    rows = (await work.session.execute(query)).all()
    await insert_many(work.session, MediationReminder, [{"ending_id": row.ending_id, "told_at": work.now} for row in rows])
    found = []
    for row in rows:
        await note(work, SUBJECT, row.id, "mediation.follow_up_due", {"ending_id": str(row.ending_id)})
        event_id = (await work.session.execute(_EVENT, {"subject": row.id})).scalar_one()
        words = f"{row.name}调解的一起纠纷应于{row.follow_up_on}回访，请调解员联系双方，核实协议履行情况并登记；清单见“调解—待回访”。"
        found.append(DueFollowUp(row.unit_id, event_id, f"mediation.follow_up:{row.ending_id}", words))
    return found
