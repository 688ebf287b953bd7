"""Reading visits, and one's own round of a month: what is planned, what is done, which step is next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import and_, select

from services.activities.models import Activity
from services.attachments.models import AttachmentLink
from services.households.models import Household
from services.households.queries import paper_of
from services.households.views import HouseholdContact, contact_view
from services.identity.models import Account
from services.identity.permissions import require
from services.journal.noting import note
from services.organization.models import Member, Unit
from services.organization.queries import unit_tree
from services.pairing.models import Pairing
from services.pairing.queries import in_force
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.errors import NotFound
from services.platform.papers import SealedPaper, read_paper
from services.platform.phones import masked_name
from services.platform.unit_of_work import Work
from services.visits.access import home_of, visible
from services.visits.days import county_days
from services.visits.handbook_figures import open_of_member
from services.visits.models import ServiceStep, Visit
from services.visits.service_days import deadline, first_of
from services.visits.steps import STEP_NAMES, next_step
from services.visits.views import MyRound, PlannedHome, StepView, VisitView

OUTCOME_NAMES = {"met": "见到", "absent": "不在家", "refused": "拒访", "moved": "已搬走"}
HOMES_AT_MOST = 500
"""Households of one round that are shown; nobody looks after so many."""


@dataclass(frozen=True, slots=True)
class Call:
    """A visit or an attempt of a round, as far as it tells how a household stands."""

    household_id: UUID
    id: UUID
    outcome: str
    completed: bool
    rebooked_for: date | None


def standing(calls: Sequence[Call]) -> tuple[Literal["visited", "attempted", "missing"], UUID | None, date | None]:
    """Return how a household stands by the calls of a round, the oldest first: its state, a visit to complete, and when to come again."""
    met = [call for call in calls if call.outcome == "met"]
    open_one = next((call.id for call in met if not call.completed), None)
    if met:
        return "visited", open_one, None
    again = calls[-1].rebooked_for if calls else None
    return ("attempted" if calls else "missing"), None, again


async def my_round(work: Work, month: date | None) -> MyRound:
    """Return `work.actor`'s own round of a month, the present one where none is given.

    Planned is whom they are paired with on its last day. Raises 403 ``permission.denied``.
    """
    require(work.actor, "visit.record")
    member_id = work.actor.member_id
    if member_id is None:
        raise NotFound("member.unknown", "Only members have a round.")
    month = month or first_of(local_day(work.now))
    known = await county_days(work)
    days = known.of(month)
    steps = await _steps(work, member_id, month, days)
    following = next_step({step.step for step in steps}) if days else None
    return MyRound(
        days=known.shown(month),
        steps=steps,
        next_step=following,
        next_step_name=STEP_NAMES[following] if following else None,
        households=await _planned(work, member_id, month, days[-1]) if days else [],
        open_opinions=await open_of_member(work, member_id, month),
    )


async def read_visit(work: Work, visit_id: UUID) -> VisitView:
    """Return a visit one may know of; raise 404 ``visit.unknown``."""
    another = (Account.member_id == Member.id) & (Member.id != Visit.member_id)
    query = (
        select(Visit, Unit.code, Activity.withdrawn_at, Member.name)
        .join(Activity, Activity.id == Visit.id)
        .join(Unit, Unit.id == Activity.unit_id)
        .join(Account, Account.id == Visit.recorded_by_account_id)
        .outerjoin(Member, another)
    )
    row = (await work.session.execute(query.where(Visit.id == visit_id, visible(work.actor)))).one_or_none()
    if row is None:
        raise NotFound("visit.unknown", "There is no visit with this id, or none that you may know of.")
    visit: Visit = row.Visit
    same = ("id", "household_id", "member_id", "happened_at", "recorded_at", "outcome", "nothing_said", "rebooked_for", "follows_id",
            "purposes", "matter_id", "completed_at", "unconfirmed_because")  # fmt: skip
    return VisitView(
        **{name: getattr(visit, name) for name in same}, unit_code=row.code, month=f"{visit.month:%Y-%m}" if visit.month else None,
        ad_hoc=visit.month is None, outcome_name=OUTCOME_NAMES[visit.outcome], withdrawn_at=row.withdrawn_at,
        recorded_by=row.name,
    )  # fmt: skip


async def read_step(work: Work, step_id: UUID) -> StepView:
    """Return a step of one's own; raise 404 ``service_step.unknown``."""
    row = await work.session.get(ServiceStep, step_id)
    if row is None or row.member_id != work.actor.member_id:
        raise NotFound("service_step.unknown", "There is no step with this id, or none of yours.")
    days = (await county_days(work)).of(row.month)
    return next(step for step in await _steps(work, row.member_id, row.month, days) if step.id == step_id)


async def open_paired_contact(work: Work, household_id: UUID, purpose: Mapping[str, str]) -> HouseholdContact:
    """Return who lives in a household one is paired with today, in clear; write down who read it and why.

    Raises 404 ``household.unknown`` for any other.
    """
    require(work.actor, "visit.record")
    home = await home_of(work, household_id, local_day(work.now))
    paper_id = await work.session.scalar(select(Household.paper_id).where(Household.id == home.id))
    assert paper_id is not None
    await note(work, "household", household_id, "household.contact_read", dict(purpose))
    return contact_view(await paper_of(work, paper_id))


async def _steps(work: Work, member_id: UUID, month: date, days: Sequence[date]) -> list[StepView]:
    query = (
        select(ServiceStep, Unit.code, Unit.name, SealedPaper.row_key, SealedPaper.sealed)
        .join(Unit, Unit.id == ServiceStep.unit_id)
        .outerjoin(SealedPaper, SealedPaper.id == ServiceStep.paper_id)
        .where(ServiceStep.member_id == member_id, ServiceStep.month == month)
        .order_by(ServiceStep.nth)
    )
    rows = (await work.session.execute(query)).all()
    links = select(AttachmentLink.subject_id, AttachmentLink.attachment_id).order_by(AttachmentLink.linked_at, AttachmentLink.attachment_id)
    pictures: dict[UUID, list[UUID]] = {}
    for found in await work.session.execute(links.where(one_of(AttachmentLink.subject_id, [row.ServiceStep.id for row in rows]))):
        pictures.setdefault(found.subject_id, []).append(found.attachment_id)
    return [_step(row, days, pictures.get(row.ServiceStep.id, [])) for row in rows]


def _step(row: Any, days: Sequence[date], pictures: list[UUID]) -> StepView:
    step: ServiceStep = row.ServiceStep
    due = deadline(days)
    said = read_paper(step.paper_id, row.row_key, row.sealed) if step.paper_id else None
    return StepView(
        id=step.id, step=step.step, name=STEP_NAMES[step.step], happened_at=step.happened_at, recorded_at=step.recorded_at,
        unit_code=row.code, unit_name=row.name, late=due is not None and step.happened_at >= due, words=said["words"] if said else None,
        attachment_ids=pictures,
    )  # fmt: skip


async def _planned(work: Work, member_id: UUID, month: date, day: date) -> list[PlannedHome]:
    tree = await unit_tree(work.session)
    columns = (Household.id, Household.unit_id, Household.paper_id, SealedPaper.row_key, SealedPaper.sealed)
    paired = and_(Pairing.household_id == Household.id, Pairing.member_id == member_id, in_force(day))
    query = select(*columns).join(Pairing, paired).join(SealedPaper, SealedPaper.id == Household.paper_id).order_by(Household.id)
    homes = (await work.session.execute(query.limit(HOMES_AT_MOST))).all()
    calls = await _calls(work, member_id, month)
    found = []
    for row in homes:
        clear = read_paper(row.paper_id, row.row_key, row.sealed) or {}
        state, open_id, again = standing(calls.get(row.id, ()))
        head = masked_name(clear["head"]) if clear.get("head") else None
        found.append(
            PlannedHome(
                household_id=row.id, unit_code=tree.by_id[row.unit_id].code, number=clear.get("number"), head=head, state=state,
                open_visit_id=open_id, rebooked_for=again,
            )
        )  # fmt: skip
    return found


async def _calls(work: Work, member_id: UUID, month: date) -> dict[UUID, list[Call]]:
    columns = (Visit.household_id, Visit.id, Visit.outcome, Visit.completed_at, Visit.rebooked_for)
    query = select(*columns).join(Activity, Activity.id == Visit.id).where(Visit.member_id == member_id, Visit.month == month)
    rows = await work.session.execute(query.where(Activity.withdrawn_at.is_(None)).order_by(Visit.happened_at, Visit.id))
    found: dict[UUID, list[Call]] = {}
    for row in rows:
        call = Call(row.household_id, row.id, row.outcome, row.completed_at is not None, row.rebooked_for)
        found.setdefault(row.household_id, []).append(call)
    return found
