"""Telling those assessed that their sheets can be seen, and until when they may object: each unit once for each run."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from services.assessment.models import AssessmentRun, AssessmentSheet
from services.journal.models import Event
from services.platform.clock import local_text
from services.platform.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Telling:
    """What one unit is to be told."""

    unique_key: str
    event_id: UUID
    unit_id: UUID
    words: str


async def tellings(work: Work) -> list[Telling]:
    """Return what is to be told of one run that was published, and note that it is; nothing where none waits."""
    waiting = select(AssessmentRun).where(
        AssessmentRun.published_at.is_not(None), AssessmentRun.told_at.is_(None), AssessmentRun.state.in_(("published", "final"))
    )
    run = await work.session.scalar(
        waiting.order_by(AssessmentRun.published_at, AssessmentRun.id).limit(1).with_for_update(skip_locked=True)
    )
    if run is None or run.objections_until is None:
        return []
    run.told_at = work.now
    await work.session.flush()
    published = select(Event.id).where(Event.subject_id == run.id, Event.type == "assessment.published").order_by(Event.seq).limit(1)
    event_id = (await work.session.execute(published)).scalar_one()
    units = await work.session.scalars(select(AssessmentSheet.unit_id).where(AssessmentSheet.run_id == run.id).distinct())
    days = f"{run.first:%Y年%-m月%-d日}至{run.last:%Y年%-m月%-d日}"
    whose = "你单位" if run.subjects == "units" else "你单位有关人员"
    words = f"{run.name}（{days}）已公布，请查看{whose}的考核表；如有异议，请于{local_text(run.objections_until)}前提出申诉，并附工单编号。"
    return [Telling(f"assessment:{run.id}:unit:{unit_id}", event_id, unit_id, words) for unit_id in sorted(units)]
